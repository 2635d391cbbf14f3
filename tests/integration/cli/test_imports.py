"""`loadstone import` and what shows its results, from a file in the bucket to rows of a live version."""

import asyncio
import json
import os
import pty
import signal
import sys

import pytest

from services.cli.exits import Exit
from shared.domain.run import RunState
from tests.integration.cli.driver import ROOT, Commands

GOOD = "id,carrier\n1,AA\n2,UA\n3,DL\n"
TOLERANT = {"target": {"schema": "public", "table": "flights"}, "onError": "CONTINUE", "maxErrors": 1}


async def test_an_import_is_followed_until_its_version_is_live(commands: Commands) -> None:
    await commands.run("apply", str(commands.declare()))
    done = await commands.imported(GOOD)
    assert done.exit_code == Exit.OK
    assert done.stdout.startswith("flights 2013-01-05 was published as version 1: 3 rows, 0 quarantined, ")
    assert "run 1 flights 2013-01-05: queued\n" in done.stderr


async def test_what_was_imported_is_shown_by_every_list(commands: Commands) -> None:
    await commands.run("apply", str(commands.declare(title="Departures")))
    await commands.imported(GOOD)
    [dataset] = await commands.json("datasets")
    [version] = await commands.json("versions", "flights")
    [run] = await commands.json("runs", "--dataset", "flights", "--state", "succeeded")
    assert (dataset["name"], dataset["liveVersion"], dataset["liveRows"]) == ("flights", 1, 3)
    assert (version["number"], version["rows"], version["live"]) == (1, 3, True)
    assert (run["id"], run["version"], run["rowsDone"]) == (1, 1, 3)
    assert await commands.json("rows", "flights", "--limit", "2") == [
        {"id": 1, "carrier": "AA"},
        {"id": 2, "carrier": "UA"},
    ]


async def test_the_same_lists_are_shown_to_people(commands: Commands) -> None:
    await commands.run("apply", str(commands.declare()))
    await commands.imported(GOOD)
    rows = [line.split() for line in (await commands.run("rows", "flights")).stdout.splitlines()]
    versions = (await commands.run("versions", "flights")).stdout.splitlines()
    runs = (await commands.run("runs")).stdout.splitlines()
    datasets = (await commands.run("datasets")).stdout.splitlines()
    assert rows == [["id", "carrier"], ["1", "AA"], ["2", "UA"], ["3", "DL"]]
    assert versions[1].split()[:4] == ["1", "live", "2013-01-05", "3"]
    assert runs[1].split()[:7] == ["1", "flights", "2013-01-05", "manual", "succeeded", "1/3", "3"]
    assert datasets[1].split()[:6] == ["flights", "active", "1", "1", "3", "2013-01-05"]


async def test_a_run_is_shown_with_attempts_objects_and_stages(commands: Commands) -> None:
    await commands.run("apply", str(commands.declare()))
    await commands.imported(GOOD)
    shown = (await commands.run("run", "1", "--follow")).stdout
    told = await commands.json("run", "1")
    assert [
        word for word in ("Attempts", "Objects", "Seconds by stage", "test-worker") if word not in shown
    ] == []
    assert told["objects"][0]["recordsRead"] == 3
    assert told["attempts"][0]["outcome"] == "succeeded"
    assert told["report"]["rowsLoaded"] == 3


async def test_a_delivery_that_a_version_holds_is_not_imported_again(commands: Commands) -> None:
    await commands.run("apply", str(commands.declare()))
    await commands.imported(GOOD)
    again = await commands.run("import", "flights", "--date", "2013-01-05")
    assert "nothing new; version 1 holds this delivery already; --force imports it again" in again.stdout
    assert again.exit_code == Exit.OK
    assert await commands.states() == [RunState.UNCHANGED, RunState.SUCCEEDED]


async def test_a_failed_import_ends_with_code_message_hint_and_a_status_of_its_own(
    commands: Commands,
) -> None:
    await commands.run("apply", str(commands.declare()))
    done = await commands.imported("id,carier\n1,AA\n")
    assert done.exit_code == Exit.IMPORT_FAILED
    lines = done.stdout.splitlines()
    assert lines[0] == "flights 2013-01-05 was not imported (run 1): header_broken"
    assert "flights/2013-01-05.csv line 1" in lines[1]
    assert lines[2].startswith("hint: Compare the header")


async def test_rejected_records_are_counted_and_listed(commands: Commands) -> None:
    await commands.run("apply", str(commands.declare(load=TOLERANT)))
    done = await commands.imported("id,carrier\n1,AA\nx,\x1bUA\n3,DL\n")
    assert "2 rows, 1 quarantined" in done.stdout
    [record] = await commands.json("quarantine", "1")
    shown = (await commands.run("quarantine", "1")).stdout
    assert (record["line"], record["column"], record["code"]) == (3, "id", "type_mismatch")
    assert record["raw"] == "x,\x1bUA"
    assert r"x,\x1bUA" in shown
    assert "\x1b" not in shown


async def test_a_run_that_waits_says_for_what(commands: Commands) -> None:
    await commands.run("apply", str(commands.declare()))
    done = await commands.run("import", "flights", "--date", "2013-01-05", "--no-wait")
    assert done.exit_code == Exit.OK
    assert done.stdout.startswith(
        "run 1: waiting: no objects match flights/2013-01-05.csv, at least 1 expected"
    )
    again = await commands.run("import", "flights", "--date", "2013-01-05", "--no-wait")
    assert again.stderr == "this delivery has a run already: 1\n"


