"""Our one door to S3: list objects, and read one of them whole, unchanged and only once.

The SDK repeats requests, never bodies: a cut connection, a short body or an object that was replaced between
two requests is ours to see. Each answer is compared with the listing, because not every server honours
If-Match (rclone doesn't).
"""

import asyncio
import hashlib
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import aioboto3
from aiobotocore.config import AioConfig

from shared.bucket import identity
from shared.bucket.refusals import translated
from shared.domain import delivery
from shared.domain.dataset import Source
from shared.domain.delivery import Complete, ListedObject, Loaded, Missing, Taken
from shared.domain.run import ObjectRef
from shared.errors import (
    BucketDenied,
    BucketUnavailable,
    DeliveryMissing,
    ManifestBroken,
    ObjectCorrupt,
)
from shared.settings import ObjectStore

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client
    from types_aiobotocore_s3.type_defs import (
        GetObjectOutputTypeDef,
        GetObjectRequestTypeDef,
        ObjectTypeDef,
        ObjectVersionTypeDef,
    )

CHUNK_BYTES = 256 * 1024
CONNECT_TIMEOUT = timedelta(seconds=5)
READ_TIMEOUT = timedelta(seconds=20)
CONNECTIONS = 50
REMEMBERED = 300.0  # seconds for which a bucket counts as versioned, or not
LARGEST_MANIFEST = 64 * 1024 * 1024
FRUITLESS_RESUMES = 3  # each of them is three tries of the SDK
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 5.0


