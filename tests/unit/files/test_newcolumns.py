"""A header's new columns, and the contract that has them."""

import pytest

from shared.files import newcolumns
from shared.files.newcolumns import HeaderReader
from tests.support.datasets import dataset
from tests.unit.files.reading import read

EVOLVE = {"evolution": {"newColumns": "evolve"}}


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
def test_a_header_is_known_however_the_file_is_cut(size: int) -> None:
    reader, data = HeaderReader(dataset(**EVOLVE)), b'id,"a, b",name\n1,,x\n'
    found = None
    for start in range(0, len(data), size):
        found = found or reader.names(data[start : start + size])
    assert [*(found or reader.names(None) or [])] == ["id", "a, b", "name"]


def test_a_file_that_is_refused_names_no_column() -> None:
    assert HeaderReader(dataset(**EVOLVE)).names(b"\x1f\x8b" + b"no gzip at all" * 100) == []


def test_evolved_fields_may_stand_anywhere_and_be_missing() -> None:
    of = newcolumns.evolved(dataset(**EVOLVE), ["a", "id", "name", "b"])
    assert read(b"id,b,name,a\n1,2,x,3\n", of=of).rows == [{"id": 1, "name": "x", "a": "3", "b": "2"}]
    assert read(b"id,name\n1,x\n", of=of).rows == [{"id": 1, "name": "x", "a": None, "b": None}]


@pytest.mark.parametrize(
    "names", [["id", "a"], ["name", "id", "a"], ["id", "name", ""], ["id", "name", "a", "a"]]
)
def test_what_would_be_refused_all_the_same_evolves_nothing(names: list[str]) -> None:
    assert newcolumns.evolved(dataset(**EVOLVE), names) == dataset(**EVOLVE)


def test_where_case_does_not_count_a_column_is_new_in_no_other_case() -> None:
    of = dataset(format={"dialect": {"caseSensitiveHeader": False}}, **EVOLVE)
    assert newcolumns.evolved(of, ["ID", "Name"]) == of