async def test_without_a_date_the_command_says_which_one_it_takes(commands: Commands) -> None:
    await commands.run("apply", str(commands.declare()))
    done = await commands.run("import", "flights", "--no-wait", "--json")
    assert f"business date: {json.loads(done.stdout)['businessDate']}\n" in done.stderr


async def test_a_waiting_run_can_be_cancelled_once(commands: Commands) -> None:
    await commands.run("apply", str(commands.declare()))
    await commands.run("import", "flights", "--date", "2013-01-05", "--no-wait")
    done, again = await commands.run("cancel", "1"), await commands.run("cancel", "1")
    assert (done.exit_code, done.stdout) == (Exit.OK, "run 1 is cancelled\n")
    assert (again.exit_code, again.stdout) == (Exit.FAILURE, "")
    assert again.stderr == "error: run 1 is cancelled\nhint: Nothing is left to cancel.\n"


async def test_following_ends_when_somebody_else_cancels_the_run(commands: Commands) -> None:
    await commands.run("apply", str(commands.declare()))
    await commands.run("import", "flights", "--date", "2013-01-05", "--no-wait")
    following = await commands.start("run", "1", "--follow", "--json")
    assert following.stderr is not None
    first = await asyncio.wait_for(following.stderr.readline(), 20)
    await commands.run("cancel", "1")
    told, said = await asyncio.wait_for(following.communicate(), 20)
    assert b"waiting: no objects match" in first
    assert said == b"run 1 flights 2013-01-05: cancelled\n"
    assert json.loads(told)["state"] == "cancelled"


async def test_a_forced_import_publishes_the_same_delivery_again(commands: Commands) -> None:
    await commands.run("apply", str(commands.declare()))
    await commands.imported(GOOD)
    again = await commands.meanwhile(commands.run("import", "flights", "--date", "2013-01-05", "--force"))
    assert again.stdout.startswith("flights 2013-01-05 was published as version 2: 3 rows")


async def test_ctrl_c_stops_following_and_not_the_run(commands: Commands) -> None:
    await commands.run("apply", str(commands.declare()))
    command = await commands.start("import", "flights", "--date", "2013-01-05")
    assert command.stderr is not None
    first = await asyncio.wait_for(command.stderr.readline(), 20)
    command.send_signal(signal.SIGINT)
    _, said = await asyncio.wait_for(command.communicate(), 20)
    assert b"run 1 flights 2013-01-05: waiting" in first
    assert b"stopped following; run 1 goes on: `loadstone run 1 --follow`" in said
    assert b"Traceback" not in said
    assert command.returncode == Exit.INTERRUPTED
    assert await commands.states() == [RunState.WAITING]


@pytest.mark.parametrize("direct", [False, True])
async def test_a_rollback_makes_the_version_before_live(commands: Commands, direct: bool) -> None:
    await commands.run("apply", str(commands.declare()))
    await commands.imported(GOOD)
    await commands.imported("id,carrier\n9,ZZ\n", day="2013-01-06")
    # Nobody listens on port 1: with --direct no API is needed.
    dead = {"LOADSTONE_API_URL": "http://127.0.0.1:1"} if direct else {}
    done = await commands.run("rollback", "flights", *(["--direct"] if direct else []), **dead)
    assert done.exit_code == Exit.OK, done.stderr
    assert done.stdout.startswith("flights version 1 is live again, after ")
    assert len(await commands.json("rows", "flights")) == 3
    back = await commands.json("rollback", "flights", "--to", "2")
    assert back["version"] == 2


@pytest.mark.parametrize(
    "arguments", [["run", "77"], ["versions", "trains"], ["rows", "trains"], ["rollback", "trains"]]
)
async def test_what_is_not_there_has_a_status_of_its_own(commands: Commands, arguments: list[str]) -> None:
    done = await commands.run(*arguments)
    assert done.exit_code == Exit.NOT_FOUND
    assert done.stderr.startswith(
        f"error: there is no {'run 77' if arguments[1] == '77' else 'dataset trains'}"
    )


async def test_a_refused_token_has_a_status_of_its_own(commands: Commands) -> None:
    done = await commands.run("datasets", LOADSTONE_API_TOKEN="another")
    assert done.exit_code == Exit.UNAUTHORIZED
    assert "error: the request carries no valid bearer token" in done.stderr


async def test_names_of_datasets_complete(commands: Commands) -> None:
    await commands.run("apply", str(commands.declare()), str(commands.declare("planes")))
    completing = {"_LOADSTONE_COMPLETE": "bash_complete", "COMP_WORDS": "loadstone rows f", "COMP_CWORD": "2"}
    command = await commands.start(**completing)
    said, _ = await asyncio.wait_for(command.communicate(), 20)
    assert said.decode().split() == ["plain,flights"]


async def test_on_a_terminal_an_import_is_followed_with_a_bar(commands: Commands) -> None:
    await commands.run("apply", str(commands.declare()))
    await commands.run("import", "flights", "--date", "2013-01-05", "--no-wait")
    terminal, inside = pty.openpty()
    command = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.cli.main", "run", "1", "--follow"),
        env={**commands.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "200"},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=inside,
    )
    os.close(inside)
    seen = b""
    while b"waiting: no objects match" not in seen:
        seen += await asyncio.wait_for(asyncio.to_thread(os.read, terminal, 4096), 20)
    await commands.run("cancel", "1")
    assert await asyncio.wait_for(command.wait(), 20) == Exit.OK
    os.close(terminal)
    assert "━".encode() in seen
    assert b"0 rows" in seen
