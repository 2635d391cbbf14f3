"""Where a command finds its servers: environment, `.env`, and the stack that runs from this folder."""

import os
import shutil
from collections.abc import Generator
from pathlib import Path

import pytest

from services.cli import configuration
from services.cli.configuration import ClientSettings, DoctorSettings
from services.local import folder
from services.local.folder import Endpoints


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Path]:
    """An empty folder without settings, whose stack's data folder is the default one."""
    for name in [name for name in os.environ if name.startswith("LOADSTONE_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    data = folder.default()
    data.mkdir(parents=True, exist_ok=True)
    yield tmp_path
    shutil.rmtree(data)


def _stack_runs(pid: int | None = None) -> None:
    endpoints = Endpoints(
        stack_pid=os.getpid() if pid is None else pid,
        database_url="postgresql://loadstone:pw@127.0.0.1:5555/loadstone",
        redis_url="redis://127.0.0.1:6666/0",
        s3_endpoint_url="http://127.0.0.1:7777",
        s3_region="us-east-1",
        s3_access_key_id="loadstone",
        s3_secret_access_key="secret",
        api_url="http://127.0.0.1:8888",
        api_token="stack-token",
    )
    folder.announce(folder.default(), endpoints)


def test_without_anything_the_defaults_of_dev_hold() -> None:
    assert configuration.read(ClientSettings).client.url == "http://127.0.0.1:8080"


def test_the_stack_that_runs_from_this_folder_is_found() -> None:
    _stack_runs()
    settings = configuration.read(DoctorSettings)
    assert settings.client.url == "http://127.0.0.1:8888"
    assert settings.client.token.reveal() == "stack-token"
    assert settings.database.url.reveal().endswith(":5555/loadstone")
    assert settings.store.endpoint_url == "http://127.0.0.1:7777"


def test_a_stack_that_has_ended_is_not_taken_for_a_running_one() -> None:
    _stack_runs(pid=2**22 + 1)
    assert configuration.read(ClientSettings).client.url == "http://127.0.0.1:8080"


def test_the_environment_counts_more_than_the_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    _stack_runs()
    monkeypatch.setenv("LOADSTONE_API_URL", "http://elsewhere:1")
    assert configuration.read(ClientSettings).client.url == "http://elsewhere:1"


def test_the_dotenv_file_counts_more_than_the_stack(here: Path) -> None:
    _stack_runs()
    (here / ".env").write_text("LOADSTONE_API_URL=http://from-dotenv:1\n")
    assert configuration.read(ClientSettings).client.url == "http://from-dotenv:1"


def test_a_mounted_secret_counts_more_than_the_stack(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _stack_runs()
    (here / "token").write_text("mounted-token\n")
    monkeypatch.setenv("LOADSTONE_API_TOKEN_FILE", str(here / "token"))
    assert configuration.read(ClientSettings).client.token.reveal() == "mounted-token"
