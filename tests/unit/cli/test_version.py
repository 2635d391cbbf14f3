"""How `loadstone version` marks what is estimated."""

from datetime import UTC, date, datetime

import pytest
from rich.console import Console

from services.cli import version
from services.cli.answers import VersionDetail
from shared.domain.profile import ColumnProfile, Profile


def shown(*columns: ColumnProfile) -> list[str]:
    """The last lines: the columns as a person reads them."""
    detail = VersionDetail(
        number=1,
        business_date=date(2013, 1, 5),
        rows=2000,
        bytes=8192,
        run_id=1,
        contract_version=1,
        published_at=datetime(2013, 1, 6, tzinfo=UTC),
        live=False,
        profile=Profile(rows=2000, columns=columns) if columns else None,
    )
    console = Console(width=200, markup=False, highlight=False)
    with console.capture() as printed:
        console.print(version.readable(detail))
    return [" ".join(line.split()) for line in printed.get().splitlines()]


@pytest.mark.parametrize(
    ("column", "line"),
    [
        (ColumnProfile(name="n", type="integer"), "n integer – – – – –"),
        (
            ColumnProfile(
                name="n",
                type="integer",
                nulls=1500,
                nulls_estimated=True,
                minimum="1",
                maximum="9",
                bounds_estimated=True,
                distinct_at_least=1000,
                distinct_at_most=3000,
                width=8,
            ),
            "n integer ~1,500 ~1 ~9 ~1,000 to ~3,000 8",
        ),
    ],
)
def test_estimates_are_marked_and_what_is_unknown_is_a_dash(column: ColumnProfile, line: str) -> None:
    assert shown(column)[-1] == line


def test_a_version_without_a_profile_says_so() -> None:
    assert shown()[-1] == "no profile was made of it"
