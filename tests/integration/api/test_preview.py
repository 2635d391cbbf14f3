"""The start of an object in the bucket is looked at through the API."""

import gzip
from io import BytesIO
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.parquet as pq

from services.api.resources import Resources
from shared.files.preview import SAMPLE_BYTES
from tests.integration.api.test_runs import with_dataset
from tests.support import catalog


async def preview(api: httpx.AsyncClient, **body: Any) -> httpx.Response:
    return await api.post("/v1/preview", json=body)


async def test_an_object_is_described_and_held_against_the_document_proposed_for_it(
    io: Resources, api: httpx.AsyncClient, bucket_name: str
) -> None:
    await io.bucket.put(bucket_name, "in/a.csv.gz", gzip.compress(b"id;name\n1;a\n2;b\n"))
    answer = await preview(api, bucket=bucket_name, key="in/a.csv.gz")
    assert answer.status_code == 200
    told = answer.json()
    assert (told["read"]["compression"], told["read"]["delimiter"]) == ("gzip", ";")
    assert (told["whole"], told["records"], told["rejected"]) == (True, 2, 0)
    assert told["proposal"]["kind"] == "Dataset"


async def test_only_the_start_of_a_large_object_is_read(
    io: Resources, api: httpx.AsyncClient, bucket_name: str
) -> None:
    await io.bucket.put(bucket_name, "a.csv", b"id,name\n" + b"1,a\n" * 500_000)
    told = (await preview(api, bucket=bucket_name, key="a.csv")).json()
    assert (told["whole"], told["bytesRead"]) == (False, SAMPLE_BYTES)
    assert told["refusal"] is None
    assert told["records"] > 200_000


async def test_an_object_is_held_against_a_dataset(
    io: Resources, api: httpx.AsyncClient, bucket_name: str
) -> None:
    await with_dataset(io, bucket_name)
    await io.bucket.put(bucket_name, "a.csv", b"other\n1\n")
    answer = await preview(api, bucket=bucket_name, key="a.csv", dataset="flights")
    assert answer.status_code == 200
    told = answer.json()
    assert told["refusal"]["code"] == "header_broken"
    assert {"column": "other", "kind": "added"}.items() <= told["differences"][0].items()


async def test_what_is_not_there_is_not_found(
    io: Resources, api: httpx.AsyncClient, bucket_name: str
) -> None:
    await io.bucket.put(bucket_name, "a.csv.old", b"id\n1\n")
    assert (await preview(api, bucket=bucket_name, key="a.csv")).status_code == 404
    assert (await preview(api, bucket=bucket_name, key="a.csv.old", dataset="none")).status_code == 404


async def test_of_a_large_parquet_object_start_and_end_are_fetched(
    io: Resources, api: httpx.AsyncClient, bucket_name: str
) -> None:
    target = BytesIO()
    names = [str(number * 7919) for number in range(400_000)]
    pq.write_table(pa.table({"id": range(400_000), "name": names}), target, row_group_size=40_000)
    await io.bucket.put(bucket_name, "a.parquet", target.getvalue())
    told = (await preview(api, bucket=bucket_name, key="a.parquet")).json()
    assert (told["refusal"], told["whole"], told["bytesRead"]) == (None, False, SAMPLE_BYTES)
    assert told["read"]["rows"] == 400_000
    assert [field["type"] for field in told["proposal"]["schema"]["fields"]] == ["integer", "string"]
    assert 0 < told["records"] < 100_000
    assert "of the file were not read" in told["unknown"][-1]


async def test_columns_are_compared_with_the_contract_of_the_live_version_not_the_present_one(
    io: Resources, api: httpx.AsyncClient, bucket_name: str
) -> None:
    await catalog.applied(io.db)
    await catalog.published(io.db, [(1, "AA")])
    later = [{"name": "id", "type": "integer"}, {"name": "carrier"}, {"name": "new"}]
    await catalog.applied(io.db, schema={"fields": later})
    await io.bucket.put(bucket_name, "a.csv", b"id,carrier,new\n1,AA,x\n")
    told = (await preview(api, bucket=bucket_name, key="a.csv", dataset="flights")).json()
    assert (told["against"], told["liveContract"], told["refusal"]) == ("flights", 1, None)
    assert [(each["column"], each["kind"]) for each in told["differences"]] == [("new", "added")]
    read = (await api.get("/v1/datasets/flights")).json()
    assert (read["contractVersion"], read["liveContractVersion"]) == (2, 1)
    assert len(read["liveDocument"]["schema"]["fields"]) == 2
