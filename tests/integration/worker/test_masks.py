"""Neither the published table nor the quarantine holds the clear text of a masked field."""

import hashlib

from tests.integration.worker import outcome
from tests.integration.worker.outcome import DAY
from tests.support.imports import Importer

FIELDS = [
    {"name": "email", "format": "email", "mask": "sha256"},
    {"name": "age", "type": "integer", "mask": "null", "constraints": {"required": True}},
]
BUDGET = {"onError": "CONTINUE", "maxErrors": 10}


async def test_nothing_that_is_stored_holds_a_masked_value(imports: Importer) -> None:
    await imports.apply(FIELDS, schema={"fields": FIELDS, "primaryKey": ["email"]}, load=BUDGET)
    run = await imports.deliver(DAY, "email,age\nada@x.org,36\nada@y.org,secret\nada@z.org,1,2\n")
    await outcome.assert_published(imports, run)
    hashed = hashlib.sha256(b"ada@x.org").hexdigest()
    assert await imports.rows("SELECT * FROM data.things") == [(hashed, None)]
    assert [(p.line, p.code, p.raw) for p in await outcome.quarantined(imports, run)] == [
        (3, "type_mismatch", b"***,***"),
        (4, "field_count", b""),
    ]
    said = await outcome.messages(imports, run)
    assert said[0] == '"age": the value is not an integer'
    assert said[1].endswith("the record is withheld, as it may hold values that the contract masks")


async def test_keys_that_repeat_are_told_without_their_clear_text(imports: Importer) -> None:
    await imports.apply(FIELDS, schema={"fields": FIELDS, "primaryKey": ["email"]})
    run = await imports.deliver(DAY, "email,age\nada@x.org,1\nada@x.org,2\n")
    await outcome.assert_failed(imports, run, "key_duplicated")
    assert "ada" not in (run.error_message or "")
