"""Where a bucket keeps versions, a delivery is pinned to them, whatever replaces its objects later."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from shared import bucket
from shared.bucket import Bucket
from shared.domain.run import ObjectRef
from shared.errors import DeliveryMissing
from shared.settings import ObjectStore
from shared.settings.variables import Secret
from tests.support import servers
from tests.support.servers import Store


@pytest.fixture
async def objects(versioned_s3: Store) -> AsyncGenerator[Bucket]:
    settings = ObjectStore(
        endpoint_url=versioned_s3.endpoint_url,
        region=versioned_s3.region,
        access_key_id=versioned_s3.access_key_id,
        secret_access_key=Secret(versioned_s3.secret_access_key),
    )
    async with bucket.connect(settings) as connected:
        yield connected


async def read(objects: Bucket, name: str, item: ObjectRef) -> bytes:
    async with aclosing(objects.stream(name, item)) as chunks:
        return b"".join([chunk async for chunk in chunks])


async def test_the_newest_version_of_each_object_is_listed(objects: Bucket, versioned_bucket: str) -> None:
    for body in (b"first", b"second!"):
        await objects.put(versioned_bucket, "f/a.csv", body)
    await objects.put(versioned_bucket, "f/b.csv", b"b")
    first, second = await objects.listing(versioned_bucket, "f/")
    assert (first.key, first.size, second.key) == ("f/a.csv", 7, "f/b.csv")
    assert first.version_id
    assert second.version_id
    assert first.version_id != second.version_id


async def test_a_deleted_object_is_not_listed(
    objects: Bucket, versioned_s3: Store, versioned_bucket: str
) -> None:
    await objects.put(versioned_bucket, "f/a.csv", b"first")
    async with servers.client(versioned_s3) as client:
        await client.delete_object(Bucket=versioned_bucket, Key="f/a.csv")
    assert await objects.listing(versioned_bucket, "f/") == []


async def test_a_pinned_version_is_read_although_the_object_was_replaced(
    objects: Bucket, versioned_bucket: str
) -> None:
    await objects.put(versioned_bucket, "f/a.csv", b"first")
    [pinned] = await objects.listing(versioned_bucket)
    await objects.put(versioned_bucket, "f/a.csv", b"second")
    assert await read(objects, versioned_bucket, pinned) == b"first"


async def test_a_version_that_was_removed_is_missing(
    objects: Bucket, versioned_s3: Store, versioned_bucket: str
) -> None:
    await objects.put(versioned_bucket, "f/a.csv", b"first")
    [pinned] = await objects.listing(versioned_bucket)
    async with servers.client(versioned_s3) as client:
        await client.delete_object(Bucket=versioned_bucket, Key="f/a.csv", VersionId=pinned.version_id or "")
    with pytest.raises(DeliveryMissing, match=r"f/a\.csv"):
        await read(objects, versioned_bucket, pinned)


async def test_an_object_keeps_its_identity_when_versions_are_switched_on(
    objects: Bucket, versioned_s3: Store
) -> None:
    await objects.create("late-versions")
    await objects.put("late-versions", "f/a.csv", b"first")
    async with servers.client(versioned_s3) as client:
        await client.put_bucket_versioning(
            Bucket="late-versions", VersioningConfiguration={"Status": "Enabled"}
        )
    [listed] = await objects.listing("late-versions")
    assert listed.version_id is None
    assert await read(objects, "late-versions", listed) == b"first"
