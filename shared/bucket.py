"""Our one door to S3: list objects, and read one of them whole, unchanged and only once.

The SDK repeats requests, never bodies: a cut connection, a short body or an object that was replaced between
two requests is ours to see. Each answer is compared with the listing, because not every server honours
If-Match (rclone doesn't).
"""

import asyncio
import hashlib
import random
import re
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

import aioboto3
import aiohttp
from aiobotocore.config import AioConfig
from botocore import exceptions as sdk

from shared.domain.delivery import ListedObject
from shared.domain.run import ObjectRef
from shared.errors import (
    BucketDenied,
    BucketUnavailable,
    DeliveryMissing,
    LoadstoneError,
    ObjectChanged,
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
FRUITLESS_RESUMES = 3  # each of them is three tries of the SDK
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 5.0

GONE = {"404", "NoSuchKey", "NoSuchVersion"}
CHANGED = {"412", "416", "PreconditionFailed", "InvalidRange"}
BUSY = {"ExpiredToken", "RequestTimeout", "RequestTimeTooSkewed", "SlowDown", "ThrottlingException"}

UNREACHABLE = (
    sdk.ConnectionError,
    sdk.HTTPClientError,
    sdk.IncompleteReadError,
    sdk.CredentialRetrievalError,
    sdk.MetadataRetrievalError,
    aiohttp.ClientError,
    OSError,  # TimeoutError included
)


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
        self._client = client
        self._versioned: dict[str, tuple[bool, float]] = {}

    async def buckets(self) -> list[str]:
        """Return the names of all buckets; many credentials may not ask for that."""
        with _translated("all buckets", ""):
            answer = await self._client.list_buckets()
        return [bucket["Name"] for bucket in answer["Buckets"]]

    async def create(self, bucket: str) -> None:
        """Make a bucket of one's own; one that is there already stays as it is."""
        with _translated(bucket, ""):
            answer = await self._client.list_buckets()
            if bucket not in [present["Name"] for present in answer["Buckets"]]:
                await self._client.create_bucket(Bucket=bucket)

    async def listing(self, bucket: str, prefix: str = "") -> list[ListedObject]:
        """Return every object whose key begins with `prefix`, in the order of keys.

        They carry their version where the bucket is versioned.
        """
        if await self._is_versioned(bucket):
            return await self._listed_versions(bucket, prefix)
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        with _translated(bucket, prefix):
            return [_listed(item) async for page in pages for item in page.get("Contents", ())]

    async def _listed_versions(self, bucket: str, prefix: str) -> list[ListedObject]:
        pages = self._client.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix)
        with _translated(bucket, prefix):
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
                with _translated(bucket, ""):
                    answer = await self._client.get_bucket_versioning(Bucket=bucket)
                versioned = answer.get("Status") == "Enabled"
            except BucketDenied:  # without the permission, or on a server without versions: ETags identify
                versioned = False
            known = self._versioned[bucket] = (versioned, time.monotonic())
        return known[0]

    async def exists(self, bucket: str, key: str) -> bool:
        """Whether the object is there."""
        try:
            with _translated(bucket, key):
                await self._client.head_object(Bucket=bucket, Key=key)
        except DeliveryMissing:
            return False
        return True

    async def put(self, bucket: str, key: str, body: bytes) -> ObjectRef:
        """Store a whole object, and return what is now there."""
        with _translated(bucket, key):
            answer = await self._client.put_object(Bucket=bucket, Key=key, Body=body)
        return ObjectRef(key=key, etag=answer["ETag"].strip('"'), size=len(body))

    async def stream(self, bucket: str, item: ObjectRef) -> AsyncGenerator[bytes]:
        """Yield the object's bytes in chunks of at most 256 KiB: all of them in order, or raise at the end.

        A connection that breaks is resumed at the byte where it stopped, as often as that brings progress.
        Leave it early only through `contextlib.aclosing`, which gives the connection back.
        Raises DeliveryMissing when the object is gone, ObjectChanged when it was replaced, ObjectCorrupt when
        its bytes don't match size or MD5, BucketUnavailable when resuming doesn't get any further.
        """
        digest = hashlib.md5(usedforsecurity=False)
        received, fruitless = 0, 0
        while True:
            before = received
            try:
                async with self._opened(bucket, item, start=received) as answer:
                    while chunk := await answer["Body"].read(CHUNK_BYTES):
                        received += len(chunk)
                        digest.update(chunk)
                        yield chunk
                if received >= item.size:
                    break
                raise BucketUnavailable(f"{bucket}/{item.key}: the answer ended at byte {received}")
            except BucketUnavailable:
                fruitless = 0 if received > before else fruitless + 1
                if fruitless > FRUITLESS_RESUMES:
                    raise
                await asyncio.sleep(_pause(fruitless))
        if received > item.size or (_etag_is_md5(answer) and digest.hexdigest() != item.etag):
            raise ObjectCorrupt(
                f"{bucket}/{item.key}: {received} bytes with MD5 {digest.hexdigest()}, "
                f"but the bucket lists {item.size} bytes with ETag {item.etag}"
            )

    @asynccontextmanager
    async def _opened(
        self, bucket: str, item: ObjectRef, *, start: int
    ) -> AsyncGenerator["GetObjectOutputTypeDef"]:
        """Yield the answer to a GET from byte `start` on, once it is known to be of the same object."""
        with _translated(bucket, item.key):
            wanted: GetObjectRequestTypeDef = {
                "Bucket": bucket,
                "Key": item.key,
                "IfMatch": f'"{item.etag}"',
            }
            if item.version_id:
                wanted["VersionId"] = item.version_id
            if start:  # without a range at the start, which an empty object can't satisfy
                wanted["Range"] = f"bytes={start}-"
            answer = await self._client.get_object(**wanted)
            async with answer["Body"]:
                _compare(answer, item, start)
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


