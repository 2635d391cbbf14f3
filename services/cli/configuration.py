"""The settings of a command: the environment, then `.env`, then the stack that `loadstone up` runs here."""

import os
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from services.local import folder
from shared import settings
from shared.settings import Client, Database, ObjectStore, ProfileName, Redis, dotenv

DOTENV = Path(".env")


class ClientSettings(Struct, frozen=True, kw_only=True):
    """What a command needs that speaks to the API."""

    profile: ProfileName = "dev"
    client: Client


class DatabaseSettings(Struct, frozen=True, kw_only=True):
    """What a command needs that speaks to PostgreSQL itself."""

    profile: ProfileName = "dev"
    database: Database


class DoctorSettings(Struct, frozen=True, kw_only=True):
    """Everything that can be checked from here."""

    profile: ProfileName = "dev"
    database: Database
    redis: Redis
    store: ObjectStore
    client: Client


def read[Form: Struct](form: type[Form]) -> Form:
    """The settings that a command asks for. Raises SettingsInvalid with every mistake."""
    return settings.read({**_of_local_stack(), **os.environ}, form=form, dotenv=DOTENV)


def _of_local_stack() -> Mapping[str, str]:
    """What the embedded stack says about itself, as far as nobody says otherwise."""
    stack = folder.endpoints(folder.default())
    if stack is None:
        return {}
    told = {
        "LOADSTONE_API_URL": stack.api_url,
        "LOADSTONE_API_TOKEN": stack.api_token,
        "LOADSTONE_DATABASE_URL": stack.database_url,
        "LOADSTONE_REDIS_URL": stack.redis_url,
        "LOADSTONE_S3_ENDPOINT_URL": stack.s3_endpoint_url,
        "LOADSTONE_S3_REGION": stack.s3_region,
        "LOADSTONE_S3_ACCESS_KEY_ID": stack.s3_access_key_id,
        "LOADSTONE_S3_SECRET_ACCESS_KEY": stack.s3_secret_access_key,
    }
    return {name: value for name, value in told.items() if value and name not in _set_otherwise()}


def _set_otherwise() -> set[str]:
    """The variables that the environment or `.env` sets, directly or as a file."""
    texts = dotenv.parse(DOTENV.read_text(encoding="utf-8", errors="replace"))[0] if DOTENV.is_file() else {}
    names = {name for name, text in {**texts, **os.environ}.items() if text}
    return names | {name.removesuffix("_FILE") for name in names}
