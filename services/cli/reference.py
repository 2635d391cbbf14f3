"""Writes docs/reference/cli.md from the commands themselves: `python -m services.cli.reference`."""

import inspect
from collections.abc import Iterator
from pathlib import Path

import rich_click as click

from services.cli.exits import MEANINGS
from services.cli.main import PROGRAM, VERBS, cli, load

PAGE = Path(__file__).parents[2] / "docs/reference/cli.md"
INTRODUCTION = """\
Every command has `--help`. Data are printed on stdout, messages on stderr; where nobody looks, without
colour and without cutting anything off. `loadstone --debug COMMAND …` shows the traceback of an error."""


def page() -> str:
    """The whole page."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    context = click.RichContext(cli, info_name=PROGRAM)
    yield "# The command line"
    yield ""
    yield from _text(cli)
    yield INTRODUCTION
    yield ""
    yield "| exit status | meaning |"
    yield "|---|---|"
    yield from (f"| {code.value} | {meaning} |" for code, meaning in MEANINGS.items())
    for name in cli.list_commands(context):
        command = load(VERBS[name])
        yield ""
        yield f"## {PROGRAM} {name}"
        yield ""
        yield from _text(command)
        yield from _usage(command, click.RichContext(command, parent=context, info_name=name))


def _text(command: click.Command) -> Iterator[str]:
    """The help, with its blocks that must not be wrapped as code."""
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        verbatim = paragraph.startswith("\b\n")
        yield from ["```", *paragraph.splitlines()[1:], "```"] if verbatim else paragraph.splitlines()
        yield ""


def _usage(command: click.Command, context: click.Context) -> Iterator[str]:
    yield "```"
    yield " ".join([context.command_path, *command.collect_usage_pieces(context)])
    yield "```"
    options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
    if options:
        yield ""
        yield "| option | meaning |"
        yield "|---|---|"
        yield from (_option(option, context) for option in options)


def _option(option: click.Option, context: click.Context) -> str:
    record = option.get_help_record(context)
    assert record is not None  # noqa: S101 - no option is hidden
    names, meaning = record
    return f"| `{names.replace('|', '\\|')}` | {meaning.strip()} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
