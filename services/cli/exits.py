"""What the exit status of a command means."""

from collections.abc import Mapping
from enum import IntEnum

from shared.errors import (
    ApiUnreachable,
    ContractBroken,
    DatabaseUnavailable,
    FileRefused,
    LoadstoneError,
    NotFound,
    Unauthorized,
)


class Exit(IntEnum):
    """Scripts may rely on these."""

    OK = 0
    FAILURE = 1
    USAGE = 2
    IMPORT_FAILED = 3
    NOT_FOUND = 4
    UNAUTHORIZED = 5
    UNREACHABLE = 6
    INTERRUPTED = 130


MEANINGS: Mapping[Exit, str] = {
    Exit.OK: "done",
    Exit.FAILURE: "it failed; the message says why",
    Exit.USAGE: "the command line is wrong (for `plan --exit-code`: there are changes)",
    Exit.IMPORT_FAILED: "the import failed, or would fail: the file or its contents are not as promised",
    Exit.NOT_FOUND: "there is no such dataset, run or version",
    Exit.UNAUTHORIZED: "the API refuses the token",
    Exit.UNREACHABLE: "the API, or for some commands PostgreSQL, can't be reached",
    Exit.INTERRUPTED: "Ctrl-C",
}

_BY_ERROR: Mapping[type[LoadstoneError], Exit] = {
    NotFound: Exit.NOT_FOUND,
    Unauthorized: Exit.UNAUTHORIZED,
    ApiUnreachable: Exit.UNREACHABLE,
    DatabaseUnavailable: Exit.UNREACHABLE,
    FileRefused: Exit.IMPORT_FAILED,
    ContractBroken: Exit.IMPORT_FAILED,
}


def status(error: LoadstoneError) -> Exit:
    """The exit status for an error that ends a command."""
    return next((code for kind, code in _BY_ERROR.items() if isinstance(error, kind)), Exit.FAILURE)
