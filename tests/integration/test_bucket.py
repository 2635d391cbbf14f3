"""Objects are read whole and unchanged, whatever the network does, from a real S3 server."""

import asyncio
import hashlib
import random
import tracemalloc
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import crc32c
import msgspec
import pytest

from shared import bucket
from shared.bucket import Bucket
from shared.domain.run import ObjectRef
from shared.errors import BucketDenied, BucketUnavailable, DeliveryMissing, ObjectChanged, ObjectCorrupt
from shared.settings import ObjectStore
from shared.settings.variables import Secret
from tests.support import proxy
from tests.support.proxy import Proxy
from tests.support.servers import Store

MIB = 1024 * 1024
BODY = random.Random(7).randbytes(3 * MIB + 17)


def settings(store: Store, **changes: object) -> ObjectStore:
    return msgspec.structs.replace(
        ObjectStore(
            endpoint_url=store.endpoint_url,
            region=store.region,
            access_key_id=store.access_key_id,
            secret_access_key=Secret(store.secret_access_key),
        ),
        **changes,
    )


@pytest.fixture
async def objects(s3: Store) -> AsyncGenerator[Bucket]:
    """The object store, reached directly."""
    async with bucket.connect(settings(s3)) as connected:
        yield connected


@pytest.fixture
async def network(s3: Store) -> AsyncGenerator[Proxy]:
    """A network that can be broken."""
    async with proxy.between(urlsplit(s3.endpoint_url).port or 0) as between:
        yield between


@asynccontextmanager
async def through(network: Proxy, store: Store) -> AsyncGenerator[Bucket]:
    """The object store, reached through a network that is about to break."""
    endpoint = f"http://127.0.0.1:{network.port}"
    patience = timedelta(milliseconds=300)
    async with bucket.connect(settings(store, endpoint_url=endpoint), read_timeout=patience) as connected:
        yield connected


async def read(objects: Bucket, name: str, item: ObjectRef) -> bytes:
    return b"".join([chunk async for chunk in objects.stream(name, item)])


async def test_a_listing_holds_every_object_below_a_prefix_in_order(
    objects: Bucket, bucket_name: str
) -> None:
    before = datetime.now(UTC) - timedelta(seconds=2)
    second = await objects.put(bucket_name, "flights/02.csv", b"22")
    first = await objects.put(bucket_name, "flights/01.csv", b"1")
    await objects.put(bucket_name, "planes.csv", b"3")

    listed = await objects.listing(bucket_name, "flights/")

    assert [ObjectRef(key=each.key, etag=each.etag, size=each.size) for each in listed] == [first, second]
    assert all(before < each.last_modified <= datetime.now(UTC) for each in listed)


async def test_a_listing_goes_on_beyond_its_first_page(objects: Bucket, bucket_name: str, s3: Store) -> None:
    for number in range(1005):  # a page holds 1000; the server has not looked into this bucket yet
        (s3.folder / bucket_name / f"{number:04}").write_bytes(b"x")

    listed = await objects.listing(bucket_name)

    assert [each.key for each in listed] == [f"{number:04}" for number in range(1005)]


async def test_an_empty_prefix_lists_nothing(objects: Bucket, bucket_name: str) -> None:
    assert await objects.listing(bucket_name, "nothing/here/") == []


async def test_all_buckets_can_be_named(objects: Bucket, bucket_name: str) -> None:
    assert bucket_name in await objects.buckets()


async def test_an_object_exists_once_it_was_put(objects: Bucket, bucket_name: str) -> None:
    assert not await objects.exists(bucket_name, "a.csv")
    await objects.put(bucket_name, "a.csv", b"a")
    assert await objects.exists(bucket_name, "a.csv")


@pytest.mark.parametrize("size", [0, 1, bucket.CHUNK_BYTES, len(BODY)])
async def test_an_object_is_read_as_it_was_put(objects: Bucket, bucket_name: str, size: int) -> None:
    item = await objects.put(bucket_name, "a.bin", BODY[:size])
    chunks = [chunk async for chunk in objects.stream(bucket_name, item)]
    assert b"".join(chunks) == BODY[:size]
    assert all(0 < len(chunk) <= bucket.CHUNK_BYTES for chunk in chunks)


