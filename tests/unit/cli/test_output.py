"""What is printed, where, and how."""

import io
import json
import sys
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
import rich_click as click
from click.testing import CliRunner
from rich.text import Text

from services.cli import output
from services.cli.verb import verb
from shared.errors import DatasetInvalid, NotFound


def _printed(shown: object) -> str:
    stream = io.StringIO()
    output.console(stream).print(shown)
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines())


@verb("greet")
def greet() -> None:
    """Greets."""
    output.tell("about to greet")
    output.answer({"greeting": "hello"}, lambda: output.facts([("greeting", "hello")]))


def test_data_go_to_stdout_and_messages_to_stderr() -> None:
    done = CliRunner().invoke(greet, [])
    assert done.stdout.split() == ["greeting", "hello"]
    assert done.stderr == "about to greet\n"


def test_json_is_all_that_stands_on_stdout() -> None:
    done = CliRunner().invoke(greet, ["--json"])
    assert json.loads(done.stdout) == {"greeting": "hello"}
    assert done.stderr == "about to greet\n"


def test_a_table_that_a_program_reads_is_not_cut_off() -> None:
    shown = _printed(output.table(["key", "rows"], [("x" * 500, 1_234_567)], empty=""))
    assert shown.splitlines()[1].split() == ["x" * 500, "1,234,567"]


def test_a_table_without_rows_says_so() -> None:
    assert _printed(output.table(["run"], [], empty="no runs")) == "no runs"


def test_nothing_that_a_file_holds_can_move_the_cursor() -> None:
    shown = _printed(output.table(["record"], [("a\x1b[2Jb\rc\x00d",)], empty=""))
    assert shown.splitlines()[1] == r"a\x1b[2Jb\rc\x00d"


def test_nothing_that_a_file_holds_is_taken_as_markup() -> None:
    assert _printed(output.table(["record"], [("[bold]x[/bold] :smile:",)], empty="")).endswith(
        "[bold]x[/bold] :smile:"
    )


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "–"),
        (1_234_567, "1,234,567"),
        (0.5, "0.500"),
        (True, "yes"),
        (date(2013, 1, 5), "2013-01-05"),
        (datetime(2013, 1, 5, 6, tzinfo=UTC), "2013-01-05 06:00:00Z"),
        (datetime(2013, 1, 5, 6, tzinfo=timezone(timedelta(hours=-5))), "2013-01-05 11:00:00Z"),
    ],
)
def test_values_are_written_for_people(value: object, shown: str) -> None:
    assert output.cell(value).plain == shown


@pytest.mark.parametrize(
    ("count", "shown"),
    [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (3 * 2**30, "3.0 GiB"), (2**40, "1.0 TiB")],
)
def test_sizes_are_written_for_people(count: int, shown: str) -> None:
    assert output.byte_count(count) == shown


def test_an_error_is_printed_with_its_hint_and_all_its_problems(capsys: pytest.CaptureFixture[str]) -> None:
    output.error(
        DatasetInvalid("flights.yaml has 2 mistakes", problems=["name: is missing", "kind: is missing"])
    )
    said = capsys.readouterr().err.splitlines()
    assert said[:3] == ["error: flights.yaml has 2 mistakes", "  name: is missing", "  kind: is missing"]
    assert said[3].startswith("hint: ")


def test_an_error_without_a_hint_has_no_empty_one(capsys: pytest.CaptureFixture[str]) -> None:
    output.error(NotFound("there is no run 7", hint=""))
    assert capsys.readouterr().err == "error: there is no run 7\n"


def test_no_colour_is_written_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    output.tell(Text("failed", style="bold red"))
    assert capsys.readouterr().err == "failed\n"


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("no_colour", "coloured"), [("", True), ("1", False)])
def test_no_color_is_respected_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, no_colour: str, coloured: bool
) -> None:
    monkeypatch.setenv("NO_COLOR", no_colour)
    monkeypatch.setenv("TERM", "xterm-256color")
    terminal = _Terminal()
    output.console(terminal).print(Text("failed", style="red"))
    assert ("\x1b[31m" in terminal.getvalue()) is coloured


def test_the_runner_of_these_tests_is_no_terminal() -> None:
    assert not sys.stdout.isatty()
    assert isinstance(greet, click.RichCommand)
