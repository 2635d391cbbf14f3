"""What `source.afterLoad` says happens to the objects that were loaded, to no others, and never too early."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.api import approval
from services.scheduler import tick
from services.scheduler.resources import Resources
from services.scheduler.tick import Report
from services.scheduler.troubles import Troubles
from services.worker.ingest import ingest
from shared import queue
from shared.bucket import copying
from shared.catalog import objects, runs
from shared.domain.run import ObjectRef, Run
from shared.settings import Redis
from shared.settings.variables import Secret
from tests.integration.worker import outcome
from tests.integration.worker.outcome import DAY
from tests.integration.worker.releases import Releases
from tests.support import fleet, servers
from tests.support.imports import Importer, importer
from tests.support.servers import Store

FIELDS: list[dict[str, Any]] = [{"name": "id", "type": "integer"}]
FOLDER = f"things/{DAY}/"
MOVE = {"action": "move", "to": "archive/"}
DELETE = {"action": "delete"}
TAG = {"action": "tag", "tag": {"ingested": "true"}}
TWO = {"a.csv": b"id\n1\n", "b.csv": b"id\n2\n"}
TAKEN_AWAY = pytest.mark.parametrize("action", [MOVE, DELETE], ids=["move", "delete"])


@pytest.fixture
async def versioned(database: str, versioned_s3: Store, versioned_bucket: str) -> AsyncGenerator[Importer]:
    """Imports from a bucket that keeps versions."""
    async with importer(database, versioned_s3, versioned_bucket) as made:
        yield made


@pytest.fixture
async def scheduling(imports: Importer, redis_url: str) -> AsyncGenerator[Resources]:
    """What a scheduler has open for the importer's bucket."""
    async with _scheduling(imports, redis_url) as io:
        yield io


@asynccontextmanager
async def _scheduling(imports: Importer, redis_url: str) -> AsyncGenerator[Resources]:
    async with queue.connect(Redis(url=Secret(redis_url))) as connected:
        yield Resources(
            db=imports.db,
            bucket=imports.store,
            queue=connected,
            troubles=Troubles(),
            wait_limit=timedelta(days=1),
            rering=timedelta(seconds=1),
        )


async def _apply(imports: Importer, action: dict[str, Any], **overrides: Any) -> None:
    source = {"afterLoad": action, **overrides.pop("source", {})}
    await imports.apply(FIELDS, source=source, **overrides)


async def _dispose(io: Resources) -> int:
    """What a scheduler does next, and for how many objects that was the end."""
    await io.db.execute(
        "UPDATE loadstone.run_object SET after_load_at = now() WHERE after_load_at IS NOT NULL"
    )
    report = Report()
    await tick.after_load(io, report)
    assert report.failed == []
    return report.did["objects disposed of"]


async def _ends(imports: Importer, run: Run) -> list[tuple[str, str | None, str | None]]:
    """The objects of a run by name, with the end that each came to and what is told of it."""
    found = await objects.listing(imports.db, run.id)
    return [(each.key.rpartition("/")[2], each.after_load_outcome, each.after_load_message) for each in found]


async def _keys(imports: Importer) -> list[str]:
    return [found.key for found in await imports.store.listing(imports.bucket_name)]


async def _deliver_listed(imports: Importer, files: dict[str, bytes]) -> Run:
    """As the scheduler does it: with the versions that the bucket tells."""
    await imports.put(DAY, files)
    listed: list[ObjectRef] = [*await imports.store.listing(imports.bucket_name, FOLDER)]
    run_id = await imports.accept(DAY, listed)
    await ingest(run_id, imports.io)
    return await runs.read(imports.db, run_id)


async def test_objects_are_kept_where_nothing_is_said(imports: Importer, scheduling: Resources) -> None:
    await imports.apply(FIELDS)
    run = await imports.deliver_files(DAY, TWO)
    assert await _dispose(scheduling) == 0
    assert await _keys(imports) == [FOLDER + "a.csv", FOLDER + "b.csv"]
    assert await _ends(imports, run) == [("a.csv", None, None), ("b.csv", None, None)]


