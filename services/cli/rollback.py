"""`loadstone rollback`: an earlier version is live again."""

import asyncio
from typing import Any

import rich_click as click

from services.api import rollback
from services.cli import client, configuration, database, output
from services.cli.client import actor
from services.cli.configuration import DatabaseSettings
from services.cli.verb import dataset_argument, verb
from shared.postgres.pool import connection


@verb("rollback")
@dataset_argument()
@click.option("--to", "version", type=click.IntRange(min=1), help="The version; without it the one before.")
@click.option("--alone", is_flag=True, help="Although its release group stays on another business date.")
@click.option("--direct", is_flag=True, help="Straight to PostgreSQL, when the API is down.")
def command(dataset: str, version: int | None, alone: bool, direct: bool) -> None:
    """Make an earlier version of a dataset live again: the newest retained one below the live one, or --to.

    It is recorded like a run. The next import publishes a new version as ever.
    """
    done: Any = (_direct if direct else _by_api)(dataset, version, alone)
    took = f"{done.milliseconds:.0f} ms (run {done.run_id})"
    output.answer(done, lambda: f"{dataset} version {done.version} is live again, after {took}")


def _by_api(dataset: str, version: int | None, alone: bool) -> object:
    with client.connect() as api:
        return api.rollback(dataset, version, alone=alone)


def _direct(dataset: str, version: int | None, alone: bool) -> object:
    dsn = configuration.read(DatabaseSettings).database.url.reveal()

    async def roll_back() -> rollback.RolledBack:
        async with connection(dsn, application="rollback") as db:
            return await rollback.roll_back(db, dataset, to=version, actor=actor(), alone=alone)

    with database.explained():
        return asyncio.run(roll_back())
