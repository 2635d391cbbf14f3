"""docs/reference/types.md says what conversions do: each row of its tables is tried."""

import re
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from shared.domain import fieldtypes, markup
from shared.domain.dataset import Field, FieldType
from shared.files import convert
from tests.support.datasets import field
from tests.unit.files.test_conversions import converted

TABLES = (Path(__file__).parents[3] / "docs/reference/types.md").read_text()
HOLDS = re.findall(
    r"^\| `((?!type)[a-z]+)` \| [^|]+ \| ([^|]+) \|$", TABLES.partition("The same by example")[0], re.M
)
EXAMPLES = re.findall(r"^\| `(\{type[^`]+\})` \| ([^|]*) \| ([^|]*) ?\|$", TABLES, re.M)


def test_the_table_has_every_type() -> None:
    assert {name for name, _ in HOLDS} == set(get_args(FieldType))
    assert {name for name, _ in HOLDS} == {declared(written).type for written, _, _ in EXAMPLES}


@pytest.mark.parametrize(("name", "holders"), HOLDS)
def test_what_the_table_lists_can_hold_the_type_the_first_by_default(name: str, holders: str) -> None:
    listed = re.findall(r"`([^`]+)`", holders)
    assert fieldtypes.physical_type(field(name)) == listed[0]
    for physical in listed:
        assert convert.check_field(field(name, physicalType=physical)) == []
        assert fieldtypes.physical_type(field(name, physicalType=physical)) == physical


@pytest.mark.parametrize(("written", "accepted", "refused"), EXAMPLES)
def test_what_the_table_accepts_is_converted_and_what_it_refuses_is_not(
    written: str, accepted: str, refused: str
) -> None:
    of = declared(written)
    good, bad = (re.findall(r"`([^`]+)`", cell) for cell in (accepted, refused))
    assert convert.check_field(of) == []
    assert good
    assert converted(of, *good)[1] == [None] * len(good)
    assert None not in converted(of, *bad)[1]
    for text in (*good, *bad):
        assert (converted(of, text)[1] == [None]) == (text in good)


def declared(written: str) -> Field:
    """A field as the table writes it."""
    keys = markup.read(f"name: value\nfield: {written}").value
    assert isinstance(keys, dict)
    return msgspec.convert({"name": "value", **keys["field"]}, Field)
