"""A run waits until its delivery is complete, and no longer than it may."""

from datetime import UTC, date, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from services.scheduler.discover import LONGEST_PAUSE, SHORTEST_PAUSE, pause
from shared.catalog import objects, runs
from shared.domain.run import RunState
from shared.telemetry import metrics
from tests.integration.scheduler.driver import Driver

SIX = datetime(2013, 1, 6, 6, 0, tzinfo=UTC)
FOLDER = "flights/2013-01-05"


def late_runs() -> float | None:
    return metrics.FLEET.get_sample_value("loadstone_late_runs")


async def test_a_run_waits_until_all_objects_and_the_marker_are_there(scheduler: Driver) -> None:
    source = scheduler.source(files={"min": 2, "max": 2}, complete={"marker": "_SUCCESS"})
    record = await scheduler.declare(due_at=SIX, source=source)
    seen = []
    for key in ("a.csv", "b.csv", "_SUCCESS"):
        await scheduler.tick(SIX)
        seen.append([(run.state, run.stage) for run in await scheduler.runs()])
        await scheduler.put(f"{FOLDER}/{key}")
    assert [[state for state, _ in found] for found in seen] == [[RunState.WAITING]] * 3
    assert "no objects match" in str(seen[0])
    assert "1 object matches" in str(seen[1])
    assert f"{FOLDER}/_SUCCESS is not there yet" in str(seen[2])
    await scheduler.tick(SIX)
    [run] = await scheduler.runs()
    assert (run.state, run.contract_version) == (RunState.QUEUED, record.contract_version)
    pinned = await objects.listing(scheduler.io.db, run.id)
    listed = await scheduler.io.bucket.listing(scheduler.bucket_name, FOLDER)
    assert [(o.key, o.etag, o.size) for o in pinned] == [(o.key, o.etag, o.size) for o in listed[1:]]


async def test_a_delivery_is_imported_under_the_contract_of_the_day_it_became_complete(
    scheduler: Driver,
) -> None:
    await scheduler.declare(due_at=SIX)
    await scheduler.tick(SIX)
    changed = await scheduler.declare(due_at=SIX + timedelta(days=1), title="Departures")
    await scheduler.put(f"{FOLDER}/a.csv")
    await scheduler.tick(SIX)
    assert [run.contract_version for run in await scheduler.runs()] == [changed.contract_version] == [2]


async def test_a_delivery_that_another_run_stands_for_is_not_imported_twice(scheduler: Driver) -> None:
    await scheduler.put(f"{FOLDER}/a.csv")
    hourly = {"cron": "0 * * * *", "businessDate": "yesterday", "start": "2013-01-05"}
    await scheduler.declare(due_at=SIX, schedule=hourly)
    await scheduler.tick(SIX)
    await scheduler.tick(SIX + timedelta(hours=1))
    first, second = await scheduler.runs()
    assert (first.state, second.state) == (RunState.QUEUED, RunState.UNCHANGED)
    told = await runs.report(scheduler.io.db, second.id)
    assert told == {"sameAs": {"run": first.id, "version": None}}


async def test_too_many_objects_fail_the_run_at_once(scheduler: Driver) -> None:
    await scheduler.declare(due_at=SIX)
    for name in ("a", "b"):
        await scheduler.put(f"{FOLDER}/{name}.csv")
    await scheduler.tick(SIX)
    [run] = await scheduler.runs()
    assert (run.state, run.error_code) == (RunState.FAILED, "delivery_missing")
    assert "source.files.max is 1" in (run.error_message or "")


async def test_a_delivery_is_given_up_at_its_time_and_not_before(scheduler: Driver) -> None:
    await scheduler.declare(due_at=SIX)
    await scheduler.tick(SIX)
    end = SIX + scheduler.io.wait_limit
    await scheduler.tick(end - timedelta(seconds=1))
    assert len(await scheduler.dates(RunState.WAITING)) == 1
    await scheduler.tick(end)
    assert await scheduler.dates(RunState.FAILED) == [date(2013, 1, 5)]
    run = (await scheduler.runs())[0]
    assert run.error_code == "delivery_missing"
    assert "did not come until 2013-01-07 06:00 UTC: no objects match" in (run.error_message or "")


async def test_an_old_delivery_that_is_complete_is_imported_however_late_it_is_found(
    scheduler: Driver,
) -> None:
    await scheduler.declare(due_at=SIX)
    await scheduler.tick(SIX)
    await scheduler.put(f"{FOLDER}/a.csv")
    await scheduler.tick(SIX + timedelta(days=30))
    assert date(2013, 1, 5) in await scheduler.dates(RunState.QUEUED)


