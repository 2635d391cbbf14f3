"""The API: it answers, is ready, and knows our token."""

from collections.abc import Iterator

from services.cli import client
from services.cli.checks.finding import Finding, fail, ok
from shared.errors import LoadstoneError

TIMEOUT = 10.0


def check() -> Iterator[Finding]:
    """What is to say about the API that the settings name."""
    with client.connect(timeout=TIMEOUT) as api:
        try:
            if api.is_ready():
                yield ok("API", f"ready at {api.url}")
            else:
                yield fail("API", f"{api.url} answers and is not ready", "Its log says what it lacks.")
            count = len(api.datasets())
            yield ok("token", f"accepted; {count} {'dataset' if count == 1 else 'datasets'}")
        except LoadstoneError as error:
            yield fail("token" if error.code == "unauthorized" else "API", error.message, error.hint)
