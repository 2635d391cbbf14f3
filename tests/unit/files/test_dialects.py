"""Every dialect is read exactly: as a slow parser says, and however the bytes come."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.dataset import Dataset
from shared.errors import FileEmpty, HeaderBroken, QuoteUnterminated, RecordTooLong
from tests.support.datasets import with_fields
from tests.unit.files.dialects import Parser, Unterminated
from tests.unit.files.reading import Read, read

PIECES = [b"a", b"bc", b" ", b'"', b"'", b",", b"|", b"\\", b"#", b"\n", b"\r\n", b"\r", b'""', b"\\N", b',"']
data = st.lists(st.sampled_from(PIECES), min_size=1, max_size=40).map(b"".join)


def of(header: bool = False, **dialect: Any) -> Dataset:
    return with_fields(
        {"name": "a"},
        {"name": "b"},
        schema={"missingValues": []},
        format={"dialect": {"header": header, **dialect}},
    )


@st.composite
def dialects(draw: st.DrawFn) -> dict[str, Any]:
    escape = draw(st.sampled_from([None, "\\"]))
    quote = draw(st.sampled_from(['"', "'", None]))
    return {
        "delimiter": draw(st.sampled_from([",", "|"])),
        "quoteChar": quote,
        "escapeChar": escape,
        "doubleQuote": escape is None and draw(st.booleans()),
        "lineTerminator": draw(st.sampled_from([None, "\n", "\r\n", "\r"])),
        "commentChar": draw(st.sampled_from([None, "#"])),
        "skipInitialSpace": draw(st.booleans()),
        "nullSequence": draw(st.sampled_from([None, "\\N", "a"])),
    }


@given(data, dialects())
def test_any_dialect_is_read_as_a_parser_reads_it_character_by_character(
    data: bytes, dialect: dict[str, Any]
) -> None:
    dataset = of(**dialect)
    try:
        expected = Parser(data, dataset.format.dialect)
    except Unterminated as unterminated:
        line = unterminated.line
        with pytest.raises(QuoteUnterminated) as refused:
            read(data, of=dataset)
        assert refused.value.line == line
        return
    found = read(data, of=dataset)
    good = [record for record in expected.records if not record.broken and len(record.values) == 2]
    bad = [record for record in expected.records if record not in good]
    texts = [[None if value is None else value.decode() for value in record.values] for record in good]
    assert [[row["a"], row["b"]] for row in found.rows] == texts
    assert found.lines == [record.line for record in good]
    assert [(reject.line, reject.raw) for reject in found.rejects] == [(r.line, r.raw) for r in bad]
    assert [str(reject.code) for reject in found.rejects] == [r.broken or "field_count" for r in bad]
    assert (found.records, found.blank_lines) == (len(expected.records), expected.blank)


def outcome(
    *chunks: bytes, dataset: Dataset, **options: int
) -> Read | tuple[type[Exception], str, int | None]:
    try:
        return read(*chunks, of=dataset, **options)
    except (QuoteUnterminated, RecordTooLong, FileEmpty, HeaderBroken) as error:
        return type(error), error.message, error.line


ROWS = st.fixed_dictionaries(
    {"footerRows": st.integers(0, 3), "commentRows": st.lists(st.integers(4, 8), max_size=2)},
    optional={"headerRows": st.just([2, 3])},
)


@given(data, dialects(), ROWS, st.integers(1, 12), st.integers(1, 9))
def test_any_dialect_is_read_alike_in_any_chunks_and_blocks(
    data: bytes, dialect: dict[str, Any], rows: dict[str, Any], chunk: int, block: int
) -> None:
    dataset = of(header=True, **dialect, **rows)
    data = dialect["delimiter"].join("ab").encode() + (dialect["lineTerminator"] or "\n").encode() + data
    chunks = [data[at : at + chunk] for at in range(0, len(data), chunk)]
    found, whole = outcome(*chunks, dataset=dataset, block_bytes=block), outcome(data, dataset=dataset)
    assert found == whole or not (isinstance(found, Read) or isinstance(whole, Read))  # which of two refusals


@pytest.mark.parametrize(
    ("dialect", "data", "rows"),
    [
        ({"quoteChar": None}, b'"x,y"\n', [('"x', 'y"')]),
        ({"escapeChar": "\\", "doubleQuote": False}, b'"a\\"b",c\\,d\n', [('a"b', "c,d")]),
        ({"escapeChar": "\\", "quoteChar": None}, b"a\\\nb,c\\\\\n", [("a\nb", "c\\")]),
        ({"escapeChar": "\\", "quoteChar": None}, b"a\\\r\nb,c\r\n", [("a\r\nb", "c")]),
        ({"lineTerminator": "\r"}, b'1,2\r"3\r4",5\r', [("1", "2"), ("3\r4", "5")]),
        ({"lineTerminator": "\r\n"}, b"1,2\n3\r\n4,5\r\n", [("1", "2\n3"), ("4", "5")]),
        ({"commentChar": "#"}, b'# x,"\n1,2\n#\n3,#4\n', [("1", "2"), ("3", "#4")]),
        ({"skipInitialSpace": True}, b'1,  "x, y"\n  2, z \n', [("1", "x, y"), ("2", "z ")]),
        ({"nullSequence": "a"}, b"a,b\n", [(None, "b")]),
        ({"nullSequence": "\\N"}, b'\\N,"\\N"\n', [(None, "\\N")]),
        ({"nullSequence": "\\N", "escapeChar": "\\", "quoteChar": None}, b"\\N,\\\\N\n", [(None, "\\N")]),
        ({"commentRows": [2, 4]}, b"1,2\nm,kg\n3,4\nx\n5,6\n", [("1", "2"), ("3", "4"), ("5", "6")]),
        ({"commentRows": [1, 2]}, b'a "title\n\n1,2\n', [("1", "2")]),
        ({"footerRows": 2}, b'1,2\n3,4\nTotal "6\n\n', [("1", "2"), ("3", "4")]),
        ({"footerRows": 1}, b"1,2\n3,4\nTotal 6", [("1", "2"), ("3", "4")]),
    ],
)
def test_each_key_of_the_dialect_means_what_the_reference_says(
    dialect: dict[str, Any], data: bytes, rows: list[tuple[str | None, str | None]]
) -> None:
    found = read(data, of=of(**dialect))
    assert [(row["a"], row["b"]) for row in found.rows] == rows
    assert not found.rejects


def test_line_ends_that_are_not_declared_are_never_taken_for_text() -> None:
    by_terminator = {"\n": b"1,2\r\n3,4\n", "\r": b"1,2\r\n3,4\r", "\r\n": b"1,2\r3\r\n3,4\r\n"}
    for terminator, text in by_terminator.items():
        found = read(text, of=of(lineTerminator=terminator))
        (reject,) = found.rejects
        assert reject.code.startswith("stray_")
        assert found.records == 2


def test_the_header_may_stand_below_a_preamble_and_take_several_rows() -> None:
    text = b'Report "of the day\n\nunit,\na,b\nx,y\n1,2\n'
    found = read(
        text,
        of=with_fields(
            {"name": "ax"}, {"name": "by"}, format={"dialect": {"headerRows": [4, 5], "headerJoin": ""}}
        ),
    )
    assert [(row["ax"], row["by"]) for row in found.rows] == [("1", "2")]
    assert found.lines == [6]


def test_the_null_sequence_may_be_the_name_of_a_column() -> None:
    assert read(b"a,b\na,b\n", of=of(header=True, nullSequence="a")).rows == [{"a": None, "b": "b"}]


@pytest.mark.parametrize(
    ("rows", "text", "line", "message"),
    [
        ([1, 2], b'"a\n",b\n1,2\n3,4\n', 2, "no record starts on this line"),
        ([2], b"x\n\na,b\n", 2, "no record starts on this line"),
        ([1, 2], b"a,b\na\n1,2\n", 1, "the header's rows have 2, 1 columns"),
        ([2, 3], b"x\na,b\nc,d\n1,2\n", 2, "the header of lines 2, 3: column 'a c' is not in the contract"),
        ([2], b"x\na,c\n1,2\n", 2, "column 'c' is not in the contract"),
    ],
)
def test_a_header_that_is_not_where_it_is_declared_is_refused_with_its_lines(
    rows: list[int], text: bytes, line: int, message: str
) -> None:
    with pytest.raises(HeaderBroken) as refused:
        read(text, of=of(header=True, headerRows=rows))
    assert refused.value.line == line
    assert message in refused.value.message


ALIASED: list[dict[str, Any]] = [{"name": "order_id", "aliases": ["Order ID", "OrderNo"]}, {"name": "day"}]


@pytest.mark.parametrize(
    ("header", "keys"),
    [
        (b"order_id,day", {}),
        (b"OrderNo,day", {}),
        (b"Order ID , day", {}),
        (b"ORDER id,Day", {"caseSensitiveHeader": False}),
    ],
)
def test_a_column_may_have_any_accepted_name_of_its_field(header: bytes, keys: dict[str, Any]) -> None:
    found = read(header + b"\n1,2\n", of=with_fields(*ALIASED, format={"dialect": keys}))
    assert found.rows == [{"order_id": "1", "day": "2"}]


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (b"order_id,OrderNo,day", "columns 'order_id' and 'OrderNo' all mean field 'order_id'"),
        (b"Oder ID,day", "closest: 'Order ID', an alias of 'order_id'"),
        (b"Oder ID,day", "column 'order_id' (or 'Order ID', 'OrderNo') is missing (closest: 'Oder ID')"),
        (b"order ID,day", "column 'order ID' is not in the contract (closest: 'Order ID'"),
        (b"day,OrderNo", "column 1 is 'day', 'order_id' expected there"),
    ],
)
def test_a_header_that_does_not_fit_is_told_with_the_names_that_would(header: bytes, message: str) -> None:
    with pytest.raises(HeaderBroken) as refused:
        read(header + b"\n", of=with_fields(*ALIASED))
    assert message in refused.value.message
