"""The object store: reachable, and each bucket that a dataset reads from may be listed."""

from collections.abc import Sequence

from services.cli.checks.finding import Finding, fail, ok, warn
from shared import bucket
from shared.errors import LoadstoneError
from shared.settings import ObjectStore

SUBJECT = "object store"
# A prefix under which nothing is, so that a listing is short.
NOTHING = "loadstone-doctor/"
CREDENTIALS = "Are LOADSTONE_S3_ENDPOINT_URL, _ACCESS_KEY_ID, _SECRET_ACCESS_KEY and _REGION right?"


async def check(settings: ObjectStore, buckets: Sequence[str]) -> list[Finding]:
    """What is to say about the object store and these buckets."""
    where = settings.endpoint_url or f"AWS, {settings.region}"
    async with bucket.connect(settings) as store:
        if not buckets:
            return [await _without_buckets(store, where)]
        return [await _bucket(store, name) for name in buckets]


async def _without_buckets(store: bucket.Bucket, where: str) -> Finding:
    """Credentials that may only read some buckets can't list all: without a dataset that's no failure."""
    try:
        found = await store.buckets()
    except LoadstoneError as error:
        if error.code == "bucket_denied":
            return warn(SUBJECT, f"{where}: {error.message}", f"No dataset names a bucket yet. {CREDENTIALS}")
        return fail(SUBJECT, f"{where}: {error.message}", CREDENTIALS)
    count = "1 bucket" if len(found) == 1 else f"{len(found)} buckets"
    return ok(SUBJECT, f"{where}: {count}, none used by a dataset yet")


async def _bucket(store: bucket.Bucket, name: str) -> Finding:
    try:
        await store.listing(name, NOTHING)
    except LoadstoneError as error:
        return fail(
            f"bucket {name}", error.message, f"Does the bucket exist, and may we list it? {CREDENTIALS}"
        )
    return ok(f"bucket {name}", "may be listed")