async def test_loaded_objects_are_moved_below_a_folder_byte_by_byte(
    imports: Importer, scheduling: Resources
) -> None:
    await _apply(imports, MOVE)
    run = await imports.deliver_files(DAY, TWO)
    await outcome.assert_published(imports, run)
    assert [end for _, end, _ in await _ends(imports, run)] == ["pending", "pending"]
    await imports.store.put(imports.bucket_name, FOLDER + "_SUCCESS", b"")
    await imports.store.put(imports.bucket_name, "things/2013-01-09/later.csv", b"id\n9\n")
    assert await _dispose(scheduling) == 2
    archived = [f"archive/{FOLDER}a.csv", f"archive/{FOLDER}b.csv"]
    assert await _keys(imports) == [*archived, FOLDER + "_SUCCESS", "things/2013-01-09/later.csv"]
    assert await _ends(imports, run) == [
        (name, "done", f"it is {key}") for name, key in zip(TWO, archived, strict=True)
    ]
    moved = await imports.store.listing(imports.bucket_name, "archive/")
    pinned = await objects.pinned(imports.db, run.id)
    assert [(found.etag, found.size) for found in moved] == [(item.etag, item.size) for item in pinned]
    assert await _dispose(scheduling) == 0


async def test_loaded_objects_are_deleted(imports: Importer, scheduling: Resources) -> None:
    await _apply(imports, DELETE)
    run = await imports.deliver_files(DAY, TWO)
    assert await _dispose(scheduling) == 2
    assert await _keys(imports) == []
    assert await _ends(imports, run) == [("a.csv", "done", None), ("b.csv", "done", None)]
    assert await imports.rows("SELECT id FROM data.things ORDER BY id") == [(1,), (2,)]


@TAKEN_AWAY
async def test_an_object_that_was_replaced_after_the_load_is_left_alone_and_told(
    imports: Importer, scheduling: Resources, action: dict[str, Any]
) -> None:
    await _apply(imports, action)
    run = await imports.deliver_files(DAY, TWO)
    await imports.put(DAY, {"a.csv": b"id\n3\n"})
    assert await _dispose(scheduling) == 2
    assert FOLDER + "a.csv" in await _keys(imports)
    [first, second] = await _ends(imports, run)
    assert first == ("a.csv", "changed", "it was replaced, and the new one is left alone")
    assert second[1] == "done"


async def test_a_second_object_of_the_same_key_does_not_overwrite_the_first_in_the_archive(
    imports: Importer, scheduling: Resources
) -> None:
    await _apply(imports, MOVE)
    for number in (1, 2, 2):
        run = await imports.deliver(DAY, f"id\n{number}\n", name="a.csv")
        assert await _dispose(scheduling) == 1
    [pinned] = await objects.pinned(imports.db, run.id)
    first = f"archive/{FOLDER}a.csv"
    assert await _keys(imports) == [first, f"{first}.{pinned.etag}"]


@pytest.mark.parametrize("copied", [False, True])
async def test_a_move_that_broke_off_is_finished_by_the_next_try(
    imports: Importer, scheduling: Resources, s3: Store, copied: bool
) -> None:
    """After the copy, or after the deletion and before that was written down."""
    await _apply(imports, MOVE)
    run = await imports.deliver(DAY, "id\n1\n", name="a.csv")
    archived = f"archive/{FOLDER}a.csv"
    async with servers.client(s3) as client:
        source: Any = {"Bucket": imports.bucket_name, "Key": FOLDER + "a.csv"}
        await client.copy_object(Bucket=imports.bucket_name, Key=archived, CopySource=source)
        if copied:
            await client.delete_object(Bucket=imports.bucket_name, Key=FOLDER + "a.csv")
    assert await _dispose(scheduling) == 1
    assert await _keys(imports) == [archived]
    assert await _ends(imports, run) == [("a.csv", "done", f"it is {archived}")]


