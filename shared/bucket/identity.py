"""Whether what the store sends is the object that was listed, and has the bytes that were promised."""

import hashlib
import re
from typing import TYPE_CHECKING

from crc32c import CRC32CHash

from shared.domain.run import ObjectRef
from shared.errors import BucketUnavailable, ObjectChanged

if TYPE_CHECKING:
    from types_aiobotocore_s3.type_defs import GetObjectOutputTypeDef, HeadObjectOutputTypeDef


def compare(answer: "GetObjectOutputTypeDef", item: ObjectRef, start: int) -> None:
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


def same(found: "HeadObjectOutputTypeDef", item: ObjectRef) -> bool:
    """Whether what is there now is the object that was listed."""
    version = item.version_id is None or found.get("VersionId") == item.version_id
    return version and found["ETag"].strip('"') == item.etag and found["ContentLength"] == item.size


def is_copy(found: "HeadObjectOutputTypeDef", item: ObjectRef) -> bool:
    """Whether an object has the content of another one, as far as their ETags can tell."""
    comparable = etag_is_md5(found) and re.fullmatch("[0-9a-f]{32}", item.etag)
    return found["ContentLength"] == item.size and (not comparable or found["ETag"].strip('"') == item.etag)


def promised(item: ObjectRef) -> "hashlib._Hash | CRC32CHash | None":
    """Return what computes the checksum that the manifest promised."""
    algorithm = (item.checksum or "").partition(":")[0]
    if not algorithm:
        return None
    return CRC32CHash() if algorithm == "crc32c" else hashlib.new(algorithm, usedforsecurity=False)


def etag_is_md5(answer: "GetObjectOutputTypeDef | HeadObjectOutputTypeDef") -> bool:
    """Whether the ETag is the content's MD5: not for uploads in parts, nor where KMS or a customer encrypts.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
    """
    encryption = str(answer.get("ServerSideEncryption", ""))
    foreign_key = encryption.startswith("aws:kms") or "SSECustomerAlgorithm" in answer
    return bool(re.fullmatch('"?[0-9a-f]{32}"?', answer["ETag"])) and not foreign_key
