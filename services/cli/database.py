"""What the few commands have in common that speak to PostgreSQL themselves."""

from collections.abc import Generator
from contextlib import contextmanager

from shared.errors import DatabaseUnavailable, LoadstoneError
from shared.postgres import failures


@contextmanager
def explained() -> Generator[None]:
    """Turns what PostgreSQL and the way to it raise into errors with a hint."""
    try:
        yield
    except LoadstoneError:
        raise
    except Exception as error:
        explanation = failures.explain(error)
        if explanation is None and isinstance(error, OSError):
            explanation = DatabaseUnavailable(f"can't reach PostgreSQL: {error}")
        if explanation is None:
            raise
        raise explanation from error
