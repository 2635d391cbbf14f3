"""Which delivery is imported without a date, and what is said about a run."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.cli import following, importing
from services.cli.answers import RunDetail
from shared.domain.run import RunState

NOW = datetime(2013, 1, 6, 3, 30, tzinfo=UTC)


def _run(**changes: Any) -> RunDetail:
    made: dict[str, Any] = {
        "id": 12,
        "dataset": "flights",
        "business_date": date(2013, 1, 5),
        "state": RunState.SUCCEEDED,
        "trigger": "manual",
        "attempt": 1,
        "max_attempts": 3,
        "created_at": NOW,
        "run_at": NOW,
        "started_at": NOW,
        "finished_at": NOW + timedelta(seconds=1.4),
        "contract_version": 1,
        "rows_done": 842,
        "version": 8,
    }
    return RunDetail(**{**made, **changes})


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (None, date(2013, 1, 5)),
        ({"cron": "0 6 * * *"}, date(2013, 1, 5)),
        ({"cron": "0 6 * * *", "timezone": "America/New_York"}, date(2013, 1, 4)),
        ({"cron": "0 6 * * *", "timezone": "Pacific/Auckland"}, date(2013, 1, 5)),
        ({"cron": "0 6 * * *", "timezone": "America/New_York", "businessDate": "today"}, date(2013, 1, 5)),
    ],
)
def test_without_a_date_the_one_that_is_due_by_the_schedules_own_clock_is_imported(
    schedule: dict[str, str] | None, expected: date
) -> None:
    document = {"name": "flights"} if schedule is None else {"name": "flights", "schedule": schedule}
    assert importing.default_date(document, NOW) == expected


def test_a_success_tells_version_rows_quarantine_and_time() -> None:
    told = importing.outcome(_run(report={"rowsQuarantined": 3})).plain
    first, second = told.splitlines()
    assert first == "flights 2013-01-05 was published as version 8: 842 rows, 3 quarantined, 1.4 s (run 12)"
    assert second == "`loadstone quarantine 12` lists the rejected records"


def test_a_success_without_rejects_points_nowhere() -> None:
    assert len(importing.outcome(_run(report={"rowsQuarantined": 0})).plain.splitlines()) == 1


def test_a_failure_tells_code_message_hint_and_that_nothing_changed() -> None:
    run = _run(
        state=RunState.FAILED,
        version=None,
        error_code="header_broken",
        error_message="flights.csv: line 1: column 'carrier' is missing",
        error_hint="Compare the header with schema.fields.",
    )
    assert importing.outcome(run).plain.splitlines() == [
        "flights 2013-01-05 was not imported (run 12): header_broken",
        "flights.csv: line 1: column 'carrier' is missing",
        "hint: Compare the header with schema.fields.",
        "what was live before is live still",
    ]


def test_a_cancelled_run_is_told_by_its_state() -> None:
    told = importing.outcome(_run(state=RunState.CANCELLED, version=None)).plain
    assert told.startswith("flights 2013-01-05 was not imported (run 12): cancelled")


def test_a_held_run_is_told_with_whom_it_waits_for() -> None:
    waits = {"state": RunState.HELD, "stage": "waits for its release group retail: stores of 2013-01-05"}
    told = importing.outcome(_run(**waits, release_group="retail")).plain
    assert "and waits for its release group retail: stores of 2013-01-05 (run 12)" in told
    assert "waits for a person" in importing.outcome(_run(**waits)).plain


@pytest.mark.parametrize("state", [RunState.UNCHANGED, RunState.SUPERSEDED, RunState.HELD])
def test_a_run_that_publishes_nothing_without_having_failed_is_not_told_as_a_failure(state: RunState) -> None:
    assert state not in importing.BROKEN
    assert "not imported" not in importing.outcome(_run(state=state, version=None)).plain


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"state": RunState.RUNNING, "stage": "load"}, "running: load"),
        ({"state": RunState.RUNNING, "stage": "load", "attempt": 2}, "running: load (attempt 2 of 3)"),
        (
            {
                "state": RunState.WAITING,
                "stage": "no objects match flights/*.csv, at least 1 expected",
                "attempt": 0,
            },
            "waiting: no objects match flights/*.csv, at least 1 expected",
        ),
        (
            {"state": RunState.QUEUED, "error_code": "database_unavailable"},
            "queued: again, after database_unavailable",
        ),
    ],
)
def test_what_a_run_is_doing_fits_in_a_few_words(changes: dict[str, Any], told: str) -> None:
    assert following.doing(_run(**changes)) == told
