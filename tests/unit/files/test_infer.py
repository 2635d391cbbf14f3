"""A proposed document loads the sample it was made from, and says what it can't know."""

import gzip
import json
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any
from uuid import uuid4

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shared.domain.dataset import Dataset
from shared.domain.document import parse
from shared.errors import FileEmpty, HeaderBroken
from shared.files import convert
from shared.files import infer as inference
from shared.files.excerpt import Excerpt
from tests.unit.files.reading import read

SAMPLE = (
    b"id;zip;amount;day;seen_at;local;flag;ref;doc;dep_time;empty;note\n"
    b"1;00420;1.50;2013-01-01;2013-01-01T10:00:00Z;2013-01-01 05:00:00;true;"
    b'6f1d0c1e-1234-4abc-8def-0123456789ab;"{""a"": 1}";517;;"a\nb"\n'
    b"2;10115;-20;2013-01-02;2013-01-01T10:00:00Z;2013-01-01 05:00:00;false;"
    b"6f1d0c1e-1234-4abc-8def-0123456789ac;{};NA;;NA\n"
)


def infer(data: bytes, name: str, *, whole: bool = False) -> tuple[dict[str, Any], list[str]]:
    found = inference.infer(Excerpt(start=data, whole=whole), name)
    return found.document, found.notes


def fields(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {found["name"]: found for found in document["schema"]["fields"]}


def test_types_delimiter_missing_values_and_key_are_found() -> None:
    document, notes = infer(SAMPLE + b"3;cut", "in/Orders_2013-01-01.csv")
    found = fields(document)
    types = {name: found[name].get("physicalType", found[name]["type"]) for name in found}
    assert types == {
        "id": "integer",
        "zip": "string",
        "amount": "numeric(12,2)",
        "day": "date",
        "seen_at": "datetime",
        "local": "timestamp",
        "flag": "boolean",
        "ref": "string",
        "doc": "object",
        "dep_time": "integer",
        "empty": "string",
        "note": "string",
    }
    assert found["ref"]["format"] == "uuid"
    assert found["id"]["constraints"] == {"required": True}
    assert "constraints" not in found["dep_time"]
    assert document["name"] == "orders"
    assert document["format"] == {"type": "csv", "compression": "none", "dialect": {"delimiter": ";"}}
    assert document["schema"]["missingValues"] == ["", "NA"]
    assert document["schema"]["primaryKey"] == ["id"]
    told = "\n".join(notes)
    assert "guessed from 2 records" in told
    assert "zip: has leading zeros" in told
    assert "amount: numeric(12,2) is a guess" in told
    assert "empty: no value in the sample" in told
    assert "fits physicalType smallint: id, dep_time" in told


@pytest.mark.parametrize("stored", [SAMPLE, gzip.compress(SAMPLE), gzip.compress(SAMPLE)[:-8]])
def test_the_document_is_valid_and_loads_the_sample_without_a_reject(stored: bytes) -> None:
    document, _ = infer(stored, "orders.csv.gz")
    whole = gzip.compress(SAMPLE) if stored.startswith(b"\x1f") else SAMPLE
    found = read(whole, of=msgspec.convert(document, Dataset))
    assert [row["amount"] for row in found.rows] == [Decimal("1.50"), Decimal("-20.00")]
    assert not found.rejects


def test_a_file_without_a_header_is_matched_by_position() -> None:
    document, notes = infer(b"1\t2013-01-01\n2\t2013-01-02\n", "x.tsv")
    assert list(fields(document)) == ["column_1", "column_2"]
    assert document["format"] == {"type": "tsv", "compression": "none", "dialect": {"header": False}}
    assert any("looks like data" in note for note in notes)


def test_a_sample_without_a_whole_line_is_refused() -> None:
    for text in (b"id,name", b"x" * 200_000 + b"\n"):
        with pytest.raises(FileEmpty):
            infer(text, "x.csv")


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"id,a, id\n1,2,3\n", "'id' and 'id' are one"),
        (f"{'n' * 70},{'n' * 80}\nx,y\n".encode(), "are one to PostgreSQL"),
        (b"id, ,b\n1,2,3\n", "column 2 is called ''"),
        (b"id,a\0\n" + b"1,2\n" * 20, "column 2 is called 'a"),
        (b'{"id": 1, "a\\u0000": 2}\n', "column 2 is called"),
    ],
    ids=["twice", "alike", "empty", "nul", "nul-key"],
)
def test_names_that_no_contract_can_match_are_refused(data: bytes, told: str) -> None:
    with pytest.raises(HeaderBroken, match=told):
        infer(data, "x")