async def test_an_object_that_somebody_took_is_told_as_gone(
    imports: Importer, scheduling: Resources, s3: Store
) -> None:
    await _apply(imports, MOVE)
    run = await imports.deliver(DAY, "id\n1\n", name="a.csv")
    async with servers.client(s3) as client:
        await client.delete_object(Bucket=imports.bucket_name, Key=FOLDER + "a.csv")
    assert await _dispose(scheduling) == 1
    assert await _ends(imports, run) == [("a.csv", "gone", "it is not there any more")]


@TAKEN_AWAY
async def test_a_failed_run_leaves_its_objects_where_they_are(
    imports: Importer, scheduling: Resources, action: dict[str, Any]
) -> None:
    await _apply(imports, action)
    run = await imports.deliver_files(DAY, {"a.csv": b"id\nx\n"})
    assert run.state == "failed"
    assert await _dispose(scheduling) == 0
    assert await _keys(imports) == [FOLDER + "a.csv"]


async def test_an_object_that_was_left_out_of_the_load_stays(
    imports: Importer, scheduling: Resources
) -> None:
    await _apply(imports, DELETE, load={"onError": "SKIP_FILE"})
    run = await imports.deliver_files(DAY, {"a.csv": b"id\nx\n", "b.csv": b"id\n2\n"})
    await outcome.assert_published(imports, run)
    assert await _dispose(scheduling) == 1
    assert await _keys(imports) == [FOLDER + "a.csv"]
    assert await _ends(imports, run) == [("a.csv", None, None), ("b.csv", "done", None)]


async def test_a_held_run_s_objects_stay_until_it_is_approved(
    imports: Importer, scheduling: Resources
) -> None:
    await _apply(imports, DELETE, publish={"gate": "always"})
    run = await imports.deliver_files(DAY, TWO)
    assert run.state == "held"
    assert await _dispose(scheduling) == 0
    async with imports.db.acquire() as db:
        await approval.approve(db, run.id, force=False, actor="ann")
    assert await _dispose(scheduling) == 2
    assert await _keys(imports) == []


async def test_the_objects_of_a_release_group_stay_until_its_versions_go_live_together(
    imports: Importer, scheduling: Resources
) -> None:
    releases = Releases(imports)
    for name in ("orders", "lines"):
        key = name + "/{businessDate:%Y-%m-%d}.csv"
        source = {"bucket": imports.bucket_name, "key": key, "afterLoad": DELETE}
        await releases.declare(name, source=source)
    waiting = await releases.deliver("orders", DAY)
    assert (waiting.state, await _dispose(scheduling)) == ("held", 0)
    assert await _keys(imports) == [f"orders/{DAY}.csv"]
    await releases.deliver("lines", DAY)
    assert await _dispose(scheduling) == 2
    assert await _keys(imports) == []


async def test_objects_stay_while_another_run_may_still_read_them(
    imports: Importer, scheduling: Resources
) -> None:
    await _apply(imports, DELETE)
    items = await imports.put(DAY, TWO)
    first, second = await imports.accept(DAY, items), await imports.accept(DAY, items)
    await ingest(first, imports.io)
    assert await _dispose(scheduling) == 0
    await ingest(second, imports.io)
    await outcome.assert_published(imports, await runs.read(imports.db, second))
    assert await _dispose(scheduling) == 4
    assert await _keys(imports) == []


async def test_what_the_store_refuses_is_tried_again_and_given_up_after_three_days(
    imports: Importer, scheduling: Resources
) -> None:
    """This store knows no tags. The run has succeeded all the same."""
    await _apply(imports, TAG)
    run = await imports.deliver(DAY, "id\n1\n", name="a.csv")
    assert await _dispose(scheduling) == 0
    [(_, end, told)] = await _ends(imports, run)
    assert end == "pending"
    assert told is not None
    assert f"{FOLDER}a.csv: " in told
    again = "SELECT extract(epoch FROM after_load_at - now())::integer AS s FROM loadstone.run_object"
    assert await imports.rows(again) == [(10,)]
    await imports.db.execute("UPDATE loadstone.run SET finished_at = now() - interval '3 days'")
    assert await _dispose(scheduling) == 1
    assert await _ends(imports, run) == [("a.csv", "failed", told)]
    assert (await runs.read(imports.db, run.id)).state == "succeeded"