async def test_a_late_run_is_marked_once_and_counted_until_it_ends(scheduler: Driver) -> None:
    await scheduler.declare(due_at=SIX, sla=[{"property": "timeOfAvailability", "value": "07:30"}])
    await scheduler.tick(SIX)
    promised = SIX + timedelta(minutes=90)
    late = [(await scheduler.tick(promised + timedelta(seconds=s))).did["late"] for s in (-1, 0, 1)]
    assert late == [0, 1, 0]
    assert [run.late_at for run in await scheduler.runs()] == [promised]
    assert late_runs() == 1
    await runs.cancel(scheduler.io.db, (await scheduler.runs())[0].id)
    await scheduler.tick(promised + timedelta(seconds=2))
    assert late_runs() == 0


async def test_nothing_is_late_that_was_promised_before_the_dataset_was_declared(scheduler: Driver) -> None:
    await scheduler.declare(due_at=SIX, sla=[{"property": "timeOfAvailability", "value": "07:30"}])
    await scheduler.io.db.execute("UPDATE loadstone.dataset SET created_at = now()")
    await scheduler.tick(SIX + timedelta(hours=12))
    assert [run.late_at for run in await scheduler.runs()] == [None]


async def test_a_bucket_that_cant_be_read_leaves_runs_waiting_until_their_end(scheduler: Driver) -> None:
    away = {**scheduler.source(), "bucket": "no-such-bucket"}
    for name in ("first", "second"):
        await scheduler.declare(name, due_at=SIX, source=away)
    await scheduler.declare(due_at=SIX)
    await scheduler.put(f"{FOLDER}/a.csv")
    with capture_logs() as told:
        for now in (SIX, SIX + timedelta(seconds=1)):
            await scheduler.tick(now)
        states = {run.dataset: run.state for run in (await scheduler.runs())[:3]}
        assert states == {"first": "waiting", "second": "waiting", "flights": "queued"}
        await scheduler.tick(SIX + timedelta(hours=25))
    ends = {run.dataset: (run.state, run.error_code) for run in (await scheduler.runs())[:3]}
    assert ends["first"] == ends["second"] == ("failed", "bucket_denied")
    assert [line["about"] for line in told if line["event"] == "trouble"] == ["bucket no-such-bucket"]


async def test_one_broken_dataset_does_not_hold_up_the_discovery_of_others(scheduler: Driver) -> None:
    for name in ("broken", "flights"):
        await scheduler.declare(name, due_at=SIX)
    await scheduler.tick(SIX)
    await scheduler.put(f"{FOLDER}/a.csv")
    await scheduler.io.db.execute(
        "UPDATE loadstone.contract SET document = '{}' WHERE document ->> 'name' = 'broken'"
    )
    await scheduler.tick(SIX)
    assert {run.dataset: run.state for run in await scheduler.runs()} == {
        "broken": RunState.WAITING,
        "flights": RunState.QUEUED,
    }


@pytest.mark.parametrize(
    ("waited", "left", "seconds"),
    [
        (0, None, SHORTEST_PAUSE),
        (-5, None, SHORTEST_PAUSE),
        (30, None, 3.0),
        (59, None, 5.9),
        (7200, None, LONGEST_PAUSE),
        (7200, 20, 20.0),
        (7200, -3, SHORTEST_PAUSE),
    ],
)
def test_the_longer_a_run_has_waited_the_rarer_its_bucket_is_listed(
    waited: float, left: float | None, seconds: float
) -> None:
    rest = None if left is None else timedelta(seconds=left)
    assert pause(timedelta(seconds=waited), rest) == pytest.approx(seconds)


async def test_a_manifest_pins_its_objects_with_their_checksums(scheduler: Driver) -> None:
    source = scheduler.source(files={"max": 2}, complete={"manifest": "list.json"})
    await scheduler.declare(due_at=SIX, source=source)
    for name in ("a.csv", "left_over.csv"):
        await scheduler.put(f"{FOLDER}/{name}")
    await scheduler.tick(SIX)
    [waits] = await scheduler.runs()
    assert (waits.state, waits.stage) == (
        RunState.WAITING,
        f"the manifest {FOLDER}/list.json is not there yet",
    )
    await scheduler.put(f"{FOLDER}/list.json", b'[{"key": "a.csv", "crc32c": "01020304"}]')
    await scheduler.tick(SIX)
    pinned = await objects.pinned(scheduler.io.db, waits.id)
    assert [(item.key, item.checksum) for item in pinned] == [(f"{FOLDER}/a.csv", "crc32c:01020304")]


async def test_a_manifest_that_can_t_be_understood_fails_the_run(scheduler: Driver) -> None:
    source = scheduler.source(complete={"manifest": "list.json"})
    await scheduler.declare(due_at=SIX, source=source)
    await scheduler.put(f"{FOLDER}/list.json", b"[{]")
    await scheduler.tick(SIX)
    [run] = await scheduler.runs()
    assert (run.state, run.error_code) == (RunState.FAILED, "manifest_broken")
    assert f"{FOLDER}/list.json" in (run.error_message or "")
