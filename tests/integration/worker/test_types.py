"""Every type keeps its values exactly, from the text in a file to what a reader gets, or rejects a record."""

import csv
import json
from collections.abc import Sequence
from decimal import Context, Decimal
from typing import Any

import pytest

from shared.domain.run import Run
from tests.integration.worker import outcome
from tests.integration.worker.kinds import KINDS
from tests.integration.worker.outcome import DAY
from tests.support.imports import Importer

CONTINUE = {"onError": "CONTINUE", "maxErrors": 1000}
MISSING = {"": None}
_EXACT = Context(prec=100)


@pytest.mark.parametrize("name", KINDS)
async def test_a_type_keeps_its_values_exactly_and_rejects_all_others(table: Importer, name: str) -> None:
    kind = KINDS[name]
    kept = {**kind.kept, **MISSING}
    rejected = {text: code for code, texts in kind.rejected.items() for text in texts}
    run = await _load(table, kind.field, [*kept, *rejected])
    loaded = dict(await table.rows("SELECT id, value FROM data.things"))
    assert {key: _exactly(value) for key, value in loaded.items()} == {
        n: _exactly(value) for n, value in enumerate(kept.values())
    }
    found = await outcome.quarantined(table, run)
    assert [(place.line, place.column, place.code) for place in found] == [
        (n, "value", code) for n, code in enumerate(rejected.values(), start=len(kept) + 2)
    ]
    assert await _column_type(table) == kind.column


@pytest.mark.parametrize("name", KINDS)
async def test_a_value_means_the_same_alone_in_its_file_as_beside_others(table: Importer, name: str) -> None:
    kind = KINDS[name]
    await _load(table, kind.field, list(kind.kept))
    together = await table.rows("SELECT value FROM data.things")
    texts = list(kind.kept)
    files = {
        f"{n:03}.csv": outcome.written(["id", "value"], [(str(n), text)]) for n, text in enumerate(texts)
    }
    await outcome.assert_published(table, await table.deliver_files(DAY, files))
    alone = await table.rows("SELECT value FROM data.things")
    assert [_exactly(row[0]) for row in alone] == [_exactly(row[0]) for row in together]


async def _load(table: Importer, field: dict[str, Any], texts: Sequence[str]) -> Run:
    fields = [{"name": "id", "type": "integer"}, {"name": "value", **field}]
    await table.apply(fields, load=CONTINUE)
    body = outcome.written(["id", "value"], [(str(n), text) for n, text in enumerate(texts)])
    run = await table.deliver(DAY, body)
    await outcome.assert_published(table, run)
    return run


async def _column_type(table: Importer) -> str:
    [(type_,)] = await table.rows(
        "SELECT format_type(atttypid, atttypmod) FROM pg_attribute "
        "WHERE attrelid = 'data.things'::regclass AND attname = 'value'"
    )
    return str(type_)


def _exactly(value: object) -> str:
    """Tells a negative zero, NaN and types apart; the scale of a decimal is its column's, not its value's."""
    return str(value.normalize(_EXACT)) if isinstance(value, Decimal) else repr(value)


NAUGHTY = [
    "NULL",
    "null",
    "None",
    "undefined",
    "nil",
    "NA",
    "N/A",
    "#N/A",
    "nan",
    "\\N",
    "\\.",
    "\\",
    "\\\\",
    "true",
    "0",
    "-1",
    "1e5",
    "1E+02",
    "0x0",
    "1/0",
    "$1.00",
    "'",
    "''",
    "`",
    "--",
    "/* */",
    "; DROP TABLE things",
    "%s",
    "$1",
    "{}",
    "${x}",
    "=1+1",
    "@x",
    '"',
    '""',
    '"""',
    'a"b',
    ",",
    ",,",
    "a,b",
    "\t",
    "\n",
    "\r",
    "\r\n",
    "a\nb\r\nc\rd",
    " ",
    "  lead",
    "trail  ",
    "\u00a0",
    "\u200b",
    "\ufeff",
    "\ufeffx",
    "é",
    "e\u0301",
    "ß",
    "İ",
    "中文",
    "العربية",
    "😀",
    "👨‍👩‍👧‍👦",
    "\U0010ffff",
    "\u202eevil",
    "\x01\x08\x1b[31m",
    "\x7f",
    "\x85",
    "\u2028",
    "x" * 70_000,
]


