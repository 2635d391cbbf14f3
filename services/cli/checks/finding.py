"""One thing that was checked, and what to do about it."""

from typing import Literal

from msgspec import Struct


class Finding(Struct, frozen=True, kw_only=True):
    """`subject` is what was checked, `message` what was seen, `hint` what to do."""

    status: Literal["ok", "warn", "fail"]
    subject: str
    message: str
    hint: str = ""


def ok(subject: str, message: str) -> Finding:
    """All is well."""
    return Finding(status="ok", subject=subject, message=message)


def warn(subject: str, message: str, hint: str) -> Finding:
    """It works, and should be looked at."""
    return Finding(status="warn", subject=subject, message=message, hint=hint)


def fail(subject: str, message: str, hint: str) -> Finding:
    """It does not work."""
    return Finding(status="fail", subject=subject, message=message, hint=hint)
