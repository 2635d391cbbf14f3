"""docs/reference/cli.md tells every command, option and exit status as they are."""

from services.cli import reference


def test_the_reference_is_what_the_commands_say_of_themselves() -> None:
    written = reference.PAGE.read_text(encoding="utf-8")
    assert written == reference.page(), "run `python -m services.cli.reference` to write it anew"