async def test_every_naughty_string_comes_back_as_it_was(table: Importer) -> None:
    await _load(table, {"type": "string"}, NAUGHTY)
    assert [row[1] for row in await table.rows("SELECT id, value FROM data.things ORDER BY id")] == NAUGHTY


async def test_quotes_are_needed_by_delimiters_quotes_and_line_ends_only(table: Importer) -> None:
    await table.apply([{"name": "id", "type": "integer"}, {"name": "value", "type": "string"}])
    plain = [text for text in NAUGHTY if not set(text) & set('",\r\n')]
    records = [(str(n), text) for n, text in enumerate(plain)]
    body = outcome.written(["id", "value"], records, quoting=csv.QUOTE_NONE)
    await outcome.assert_published(table, await table.deliver(DAY, body))
    assert [row[1] for row in await table.rows("SELECT id, value FROM data.things ORDER BY id")] == plain


@pytest.mark.parametrize(
    ("missing", "texts", "values"),
    [
        ([""], ["", "NA", " "], [None, "NA", " "]),
        ([], ["", "NA", " "], ["", "NA", " "]),
        (["NA"], ["", "NA", "na", "NAN"], ["", None, "na", "NAN"]),
        (["", "NA", "-"], ["", "NA", "-", "--", "- "], [None, None, None, "--", "- "]),
        (["NULL", "a,b", 'say "x"'], ["NULL", "a,b", 'say "x"'], [None, None, None]),
    ],
)
@pytest.mark.parametrize("quoting", [csv.QUOTE_ALL, csv.QUOTE_MINIMAL], ids=["quoted", "bare"])
async def test_just_the_missing_values_are_null_quoted_or_not(
    table: Importer, missing: list[str], texts: list[str], values: list[str | None], quoting: int
) -> None:
    fields = [{"name": "id", "type": "integer"}, {"name": "value", "type": "string"}]
    await table.apply(fields, schema={"fields": fields, "missingValues": missing})
    records = [(str(n), text) for n, text in enumerate(texts)]
    await outcome.assert_published(
        table, await table.deliver(DAY, outcome.written(["id", "value"], records, quoting=quoting))
    )
    assert [row[1] for row in await table.rows("SELECT * FROM data.things")] == values


async def test_an_empty_text_is_no_number_where_nothing_is_missing(table: Importer) -> None:
    fields = [{"name": "id", "type": "integer"}, {"name": "value", "type": "integer"}]
    await table.apply(fields, schema={"fields": fields, "missingValues": ["-999"]}, load=CONTINUE)
    run = await table.deliver(DAY, b"id,value\n1,\n2,-999\n3,7\n")
    assert await table.rows("SELECT * FROM data.things") == [(2, None), (3, 7)]
    assert [(p.line, p.code) for p in await outcome.quarantined(table, run)] == [(2, "type_mismatch")]


async def test_a_quoted_nothing_in_a_file_of_one_column_is_a_record(table: Importer) -> None:
    await table.apply([{"name": "value", "type": "string"}])
    run = await table.deliver(DAY, b'value\na\n""\n\n"b"\n')
    assert await table.rows("SELECT * FROM data.things") == [("a",), (None,), ("b",)]
    assert [(c.records_read, c.blank_lines) for c in await outcome.counted(table, run)] == [(3, 1)]


async def test_json_is_kept_as_jsonb_with_every_digit(table: Importer) -> None:
    text = json.dumps({"n": 0, "deep": [[[[1]]]]}).replace("0", "123456789012345678901234567890.10", 1)
    await _load(table, {"type": "object"}, [text])
    [(number,)] = await table.rows("SELECT value ->> 'n' FROM data.things")
    assert number == "123456789012345678901234567890.10"