@pytest.mark.parametrize("cut", [0, 700, 100_000, 2 * MIB])
async def test_a_cut_connection_resumes_where_it_stopped(
    objects: Bucket, network: Proxy, s3: Store, bucket_name: str, cut: int
) -> None:
    item = await objects.put(bucket_name, "a.bin", BODY)
    network.cuts = [cut]
    async with through(network, s3) as cut_off:
        assert await read(cut_off, bucket_name, item) == BODY
    assert network.connections == 2
    assert network.delivered < len(BODY) + cut + 10_000 or cut == 0


async def test_twenty_cuts_are_survived_as_long_as_each_resume_brings_something(
    objects: Bucket, network: Proxy, s3: Store, bucket_name: str
) -> None:
    item = await objects.put(bucket_name, "a.bin", BODY)
    network.cuts = [100_000] * 20
    async with through(network, s3) as cut_off:
        assert await read(cut_off, bucket_name, item) == BODY
    assert network.connections == 21


async def test_an_object_that_never_gets_further_is_given_up(
    objects: Bucket, network: Proxy, s3: Store, bucket_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bucket, "FIRST_PAUSE", 0.001)
    item = await objects.put(bucket_name, "a.bin", BODY)
    network.cuts = [MIB, *[0] * 100]
    async with through(network, s3) as cut_off:
        with pytest.raises(BucketUnavailable, match=r"a\.bin"):
            await read(cut_off, bucket_name, item)


async def test_silence_in_the_middle_of_an_object_is_noticed_and_survived(
    objects: Bucket, network: Proxy, s3: Store, bucket_name: str
) -> None:
    item = await objects.put(bucket_name, "a.bin", BODY)
    network.cuts, network.silent = [MIB], True
    async with through(network, s3) as silent:
        assert await read(silent, bucket_name, item) == BODY
    assert network.connections == 2


async def test_the_end_of_an_object_is_read_alone_and_never_that_of_another(
    objects: Bucket, bucket_name: str
) -> None:
    item = await objects.put(bucket_name, "a", BODY)
    assert await objects.end(bucket_name, item, 1000) == BODY[-1000:]
    assert await objects.end(bucket_name, item, len(BODY) + 1) == BODY
    await objects.put(bucket_name, "a", BODY[::-1])
    with pytest.raises(ObjectChanged):
        await objects.end(bucket_name, item, 1000)


async def test_an_object_replaced_before_it_is_read_is_refused(objects: Bucket, bucket_name: str) -> None:
    item = await objects.put(bucket_name, "a.bin", BODY)
    await objects.put(bucket_name, "a.bin", BODY[::-1])
    with pytest.raises(ObjectChanged, match="was replaced"):
        await read(objects, bucket_name, item)


async def test_an_object_replaced_while_it_is_read_is_never_spliced(
    objects: Bucket, network: Proxy, s3: Store, bucket_name: str
) -> None:
    item = await objects.put(bucket_name, "a.bin", BODY)
    network.cuts = [MIB]
    async with through(network, s3) as cut_off, aclosing(cut_off.stream(bucket_name, item)) as chunks:
        received = await anext(chunks)
        await objects.put(bucket_name, "a.bin", BODY[::-1])
        with pytest.raises(ObjectChanged):
            received += b"".join([chunk async for chunk in chunks])


async def test_bytes_that_differ_from_the_etag_are_refused_at_the_end(
    objects: Bucket, network: Proxy, s3: Store, bucket_name: str
) -> None:
    item = await objects.put(bucket_name, "a.bin", BODY)
    network.flip_at = MIB
    async with through(network, s3) as damaged:
        with pytest.raises(ObjectCorrupt, match="MD5"):
            await read(damaged, bucket_name, item)