@asynccontextmanager
async def connect(store: ObjectStore, *, read_timeout: timedelta = READ_TIMEOUT) -> AsyncGenerator["Bucket"]:
    """Yield the object store; the first request connects. `read_timeout` bounds the silence in an answer."""
    secret = store.secret_access_key
    session = aioboto3.Session(
        aws_access_key_id=store.access_key_id,
        aws_secret_access_key=secret.reveal() if secret else None,
        region_name=store.region,
    )
    config = AioConfig(
        connect_timeout=CONNECT_TIMEOUT.total_seconds(),
        read_timeout=read_timeout.total_seconds(),
        max_pool_connections=CONNECTIONS,
        retries={"mode": "standard", "total_max_attempts": 3},
        s3={"addressing_style": "path" if store.endpoint_url else "auto"},
        # Other servers don't know the newer checksums; the MD5 in the ETag is compared below.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    async with session.client("s3", endpoint_url=store.endpoint_url, config=config) as client:
        yield Bucket(client)


class Bucket:
    """The object store. Methods raise BucketUnavailable where trying again can help, else BucketDenied."""

    def __init__(self, client: "S3Client") -> None:
        """`client` is the SDK's own, for this package alone."""
        self.client = client
        self._versioned: dict[str, tuple[bool, float]] = {}

    async def buckets(self) -> list[str]:
        """Return the names of all buckets; many credentials may not ask for that."""
        with translated("all buckets", ""):
            answer = await self.client.list_buckets()
        return [bucket["Name"] for bucket in answer["Buckets"]]

    async def create(self, bucket: str) -> None:
        """Make a bucket of one's own; one that is there already stays as it is."""
        with translated(bucket, ""):
            answer = await self.client.list_buckets()
            if bucket not in [present["Name"] for present in answer["Buckets"]]:
                await self.client.create_bucket(Bucket=bucket)

    async def look(
        self, source: Source, business_date: date, now: datetime, loaded: Callable[[], Awaitable[Loaded]]
    ) -> Complete | Missing | Taken:
        """Return the objects of a delivery, or what is missing of it. Raises ManifestBroken.

        `loaded` is asked after the bucket: what was taken away before it was listed is then known as loaded.
        """
        listed = await self.listing(source.bucket, delivery.key_prefix(source, business_date))
        key = delivery.manifest_key(source, business_date)
        manifest = next((found for found in listed if found.key == key), None)
        content = None if manifest is None else await self._manifest(source.bucket, manifest)
        return delivery.completeness(source, business_date, listed, now, content, await loaded())

    async def _manifest(self, bucket: str, item: ObjectRef) -> bytes:
        if item.size > LARGEST_MANIFEST:
            raise ManifestBroken(f"{item.key}: {item.size} bytes are more than {LARGEST_MANIFEST}")
        async with aclosing(self.stream(bucket, item)) as chunks:
            return b"".join([chunk async for chunk in chunks])

    async def listing(self, bucket: str, prefix: str = "") -> list[ListedObject]:
        """Return every object whose key begins with `prefix`, in the order of keys.

        They carry their version where the bucket is versioned.
        """
        if await self._is_versioned(bucket):
            return await self._listed_versions(bucket, prefix)
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        with translated(bucket, prefix):
            return [_listed(item) async for page in pages for item in page.get("Contents", ())]

    async def _listed_versions(self, bucket: str, prefix: str) -> list[ListedObject]:
        pages = self.client.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix)
        with translated(bucket, prefix):
            return [
                _listed(item, item["VersionId"])
                async for page in pages
                for item in page.get("Versions", ())
                if item["IsLatest"]
            ]

    async def _is_versioned(self, bucket: str) -> bool:
        """Whether versions can be listed, as of the last five minutes; not where the server knows none."""
        known = self._versioned.get(bucket)
        if known is None or time.monotonic() - known[1] > REMEMBERED:
            try:
                with translated(bucket, ""):
                    answer = await self.client.get_bucket_versioning(Bucket=bucket)
                versioned = answer.get("Status") == "Enabled"
            except BucketDenied:  # without the permission, or on a server without versions: ETags identify
                versioned = False
            known = self._versioned[bucket] = (versioned, time.monotonic())
        return known[0]

    async def exists(self, bucket: str, key: str) -> bool:
        """Whether the object is there."""
        try:
            with translated(bucket, key):
                await self.client.head_object(Bucket=bucket, Key=key)
        except DeliveryMissing:
            return False
        return True

    async def put(self, bucket: str, key: str, body: bytes) -> ObjectRef:
        """Store a whole object, and return what is now there."""
        with translated(bucket, key):
            answer = await self.client.put_object(Bucket=bucket, Key=key, Body=body)
        return ObjectRef(key=key, etag=answer["ETag"].strip('"'), size=len(body))

    async def stream(self, bucket: str, item: ObjectRef) -> AsyncGenerator[bytes]:
        """Yield the object's bytes in chunks of at most 256 KiB: all of them in order, or raise at the end.

        A connection that breaks is resumed at the byte where it stopped, as often as that brings progress.
        Leave it early only through `contextlib.aclosing`, which gives the connection back.
        Raises DeliveryMissing when the object is gone, ObjectChanged when it was replaced, ObjectCorrupt when
        its bytes don't match size, MD5 or manifest, BucketUnavailable when resuming doesn't get any further.
        """
        digest, promised = hashlib.md5(usedforsecurity=False), identity.promised(item)
        received, fruitless = 0, 0
        while True:
            before = received
            try:
                async with self._opened(bucket, item, start=received) as answer:
                    while chunk := await answer["Body"].read(CHUNK_BYTES):
                        received += len(chunk)
                        digest.update(chunk)
                        if promised:
                            promised.update(chunk)
                        yield chunk
                if received >= item.size:
                    break
                raise BucketUnavailable(f"{bucket}/{item.key}: the answer ended at byte {received}")
            except BucketUnavailable:
                fruitless = 0 if received > before else fruitless + 1
                if fruitless > FRUITLESS_RESUMES:
                    raise
                await asyncio.sleep(_pause(fruitless))
        if received > item.size or (identity.etag_is_md5(answer) and digest.hexdigest() != item.etag):
            async with self._opened(bucket, item, start=0):  # a server may send what is just being replaced
                pass
            raise ObjectCorrupt(
                f"{bucket}/{item.key}: {received} bytes with MD5 {digest.hexdigest()}, "
                f"but the bucket lists {item.size} bytes with ETag {item.etag}"
            )
        if promised and f"{promised.name}:{promised.hexdigest()}" != item.checksum:
            raise ObjectCorrupt(
                f"{bucket}/{item.key}: the manifest promises {item.checksum}, "
                f"and its bytes have {promised.name}:{promised.hexdigest()}"
            )

    async def end(self, bucket: str, item: ObjectRef, most: int) -> bytes:
        """Return the last bytes of an object, at most so many. Raises as `stream` does, without the MD5."""
        async with self._opened(bucket, item, start=max(0, item.size - most)) as answer:
            return await answer["Body"].read()

    @asynccontextmanager
    async def _opened(
        self, bucket: str, item: ObjectRef, *, start: int
    ) -> AsyncGenerator["GetObjectOutputTypeDef"]:
        """Yield the answer to a GET from byte `start` on, once it is known to be of the same object."""
        with translated(bucket, item.key):
            wanted: GetObjectRequestTypeDef = {
                "Bucket": bucket,
                "Key": item.key,
                "IfMatch": f'"{item.etag}"',
            }
            if item.version_id:
                wanted["VersionId"] = item.version_id
            if start:  # without a range at the start, which an empty object can't satisfy
                wanted["Range"] = f"bytes={start}-"
            answer = await self.client.get_object(**wanted)
            async with answer["Body"]:
                identity.compare(answer, item, start)
                yield answer


def _listed(item: "ObjectTypeDef | ObjectVersionTypeDef", version: str | None = None) -> ListedObject:
    return ListedObject(
        key=item["Key"],
        etag=item["ETag"].strip('"'),
        size=item["Size"],
        last_modified=item["LastModified"].astimezone(UTC),
        # What was stored before versions were switched on has "null", and keeps the identity it had.
        version_id=None if version == "null" else version,
    )


def _pause(fruitless: int) -> float:
    """Return how many seconds to wait before resuming: at random up to a bound that doubles."""
    return random.uniform(0, min(LONGEST_PAUSE, FIRST_PAUSE * 2**fruitless))
