"""`loadstone migrate`: brings the catalog's tables up to date."""

import asyncio

from services.cli import configuration, database, output
from services.cli.configuration import DatabaseSettings
from services.cli.verb import verb
from shared.postgres import migrations


@verb("migrate")
def command() -> None:
    """Bring the catalog's tables up to date.

    It speaks to PostgreSQL itself (LOADSTONE_DATABASE_URL). Safe when it is run twice, or by two at once.
    """
    dsn = configuration.read(DatabaseSettings).database.url.reveal()
    with database.explained():
        applied = asyncio.run(migrations.migrate(dsn))
    output.answer({"applied": applied}, lambda: _told(applied))


def _told(applied: list[str]) -> str:
    return "\n".join(f"applied {name}" for name in applied) or "nothing to do: the catalog is up to date"
