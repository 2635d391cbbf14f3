"""`loadstone plan` and `loadstone apply`: from documents in a folder to contracts in the catalog."""

from services.cli.exits import Exit
from tests.integration.cli.driver import Commands


async def test_a_plan_changes_nothing_and_apply_does_what_it_says(commands: Commands) -> None:
    commands.declare()
    planned = await commands.run("plan", ".")
    before = await commands.json("datasets")
    applied = await commands.run("apply", ".")
    [after] = await commands.json("datasets")
    assert planned.stdout.splitlines() == ["+ flights is new", "1 to create, 0 to change, 0 unchanged"]
    assert before == []
    assert applied.stdout.splitlines() == ["+ flights is new", "1 created, 0 changed, 0 unchanged"]
    assert (after["name"], after["contractVersion"]) == ("flights", 1)


async def test_what_was_applied_is_no_change_any_more(commands: Commands) -> None:
    path = str(commands.declare())
    assert (await commands.run("plan", path, "--exit-code")).exit_code == 2
    await commands.run("apply", path)
    again = await commands.run("plan", path, "--exit-code")
    assert (again.exit_code, again.stdout) == (Exit.OK, "0 to create, 0 to change, 1 unchanged\n")


async def test_a_change_is_shown_by_its_path(commands: Commands) -> None:
    await commands.run("apply", str(commands.declare(retention={"versions": 3})))
    planned = await commands.run("plan", str(commands.declare(retention={"versions": 5}, title="Departures")))
    lines = planned.stdout.splitlines()
    assert lines[0] == "~ flights gets contract version 2"
    assert sorted(lines[1:3]) == ['    + title  "Departures"', "    ~ retention.versions  3 → 5"]


async def test_documents_are_taken_from_the_folder_datasets(commands: Commands) -> None:
    folder = commands.folder / "datasets"
    folder.mkdir()
    commands.declare().rename(folder / "flights.yaml")
    assert [each["name"] for each in await commands.json("apply")] == ["flights"]


async def test_one_mistake_anywhere_keeps_all_documents_from_being_applied(commands: Commands) -> None:
    commands.declare("planes")
    commands.declare(load={"target": {"schema": "public", "table": "flights"}, "mode": "upsert"})
    done = await commands.run("apply", ".")
    assert done.exit_code == Exit.FAILURE
    assert "flights.yaml: load.mode: 'upsert' found" in done.stderr
    assert await commands.json("datasets") == []


async def test_a_document_that_the_server_refuses_keeps_the_others_from_being_applied(
    commands: Commands,
) -> None:
    commands.declare("airlines")
    commands.declare(access={"read": ["nobody_of_that_name"]})
    done = await commands.run("apply", ".")
    assert done.exit_code == Exit.FAILURE
    assert 'the role "nobody_of_that_name", which does not exist' in done.stderr
    assert await commands.json("datasets") == []
