"""Keeps what is wrong from filling the log: each trouble is told when it begins and when it is over."""

from shared.errors import LoadstoneError
from shared.telemetry import logs

log = logs.logger()


class Troubles:
    """What is wrong at the moment, by what it is about: a step, a bucket, a dataset."""

    def __init__(self) -> None:
        self._present: set[str] = set()

    def met(self, subject: str, error: Exception) -> None:
        """Logs the error, unless this subject is in trouble already."""
        if subject in self._present:
            return
        self._present.add(subject)
        if isinstance(error, LoadstoneError):
            log.warning("trouble", about=subject, code=error.code, reason=error.message, hint=error.hint)
        else:
            log.error("trouble", about=subject, reason=str(error) or type(error).__name__, exc_info=error)

    def over(self, subject: str) -> None:
        """Logs that the subject's trouble is over, if there was one."""
        if subject in self._present:
            self._present.remove(subject)
            log.info("trouble_over", about=subject)