async def _expected(imports: Importer, io: Resources) -> Run:
    """A run that the schedule plans for the same day, after a scheduler has looked for its delivery."""
    run_id = await imports.expect(DAY)
    report = Report()
    await tick.tick(io, datetime.now(UTC), report)
    assert report.failed == []
    return await runs.read(imports.db, run_id)


@TAKEN_AWAY
async def test_a_run_whose_delivery_was_loaded_and_taken_away_ends_as_unchanged(
    imports: Importer, scheduling: Resources, action: dict[str, Any]
) -> None:
    await _apply(imports, action)
    first = await imports.deliver_files(DAY, TWO)
    await _dispose(scheduling)
    run = await _expected(imports, scheduling)
    assert (run.state, run.version) == ("unchanged", first.version)
    assert await runs.report(imports.db, run.id) == {"sameAs": {"run": first.id, "version": first.version}}


@TAKEN_AWAY
async def test_what_is_left_halfway_is_no_delivery(
    imports: Importer, scheduling: Resources, s3: Store, action: dict[str, Any]
) -> None:
    await _apply(imports, action)
    await imports.deliver_files(DAY, TWO)
    async with servers.client(s3) as client:
        await client.delete_object(Bucket=imports.bucket_name, Key=FOLDER + "a.csv")
    assert (await _expected(imports, scheduling)).state == "unchanged"


async def test_a_new_object_of_the_same_day_is_a_delivery_of_its_own(
    imports: Importer, scheduling: Resources
) -> None:
    await _apply(imports, MOVE)
    await imports.deliver_files(DAY, TWO)
    await imports.put(DAY, {"b.csv": b"id\n3\n"})
    run = await _expected(imports, scheduling)
    assert run.state == "queued"
    assert [item.key for item in await objects.pinned(imports.db, run.id)] == [FOLDER + "b.csv"]


async def test_what_was_taken_away_was_not_replaced_and_a_whole_new_delivery_is_one(
    imports: Importer, scheduling: Resources
) -> None:
    await _apply(imports, MOVE)
    first = await imports.deliver_files(DAY, TWO)
    await _dispose(scheduling)
    seen = []
    for files in ({}, {"a.csv": b"id\n3\n"}, {"b.csv": b"id\n4\n"}):
        await imports.put(DAY, files)
        await imports.db.execute("UPDATE loadstone.run SET look_again_at = now() WHERE id = $1", first.id)
        report = Report()
        await tick.tick(scheduling, datetime.now(UTC), report)
        assert report.failed == []
        seen.append(len(await runs.history(imports.db)))
    assert seen == [1, 1, 2]


async def test_tags_are_added_to_those_that_are_there(
    versioned: Importer, redis_url: str, versioned_s3: Store
) -> None:
    await _apply(versioned, TAG)
    async with servers.client(versioned_s3) as client, _scheduling(versioned, redis_url) as io:
        key = FOLDER + "a.csv"
        await client.put_object(
            Bucket=versioned.bucket_name, Key=key, Body=b"id\n1\n", Tagging="source=erp&ingested=false"
        )
        run = await _deliver_listed(versioned, {})
        assert await _dispose(io) == 1
        answer = await client.get_object_tagging(Bucket=versioned.bucket_name, Key=key)
    assert {tag["Key"]: tag["Value"] for tag in answer["TagSet"]} == {"source": "erp", "ingested": "true"}
    assert await _ends(versioned, run) == [("a.csv", "done", None)]
    [listed] = await versioned.store.listing(versioned.bucket_name)
    assert (await objects.pinned(versioned.db, run.id)) == [
        ObjectRef(key=listed.key, etag=listed.etag, size=listed.size, version_id=listed.version_id)
    ]


