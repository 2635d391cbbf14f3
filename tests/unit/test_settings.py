"""The environment is read once, and every mistake in it is told at once."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import settings
from shared.errors import SettingsInvalid
from shared.settings import Api, Client, Database, Log, ObjectStore, Redis, Settings, Worker, dotenv
from shared.settings.reading import Declared, declared
from shared.settings.variables import KIB, SIZE, Secret, masked

REFERENCE = Path(__file__).parents[2] / "docs/reference/settings.md"
PRODUCTION = {
    "LOADSTONE_PROFILE": "prod",
    "LOADSTONE_DATABASE_URL": "postgresql://loadstone:s3cret@db/loadstone",
    "LOADSTONE_REDIS_URL": "redis://:s3cret@redis:6379/0",
    "LOADSTONE_API_TOKEN": "swordfish",
    "LOADSTONE_API_URL": "https://loadstone.example.com",
}
VARIABLES = list({each.name: each for each in declared(Settings)}.values())


def mistakes(environ: dict[str, str], dotenv: Path | None = None) -> list[str]:
    """Read everything, and return the lines of the complaint after its first."""
    with pytest.raises(SettingsInvalid) as raised:
        settings.read(environ, form=Settings, dotenv=dotenv)
    return [line.strip() for line in raised.value.message.splitlines()[1:]]


def test_dev_needs_no_environment() -> None:
    read = settings.read({}, form=Settings)
    assert read.profile == "dev"
    assert read.database.url.reveal() == "postgresql://loadstone:loadstone@127.0.0.1:5432/loadstone"
    assert read.api.token == read.client.token == Secret("loadstone-dev-token")
    assert read.log.format == "console"


@pytest.mark.parametrize("profile", ["staging", "prod"])
def test_other_profiles_have_no_default_for_secrets_and_addresses(profile: str) -> None:
    missing = [line.split(":")[0] for line in mistakes({"LOADSTONE_PROFILE": profile})]
    assert sorted(missing) == [
        "LOADSTONE_API_TOKEN",
        "LOADSTONE_API_URL",
        "LOADSTONE_DATABASE_URL",
        "LOADSTONE_REDIS_URL",
    ]


def test_profiles_differ_only_in_defaults() -> None:
    dev = settings.read({**PRODUCTION, "LOADSTONE_PROFILE": "dev"}, form=Settings)
    prod = settings.read({**PRODUCTION, "LOADSTONE_LOG_FORMAT": "console"}, form=Settings)
    assert (dev.log, dev.database, dev.worker, dev.api) == (prod.log, prod.database, prod.worker, prod.api)


def test_prod_logs_for_machines() -> None:
    assert settings.read(PRODUCTION, form=Log).format == "json"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("LOADSTONE_API_TOKEN", "loadstone-dev-token"),
        ("LOADSTONE_DATABASE_URL", "postgresql://loadstone:loadstone@127.0.0.1:5432/loadstone"),
        ("LOADSTONE_DATABASE_URL", "postgresql://admin:loadstone@db.example.com/other"),
    ],
)
def test_prod_refuses_the_secrets_of_dev(name: str, text: str) -> None:
    assert mistakes({**PRODUCTION, name: text}) == [
        f"{name}: found the dev profile's secret, expected one of your own"
    ]


def test_every_mistake_is_told_at_once_with_what_was_found_and_expected() -> None:
    assert mistakes(
        {
            "LOADSTONE_API_PORT": "eighty",
            "LOADSTONE_LEASE": "10",
            "LOADSTONE_BLOCK_BYTES": "0KiB",
            "LOADSTONE_LOG_LEVEL": "loud",
        }
    ) == [
        "LOADSTONE_LOG_LEVEL: found 'loud', expected one of debug, info, warning, error",
        "LOADSTONE_API_PORT: found 'eighty', expected a whole number from 1 to 65535",
        "LOADSTONE_LEASE: found '10', expected a duration such as 100ms, 30s, 5m or 24h",
        "LOADSTONE_BLOCK_BYTES: found '0KiB', expected a size such as 256KiB or 4MiB",
    ]


def test_a_mistake_in_two_concerns_is_told_once() -> None:
    token = [line for line in mistakes({"LOADSTONE_PROFILE": "staging"}) if "API_TOKEN" in line]
    assert len(token) == 1  # the API and its client both ask for it


def test_a_wrong_secret_is_never_shown() -> None:
    [line] = mistakes({"LOADSTONE_DATABASE_URL": "mysql://root:hunter2@db"})
    assert line.startswith("LOADSTONE_DATABASE_URL: found **** (23 characters), expected a URL such as")
    [line] = mistakes({"LOADSTONE_API_PORT": "postgresql://root:hunter2@db"})
    assert "hunter2" not in line


def test_an_unknown_variable_is_a_mistake_with_a_suggestion() -> None:
    assert mistakes({"LOADSTONE_DATABSE_URL": "x", "LOADSTONE_COLOUR": "red"}) == [
        "LOADSTONE_COLOUR: unknown",
        "LOADSTONE_DATABSE_URL: unknown; did you mean LOADSTONE_DATABASE_URL?",
    ]


def test_a_wrong_profile_is_a_mistake_even_where_nothing_asks_for_it() -> None:
    with pytest.raises(SettingsInvalid, match="LOADSTONE_PROFILE: found 'production'"):
        settings.read({"LOADSTONE_PROFILE": "production"}, form=Log)


def test_a_service_needs_only_what_it_asks_for() -> None:
    environ = {"LOADSTONE_PROFILE": "prod", "LOADSTONE_REDIS_URL": "redis://redis:6379/0"}
    assert settings.read(environ, form=Redis).url.reveal() == "redis://redis:6379/0"


def test_what_is_empty_counts_as_not_set() -> None:
    assert settings.read({"LOADSTONE_API_PORT": ""}, form=Api).port == 8080


def test_half_of_a_key_pair_is_a_mistake() -> None:
    [line] = mistakes({"LOADSTONE_S3_ACCESS_KEY_ID": "AK"})
    assert line == "LOADSTONE_S3_ACCESS_KEY_ID and LOADSTONE_S3_SECRET_ACCESS_KEY: set both or none"


def test_values_have_their_types() -> None:
    environ = {"LOADSTONE_LEASE": "90s", "LOADSTONE_LOCK_TIMEOUT": "250ms", "LOADSTONE_BLOCK_BYTES": "1MiB"}
    worker = settings.read(environ, form=Worker)
    assert worker.lease == timedelta(seconds=90)
    assert worker.heartbeat == timedelta(seconds=1), "a cancellation is heard within a second"
    assert worker.lock_timeout == timedelta(milliseconds=250)
    assert worker.block_bytes == 1024 * 1024


def test_a_mounted_secret_is_read_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("swordfish\n")
    environ = {"LOADSTONE_API_TOKEN_FILE": str(tmp_path / "token")}
    assert settings.read(environ, form=Client).token.reveal() == "swordfish"


def test_a_variable_and_its_file_at_once_are_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("swordfish")
    environ = {"LOADSTONE_API_TOKEN": "x", "LOADSTONE_API_TOKEN_FILE": str(tmp_path / "token")}
    assert mistakes(environ) == [
        "LOADSTONE_API_TOKEN and LOADSTONE_API_TOKEN_FILE: both are set, expected one of them"
    ]


def test_a_secret_that_can_not_be_read_is_one_mistake(tmp_path: Path) -> None:
    path = tmp_path / "none"
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    environ = {
        **PRODUCTION,
        "LOADSTONE_API_TOKEN": "",
        "LOADSTONE_API_TOKEN_FILE": str(path),
        "LOADSTONE_S3_REGION_FILE": str(tmp_path / "binary"),
    }
    assert sorted(mistakes(environ)) == [
        f"LOADSTONE_API_TOKEN_FILE: found '{path}' (No such file or directory), expected a readable file",
        f"LOADSTONE_S3_REGION_FILE: found '{tmp_path / 'binary'}' (bytes that are not UTF-8), "
        "expected a readable file",
    ]


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("LOADSTONE_API_PORT=1111\nLOADSTONE_API_HOST=0.0.0.0\nLOADSTONE_API_TOKEN=from-file\n")
    (tmp_path / "token").write_text("mounted")
    environ = {"LOADSTONE_API_PORT": "2222", "LOADSTONE_API_TOKEN_FILE": str(tmp_path / "token")}
    read = settings.read(environ, form=Api, dotenv=file)
    assert (read.port, read.host, read.token.reveal()) == (2222, "0.0.0.0", "mounted")


def test_a_broken_line_of_the_file_is_a_mistake_beside_the_others(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("# mine\nLOADSTONE_API_PORT=x\nwhat is this\nOTHER_PROGRAM=1\n")
    assert mistakes({}, file) == [
        ".env, line 3: expected NAME=value",
        "LOADSTONE_API_PORT: found 'x', expected a whole number from 1 to 65535",
    ]


def test_a_file_that_is_not_there_is_no_mistake(tmp_path: Path) -> None:
    assert settings.read({}, form=Log, dotenv=tmp_path / ".env").level == "info"


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=b", "b"),
        ("export A=b", "b"),
        ("  A = b c  ", "b c"),
        ("A=b # comment", "b"),
        ("A=b#c", "b#c"),
        ("A=", ""),
        ("A= # comment", ""),
        ("A='b # \"c\" \\n'", 'b # "c" \\n'),
        ("A=\"b # 'c'\" # d", "b # 'c'"),
        (r'A="b\n\t\"c\"\\"', 'b\n\t"c"\\'),
        ("A=postgresql://u:p@h/db?x=1", "postgresql://u:p@h/db?x=1"),
        ("A=$HOME", "$HOME"),
    ],
)
def test_a_line_of_the_file_means_what_a_shell_would_take_it_for(line: str, value: str) -> None:
    assert dotenv.parse(line) == ({"A": value}, [])


@pytest.mark.parametrize("line", ["A", "=b", "1A=b", "A='b", 'A="b', "A='b'c", 'A="b" c'])
def test_a_line_that_can_mean_two_things_is_refused(line: str) -> None:
    assert dotenv.parse(f"\n{line}\nB=1") == ({"B": "1"}, [2])


@given(st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="'")))
def test_single_quotes_keep_every_text(text: str) -> None:
    assert dotenv.parse(f"A='{text}'") == ({"A": text}, [])


def test_a_secret_shows_in_no_way_but_one() -> None:
    database = Database(url=Secret("postgresql://u:hunter2@db/x"))
    assert "hunter2" not in f"{database} {database!r} {database.url} {database.url!r} {[database.url]}"
    assert database.url.reveal() == "postgresql://u:hunter2@db/x"


def test_an_object_store_without_keys_leaves_them_to_the_sdk() -> None:
    assert settings.read({}, form=ObjectStore) == ObjectStore()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("at postgresql://u:p@db/x and redis://:q@r:1/0", "at postgresql://****@db/x and redis://****@r:1/0"),
        ("http://host:8080/a@b", "http://host:8080/a@b"),
        ("me@example.com", "me@example.com"),
    ],
)
def test_passwords_in_urls_are_masked(text: str, shown: str) -> None:
    assert masked(text) == shown


def written(each: Declared) -> str:
    """The variable's default in every profile, as one would write it; empty where there is none."""
    match each.default:
        case timedelta() as default:
            milliseconds = int(default / timedelta(milliseconds=1))
            units = {"h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}
            return next(f"{milliseconds // n}{unit}" for unit, n in units.items() if milliseconds % n == 0)
        case int() as default if each.variable.kind is SIZE:
            return f"{default // KIB}KiB"
        case str() | int() as default:
            return str(default)
        case _:
            return ""


def row(each: Declared) -> str:
    """The line that docs/reference/settings.md has to have for a variable."""
    default = f"`{written(each)}`" if written(each) else "none"
    if each.variable.dev:
        default = f"dev: `{each.variable.dev}`; else {default if written(each) else 'must be set'}"
    secret = " Secret." if each.variable.kind.secret else ""
    return f"| `{each.name}` | {each.variable.purpose}{secret} | {each.variable.kind.expected} | {default} |"


@pytest.mark.parametrize("each", [each for each in VARIABLES if written(each)], ids=lambda each: each.name)
def test_every_default_is_a_value_that_could_be_set(each: Declared) -> None:
    assert each.variable.kind.read(written(each)) == each.default


@pytest.mark.parametrize("each", VARIABLES, ids=lambda each: each.name)
def test_every_variable_has_its_line_in_the_reference(each: Declared) -> None:
    assert row(each) in REFERENCE.read_text().splitlines()


def test_the_reference_names_no_other_variable() -> None:
    named = set(re.findall(r"LOADSTONE_[A-Z0-9_]+", REFERENCE.read_text()))
    assert {name.removesuffix("_FILE") for name in named} == {each.name for each in VARIABLES}