def test_a_name_that_postgresql_would_cut_off_becomes_an_alias() -> None:
    long = "n" * 80
    document, _ = infer(f"{long},b\nx,y\nz,y\n".encode(), "x.csv")
    assert document["schema"]["primaryKey"] == ["n" * 63]
    assert document["schema"]["fields"][0]["aliases"] == [long]


@pytest.mark.parametrize(
    ("text", "dialect"),
    [
        ("id,name\r1,a\r2,b\r", {"lineTerminator": "\r"}),
        ("# made by hand\nid,name\n1,a\n# half way\n2,b\n", {"commentChar": "#"}),
        ('# "quoted, by hand\nid;name\n1;a\n2;b\n', {"commentChar": "#", "delimiter": ";"}),
        ("#id,name\n1,a\n2,b\n", {}),
        ("Report of May\n\nid,name\n1,a\n2,b\n", {"headerRows": [3]}),
        ("Report;of May\n;\nid;name;n\n1;a;1\n2;b;1\n", {"headerRows": [3], "delimiter": ";"}),
        ('id,name\n1,"say \\"hi, you\\" now"\n2,b\n', {"escapeChar": "\\", "doubleQuote": False}),
        ('id,name\n1,"C:\\dir\\"\n2,"say ""hi"" now"\n', {}),
        ("id;'name'\n1;'a;b'\n", {"delimiter": ";", "quoteChar": "'"}),
    ],
    ids=[
        "cr",
        "comments",
        "comment-with-quote",
        "hash-header",
        "preamble",
        "wide-preamble",
        "escape",
        "backslash",
        "quote",
    ],
)
def test_a_dialect_that_is_not_plain_is_proposed_and_reads_the_sample(
    text: str, dialect: dict[str, Any]
) -> None:
    document, _ = infer(text.encode(), "x.csv")
    assert document["format"].get("dialect", {}) == dialect
    found = read(text.encode(), of=msgspec.convert(document, Dataset))
    assert found.rows
    assert not found.rejects
    assert [field["type"] for field in document["schema"]["fields"][:2]] == ["integer", "string"]


def test_a_backslash_in_json_without_quotes_around_it_is_no_escape_of_the_dialect() -> None:
    document, _ = infer(b'id\tdoc\n1\t{"a": "say \\"hi\\" now"}\n', "x.tsv")
    assert "dialect" not in document["format"]


def test_a_narrow_first_line_is_no_preamble_where_no_header_follows() -> None:
    document, notes = infer(b"id,name\n1,2,3\n4,5,6\n", "x.csv")
    assert "dialect" not in document["format"]
    assert any(note.startswith("2 records have another number of fields") for note in notes)


NDJSON = (
    b'{"id": 1, "price": 1.50, "ok": true, "day": "2013-01-01", "at": "2013-01-01T10:00:00Z", "code": "7",'
    b' "ref": "6f1d0c1e-1234-4abc-8def-0123456789ab", "to": {"a": [1]}, "tags": [1, "x"], "mixed": "a"}\n'
    b"\n"
    b'{"id": 2, "price": 20, "ok": null, "day": "", "at": "2013-01-02T10:00:00+01:00", "code": "8",'
    b' "ref": "6f1d0c1e-1234-4abc-8def-0123456789ac", "to": {}, "tags": [], "mixed": 5, "late": "x"}\n'
)


def test_fields_of_ndjson_follow_from_json_values_over_all_records() -> None:
    document, notes = infer(NDJSON + b'{"id": "cut', "events_2013-01-01.ndjson.gz")
    found = fields(document)
    assert {name: found[name].get("physicalType", found[name]["type"]) for name in found} == {
        "id": "integer",
        "price": "numeric(12,2)",
        "ok": "boolean",
        "day": "date",
        "at": "datetime",
        "code": "string",
        "ref": "string",
        "to": "object",
        "tags": "array",
        "mixed": "any",
        "late": "string",
    }
    assert found["ref"]["format"] == "uuid"
    required = [name for name in found if "constraints" in found[name]]
    assert required == ["id", "price", "at", "code", "ref", "to", "tags", "mixed"]
    assert document["format"] == {"type": "ndjson", "compression": "none"}
    assert document["source"]["key"].endswith("/*.ndjson")
    assert document["schema"]["primaryKey"] == ["id"]
    assert "mixed: has values of several JSON types, so each is kept as it is written." in notes


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lambda data: data.decode().encode("utf-16")])
def test_the_document_for_ndjson_is_valid_and_loads_the_sample_without_a_reject(pack: Any) -> None:
    stored = pack(NDJSON)
    document, _ = infer(stored, "x.ndjson", whole=True)
    checked = parse(json.dumps(document).encode(), source="x", check_field=convert.check_field)
    found = read(stored, of=checked)
    assert [row["price"] for row in found.rows] == [Decimal("1.50"), Decimal("20.00")]
    assert found.rejects == []