@pytest.mark.parametrize("action", [TAG, MOVE, DELETE], ids=["tag", "move", "delete"])
async def test_the_same_bytes_as_another_version_are_another_object(
    versioned: Importer, redis_url: str, versioned_s3: Store, action: dict[str, Any]
) -> None:
    await _apply(versioned, action)
    run = await _deliver_listed(versioned, {"a.csv": b"id\n1\n"})
    await versioned.put(DAY, {"a.csv": b"id\n1\n"})
    async with servers.client(versioned_s3) as client, _scheduling(versioned, redis_url) as io:
        assert await _dispose(io) == 1
        answer = await client.get_object_tagging(Bucket=versioned.bucket_name, Key=FOLDER + "a.csv")
    assert answer["TagSet"] == []
    assert await _keys(versioned) == [FOLDER + "a.csv"]
    [(_, end, _)] = await _ends(versioned, run)
    assert end == "changed"


async def test_deleting_where_versions_are_kept_brings_no_older_version_to_light(
    versioned: Importer, redis_url: str, versioned_s3: Store
) -> None:
    await _apply(versioned, DELETE)
    await versioned.put(DAY, {"a.csv": b"id\nbroken\n"})
    run = await _deliver_listed(versioned, {"a.csv": b"id\n1\n"})
    async with servers.client(versioned_s3) as client, _scheduling(versioned, redis_url) as io:
        assert await _dispose(io) == 1
        found = await client.list_object_versions(Bucket=versioned.bucket_name)
    assert await _keys(versioned) == []
    assert len(found["Versions"]) == 2
    assert len(found["DeleteMarkers"]) == 1
    assert await _ends(versioned, run) == [("a.csv", "done", None)]


async def test_a_large_object_is_copied_in_parts_with_its_metadata(
    versioned: Importer, redis_url: str, versioned_s3: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "PART_BYTES", 5 * 1024 * 1024)  # as little as S3 takes
    await _apply(versioned, MOVE)
    body = b"id\n" + b"1234567\n" * 1_500_000
    async with servers.client(versioned_s3) as client, _scheduling(versioned, redis_url) as io:
        key, name = FOLDER + "a.csv", versioned.bucket_name
        await client.put_object(
            Bucket=name, Key=key, Body=body, ContentType="text/csv", Metadata={"by": "erp"}
        )
        await _deliver_listed(versioned, {})
        assert await _dispose(io) == 1
        answer = await client.get_object(Bucket=name, Key=f"archive/{key}")
        assert await answer["Body"].read() == body
    assert (answer["ContentType"], answer["Metadata"]) == ("text/csv", {"by": "erp"})
    assert await _keys(versioned) == [f"archive/{key}"]


async def test_two_schedulers_share_the_objects(imports: Importer, scheduling: Resources) -> None:
    await _apply(imports, MOVE)
    files = {f"{number:02}.csv": b"id\n%d\n" % number for number in range(30)}
    run = await imports.deliver_files(DAY, files)
    reports = [Report(), Report()]
    async with asyncio.TaskGroup() as tasks:
        for report in reports:
            tasks.create_task(tick.after_load(scheduling, report))
    assert sum(report.did["objects disposed of"] for report in reports) == 30
    assert {end for _, end, _ in await _ends(imports, run)} == {"done"}
    assert all(key.startswith("archive/") for key in await _keys(imports))


async def test_a_scheduler_that_comes_later_finds_what_is_left_to_do(
    imports: Importer, database: str, redis_url: str, s3: Store
) -> None:
    """Whatever died after the version was published."""
    await _apply(imports, MOVE)
    run = await imports.deliver_files(DAY, TWO)
    async with fleet.fleet(database, redis_url, s3) as processes, asyncio.timeout(30):
        await processes.scheduler()
        while {end for _, end, _ in await _ends(imports, run)} != {"done"}:
            await asyncio.sleep(0.05)
    assert await _keys(imports) == [f"archive/{FOLDER}a.csv", f"archive/{FOLDER}b.csv"]
