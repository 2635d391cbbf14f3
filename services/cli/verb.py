"""What all verbs have in common: the same command class, `--json`, and arguments that complete."""

from collections.abc import Callable
from typing import Any

import rich_click as click
from click.shell_completion import CompletionItem

from services.cli.output import JSON

COMPLETION_TIMEOUT = 1.0


def verb(name: str, **attributes: Any) -> Callable[[Callable[..., None]], click.Command]:  # noqa: ANN401
    """Makes a function the command of that name, with `--json` besides its own options."""

    def decorate(function: Callable[..., None]) -> click.Command:
        with_json = click.option(
            "--json",
            is_flag=True,
            expose_value=False,
            callback=_remember,
            help="Print JSON on stdout; messages stay on stderr.",
        )(function)
        return click.command(name, cls=click.RichCommand, **attributes)(with_json)

    return decorate


def dataset_argument() -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The argument DATASET, completed with the names that the API knows."""
    return click.argument("dataset", shell_complete=complete_dataset)


def complete_dataset(
    _ctx: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """The names of datasets that begin like this; none where the API does not answer at once."""
    from services.cli import client

    try:
        with client.connect(timeout=COMPLETION_TIMEOUT) as api:
            found = api.datasets()
    except Exception:  # noqa: BLE001 - while completing, nothing is better than a message
        return []
    return [CompletionItem(each.name, help=each.title) for each in found if each.name.startswith(incomplete)]


def _remember(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:
    ctx.meta[JSON] = value
