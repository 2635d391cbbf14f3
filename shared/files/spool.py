"""A file without a name, for what can't be read until all of it is there."""

import tempfile
import weakref


class Spool:
    """Bytes on disk that are gone as soon as nobody holds them, also when the process is killed."""

    def __init__(self) -> None:
        self.file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the spool
        self._closing = weakref.finalize(self, self.file.close)

    def write(self, data: bytes) -> None:
        """Adds the data at the end."""
        self.file.write(data)

    def close(self) -> None:
        """Gives the disk space back at once."""
        self._closing()
