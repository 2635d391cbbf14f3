"""`loadstone diff`, between two imports."""

from services.cli.exits import Exit
from tests.integration.cli.driver import Commands

FIRST = "id,carrier\n1,AA\n2,UA\n3,DL\n"
SECOND = 'id,carrier\n2,UA\n3,"D\x1b[31mL"\n4,B6\n'


async def test_what_an_import_changed_is_shown_to_people_and_programs(commands: Commands) -> None:
    await commands.run("apply", str(commands.declare()))
    await commands.imported(FIRST)
    await commands.imported(SECOND, day="2013-01-06")
    shown = await commands.run("diff", "flights")
    assert shown.stderr == "flights: from version 1 to version 2\n"
    assert [" ".join(line.split()) for line in shown.stdout.splitlines()] == [
        "added 1",
        "removed 1",
        "changed 1",
        "changed carrier 1",
        "",
        "row",
        "+ id=4 carrier=B6",
        "- id=1 carrier=AA",
        r"~ id=3 carrier: DL → D\x1b[31mL",
    ]
    told = await commands.json("diff", "flights", "1", "--against", "2", "--samples", "0")
    assert (told["added"], told["removed"], told["changed"], told["changedRows"]) == (1, 1, 1, [])


async def test_a_dataset_without_two_versions_has_nothing_to_compare(commands: Commands) -> None:
    await commands.run("apply", str(commands.declare()))
    before = await commands.run("diff", "flights")
    await commands.imported(FIRST)
    alone = await commands.run("diff", "flights")
    assert (before.exit_code, "has no live version yet" in before.stderr) == (Exit.NOT_FOUND, True)
    assert (alone.exit_code, "no retained version is older" in alone.stderr) == (Exit.FAILURE, True)