def test_a_key_of_json_that_is_no_column_name_gets_a_path() -> None:
    data = json.dumps({"a/b~" + "c" * 70: 1}).encode() + b"\n"
    document, _ = infer(data, "x.ndjson")
    [long] = document["schema"]["fields"]
    assert (long["name"], long["path"]) == ("a/b~" + "c" * 59, "/a~1b~0" + "c" * 70)
    checked = parse(json.dumps(document).encode(), source="x", check_field=convert.check_field)
    assert read(data, of=checked).rows == [{long["name"]: 1}]


def test_lines_that_are_no_json_objects_are_left_out_and_told() -> None:
    document, notes = infer(b'{"id": 1}\n[1]\n{"id": \n{"id": 2}\n', "x.ndjson")
    assert fields(document)["id"]["type"] == "integer"
    assert "2 lines are no JSON objects and were left out." in notes


def test_fields_of_parquet_follow_from_its_footer_and_load_it_without_a_reject() -> None:
    day, moment = date(2013, 1, 1), datetime(2013, 1, 1, 10)  # noqa: DTZ001 - a column without a zone
    columns = {
        "small": (pa.array([1, None], pa.uint8()), "smallint"),
        "usual": (pa.array([1, 2], pa.uint16()), "integer"),
        "big": (pa.array([1, 2**32 - 1], pa.uint32()), None),
        "huge": (pa.array([1, 2**64 - 1], pa.uint64()), "numeric(20,0)"),
        "real": (pa.array([1.5, 2], pa.float32()), "real"),
        "double": (pa.array([1.5, 2.25]), "double precision"),
        "exact": (pa.array([Decimal("1.50"), None], pa.decimal128(12, 2)), "numeric(12,2)"),
        "wide": (pa.array([Decimal("1.50"), None], pa.decimal256(50, 2)), "numeric(38,2)"),
        "day": (pa.array([day, None], pa.date64()), None),
        "local": (pa.array([moment, None], pa.timestamp("ns")), "timestamp"),
        "moment": (pa.array([moment, None], pa.timestamp("ms", "UTC")), None),
        "text": (pa.array(["a", "b"]).dictionary_encode(), None),
        "bytes": (pa.array([b"\xff", None]), None),
        "ref": (pa.array([uuid4().bytes, None], pa.uuid()), None),
        "struct": (pa.array([{"a": 1}, None]), None),
        "list": (pa.array([[1, 2], None]), None),
        "map": (pa.array([[("a", 1)], None], pa.map_(pa.string(), pa.int64())), None),
        "none": (pa.array([None, None], pa.null()), None),
        "n" * 80: (pa.array([1, 2]), None),
        "lasting": (pa.array([1, 2], pa.duration("s")), None),
    }
    target = BytesIO()
    pq.write_table(pa.table({name: array for name, (array, _) in columns.items()}), target)
    document, notes = infer(target.getvalue(), "x.parquet", whole=True)
    found = fields(document)
    assert [found[name[:63]].get("physicalType") for name in columns if name != "lasting"] == [
        physical for name, (_, physical) in columns.items() if name != "lasting"
    ]
    kinds = ["day", "bytes", "ref", "struct", "list", "map", "none"]
    assert [found[name].get("format", found[name]["type"]) for name in kinds] == (
        ["date", "binary", "uuid", "object", "array", "array", "string"]
    )
    assert "lasting: no field is read from its type; it was left out." in notes
    checked = parse(json.dumps(document).encode(), source="x", check_field=convert.check_field)
    loaded = read(target.getvalue(), of=checked)
    assert (len(loaded.rows), loaded.rejects) == (2, [])


def test_what_a_parquet_file_declares_as_not_null_is_required() -> None:
    target = BytesIO()
    schema = pa.schema([pa.field("id", pa.int64(), nullable=False)]).append(pa.field("name", pa.string()))
    pq.write_table(pa.table([[1], ["a"]], schema=schema), target)
    document, _ = infer(target.getvalue(), "x.parquet", whole=True)
    assert document["format"] == {"type": "parquet"}
    assert fields(document)["id"]["constraints"] == {"required": True}
    assert "constraints" not in fields(document)["name"]
