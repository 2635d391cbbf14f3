"""A preview says what the start of a file tells, and no more."""

import gzip
import json
import zipfile
from io import BytesIO
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.document import parse
from shared.files import convert
from shared.files import preview as previewing
from shared.files.compression import codecs
from shared.files.differences import LiveContract
from shared.files.excerpt import Excerpt, of_both_ends, of_file
from shared.files.preview import MOST_REJECTS, SAMPLE_BYTES, Preview
from tests.support.datasets import dataset, with_fields

HEADER = b"id;name;amount\n"
ROWS = b"".join(b"%d;name %d;%d.5\n" % (n, n, n) for n in range(90_000))
BITS = [b"", b"\0", b'"', b"\n", b"\r", b",", b"\\", b"{", b"}", b"[", b"\xff", b"#", b" ", b"\x80\xaa"]


def preview(data: bytes, name: str, *, whole: bool, **options: Any) -> Preview:
    return previewing.preview(Excerpt(start=data, whole=whole), name, **options)


def of(data: bytes, **options: Any) -> Preview:
    return preview(data[:SAMPLE_BYTES], "in/orders.csv", whole=len(data) <= SAMPLE_BYTES, **options)


def test_it_tells_how_a_file_is_written_and_proposes_a_document_that_takes_it() -> None:
    found = of(gzip.compress("id;name\n1;Grüße\n2;Straße nach Zürich\n".encode("latin-1")))
    assert found.read == {
        "compression": "gzip",
        "encoding": "cp1252",
        "delimiter": ";",
        "quoteChar": '"',
        "header": True,
    }
    assert found.proposal is not None
    assert [field["name"] for field in found.proposal["schema"]["fields"]] == ["id", "name"]
    assert (found.records, found.rejected, found.refusal) == (2, 0, None)
    assert len(found.unknown) == 1


