"""The command as a whole: what it lists, what it imports, how it ends."""

import json
import subprocess
import sys

import pytest
import rich_click as click
from click.testing import CliRunner, Result

from services.cli.exits import MEANINGS, Exit, status
from services.cli.main import VERBS, cli, load
from shared.errors import (
    ApiUnreachable,
    DatasetInvalid,
    HeaderBroken,
    LoadstoneError,
    NotFound,
    TooManyErrors,
    Unauthorized,
)

WITHOUT_JSON = {"up", "demo"}
LISTED = cli.list_commands(click.RichContext(cli))


def _run(*arguments: str, **environ: str) -> Result:
    return CliRunner().invoke(cli, arguments, env={"NO_COLOR": "1", **environ})


def test_help_lists_every_verb_with_what_it_does() -> None:
    shown = " ".join(_run("--help").stdout.split())
    assert [name for name in LISTED if f"│ {name} " not in shown] == []
    assert str(VERBS["migrate"].short_help) in shown


def test_help_explains_every_exit_status() -> None:
    shown = " ".join(_run("--help").stdout.split())
    assert [code for code in MEANINGS if f"{code.value} {MEANINGS[code]}" not in shown] == []
    assert set(MEANINGS) == set(Exit)


def test_listing_the_verbs_imports_none_of_what_they_need() -> None:
    code = "\n".join(
        [
            "import sys; from services.cli.main import main",
            "try: main(['--help'])",
            "except SystemExit: print(*sys.modules)",
        ]
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "services.cli.main" in loaded
    assert (
        loaded & {"httpx", "msgspec", "asyncpg", "aioboto3", "pyarrow", "litestar", "services.cli.client"}
        == set()
    )


@pytest.mark.parametrize("name", LISTED)
def test_every_verb_has_help_of_its_own(name: str) -> None:
    done = _run(name, "--help")
    assert done.exit_code == 0
    assert f"Usage: loadstone {name}" in " ".join(done.stdout.split()).replace(
        "Usage: cli", "Usage: loadstone"
    )


@pytest.mark.parametrize("name", [name for name in LISTED if name not in WITHOUT_JSON])
def test_every_verb_that_answers_can_answer_in_json(name: str) -> None:
    assert "--json" in [spelling for option in load(VERBS[name]).params for spelling in option.opts]


def test_an_unknown_verb_is_a_usage_error() -> None:
    done = _run("frobnicate")
    assert done.exit_code == Exit.USAGE
    assert "No such command 'frobnicate'" in done.stderr


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (NotFound("no such run"), Exit.NOT_FOUND),
        (Unauthorized("no token"), Exit.UNAUTHORIZED),
        (ApiUnreachable("nobody there"), Exit.UNREACHABLE),
        (HeaderBroken("a column is missing"), Exit.IMPORT_FAILED),
        (TooManyErrors("101 records rejected"), Exit.IMPORT_FAILED),
        (DatasetInvalid("1 mistake"), Exit.FAILURE),
        (LoadstoneError("unexpected"), Exit.FAILURE),
    ],
)
def test_scripts_can_tell_errors_apart(error: LoadstoneError, expected: Exit) -> None:
    assert status(error) is expected


def test_an_error_ends_as_message_and_hint_on_stderr() -> None:
    done = _run("datasets", LOADSTONE_API_URL="http://127.0.0.1:1", LOADSTONE_PROFILE="dev")
    assert done.exit_code == Exit.UNREACHABLE
    assert done.stdout == ""
    assert done.stderr.startswith("error: can't reach the API at http://127.0.0.1:1")
    assert "hint: Is it up? `loadstone up`" in done.stderr
    assert "Traceback" not in done.stderr


def test_wrong_settings_end_with_every_mistake() -> None:
    done = _run("datasets", LOADSTONE_API_URL="nonsense", LOADSTONE_APITOKEN="x")
    assert done.exit_code == Exit.FAILURE
    assert "LOADSTONE_API_URL: found 'nonsense'" in done.stderr
    assert "did you mean LOADSTONE_API_TOKEN?" in done.stderr


def test_an_unforeseen_error_shows_its_traceback_with_debug_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        VERBS, "datasets", VERBS["datasets"].__class__("datasets", "", module="no_such_module")
    )
    monkeypatch.setattr(cli, "list_commands", lambda _: ["datasets"])
    quiet, loud = _run("datasets"), _run("--debug", "datasets")
    assert quiet.exit_code == Exit.FAILURE
    assert quiet.stderr.startswith(
        "error: ModuleNotFoundError: No module named 'services.cli.no_such_module'"
    )
    assert isinstance(loud.exception, ModuleNotFoundError)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_completion_script(shell: str) -> None:
    done = _run("completion", shell)
    assert "_LOADSTONE_COMPLETE" in done.stdout
    assert json.loads(_run("completion", shell, "--json").stdout)["script"] in done.stdout


def test_verbs_and_options_complete() -> None:
    environ = {"_LOADSTONE_COMPLETE": "bash_complete", "COMP_WORDS": "loadstone imp", "COMP_CWORD": "1"}
    assert _run_program(environ) == ["plain,import"]
    environ = {**environ, "COMP_WORDS": "loadstone import --no", "COMP_CWORD": "2"}
    assert _run_program(environ) == ["plain,--no-wait"]


def test_completing_a_dataset_without_an_api_is_silent() -> None:
    environ = {"_LOADSTONE_COMPLETE": "bash_complete", "COMP_WORDS": "loadstone rows f", "COMP_CWORD": "2"}
    assert _run_program({**environ, "LOADSTONE_API_URL": "http://127.0.0.1:1"}) == []


def _run_program(environ: dict[str, str]) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-m", "services.cli.main"], env=environ, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return done.stdout.split()
