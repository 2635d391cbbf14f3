"""`loadstone check`: the verdict on a local file."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from services.cli.exits import Exit
from services.cli.main import cli
from tests.support.catalog import declared

GOOD = "id,carrier\n1,AA\n2,UA\n3,DL\n"
TOLERANT = {"target": {"schema": "public", "table": "flights"}, "onError": "CONTINUE", "maxErrors": 1}


def _check(folder: Path, content: str | bytes, *arguments: str, **sections: Any) -> Result:
    document, file = folder / "flights.yaml", folder / "flights.csv"
    document.write_text(json.dumps(declared(**sections)))
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return CliRunner().invoke(cli, ["check", str(file), "--dataset", str(document), *arguments])


def _told(result: Result) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(result.stdout)
    return told


def test_a_good_file_passes_with_its_counts(tmp_path: Path) -> None:
    done = _check(tmp_path, GOOD, "--json")
    told = _told(done)
    assert done.exit_code == Exit.OK
    assert (told["bytes"], told["records"], told["rows"], told["quarantined"]) == (len(GOOD), 3, 3, 0)
    assert (told["broken"], told["refusal"]) == ([], None)


def test_what_only_an_import_can_see_is_said(tmp_path: Path) -> None:
    shown = _check(tmp_path, GOOD).stdout
    assert "An import would publish this file." in shown
    assert "not checked: duplicate keys" in shown
    assert "MB/s" in shown


def test_a_compressed_file_is_read_as_the_worker_reads_it(tmp_path: Path) -> None:
    assert _told(_check(tmp_path, gzip.compress(GOOD.encode()), "--json"))["rows"] == 3


def test_each_reject_has_its_line_column_reason_and_text(tmp_path: Path) -> None:
    done = _check(tmp_path, "id,carrier\n1,AA\nx,UA\n", "--json", load=TOLERANT)
    [reject] = _told(done)["rejects"]
    assert done.exit_code == Exit.OK
    assert (reject["line"], reject["column"], reject["code"], reject["raw"]) == (
        3,
        "id",
        "type_mismatch",
        "x,UA",
    )


def test_more_rejects_than_the_budget_allows_fail_the_file_and_the_rest_is_still_read(tmp_path: Path) -> None:
    done = _check(tmp_path, "id,carrier\nx,AA\ny,UA\nz,UA\n4,DL\n", "--json", "--show", "2", load=TOLERANT)
    told = _told(done)
    assert done.exit_code == Exit.IMPORT_FAILED
    assert told["broken"] == ["3 records rejected, load.maxErrors allows 1"]
    assert (told["records"], told["rows"], told["quarantined"], len(told["rejects"])) == (4, 1, 3, 2)


def test_one_reject_fails_a_file_whose_contract_tolerates_none(tmp_path: Path) -> None:
    done = _check(tmp_path, "id,carrier\nx,AA\n")
    assert done.exit_code == Exit.IMPORT_FAILED
    assert "broken: a record was rejected, and load.onError is ABORT_STATEMENT" in done.stdout
    assert "An import would publish nothing of this file." in done.stdout


def test_a_wrong_header_is_refused_with_its_line_and_what_was_meant(tmp_path: Path) -> None:
    done = _check(tmp_path, "id,carier\n1,AA\n", "--json")
    refusal = _told(done)["refusal"]
    assert done.exit_code == Exit.IMPORT_FAILED
    assert (refusal["code"], refusal["line"]) == ("header_broken", 1)
    assert "'carrier' is missing" in refusal["message"]


def test_a_new_column_passes_where_columns_evolve(tmp_path: Path) -> None:
    done = _check(tmp_path, "id,carrier,new\n1,AA,x\n", "--json", evolution={"newColumns": "evolve"})
    assert (done.exit_code, _told(done)["rows"]) == (Exit.OK, 1)


def test_a_quote_that_is_never_closed_is_shown_with_its_line(tmp_path: Path) -> None:
    shown = _check(tmp_path, 'id,carrier\n1,AA\n2,"UA\n3,DL\n').stdout
    assert "line 3: a quote of this record is never closed" in shown


def test_an_upload_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    done = _check(tmp_path, gzip.compress(GOOD.encode())[:-5])
    assert done.exit_code == Exit.IMPORT_FAILED
    assert "refused: archive_corrupt" in done.stdout


@pytest.mark.parametrize(("severity", "status"), [("error", Exit.IMPORT_FAILED), ("warning", Exit.OK)])
def test_rules_over_all_rows_are_judged(tmp_path: Path, severity: str, status: Exit) -> None:
    rule = {"id": "enough", "metric": "rowCount", "mustBeGreaterThan": 100, "severity": severity}
    done = _check(tmp_path, GOOD, quality=[rule])
    assert done.exit_code == status
    assert "enough: 3 rows loaded, more than 100 expected" in done.stdout


def test_rules_over_all_rows_are_not_judged_by_one_file_of_many(tmp_path: Path) -> None:
    rule = {"id": "enough", "metric": "rowCount", "mustBeGreaterThan": 100}
    source = {**declared()["source"], "files": {"min": 1, "max": 9}}
    assert _check(tmp_path, GOOD, quality=[rule], source=source).exit_code == Exit.OK


def test_a_file_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "flights.yaml").write_text(json.dumps(declared()))
    arguments = ["check", str(tmp_path / "none.csv"), "--dataset", str(tmp_path / "flights.yaml")]
    assert CliRunner().invoke(cli, arguments).exit_code == Exit.USAGE
