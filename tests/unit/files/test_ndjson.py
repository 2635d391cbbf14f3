"""The two ways of reading NDJSON, by block and by record, say the same."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support import datasets
from tests.unit.files.reading import Read, read

FIELDS = [
    {"name": "id", "type": "integer"},
    {"name": "small", "type": "integer", "physicalType": "smallint"},
    {"name": "price", "type": "number", "physicalType": "numeric(9,2)"},
    {"name": "size", "type": "number", "physicalType": "double precision"},
    {"name": "gift", "type": "boolean"},
    {"name": "name"},
]
DATASET = datasets.with_fields(*FIELDS, format={"type": "ndjson"})
ODD = (
    "0 -0 1 007 1.0 1e2 1E-2 1.10 0.005 -1.50 32768 9223372036854775807 9223372036854775808 1e400 NaN "
    "Infinity -Infinity Inf +1 .5 5. 0x1 true false null True nul 1234567.89 /**/1 'x' {} [] [1 "
    '{"a":1} 1,"id":2 "" "x" "1" "-0" "NaN" "\\u0000" "\\ud800" "\\ud83d\\ude00" "\\q" "\\/" "a\tb" "true"'
)
VALUES = st.one_of(
    st.sampled_from(ODD.split(" ")),
    st.decimals(allow_nan=False, allow_infinity=False).map(str),
    st.floats().map(repr),
)
KEYS = st.sampled_from([*[f'"{field["name"]}"' for field in FIELDS] * 4, '"other"', "id", '"i\\u0064"'])
SPACES = st.sampled_from(["", " ", "\t"])
SHAPES = st.sampled_from(
    [*["{%s}"] * 3, " {%s} ", "{%s}\r", "{%s,}", "[{%s}]", "%s", "{%s}{}", "{%s"]  # mostly whole objects
)


@st.composite
def lines(draw: st.DrawFn) -> str:
    pairs = draw(st.lists(st.tuples(KEYS, VALUES, SPACES), max_size=4))
    inside = ",".join(f"{space}{key}:{space}{value}" for key, value, space in pairs)
    return draw(SHAPES) % (inside,)


def by_record(data: bytes) -> Read:
    """What is read where the block is refused as a whole, for a line that is no JSON at its end."""
    found = read(data + b"x", of=DATASET)
    assert found.rejects[-1].raw == b"x"
    return found._replace(rejects=found.rejects[:-1], records=found.records - 1)


@given(st.lists(lines(), min_size=1, max_size=3).map("\n".join))
@example('{"id":1}{"id":2}\n{\n"id":3}')
@example('{"id":1}\nnull\n{"id":2}')
@example('{"price":1.10,"id":9223372036854775807}')
def test_a_block_is_read_as_its_records_are(text: str) -> None:
    data = f"{text}\n".encode("utf-8", "surrogatepass")
    assert repr(read(data, of=DATASET)) == repr(by_record(data))  # NaN is not equal to itself


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b'{"id": 1, "id": 2}', "invalid_json"),
        (b'{"id": 1', "invalid_json"),
        (b"null", "invalid_json"),
        (b"[1]", "invalid_json"),
        (b'{"id": 1} {"id": 2}', "invalid_json"),
        (b'{"name": "\\ud800"}', "invalid_json"),
        (b'{"name": "\\u0000"}', "nul_byte"),
        (b'{"name": "\xff"}', "invalid_bytes"),
        (b'{"other": 1}', "unknown_field"),
        (b'{"id": "x"}', "type_mismatch"),
        (b'{"name": 1}', "type_mismatch"),
        (b'{"id": 1.5}', "type_mismatch"),
        (b'{"small": 32768}', "out_of_range"),
        (b'{"price": 0.005}', "out_of_range"),
    ],
)
def test_a_bad_line_is_rejected_alone_with_its_number(line: bytes, code: str) -> None:
    found = read(b'\xef\xbb\xbf{"id": 1}\r\n\r\n' + line + b'\n{"id": 3}', of=DATASET)
    assert [(reject.line, reject.code, reject.raw) for reject in found.rejects] == [(3, code, line)]
    assert [row["id"] for row in found.rows] == [1, 3]
    assert (found.lines, found.blank_lines) == ([1, 4], 1)
