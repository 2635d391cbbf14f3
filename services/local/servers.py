"""The three servers under Loadstone: those that the environment names, and embedded ones for the rest."""

import os
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated

from msgspec import Struct

from services.local import folder, ports, postgres, s3, valkey
from services.local.folder import Endpoints
from services.local.process import Child, Output
from shared.settings import ApiToken, ObjectStore
from shared.settings.variables import POSTGRES_URL, REDIS_URL, Secret, Variable


class Outside(Struct, frozen=True, kw_only=True):
    """What the environment names already: such a server is used, and none is started for it."""

    database_url: Annotated[Secret | None, Variable("DATABASE_URL", POSTGRES_URL, "A PostgreSQL.")] = None
    redis_url: Annotated[Secret | None, Variable("REDIS_URL", REDIS_URL, "A Redis or Valkey.")] = None
    store: ObjectStore
    api_token: ApiToken


class Options(Struct, frozen=True, kw_only=True):
    """Where the embedded servers keep their data, and on which ports they listen; None is a free one."""

    data: Path
    postgres_port: int | None = None
    redis_port: int | None = None
    s3_port: int | None = None
    postgres_settings: Mapping[str, str] = postgres.DURABLE


class Starter:
    """Starts servers, which run until `exits` is closed. `children` are those that it started."""

    def __init__(self, options: Options, exits: AsyncExitStack, output: Output) -> None:
        self.children: list[Child] = []
        self._options = options
        self._exits = exits
        self._output = output
        self._credentials = folder.credentials(options.data)

    async def start(self, outside: Outside) -> Endpoints:
        """Start what `outside` does not name. Raises LocalStackFailed, with the server's own words."""
        database_url = outside.database_url or Secret(await self._postgres())
        redis_url = outside.redis_url or Secret(await self._valkey())
        store = outside.store if outside.store.endpoint_url else await self._s3()
        return Endpoints(
            stack_pid=os.getpid(),
            database_url=database_url.reveal(),
            redis_url=redis_url.reveal(),
            s3_endpoint_url=store.endpoint_url,
            s3_region=store.region,
            s3_access_key_id=store.access_key_id,
            s3_secret_access_key=store.secret_access_key.reveal() if store.secret_access_key else None,
            api_token=outside.api_token.reveal(),
        )

    async def _postgres(self) -> str:
        port = ports.given_or_free(self._options.postgres_port)
        password = self._credentials.postgres_password
        server = postgres.running(
            self._options.data / "postgres",
            port=port,
            password=password,
            output=self._output,
            settings=self._options.postgres_settings,
        )
        self.children.append(await self._exits.enter_async_context(server))
        return postgres.url(port, password)

    async def _valkey(self) -> str:
        port = ports.given_or_free(self._options.redis_port)
        password = self._credentials.redis_password
        server = valkey.running(
            self._options.data / "valkey", port=port, password=password, output=self._output
        )
        self.children.append(await self._exits.enter_async_context(server))
        return valkey.url(port, password)

    async def _s3(self) -> ObjectStore:
        port = ports.given_or_free(self._options.s3_port)
        known = self._credentials
        server = s3.running(
            self._options.data / "s3",
            port=port,
            access_key_id=known.s3_access_key_id,
            secret_access_key=known.s3_secret_access_key,
            output=self._output,
        )
        self.children.append(await self._exits.enter_async_context(server))
        return ObjectStore(
            endpoint_url=s3.url(port),
            region=s3.REGION,
            access_key_id=known.s3_access_key_id,
            secret_access_key=Secret(known.s3_secret_access_key),
        )
