"""`loadstone version`, after an import."""

from services.cli.exits import Exit
from tests.integration.cli.driver import Commands

FILE = "id,carrier\n1,AA\n2,\n1003,\x1b[31mUA\n"


async def test_a_version_is_shown_with_what_is_known_about_its_columns(commands: Commands) -> None:
    await commands.run("apply", str(commands.declare()))
    await commands.imported(FILE)
    shown = await commands.run("version", "flights")
    assert shown.exit_code == 0, shown.stderr
    lines = [" ".join(line.split()) for line in shown.stdout.splitlines()]
    assert lines[:4] == ["version 1", "state live", "business date 2013-01-05", "rows 3"]
    assert lines[-3:] == [
        "column type nulls minimum maximum distinct bytes",
        "id integer 0 1 1003 ~3 8",
        r"carrier string 1 \x1b[31mUA AA ~2 5",
    ]
    told = await commands.json("version", "flights", "1")
    assert [column["name"] for column in told["profile"]["columns"]] == ["id", "carrier"]


async def test_a_version_that_is_not_there_is_not_found(commands: Commands) -> None:
    await commands.run("apply", str(commands.declare()))
    without = await commands.run("version", "flights")
    missing = await commands.run("version", "flights", "7")
    assert (without.exit_code, "has no live version yet" in without.stderr) == (Exit.NOT_FOUND, True)
    assert (missing.exit_code, "there is no version 7" in missing.stderr) == (Exit.NOT_FOUND, True)
