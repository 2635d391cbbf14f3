"""`loadstone infer`: what it prints is a document that holds, with comments for its author."""

import gzip
import json
from pathlib import Path

from click.testing import CliRunner, Result

from services.cli.exits import Exit
from services.cli.main import cli
from shared.domain import document

CONTENT = "id,carrier,1e3,NO\n1,AA,0.5,x\n2,UA,1.25,y\n3,DL,NA,z\n"


def _infer(folder: Path, content: str | bytes, *arguments: str) -> Result:
    file = folder / "flights_2013-01-05.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return CliRunner().invoke(cli, ["infer", str(file), *arguments])


def test_the_document_can_be_read_again_and_names_every_column(tmp_path: Path) -> None:
    dataset = document.parse(_infer(tmp_path, CONTENT).stdout)
    assert dataset.name == "flights"
    assert [field.name for field in dataset.schema.fields] == ["id", "carrier", "1e3", "NO"]
    assert [field.type for field in dataset.schema.fields] == ["integer", "string", "number", "string"]


def test_what_a_sample_cannot_tell_stands_in_comments(tmp_path: Path) -> None:
    shown = _infer(tmp_path, CONTENT).stdout
    comments = [line for line in shown.splitlines() if line.startswith("#")]
    assert comments[0] == "# What this document can't know:"
    assert any("source.bucket" in line and "placeholders" in line for line in comments)


def test_a_compressed_file_is_recognised(tmp_path: Path) -> None:
    dataset = document.parse(_infer(tmp_path, gzip.compress(CONTENT.encode())).stdout)
    assert dataset.format.compression == "gzip"


def test_the_name_can_be_given(tmp_path: Path) -> None:
    dataset = document.parse(_infer(tmp_path, CONTENT, "--name", "departures").stdout)
    assert (dataset.name, dataset.load.target.table) == ("departures", "departures")


def test_a_program_gets_document_and_notes_apart(tmp_path: Path) -> None:
    told = json.loads(_infer(tmp_path, CONTENT, "--json").stdout)
    assert told["document"]["name"] == "flights"
    assert told["notes"]


def test_what_it_infers_the_check_accepts(tmp_path: Path) -> None:
    (tmp_path / "flights.yaml").write_text(_infer(tmp_path, CONTENT).stdout)
    file = str(tmp_path / "flights_2013-01-05.csv")
    done = CliRunner().invoke(cli, ["check", file, "--dataset", str(tmp_path / "flights.yaml")])
    assert done.exit_code == Exit.OK, done.output


def test_a_file_without_a_record_is_refused(tmp_path: Path) -> None:
    done = _infer(tmp_path, b"")
    assert done.exit_code == Exit.IMPORT_FAILED
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")


def test_each_field_stands_on_a_line_of_its_own(tmp_path: Path) -> None:
    lines = _infer(tmp_path, CONTENT).stdout.splitlines()
    assert "  - {name: carrier, type: string, constraints: {required: true}}" in lines
    assert '  missingValues: ["", NA]' in lines


def test_ndjson_gets_a_document_that_loads_it(tmp_path: Path) -> None:
    content = '{"id": 1, "day": "2013-01-01"}\n{"id": 2, "to": {}}\n'
    dataset = document.parse(_infer(tmp_path, content).stdout)
    assert dataset.format.type == "ndjson"
    assert [field.type for field in dataset.schema.fields] == ["integer", "date", "object"]


def test_a_line_end_of_old_is_written_so_that_every_yaml_reads_it(tmp_path: Path) -> None:
    dataset = document.parse(_infer(tmp_path, b"id;name\r1;a\r").stdout)
    assert (dataset.format.dialect.line_terminator, dataset.format.dialect.delimiter) == ("\r", ";")
