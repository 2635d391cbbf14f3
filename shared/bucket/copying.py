"""Copies an object within its bucket, on the server: whole, or in parts where it is large."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from shared.bucket.refusals import translated
from shared.domain.run import ObjectRef

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client
    from types_aiobotocore_s3.type_defs import CompletedPartTypeDef, HeadObjectOutputTypeDef

# Copying at once ends at 5 GiB, and must answer within the time limit of a request; parts are at most 10,000.
PART_BYTES = 256 * 1024 * 1024
PARTS_AT_ONCE = 8


async def copy(
    client: "S3Client", bucket: str, item: ObjectRef, found: "HeadObjectOutputTypeDef", to: str
) -> None:
    """Copy an object with its metadata, as long as it is the one that was listed. Raises ObjectChanged."""
    with translated(bucket, item.key):
        if item.size > PART_BYTES:
            await _in_parts(client, bucket, item, found, to)
            return
        await client.copy_object(
            Bucket=bucket,
            Key=to,
            CopySource={"Bucket": bucket, "Key": item.key},
            CopySourceIfMatch=f'"{item.etag}"',
        )


async def _in_parts(
    client: "S3Client", bucket: str, item: ObjectRef, found: "HeadObjectOutputTypeDef", to: str
) -> None:
    begun = await client.create_multipart_upload(
        Bucket=bucket,
        Key=to,
        Metadata=found["Metadata"],
        ContentType=found.get("ContentType", "application/octet-stream"),
    )
    upload = begun["UploadId"]
    try:
        parts = await _parts(client, bucket, item, to, upload)
        await client.complete_multipart_upload(
            Bucket=bucket, Key=to, UploadId=upload, MultipartUpload={"Parts": parts}
        )
    except BaseException:  # a shutdown too: the parts would stay, unseen and paid for
        await asyncio.shield(client.abort_multipart_upload(Bucket=bucket, Key=to, UploadId=upload))
        raise


async def _parts(
    client: "S3Client", bucket: str, item: ObjectRef, to: str, upload: str
) -> "Sequence[CompletedPartTypeDef]":
    turn = asyncio.Semaphore(PARTS_AT_ONCE)

    async def part(number: int, start: int) -> "CompletedPartTypeDef":
        async with turn:
            answer = await client.upload_part_copy(
                Bucket=bucket,
                Key=to,
                UploadId=upload,
                PartNumber=number,
                CopySource={"Bucket": bucket, "Key": item.key},
                CopySourceIfMatch=f'"{item.etag}"',
                CopySourceRange=f"bytes={start}-{min(start + PART_BYTES, item.size) - 1}",
            )
        return {"PartNumber": number, "ETag": answer["CopyPartResult"]["ETag"]}

    starts = range(0, item.size, PART_BYTES)
    return await asyncio.gather(*(part(number, start) for number, start in enumerate(starts, 1)))
