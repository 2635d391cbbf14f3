"""Preview: what the start of an object in the bucket tells."""

import asyncio
from contextlib import aclosing

from litestar import post
from litestar.params import RequestBody
from msgspec import Struct

from services.api.reference import refusals
from services.api.resources import Io
from shared.bucket import Bucket
from shared.catalog import datasets
from shared.errors import NotFound
from shared.files import excerpt as excerpts
from shared.files import preview
from shared.files.differences import LiveContract
from shared.files.excerpt import Excerpt
from shared.files.parquet import MAGIC
from shared.files.preview import SAMPLE_BYTES, Preview


class PreviewObject(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Which object to look at, and which dataset to hold its records against."""

    bucket: str
    key: str
    dataset: str | None = None


@post("/preview", operation_id="previewObject", status_code=200, responses=refusals(404, 502))
async def preview_object(data: RequestBody[PreviewObject], io: Io) -> Preview:
    """Say what the first MiB of an object tells; a `refusal` in the answer is an import's."""
    against = await datasets.read(io.db, data.dataset) if data.dataset else None
    contract = await datasets.live_contract(io.db, against.id) if against else None
    live = LiveContract(version=contract.version, document=contract.document) if contract else None
    excerpt = await _excerpt(io.bucket, data.bucket, data.key)
    dataset = against.document if against else None
    return await asyncio.to_thread(preview.preview, excerpt, data.key, dataset=dataset, live=live)


async def _excerpt(bucket: Bucket, name: str, key: str) -> Excerpt:
    """The first bytes of an object, and of a Parquet file the last ones as well. Raises NotFound."""
    found = next((each for each in await bucket.listing(name, prefix=key) if each.key == key), None)
    if found is None:
        raise NotFound(f"there is no object {key} in the bucket {name}")
    data = bytearray()
    async with aclosing(bucket.stream(name, found)) as chunks:
        async for chunk in chunks:
            data += chunk
            if len(data) >= SAMPLE_BYTES and found.size > SAMPLE_BYTES:
                break
    start = bytes(data[:SAMPLE_BYTES])
    if found.size <= SAMPLE_BYTES or not start.startswith(MAGIC):
        return Excerpt(start=start, whole=found.size <= SAMPLE_BYTES)
    end = await bucket.end(name, found, SAMPLE_BYTES)
    return excerpts.of_both_ends(start, end, found.size)