@pytest.mark.parametrize("compress", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_the_start_of_a_long_file_is_held_against_the_proposal_up_to_its_last_whole_record(
    compress: type[bytes],
) -> None:
    found = preview(compress(HEADER + ROWS)[: SAMPLE_BYTES // 4], "orders.csv", whole=False)
    assert found.refusal is None
    assert found.records > 10_000
    assert found.rejected == 0
    assert "whether a key is unique, beyond the records seen here" in found.unknown


def test_a_quoted_record_that_is_cut_off_is_not_judged() -> None:
    of_two = with_fields({"name": "id", "type": "integer"}, {"name": "name"})
    found = preview(b'id,name\n1,a\n2,"b\nmore', "x.csv", whole=False, dataset=of_two)
    assert (found.records, found.refusal) == (1, None)


def test_the_first_hundred_errors_against_a_dataset_are_shown_with_their_lines() -> None:
    found = of(b"id,name\n" + b"x,a\n" * 150 + b"1,b\n", dataset=dataset())
    assert (found.against, found.records, found.rejected) == ("flights", 151, 150)
    assert len(found.rejects) == MOST_REJECTS
    assert (found.rejects[0].line, found.rejects[0].column, found.rejects[0].code) == (
        2,
        "id",
        "type_mismatch",
    )


def test_columns_that_are_added_missing_or_of_another_type_are_told() -> None:
    contract = with_fields(
        {"name": "id", "type": "integer"},
        {"name": "name"},
        {"name": "day", "type": "date"},
        {"name": "amount", "type": "number"},
        schema={"fieldsMatch": "partial"},
    )
    found = of(b"id,name,amount,more\nA1,5,1,x\nA2,6,2,y\n", dataset=contract)
    told = {each.column: (each.kind, each.declared, each.found) for each in found.differences}
    assert told == {
        "id": ("type", "integer", "string"),
        "more": ("added", None, "string"),
        "day": ("missing", "date", None),
    }


def test_a_file_that_would_be_refused_says_why() -> None:
    found = of(b"other,name\n1,a\n", dataset=dataset())
    assert found.refusal is not None
    assert found.refusal.code == "header_broken"
    assert found.refusal.line == 1
    nothing = of(b"")
    assert nothing.refusal is not None
    assert nothing.refusal.code == "file_empty"
    wrong = preview(gzip.compress(HEADER), "x", whole=False, dataset=dataset(format={"compression": "xz"}))
    assert wrong.refusal is not None
    assert wrong.refusal.code == "not_compressed"


def test_the_first_member_of_an_archive_is_looked_at() -> None:
    target = BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("orders.csv", HEADER + ROWS)
    found = preview(target.getvalue()[:100_000], "orders.zip", whole=False)
    assert found.read["compression"] == codecs.ZIP
    assert found.records > 1_000


def test_ndjson_is_held_against_its_dataset() -> None:
    contract = dataset(format={"type": "ndjson"})
    data = b'{"id": 1, "name": "a"}\n{"id": "x", "name": "b"}\n{"id": 3'
    found = preview(data, "x.ndjson", whole=False, dataset=contract)
    assert (found.records, found.rejected, found.refusal) == (2, 1, None)


def test_ndjson_without_a_dataset_is_held_against_its_proposal() -> None:
    found = preview(gzip.compress(b'{"id": 1}\n{"id": 2, "at": "2013-01-01"}\n'), "x.ndjson", whole=True)
    assert found.read == {"compression": "gzip", "encoding": "utf-8"}
    assert found.proposal is not None
    assert found.proposal["format"]["type"] == "ndjson"
    assert (found.records, found.rejected, found.refusal) == (2, 0, None)


@pytest.mark.parametrize(
    "text",
    ["id,name\r1,a\r2,b\r", "# by hand\nid,name\n1,a\n2,b\n", "Report\n\nid,name\n1,a\n2,b\n"],
    ids=["cr", "comment", "preamble"],
)
@pytest.mark.parametrize("whole", [True, False])
def test_what_is_proposed_for_an_unusual_dialect_reads_the_file(text: str, whole: bool) -> None:
    found = preview(text.encode(), "x.csv", whole=whole)
    assert (found.records, found.rejected, found.refusal) == (2, 0, None)


def parquet(rows: int, **options: Any) -> bytes:
    target = BytesIO()
    texts = [str(number * 7919) for number in range(rows)]
    pq.write_table(pa.table({"id": range(rows), "name": texts}), target, **options)
    return target.getvalue()


SEEDS = [
    b"id;name\n1;a\n2;b\n",
    b'# c\nid\tname\n1\t"x\ny"\n',
    b"a\rb\r",
    b'{"id": 1, "a": {"b": [1, null]}}\n{"id": "x"}\n',
    "id,n\n1,ü\n".encode("utf-16"),
    gzip.compress(b"id;name\n1;a\n"),
    parquet(3),
]


@given(st.sampled_from(SEEDS), st.lists(st.tuples(st.integers(0, 400), st.sampled_from(BITS)), max_size=6))
def test_no_file_however_bad_makes_it_fail_and_every_proposal_is_valid(
    data: bytes, changes: list[tuple[int, bytes]]
) -> None:
    for place, bits in changes:
        data = data[:place] + bits + data[place + 1 :]
    for whole in (True, False):
        found = preview(data, "x", whole=whole)
        assert (found.proposal is None) <= (found.refusal is not None)
        if found.proposal is not None:
            parse(json.dumps(found.proposal).encode(), source="x", check_field=convert.check_field)


def test_a_whole_parquet_file_is_held_against_its_proposal_and_a_dataset() -> None:
    found = preview(parquet(3), "x.parquet", whole=True)
    assert found.read == {"compression": "snappy", "rows": 3}
    assert (found.records, found.rejected, found.refusal) == (3, 0, None)
    small = {"name": "name", "type": "integer", "constraints": {"maximum": 7919}}
    contract = with_fields({"name": "id", "type": "integer"}, small, format={"type": "parquet"})
    held = preview(parquet(200), "x.parquet", whole=True, dataset=contract)
    assert (held.records, held.rejected, len(held.rejects)) == (200, 198, MOST_REJECTS)
    assert held.differences == []
    assert (held.rejects[0].line, held.rejects[0].column) == (3, "name")


def test_of_a_large_parquet_file_both_ends_are_enough_for_its_fields_and_its_first_rows() -> None:
    data = parquet(400_000, row_group_size=50_000)
    start, end = data[:SAMPLE_BYTES], data[-SAMPLE_BYTES:]
    found = previewing.preview(of_both_ends(start, end, len(data)), "x.parquet")
    assert found.read["rows"] == 400_000
    assert found.proposal is not None
    assert found.refusal is None
    assert 0 < found.records < 100_000
    assert found.unknown[-1].startswith(f"whether rows behind row {found.records} are good: bytes 1048576 to")
    without_records = previewing.preview(of_both_ends(data[:100], end, len(data)), "x.parquet")
    assert (without_records.read["rows"], without_records.records) == (400_000, 0)
    assert without_records.unknown[-1].startswith("whether rows behind row 0 are good")


def test_a_large_parquet_file_on_this_machine_is_read_from_its_end_and_not_to_its_last_row() -> None:
    data = parquet(400_000, row_group_size=50_000)
    found = previewing.preview(of_file(BytesIO(data), SAMPLE_BYTES), "x.parquet")
    assert (found.read["rows"], found.refusal) == (400_000, None)
    assert previewing.MOST_ROWS <= found.records < 200_000


def test_a_parquet_file_whose_footer_was_not_read_is_refused_with_that_reason() -> None:
    data = parquet(1000)
    only_start = preview(data[:1000], "x.parquet", whole=False)
    assert only_start.refusal is not None
    assert "described at its end" in only_start.refusal.message
    short_end = previewing.preview(of_both_ends(data[:100], data[-10:], len(data)), "x.parquet")
    assert short_end.refusal is not None
    assert "the Parquet footer is longer than what was read" in short_end.refusal.message


def test_columns_are_compared_with_the_contract_of_the_live_version_and_its_aliases() -> None:
    present = with_fields({"name": "id", "type": "integer"}, {"name": "day", "type": "date"})
    live = with_fields(
        {"name": "id", "type": "integer", "aliases": ["Nummer"]},
        {"name": "gone", "type": "number"},
        {"name": "when", "type": "date", "format": "%d.%m.%Y"},
        {"name": "price", "type": "number", "decimalChar": ","},
        format={"dialect": {"caseSensitiveHeader": False}},
    )
    baseline = LiveContract(version=3, document=live)
    data = b"nummer;when;price;day\n1;31.12.2013;1,5;2013-01-01\n"
    found = preview(data, "x.csv", whole=True, dataset=present, live=baseline)
    assert (found.against, found.live_contract) == ("flights", 3)
    assert [(each.column, each.kind) for each in found.differences] == [
        ("day", "added"),
        ("gone", "missing"),
    ]


def test_columns_of_parquet_and_keys_of_ndjson_are_compared_too() -> None:
    contract = with_fields({"name": "id", "type": "date"}, {"name": "more"}, format={"type": "parquet"})
    found = preview(parquet(1), "x.parquet", whole=True, dataset=contract)
    told = {(each.column, each.kind, each.declared, each.found) for each in found.differences}
    assert told == {
        ("id", "type", "date", "integer"),
        ("name", "added", None, "string"),
        ("more", "missing", "string", None),
    }
    nested = with_fields(
        {"name": "city", "path": "/to/city"}, {"name": "zip", "path": "/to/zip"}, format={"type": "ndjson"}
    )
    found = preview(b'{"to": {"city": "a"}, "x": 1}\n', "x.ndjson", whole=True, dataset=nested)
    assert [(each.column, each.kind) for each in found.differences] == [("x", "added")]
