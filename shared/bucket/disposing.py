"""Tags, moves or deletes an object, as `source.afterLoad` says, if it is the one that was loaded.

Each of them can be repeated after it broke off anywhere. Where buckets keep versions, a deletion leaves the
version below a delete marker: deleting it for good would bring an older version of the key to light.
"""

from typing import TYPE_CHECKING

from msgspec import structs

from shared.bucket import Bucket, copying, identity
from shared.bucket.refusals import translated
from shared.domain import disposal
from shared.domain.dataset import AfterLoad
from shared.domain.disposal import Disposed, Outcome
from shared.domain.run import ObjectRef
from shared.errors import DeliveryMissing, ObjectChanged, ObjectCorrupt

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client
    from types_aiobotocore_s3.type_defs import (
        GetObjectTaggingRequestTypeDef,
        HeadObjectOutputTypeDef,
        TagTypeDef,
    )


async def dispose(store: Bucket, bucket: str, item: ObjectRef, wish: AfterLoad) -> Disposed:
    """Act on an object, unless it was replaced or is gone.

    Raises BucketUnavailable, BucketDenied, and ObjectCorrupt where a copy is not what was copied.
    """
    client = store.client
    try:
        found = await _found(client, bucket, item.key)
        if found is None:
            return await _gone(client, bucket, item, wish)
        if not identity.same(found, item):
            return Disposed(outcome=Outcome.CHANGED, message="it was replaced, and the new one is left alone")
        match wish.action:
            case "tag":
                await _tag(client, bucket, item, wish.tag)
            case "move":
                return await _move(client, bucket, item, found, wish.to or "")
            case "delete":
                await _delete(client, bucket, item)
            case "keep":
                pass
    except ObjectChanged:  # between two requests
        return Disposed(outcome=Outcome.CHANGED, message="it was replaced, and the new one is left alone")
    return Disposed(outcome=Outcome.DONE)


async def _gone(client: "S3Client", bucket: str, item: ObjectRef, wish: AfterLoad) -> Disposed:
    """Somebody took it away, or an earlier try that was not written down."""
    if wish.action == "delete":
        return Disposed(outcome=Outcome.DONE)
    if wish.action == "move":
        for key in _places(item, wish.to or ""):
            copied = await _found(client, bucket, key)
            if copied is not None and identity.is_copy(copied, item):
                return Disposed(outcome=Outcome.DONE, message=f"it is {key}")
    return Disposed(outcome=Outcome.GONE, message="it is not there any more")


async def _found(client: "S3Client", bucket: str, key: str) -> "HeadObjectOutputTypeDef | None":
    try:
        with translated(bucket, key):
            return await client.head_object(Bucket=bucket, Key=key)
    except DeliveryMissing:
        return None


async def _tag(client: "S3Client", bucket: str, item: ObjectRef, wanted: dict[str, str]) -> None:
    """Add tags to those that are there. A pinned version is tagged itself, whatever comes after it."""
    where: GetObjectTaggingRequestTypeDef = {"Bucket": bucket, "Key": item.key}
    if item.version_id:
        where["VersionId"] = item.version_id
    with translated(bucket, item.key):
        answer = await client.get_object_tagging(**where)
        present = {tag["Key"]: tag["Value"] for tag in answer["TagSet"]}
        if wanted.items() <= present.items():
            return
        tags: list[TagTypeDef] = [{"Key": key, "Value": value} for key, value in (present | wanted).items()]
        await client.put_object_tagging(**where, Tagging={"TagSet": tags})


async def _move(
    client: "S3Client", bucket: str, item: ObjectRef, found: "HeadObjectOutputTypeDef", to: str
) -> Disposed:
    """Copy, compare, and only then delete."""
    plain, apart = _places(item, to)
    taken = await _found(client, bucket, plain)
    key = plain if taken is None or identity.same(taken, structs.replace(item, version_id=None)) else apart
    await copying.copy(client, bucket, item, found, key)
    copied = await _found(client, bucket, key)
    if copied is None or not identity.is_copy(copied, item):
        raise ObjectCorrupt(f"{bucket}/{key} is not a copy of {item.key}, which is left where it is")
    await _delete(client, bucket, item)
    return Disposed(outcome=Outcome.DONE, message=f"it is {key}")


def _places(item: ObjectRef, to: str) -> tuple[str, str]:
    return disposal.archived(to, item.key), disposal.archived_apart(to, item)


async def _delete(client: "S3Client", bucket: str, item: ObjectRef) -> None:
    with translated(bucket, item.key):
        await client.delete_object(Bucket=bucket, Key=item.key, IfMatch=f'"{item.etag}"')
