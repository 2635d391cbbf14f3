"""`loadstone preview` of an object, and of a file against a dataset, through a real API and its bucket."""

import gzip

from services.cli.exits import Exit
from tests.integration.cli.driver import Commands

LIVE = "id,carrier\n1,AA\n"
FILE = b"id,carrier,new\n1,AA,x\n2,UA,y\nz,DL,z\n"
FIELDS = [{"name": "id", "type": "integer"}, {"name": "carrier"}, {"name": "new"}]


async def test_an_object_is_looked_at_through_the_api(commands: Commands) -> None:
    bucket = commands.worker.bucket_name
    await commands.worker.store.put(bucket, "in/flights.csv.gz", gzip.compress(b"id;carrier\n1;AA\n"))
    shown = await commands.run("preview", f"s3://{bucket}/in/flights.csv.gz")
    assert shown.exit_code == Exit.OK, shown.stderr
    for told in ("compression  gzip", "delimiter    ;", "name: flights", "1 records, 0 rejected"):
        assert told in shown.stdout
    gone = await commands.run("preview", f"s3://{bucket}/in/other.csv")
    assert gone.exit_code == Exit.NOT_FOUND
    assert f"there is no object in/other.csv in the bucket {bucket}" in gone.stderr


async def test_object_and_file_are_compared_with_what_is_live(commands: Commands) -> None:
    bucket = commands.worker.bucket_name
    await commands.run("apply", str(commands.declare()))
    assert (await commands.imported(LIVE)).exit_code == Exit.OK
    later = commands.declare(schema={"fields": FIELDS, "primaryKey": ["id"]})
    assert (await commands.run("apply", str(later))).exit_code == Exit.OK
    await commands.worker.store.put(bucket, "a.csv", FILE)
    (commands.folder / "a.csv").write_bytes(FILE)
    told = []
    for file in (f"s3://{bucket}/a.csv", str(commands.folder / "a.csv")):
        answer = await commands.json("preview", file, "--dataset", "flights")
        assert (answer["against"], answer["liveContract"], answer["records"]) == ("flights", 1, 3)
        told.append({key: answer[key] for key in answer if key != "file"})
    assert told[0] == told[1]
    assert [(each["column"], each["kind"]) for each in told[0]["differences"]] == [
        ("id", "type"),
        ("new", "added"),
    ]
    assert [(each["line"], each["code"]) for each in told[0]["rejects"]] == [(4, "type_mismatch")]
    shown = await commands.run("preview", f"s3://{bucket}/a.csv", "--dataset", "flights")
    assert "Differences from the live version of flights (contract 1)" in shown.stdout