def _compare(answer: "GetObjectOutputTypeDef", item: ObjectRef, start: int) -> None:
    """Refuse an answer that is of another object, or doesn't begin where it was asked to."""
    etag, content_range = answer["ETag"].strip('"'), answer.get("ContentRange", "")
    size = content_range.rpartition("/")[2] or str(answer["ContentLength"])
    if etag != item.etag or size != str(item.size):
        raise ObjectChanged(
            f"{item.key} was replaced: it was listed with ETag {item.etag} and {item.size} bytes, "
            f"and now has {etag} and {size}"
        )
    if start and not content_range.startswith(f"bytes {start}-"):
        raise BucketUnavailable(f"{item.key}: asked for the bytes from {start} on, the server sent others")


def _etag_is_md5(answer: "GetObjectOutputTypeDef") -> bool:
    """Whether the ETag is the content's MD5: not for uploads in parts, nor where KMS or a customer encrypts.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
    """
    encryption = str(answer.get("ServerSideEncryption", ""))
    foreign_key = encryption.startswith("aws:kms") or "SSECustomerAlgorithm" in answer
    return bool(re.fullmatch('"?[0-9a-f]{32}"?', answer["ETag"])) and not foreign_key


def _pause(fruitless: int) -> float:
    """Return how many seconds to wait before resuming: at random up to a bound that doubles."""
    return random.uniform(0, min(LONGEST_PAUSE, FIRST_PAUSE * 2**fruitless))


@contextmanager
def _translated(bucket: str, key: str) -> Generator[None]:
    """Turn what the SDK and the network raise into our errors."""
    where = f"{bucket}/{key}" if key else bucket
    try:
        yield
    except sdk.ClientError as error:
        raise _refusal(error, where) from error
    except UNREACHABLE as error:
        raise BucketUnavailable(f"{where}: {error or type(error).__name__}") from error
    except sdk.BotoCoreError as error:  # no credentials, an impossible name: nothing that passes by itself
        raise BucketDenied(f"{where}: {error}") from error


def _refusal(error: sdk.ClientError, where: str) -> LoadstoneError:
    code = error.response["Error"].get("Code", "")
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    message = f"{where}: {error.response['Error'].get('Message') or code} ({code})"
    if code in GONE:
        return DeliveryMissing(f"{where} is not there")
    if code in CHANGED:
        return ObjectChanged(f"{where} was replaced while it was being read")
    if status >= 500 or status == 429 or code in BUSY:
        return BucketUnavailable(message)
    return BucketDenied(message)