async def test_bytes_that_differ_because_the_object_was_replaced_are_not_called_corrupt(
    objects: Bucket, network: Proxy, s3: Store, bucket_name: str
) -> None:
    item = await objects.put(bucket_name, "a.bin", BODY)
    network.flip_at = MIB
    async with through(network, s3) as damaged, aclosing(damaged.stream(bucket_name, item)) as chunks:
        assert await anext(chunks)
        await objects.put(bucket_name, "a.bin", BODY[::-1])
        with pytest.raises(ObjectChanged, match="was replaced"):
            async for _ in chunks:
                pass


async def test_an_object_that_is_gone_is_reported_as_missing(objects: Bucket, bucket_name: str) -> None:
    gone = ObjectRef(key="gone.csv", etag="0" * 32, size=1)
    with pytest.raises(DeliveryMissing, match=r"gone\.csv"):
        await read(objects, bucket_name, gone)


async def test_a_bucket_that_does_not_exist_is_denied(objects: Bucket) -> None:
    with pytest.raises(BucketDenied, match="no-such-bucket"):
        await objects.listing("no-such-bucket")
    with pytest.raises(BucketDenied, match="no-such-bucket"):
        await read(objects, "no-such-bucket", ObjectRef(key="a", etag="0" * 32, size=1))


async def test_a_wrong_secret_is_denied_and_not_told(s3: Store, bucket_name: str) -> None:
    async with bucket.connect(settings(s3, secret_access_key=Secret("swordfish"))) as objects:
        with pytest.raises(BucketDenied) as denied:
            await objects.listing(bucket_name)
    assert "swordfish" not in str(denied.value)


async def test_a_store_that_does_not_answer_is_unavailable(s3: Store) -> None:
    async with bucket.connect(settings(s3, endpoint_url="http://127.0.0.1:9")) as objects:
        with pytest.raises(BucketUnavailable):
            await objects.listing("landing")


async def test_a_slow_reader_holds_the_server_back(
    objects: Bucket, network: Proxy, s3: Store, bucket_name: str
) -> None:
    large = BODY * 16
    item = await objects.put(bucket_name, "a.bin", large)
    async with through(network, s3) as store, aclosing(store.stream(bucket_name, item)) as chunks:
        tracemalloc.start()
        await anext(chunks)
        settled = 0
        while settled != network.delivered:  # until nothing moves any more
            settled = network.delivered
            await asyncio.sleep(0.1)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert settled < len(large) / 2  # the sockets' buffers hold a few MiB
        assert peak < 4 * MIB
        rest = sum([len(chunk) async for chunk in chunks])
    assert len(large) - bucket.CHUNK_BYTES <= rest < len(large)


async def test_leaving_early_gives_the_connection_back(objects: Bucket, bucket_name: str) -> None:
    item = await objects.put(bucket_name, "a.bin", BODY)
    for _ in range(bucket.CONNECTIONS + 5):
        async with aclosing(objects.stream(bucket_name, item)) as chunks:
            assert await anext(chunks)
    assert await objects.exists(bucket_name, "a.bin")


@pytest.mark.parametrize(
    "checksum",
    [
        f"sha256:{hashlib.sha256(BODY).hexdigest()}",
        f"md5:{hashlib.md5(BODY).hexdigest()}",
        f"crc32c:{crc32c.crc32c(BODY):08x}",
    ],
)
async def test_a_promised_checksum_is_compared_while_reading(
    objects: Bucket, bucket_name: str, checksum: str
) -> None:
    stored = await objects.put(bucket_name, "a.bin", BODY)
    promised = msgspec.structs.replace(stored, checksum=checksum)
    assert await read(objects, bucket_name, promised) == BODY
    algorithm, digest = checksum.split(":")
    wrong = f"{algorithm}:{'0' * len(digest)}"
    with pytest.raises(ObjectCorrupt, match=rf"a\.bin: the manifest promises {wrong}.* have {checksum}"):
        await read(objects, bucket_name, msgspec.structs.replace(stored, checksum=wrong))
