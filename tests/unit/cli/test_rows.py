"""Rows are shown as PostgreSQL wrote them."""

import pytest
from msgspec import Raw

from services.cli import rows


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (b"2013", "2013"),
        (b"80.00", "80.00"),
        (b"0.1234567890123456789012345", "0.1234567890123456789012345"),
        (b'"caf\\u00e9"', "café"),
        (b'"80.00"', "80.00"),
        (b"true", "true"),
        (b'{"a": 1.50}', '{"a": 1.50}'),
        (b"null", None),
    ],
)
def test_a_value_keeps_every_digit(written: bytes, shown: str | None) -> None:
    assert rows.spelled(Raw(written)) == shown
