"""`loadstone doctor`: what is well, what is not, and what to do about it."""

import asyncio
from collections.abc import Awaitable, Sequence

import rich_click as click
from rich.table import Table
from rich.text import Text

from services.cli import configuration, output
from services.cli.checks import api, postgres, redis, store
from services.cli.checks.finding import Finding, fail, ok
from services.cli.configuration import DoctorSettings
from services.cli.exits import Exit
from services.cli.verb import verb
from shared.errors import SettingsInvalid

TIME_LIMIT = 30.0
_STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red"}


@verb("doctor")
@click.pass_context
def command(ctx: click.Context) -> None:
    """Check settings, PostgreSQL, Redis, object store and API; say what to do about each failure.

    The exit status is 1 when anything fails. It changes nothing.
    """
    try:
        settings = configuration.read(DoctorSettings)
    except SettingsInvalid as invalid:
        findings = [fail("settings", invalid.message, invalid.hint)]
    else:
        findings = [ok("settings", f"valid, profile {settings.profile}"), *asyncio.run(_examine(settings))]
    output.answer(findings, lambda: _table(findings))
    if any(finding.status == "fail" for finding in findings):
        ctx.exit(Exit.FAILURE)


async def _examine(settings: DoctorSettings) -> list[Finding]:
    """All checks, those of different servers at the same time."""
    buckets = await postgres.buckets(settings.database)
    found = await asyncio.gather(
        _limited("PostgreSQL", postgres.check(settings.database)),
        _limited("Redis", redis.check(settings.redis)),
        _limited("object store", store.check(settings.store, buckets)),
        _limited("API", asyncio.to_thread(lambda: list(api.check()))),
    )
    return [finding for findings in found for finding in findings]


async def _limited(subject: str, check: Awaitable[list[Finding]]) -> list[Finding]:
    try:
        return await asyncio.wait_for(check, TIME_LIMIT)
    except TimeoutError:
        return [
            fail(
                subject,
                f"no answer within {TIME_LIMIT:.0f} s",
                "Is something in between, such as a firewall?",
            )
        ]


def _table(findings: Sequence[Finding]) -> Table:
    made = Table.grid(padding=(0, 2, 0, 0))
    for finding in findings:
        told = Text(output.printable(finding.message, keep="\n"))
        if finding.hint:
            told.append(f"\n→ {finding.hint}", style="italic")
        status = Text(finding.status, style=_STYLES[finding.status])
        made.add_row(status, Text(finding.subject, style="bold"), told)
    return made
