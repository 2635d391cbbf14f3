"""Says what an exception of asyncpg means for the one who asked: try again, or not."""

import asyncpg

from shared.errors import ContractBroken, DatabaseUnavailable, LoadstoneError, PublishBlocked, TargetUnusable

# SQLSTATE classes and codes, https://www.postgresql.org/docs/18/errcodes-appendix.html
# XX is an internal error, such as "tuple concurrently updated" when somebody grants during a publish.
# 28 and 3D are a login that is refused and a database that isn't there: matters of the server, no dataset's.
_TRY_AGAIN = ("08", "28", "3D", "40", "53", "57", "58", "XX")
_DATA = ("22", "23")
_LOCK_NOT_AVAILABLE = "55P03"


def explain(error: BaseException) -> LoadstoneError | None:
    """The error of ours that says the same, itself if it is one; None when it isn't about PostgreSQL."""
    if isinstance(error, LoadstoneError):
        return error
    if isinstance(error, asyncpg.PostgresError):
        return _by_sqlstate(error)
    if isinstance(error, ConnectionRefusedError):
        return DatabaseUnavailable(f"can't reach PostgreSQL: {error}")
    if isinstance(
        error, asyncpg.InterfaceError | asyncpg.InternalClientError | ConnectionError | TimeoutError
    ):
        return DatabaseUnavailable(f"the connection to PostgreSQL broke: {error or type(error).__name__}")
    return None


def _by_sqlstate(error: asyncpg.PostgresError) -> LoadstoneError:
    state = error.sqlstate or ""
    said = f"PostgreSQL says: {error} ({state})"
    if state == _LOCK_NOT_AVAILABLE:
        return PublishBlocked(said)
    if state.startswith(_TRY_AGAIN):
        return DatabaseUnavailable(said)
    if state.startswith(_DATA):
        return ContractBroken(said, hint="The contract let through what the table refuses: please report it.")
    return TargetUnusable(said, hint="Check the target's schema, its owner and the grants.")
