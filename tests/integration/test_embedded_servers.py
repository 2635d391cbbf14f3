"""The embedded servers, each alone."""

import stat
from pathlib import Path

import aioboto3
import asyncpg
import pytest
import redis.asyncio

from services.local import postgres as embedded_postgres
from shared.errors import LocalStackFailed
from tests.support import servers
from tests.support.servers import Store


async def test_postgres_asks_for_the_password(postgres: str) -> None:
    wrong = postgres.replace(servers.PASSWORD, "guessed")
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(wrong)


async def test_every_test_gets_a_migrated_database_of_its_own(database: str, postgres: str) -> None:
    connection = await asyncpg.connect(database)
    try:
        assert await connection.fetchval("SELECT to_regnamespace('loadstone') IS NOT NULL")
        assert await connection.fetchval("SELECT current_database()") != postgres.rpartition("/")[2]
    finally:
        await connection.close()


async def test_postgres_keeps_its_data_and_starts_after_it_was_killed_whatever_pid_its_file_names() -> None:
    with servers.folder() as root:
        async with servers.postgres_server(root) as dsn:
            await servers.execute(dsn, "CREATE TABLE kept AS SELECT 42 AS answer")
        pid_file = root / "postgres" / "data" / "postmaster.pid"
        pid_file.write_text("1\n")  # a pid that lives and belongs to somebody else
        async with servers.postgres_server(root) as dsn:
            connection = await asyncpg.connect(dsn)
            try:
                assert await connection.fetchval("SELECT answer FROM kept") == 42
            finally:
                await connection.close()


async def test_the_data_of_postgres_are_closed_to_others(postgres: str, server_folder: Path) -> None:
    assert stat.S_IMODE((server_folder / "postgres").stat().st_mode) == 0o700


async def test_a_server_that_cant_start_says_why() -> None:
    with servers.folder() as root:
        async with servers.valkey_server(root) as url:
            taken = int(url.rpartition(":")[2].partition("/")[0])
            with pytest.raises(LocalStackFailed, match=r"(?i)address already in use"):
                async with embedded_postgres.running(
                    root / "postgres", port=taken, password="any", output=lambda _name, _line: None
                ):
                    pass


async def test_redis_is_empty_for_each_test_and_asks_for_a_password(redis_url: str) -> None:
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        assert await client.dbsize() == 0
        await client.set("left", "behind")
    async with redis.asyncio.Redis.from_url(redis_url.replace(servers.PASSWORD, "guessed")) as client:
        with pytest.raises(redis.exceptions.AuthenticationError):
            await client.ping()


async def test_an_object_put_into_a_bucket_is_a_file_and_can_be_read_back(
    s3: Store, bucket_name: str
) -> None:
    session = aioboto3.Session(s3.access_key_id, s3.secret_access_key, region_name=s3.region)
    async with session.client("s3", endpoint_url=s3.endpoint_url) as client:
        await client.put_object(Bucket=bucket_name, Key="2013/01/flights.csv", Body=b"a,b\n")
        answer = await client.get_object(Bucket=bucket_name, Key="2013/01/flights.csv")
        assert await answer["Body"].read() == b"a,b\n"
    assert (s3.folder / bucket_name / "2013/01/flights.csv").read_bytes() == b"a,b\n"


async def test_s3_refuses_strangers(s3: Store, bucket_name: str) -> None:
    session = aioboto3.Session("stranger", "guessed", region_name=s3.region)
    async with session.client("s3", endpoint_url=s3.endpoint_url) as client:
        with pytest.raises(client.exceptions.ClientError, match="InvalidAccessKeyId"):
            await client.list_objects_v2(Bucket=bucket_name)
