"""A dialect is found out from the file where the contract asks for it, and never when it is unclear."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.dataset import Dialect
from shared.errors import DialectUnclear
from shared.files import sniffing
from tests.support.datasets import dataset, with_fields
from tests.unit.files.reading import read

EVERYTHING = {"format": {"detect": ["delimiter", "quoteChar", "header"]}}


@pytest.mark.parametrize("chunk", [1, 7, 1 << 20])
@pytest.mark.parametrize(
    "data",
    [
        b"id,name\n1,a\n2,b\n",
        b"id;name\n1;a, b\n2;c, d\n",
        b"id\tname\n1\ta\n2\tb\n",
        b"id|name\r\n1|a\r\n2|b\r\n",
        b"1;a\n2;b\n",
        b"id,name\n1,'a, b'\n2,'c'\n",
        b'id,name\n1,"a\nb"\n2,c\n',
        b"id,name\n1,12:30:00\n2,13:45:10\n",
        b"id;name\n1;a\n2;b",
    ],
)
def test_delimiter_quote_and_header_are_found_out(data: bytes, chunk: int) -> None:
    chunks = (data[at : at + chunk] for at in range(0, len(data), chunk))
    found = read(*chunks, of=dataset(**EVERYTHING))
    assert [row["id"] for row in found.rows] == [1, 2]
    assert not found.rejects


words = st.text("abcdefgh", min_size=1, max_size=6)
tables = st.integers(2, 6).flatmap(
    lambda width: st.lists(st.lists(words, min_size=width, max_size=width), min_size=2, max_size=8)
)


@given(tables, st.sampled_from(sniffing.DELIMITERS), st.sampled_from(['"', "'"]))
def test_what_pythons_csv_module_writes_is_recognised(
    rows: list[list[str]], delimiter: str, quote: str
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, quotechar=quote, quoting=csv.QUOTE_ALL).writerows(rows)
    found = sniffing.settle(text.getvalue(), Dialect(), ["delimiter", "quoteChar"], default=",")
    assert (found.delimiter, found.quote_char) == (delimiter, quote)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b;c\n" * 5, "',' divides 100% of the records into 2 fields, and ';' divides 100%"),
        ("some words, and more\nothers\nand; these\nnone\n", "none of ',', "),
    ],
)
def test_what_is_unclear_is_refused_with_what_was_considered(text: str, message: str) -> None:
    with pytest.raises(DialectUnclear) as refused:
        sniffing.settle(text, Dialect(), ["delimiter"], default=",")
    assert message in refused.value.message
    assert "format.dialect" in refused.value.hint


def test_decimal_commas_and_times_divide_nothing() -> None:
    decimals = "1;2,5;3,1\n2;3,5;4,1\n"
    assert sniffing.settle(decimals, Dialect(), ["delimiter"], default=",").delimiter == ";"
    times = "id,at\n1,2013-01-01 10:00:00\n2,2013-01-01 11:00:00\n"
    assert sniffing.settle(times, Dialect(), ["delimiter"], default=",").delimiter == ","


def test_a_file_of_one_column_has_the_delimiter_of_its_type() -> None:
    assert sniffing.settle("a\nb\n", Dialect(), ["delimiter"], default="\t").delimiter == "\t"


def test_a_header_holds_the_name_of_a_field_where_fields_are_known() -> None:
    def header(text: str, *names: str) -> bool:
        return sniffing.settle(text, Dialect(), ["header"], default=",", names=names).header

    assert header("ID,other\n1,2\n", "id")
    assert not header("one,two\nthree,four\n", "id")
    assert header("one,two\nthree,four\n")
    assert not header("1,two\n3,four\n")


def test_a_header_may_hold_aliases_alone() -> None:
    contract = with_fields(
        {"name": "id", "type": "integer", "aliases": ["2013"]},
        {"name": "name", "aliases": ["2014"]},
        format={"detect": ["header"]},
    )
    assert read(b"2013,2014\n1,a\n", of=contract).rows == [{"id": 1, "name": "a"}]


def test_only_what_is_named_is_found_out() -> None:
    found = sniffing.settle("'1';'2'\n", Dialect(), ["delimiter"], default=",")
    assert found == Dialect(delimiter=";")


def test_the_same_bytes_decide_whatever_the_chunks() -> None:
    line = b"1;a\n"
    data = b"id;name\n" + line * (sniffing.SAMPLE_BYTES // len(line)) + b"2,b,c\n" * 50
    of = dataset(**EVERYTHING)
    whole = read(data, of=of)
    parts = read(*(data[at : at + 99_991] for at in range(0, len(data), 99_991)), of=of)
    assert (whole.records, len(whole.rejects)) == (parts.records, len(parts.rejects))
    assert len(whole.rejects) == 50
