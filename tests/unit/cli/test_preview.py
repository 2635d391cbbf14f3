"""`loadstone preview`: what the start of a file tells, without any server."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from click.testing import CliRunner, Result

from services.cli.exits import Exit
from services.cli.main import cli

DOCUMENT = {
    "apiVersion": "loadstone/v1",
    "kind": "Dataset",
    "name": "things",
    "source": {"bucket": "landing", "key": "things/*.csv"},
    "schema": {"fields": [{"name": "id", "type": "integer"}, {"name": "name"}]},
    "load": {"target": {"schema": "public", "table": "things"}},
}


def _preview(folder: Path, content: bytes, *arguments: str) -> Result:
    file = folder / "things.csv"
    file.write_bytes(content)
    return CliRunner().invoke(cli, ["preview", str(file), *arguments])


def _document(folder: Path) -> str:
    path = folder / "things.dataset.yaml"
    path.write_text(yaml.safe_dump(DOCUMENT))
    return str(path)


def test_it_shows_the_dialect_a_document_and_what_cannot_be_told(tmp_path: Path) -> None:
    shown = _preview(tmp_path, b"id;name\n1;a\n2;b\n")
    assert shown.exit_code == Exit.OK
    for told in ("delimiter    ;", "apiVersion: loadstone/v1", "2 records, 0 rejected", "Not to be told"):
        assert told in shown.stdout


def test_a_document_shows_errors_and_differences(tmp_path: Path) -> None:
    shown = _preview(tmp_path, b"id,name\nx,a\n2,b\n", "--dataset", _document(tmp_path))
    assert shown.exit_code == Exit.OK
    assert "Differences from things" in shown.stdout
    assert "2 records, 1 rejected" in shown.stdout
    assert "type_mismatch" in shown.stdout


def test_a_file_that_would_be_refused_ends_with_its_status(tmp_path: Path) -> None:
    shown = _preview(tmp_path, b"other\n1\n", "--dataset", _document(tmp_path))
    assert shown.exit_code == Exit.IMPORT_FAILED
    assert "header_broken" in shown.stdout


def test_json_holds_everything(tmp_path: Path) -> None:
    told = json.loads(
        _preview(tmp_path, b"id,name\nx,a\n", "--dataset", _document(tmp_path), "--json").stdout
    )
    assert told["read"]["delimiter"] == ","
    assert told["proposal"]["kind"] == "Dataset"
    assert [reject["line"] for reject in told["rejects"]] == [2]
    assert told["whole"]


def test_a_large_parquet_file_is_read_from_its_end(tmp_path: Path) -> None:
    table = pa.table({"id": range(400_000), "name": [str(number * 7919) for number in range(400_000)]})
    pq.write_table(table, tmp_path / "things.csv")
    shown = _preview(tmp_path, (tmp_path / "things.csv").read_bytes())
    assert shown.exit_code == Exit.OK
    for told in ("400,000", "type: parquet", " 0 rejected", "no more than about 100000 are looked at"):
        assert told in shown.stdout


def test_an_address_without_a_key_and_a_document_for_an_object_are_refused(tmp_path: Path) -> None:
    for arguments in (["s3://landing"], ["s3://landing/a.csv", "--dataset", _document(tmp_path)]):
        refused = CliRunner().invoke(cli, ["preview", *arguments])
        assert refused.exit_code == Exit.USAGE
        assert "expected" in refused.stderr or "is not s3://BUCKET/KEY" in refused.stderr
