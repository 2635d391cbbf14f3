"""A preview says what the start of a file tells, and no more."""

import gzip
import zipfile
from io import BytesIO

import pytest

from shared.files.compression import codecs
from shared.files.preview import MOST_REJECTS, SAMPLE_BYTES, Preview, preview
from tests.support.datasets import dataset, with_fields

HEADER = b"id;name;amount\n"
ROWS = b"".join(b"%d;name %d;%d.5\n" % (n, n, n) for n in range(90_000))


def of(data: bytes, **options: object) -> Preview:
    return preview(
        data[:SAMPLE_BYTES],
        "in/orders.csv",
        whole=len(data) <= SAMPLE_BYTES,
        **options,  # type: ignore[arg-type]
    )


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
