"""Rejected records and refused files, as a person or a program outside is shown them."""

from msgspec import Struct

from shared.domain.report import Reject
from shared.errors import FileRefused


class Rejected(Struct, frozen=True, kw_only=True, rename="camel"):
    r"""A record that would go to quarantine. Bytes of `raw` that are not UTF-8 are written as \xNN."""

    line: int
    column: str | None
    code: str
    message: str
    raw: str


class Refusal(Struct, frozen=True, kw_only=True, rename="camel"):
    """Why the file as a whole can't be read, or no document be proposed for it."""

    code: str
    message: str
    line: int | None
    hint: str


def rejected(reject: Reject) -> Rejected:
    """A reject, readable."""
    return Rejected(
        line=reject.line,
        column=reject.column,
        code=reject.code,
        message=reject.message,
        raw=reject.raw.decode("utf-8", errors="backslashreplace"),
    )


def refusal(refused: FileRefused) -> Refusal:
    """A refusal, as data."""
    return Refusal(code=refused.code, message=refused.message, line=refused.line, hint=refused.hint)
