"""Records are found exactly, in whatever chunks the bytes come."""

import csv
import gzip
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.report import RejectCode
from shared.errors import QuoteUnterminated, RecordTooLong
from tests.support.datasets import with_fields
from tests.unit.files.reading import Read, Unterminated, read, records

TWO_TEXTS = with_fields({"name": "a"}, {"name": "b"}, schema={"missingValues": []})
WITHOUT_HEADER = with_fields(
    {"name": "a"}, {"name": "b"}, schema={"missingValues": []}, format={"dialect": {"header": False}}
)

awkward = st.lists(
    st.sampled_from([b"a", b'"', b",", b"\n", b"\r\n", b"\r", b'""', b',"', b'",']), max_size=40
)


def outcome(*chunks: bytes, **options: int) -> Read | tuple[type[Exception], str, int | None]:
    try:
        return read(*chunks, of=WITHOUT_HEADER, **options)
    except (QuoteUnterminated, RecordTooLong) as error:
        return type(error), error.message, error.line


@given(awkward.map(b"".join).filter(bool))
def test_records_rejects_and_lines_are_those_of_a_parser_that_reads_byte_by_byte(data: bytes) -> None:
    try:
        expected = records(data)
    except Unterminated as unterminated:
        line = unterminated.line
        with pytest.raises(QuoteUnterminated) as refused:
            read(data, of=WITHOUT_HEADER)
        assert refused.value.line == line
        return
    found = read(data, of=WITHOUT_HEADER)
    good = [
        record
        for record in expected
        if record.raw and not record.stray_quote and not record.stray_return and len(record.fields) == 2
    ]
    bad = [record for record in expected if record.raw and record not in good]
    assert [(row["a"].encode(), row["b"].encode()) for row in found.rows] == [tuple(r.fields) for r in good]
    assert found.lines == [record.line for record in good]
    assert [(reject.line, reject.raw) for reject in found.rejects] == [(r.line, r.raw) for r in bad]
    assert [reject.code is RejectCode.STRAY_QUOTE for reject in found.rejects] == [r.stray_quote for r in bad]
    assert found.blank_lines == sum(not record.raw for record in expected)


@given(
    awkward.map(b"".join).filter(bool),
    st.integers(1, 12),
    st.integers(3, 9),
    st.booleans(),
)
def test_any_chunks_and_any_size_of_blocks_give_the_same(
    data: bytes, chunk: int, block: int, compressed: bool
) -> None:
    stored = gzip.compress(data, mtime=0) if compressed else data
    chunks = [stored[at : at + chunk] for at in range(0, len(stored), chunk)]
    assert outcome(*chunks, block_bytes=block) == outcome(data)


@given(
    st.lists(
        st.lists(
            st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8), min_size=2, max_size=2
        ),
        max_size=12,
    ),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.booleans(),
)
def test_what_pythons_csv_module_writes_is_read_back_exactly(
    rows: list[list[str]], line_end: str, delimiter: str, quoting: int, byte_order_mark: bool
) -> None:
    if quoting == csv.QUOTE_MINIMAL:  # which leaves a carriage return unquoted where lines end in LF
        rows = [[value.replace("\r", "\r\n") for value in row] for row in rows]
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator=line_end, quoting=quoting).writerows(  # type: ignore[arg-type]
        [["a", "b"], *rows]
    )
    data = text.getvalue().encode("utf-8-sig" if byte_order_mark else "utf-8")
    of = with_fields(
        {"name": "a"},
        {"name": "b"},
        schema={"missingValues": []},
        format={"dialect": {"delimiter": delimiter}},
    )
    found = read(data, of=of, block_bytes=16)
    assert [[row["a"], row["b"]] for row in found.rows] == rows
    assert not found.rejects


@given(st.integers(1, 30), st.integers(3, 40))
def test_a_record_that_is_too_long_is_refused_wherever_blocks_are_cut(chunk: int, block: int) -> None:
    of = with_fields({"name": "a"}, {"name": "b"}, limits={"maxRowBytes": "20B"})
    data = b'a,b\n1,2\n"3\n",4\n' + b"5," + b"x" * 19 + b"\n6,7\n"
    chunks = [data[at : at + chunk] for at in range(0, len(data), chunk)]
    with pytest.raises(RecordTooLong, match="longer than 20 bytes") as refused:
        read(*chunks, of=of, block_bytes=block)
    assert refused.value.line == 5


@given(st.integers(1, 30), st.integers(3, 40))
def test_an_open_quote_that_swallows_too_much_is_named_by_its_first_line(chunk: int, block: int) -> None:
    of = with_fields({"name": "a"}, {"name": "b"}, limits={"maxRowBytes": "20B"})
    data = b'a,b\n1,2\n3,"x\n' + b"5,6\n" * 10
    chunks = [data[at : at + chunk] for at in range(0, len(data), chunk)]
    with pytest.raises(QuoteUnterminated) as refused:
        read(*chunks, of=of, block_bytes=block)
    assert refused.value.line == 3


def test_a_record_of_exactly_the_allowed_length_is_read() -> None:
    of = with_fields({"name": "a"}, {"name": "b"}, limits={"maxRowBytes": "20B"})
    assert read(b"a,b\n1," + b"x" * 18 + b"\n", of=of, block_bytes=4).records == 1


def test_lines_are_physical_also_behind_quoted_newlines_and_across_blocks() -> None:
    data = b'a,b\n"1\n2\n3",x\n\n4,y\nbad\n5,z\n'
    for block in range(3, 30):
        found = read(data, of=TWO_TEXTS, block_bytes=block)
        assert found.lines == [2, 6, 8]
        assert [reject.line for reject in found.rejects] == [7]
        assert found.blank_lines == 1
