"""Rejected records, downloaded, corrected, and added to the live version."""

import json
from pathlib import Path

import pytest
from click.testing import Result

from services.cli.exits import Exit
from tests.integration.cli.driver import Commands

TOLERANT = {"target": {"schema": "public", "table": "flights"}, "onError": "CONTINUE", "maxErrors": 9}
MIXED = 'id,carrier\n1,AA\nx2,"U,A"\n3,DL,more\n4,B6\n'
DAY = "2013-01-05"


@pytest.fixture
def file(commands: Commands) -> Path:
    return commands.folder / "fixed.csv"


async def requeued(commands: Commands, run: int, file: Path) -> Result:
    return await commands.meanwhile(commands.run("requeue", str(run), "--fixed", str(file)))


async def rows(commands: Commands) -> list[tuple[int, str]]:
    return [(row["id"], row["carrier"]) for row in await commands.json("rows", "flights")]


async def test_rejected_records_are_corrected_and_added_to_the_live_version(
    commands: Commands, file: Path
) -> None:
    await commands.run("apply", str(commands.declare(load=TOLERANT)))
    await commands.imported(MIXED)
    saved = await commands.run("quarantine", "1", "--output", str(file))
    assert f"loadstone requeue 1 --fixed {file}" in saved.stderr
    key = f"flights/{DAY}.csv"
    assert file.read_text() == (
        "_object,_line,_column,_code,_message,id,carrier\n"
        f'{key},3,id,type_mismatch,"""id"": ""x2"" is not an integer",x2,"U,A"\n'
        f'{key},4,,field_count,"has 3 fields, 2 expected",3,DL,more\n'
    )
    file.write_text(file.read_text().replace("x2,", "2,").replace("DL,more", "DL"))
    done = await requeued(commands, 1, file)
    assert done.exit_code == Exit.OK, done.stderr
    assert done.stdout.startswith(f"flights {DAY} was published as version 2: 2 rows, 0 quarantined")
    assert await rows(commands) == [(1, "AA"), (4, "B6"), (2, "U,A"), (3, "DL")]
    await commands.run("rollback", "flights")
    assert await rows(commands) == [(1, "AA"), (4, "B6")]


async def test_records_that_are_still_wrong_stay_behind_and_can_be_corrected_again(
    commands: Commands, file: Path
) -> None:
    await commands.run("apply", str(commands.declare(load=TOLERANT)))
    await commands.imported(MIXED)
    file.write_text("id,carrier\n2,UA\nx3,DL\n")
    assert (await requeued(commands, 1, file)).exit_code == Exit.OK
    [left] = await commands.json("quarantine", "2")
    assert (left["line"], left["column"], left["raw"]) == (3, "id", "x3,DL")
    await commands.run("quarantine", "2", "--output", str(file))
    file.write_text(file.read_text().replace("x3,", "3,"))
    assert (await requeued(commands, 2, file)).exit_code == Exit.OK
    assert await rows(commands) == [(1, "AA"), (4, "B6"), (2, "UA"), (3, "DL")]


async def test_a_key_that_is_there_already_is_refused_and_nothing_changes(
    commands: Commands, file: Path
) -> None:
    await commands.run("apply", str(commands.declare(load=TOLERANT)))
    await commands.imported(MIXED)
    file.write_text("id,carrier\n4,UA\n")
    done = await requeued(commands, 1, file)
    assert (done.exit_code, "key_duplicated" in done.stdout) == (Exit.IMPORT_FAILED, True)
    assert await rows(commands) == [(1, "AA"), (4, "B6")]


async def test_the_same_corrections_are_added_once(commands: Commands, file: Path) -> None:
    await commands.run("apply", str(commands.declare(load=TOLERANT)))
    await commands.imported(MIXED)
    file.write_text("id,carrier\n2,UA\n")
    await requeued(commands, 1, file)
    again = await requeued(commands, 1, file)
    assert (again.exit_code, "have a run already: " in again.stderr) == (Exit.OK, True)
    assert await rows(commands) == [(1, "AA"), (4, "B6"), (2, "UA")]


async def test_corrections_of_what_is_no_longer_live_are_refused(commands: Commands, file: Path) -> None:
    await commands.run("apply", str(commands.declare(load=TOLERANT)))
    await commands.imported(MIXED)
    await commands.imported(MIXED.replace("4,", "5,"), day="2013-01-06")
    file.write_text("id,carrier\n2,UA\n")
    done = await commands.run("requeue", "1", "--fixed", str(file))
    assert (done.exit_code, "does not have what run 1 loaded" in done.stderr) == (Exit.FAILURE, True)


async def test_a_run_that_published_nothing_has_nothing_to_add_to(commands: Commands, file: Path) -> None:
    await commands.run("apply", str(commands.declare()))
    await commands.imported(MIXED)
    file.write_text("id,carrier\n2,UA\n")
    done = await commands.run("requeue", "1", "--fixed", str(file))
    assert (done.exit_code, "run 1 is failed" in done.stderr) == (Exit.FAILURE, True)


async def test_json_records_are_corrected_beside_their_marks(commands: Commands, file: Path) -> None:
    await commands.run("apply", str(commands.declare(load=TOLERANT, format={"type": "ndjson"})))
    await commands.imported('{"id": 1, "carrier": "AA"}\n{"id": "x", "carrier": "UA"}\nnonsense\n')
    await commands.run("quarantine", "1", "--output", str(file))
    first, second = map(json.loads, file.read_text().splitlines())
    assert (first["_line"], first["_code"], first["id"]) == (2, "type_mismatch", "x")
    assert (second["_code"], second["_raw"]) == ("invalid_json", "nonsense")
    file.write_text(json.dumps({**first, "id": 2}) + "\n")
    assert (await requeued(commands, 1, file)).exit_code == Exit.OK
    assert await rows(commands) == [(1, "AA"), (2, "UA")]
