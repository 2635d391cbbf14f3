"""Rejected records: each is kept with object, line, column, code and bytes, and the rest is loaded whole."""

import re
from typing import Any, NamedTuple

import msgspec
import pytest

from shared.catalog import runs
from shared.domain.report import RejectCode
from tests.integration.worker import outcome
from tests.integration.worker.outcome import DAY, Place
from tests.support.imports import Importer

CONTINUE = {"onError": "CONTINUE", "maxErrors": 1000}
FIELDS: list[dict[str, Any]] = [
    {"name": "id", "type": "integer", "constraints": {"required": True}},
    {"name": "code", "constraints": {"minLength": 2, "maxLength": 4, "pattern": "[a-zé]*"}},
    {
        "name": "level",
        "type": "integer",
        "physicalType": "smallint",
        "constraints": {"minimum": 0, "maximum": 9},
    },
    {"name": "kind", "constraints": {"enum": ["a", "b"]}},
    {"name": "more", "type": "object", "constraints": {"jsonSchema": {"required": ["x"]}}},
    {"name": "day", "type": "date"},
    {"name": "price", "type": "number", "physicalType": "numeric(6,2)"},
]
HEADER = b"id,code,level,kind,more,day,price\n"


class Record(NamedTuple):
    """A record as it stands in the file; with a code it must be rejected, else loaded with its id."""

    raw: bytes
    code: RejectCode | None = None
    column: str | None = None
    says: str = ""


GOOD = [
    Record(b'1,ab,0,a,"{""x"": 1}",2013-01-01,1.50'),
    Record(b'"2","ab","9","b","{""x"": 2}","2012-02-29","-9999.99"'),
    Record(b"3,,,,,,"),
    Record("4,éééé,1,a,,2013-01-01,0".encode()),
]
BAD = [
    Record(b"11,ab", RejectCode.FIELD_COUNT, None, "has 2 fields, 7 expected"),
    Record(b"12,ab,1,a,,2013-01-01,0,", RejectCode.FIELD_COUNT, None, "has 8 fields, 7 expected"),
    Record(b"13", RejectCode.FIELD_COUNT, None, "has 1 field, 7 expected"),
    Record(b'14,a"b,1,a,,2013-01-01,0', RejectCode.STRAY_QUOTE, None, "quote"),
    Record(b'15,"a"b,1,a,,2013-01-01,0', RejectCode.STRAY_QUOTE, None, "quote"),
    Record(b"16,a\rb,1,a,,2013-01-01,0", RejectCode.STRAY_CARRIAGE_RETURN, None, "carriage return"),
    Record(b"17,a\xff,1,a,,2013-01-01,0", RejectCode.INVALID_BYTES, None, "not UTF-8"),
    Record(b"18,\xc0\xaf\xed\xa0\x80,1,a,,2013-01-01,0", RejectCode.INVALID_BYTES, None, "not UTF-8"),
    Record(b"19,a\0b,1,a,,2013-01-01,0", RejectCode.NUL_BYTE, None, "NUL"),
    Record(b"x20,ab,1,a,,2013-01-01,0", RejectCode.TYPE_MISMATCH, "id", '"id": "x20" is not an integer'),
    Record(b"21.0,ab,1,a,,2013-01-01,0", RejectCode.TYPE_MISMATCH, "id", '"21.0"'),
    Record(b" 22,ab,1,a,,2013-01-01,0", RejectCode.TYPE_MISMATCH, "id", '" 22"'),
    Record(b"23,ab,1,a,,2013-02-30,0", RejectCode.TYPE_MISMATCH, "day", '"2013-02-30"'),
    Record(b"24,ab,1,a,,2013-01-01,NaN", RejectCode.TYPE_MISMATCH, "price", '"NaN"'),
    Record(b"25,ab,1,a,{,2013-01-01,0", RejectCode.TYPE_MISMATCH, "more", "is not a JSON object"),
    Record(b"26,ab,1,a,[],2013-01-01,0", RejectCode.TYPE_MISMATCH, "more", "is not a JSON object"),
    Record(b"9223372036854775808,ab,1,a,,2013-01-01,0", RejectCode.OUT_OF_RANGE, "id", "bigint"),
    Record(b"28,ab,32768,a,,2013-01-01,0", RejectCode.OUT_OF_RANGE, "level", "smallint"),
    Record(b"29,ab,1,a,,2013-01-01,1.005", RejectCode.OUT_OF_RANGE, "price", "numeric(6,2) without rounding"),
    Record(b"30,ab,1,a,,2013-01-01,10000", RejectCode.OUT_OF_RANGE, "price", "numeric(6,2)"),
    Record(b",ab,1,a,,2013-01-01,0", RejectCode.REQUIRED, "id", '"id": the value is missing, and required'),
    Record(b'"",ab,1,a,,2013-01-01,0', RejectCode.REQUIRED, "id", "required"),
    Record(b"33,a,1,a,,2013-01-01,0", RejectCode.MIN_LENGTH, "code", "2 characters (minLength)"),
    Record("34,ééééé,1,a,,2013-01-01,0".encode(), RejectCode.MAX_LENGTH, "code", "4 characters (maxLength)"),
    Record(b"35,ab,-1,a,,2013-01-01,0", RejectCode.MINIMUM, "level", "the minimum, 0"),
    Record(b"36,ab,10,a,,2013-01-01,0", RejectCode.MAXIMUM, "level", "the maximum, 9"),
    Record(b"37,AB,1,a,,2013-01-01,0", RejectCode.PATTERN, "code", "the pattern [a-z"),
    Record(b'38,"a\nb",1,a,,2013-01-01,0', RejectCode.PATTERN, "code", "the pattern"),
    Record(b"39,ab,1,c,,2013-01-01,0", RejectCode.ENUM, "kind", "is not one of a, b"),
    Record(b"40,ab,1,a,{},2013-01-01,0", RejectCode.JSON_SCHEMA, "more", "JSON Schema"),
    Record(b"41,AB,99,z,,never,x", RejectCode.PATTERN, "code", '"code": "AB"'),
    Record(b'42,"a\r\nb",ten,a,,2013-01-01,0', RejectCode.PATTERN, "code", "the pattern"),
]
BLANK = Record(b"")
MIXED = [
    record
    for bad in BAD
    for record in (GOOD[0], BLANK, bad, GOOD[3], Record(b'7,"a\nb",,,,,', RejectCode.PATTERN, "code"))
]


def _file(records: list[Record], line_end: bytes = b"\n") -> bytes:
    return HEADER + b"".join(record.raw + line_end for record in records)


def _places(records: list[Record]) -> list[Place]:
    """Where the bad ones of these records stand in their file."""
    places, line = [], 2
    for record in records:
        if record.code:
            places.append(Place(outcome.key(), line, record.column, record.code, record.raw))
        line += 1 + record.raw.count(b"\n")
    return places


def test_the_table_has_a_record_for_every_code_that_plain_delimited_text_can_have() -> None:
    assert {record.code for record in BAD} == set(RejectCode) - {
        RejectCode.STRAY_LINE_FEED,
        RejectCode.STRAY_ESCAPE,
        RejectCode.INVALID_JSON,
        RejectCode.UNKNOWN_FIELD,
    }


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("block_bytes", [1, 150, 1 << 20])
async def test_every_bad_record_is_kept_with_its_place_and_bytes_however_blocks_are_cut(
    table: Importer, block_bytes: int, line_end: bytes
) -> None:
    records = MIXED + GOOD
    await table.apply(FIELDS, load=CONTINUE)
    whole, table.io = table.io, msgspec.structs.replace(table.io, block_bytes=block_bytes)
    run = await table.deliver(DAY, _file(records, line_end))
    table.io = whole
    await outcome.assert_published(table, run)
    assert await outcome.quarantined(table, run) == _places(records)
    ids = [int(record.raw[:1]) for record in MIXED if record.raw and not record.code] + [1, 2, 3, 4]
    assert [row[0] for row in (await outcome.readable(table)).rows] == ids
    [item] = await outcome.counted(table, run)
    rejected = len(BAD) * 2
    assert (item.records_read, item.rows_loaded, item.rows_quarantined, item.blank_lines) == (
        len(ids) + rejected,
        len(ids),
        rejected,
        len(BAD),
    )


async def test_every_rejected_record_says_which_value_breaks_which_rule(table: Importer) -> None:
    await table.apply(FIELDS, load=CONTINUE)
    run = await table.deliver(DAY, _file(BAD))
    for record, message in zip(BAD, await outcome.messages(table, run), strict=True):
        assert record.says in message


async def test_the_records_beside_bad_ones_are_loaded_with_exactly_their_values(table: Importer) -> None:
    await table.apply(FIELDS, load=CONTINUE)
    await table.deliver(DAY, _file(GOOD))
    alone = (await outcome.readable(table)).rows
    assert len(alone) == len(GOOD)
    await table.deliver(DAY, _file([record for good in GOOD for record in (*BAD, good)]))
    assert (await outcome.readable(table)).rows == alone


@pytest.mark.parametrize("bad", BAD, ids=[f"{n}-{record.code}" for n, record in enumerate(BAD)])
async def test_without_tolerance_the_first_bad_record_ends_the_run_and_is_named(
    table: Importer, bad: Record
) -> None:
    await table.apply(FIELDS)
    await table.deliver(DAY, _file(GOOD))
    before = await outcome.readable(table)
    run = await table.deliver(DAY, _file([GOOD[0], BLANK, bad, BAD[0], GOOD[1]]))
    assert bad.code
    await outcome.assert_failed(
        table, run, "record_rejected", f"{outcome.key()} line 4", f"({bad.code})", bad.says
    )
    assert await outcome.quarantined(table, run) == [Place(outcome.key(), 4, bad.column, bad.code, bad.raw)]
    assert await outcome.readable(table) == before


WIDE = [{"name": f"c{number}", "type": "integer" if number < 7 else "date"} for number in range(8)]


async def test_five_defects_far_apart_in_100_000_records_cost_five_records(imports: Importer) -> None:
    lines = [b"%d,2,3,4,5,6,7,2013-01-31" % number for number in range(1, 100_001)]
    defects = {
        10: (b"10,2,3,4,five,6,7,2013-01-31", "c4", "type_mismatch"),
        25_000: (b"25000,2", None, "field_count"),
        50_000: (b"50000,2,3,4,5,6,7,2013-01-31,9", None, "field_count"),
        77_777: (b"77777,2,3,\x004,5,6,7,2013-01-31", None, "nul_byte"),
        100_000: (b"100000,2,3,4,5,6,7,2013-02-31", "c7", "type_mismatch"),
    }
    for number, (raw, _, _) in defects.items():
        lines[number - 1] = raw
    header = ",".join(str(field["name"]) for field in WIDE).encode()
    await imports.apply(WIDE, load=CONTINUE)
    run = await imports.deliver(DAY, b"\n".join([header, *lines]))
    await outcome.assert_published(imports, run)
    assert await outcome.quarantined(imports, run) == [
        Place(outcome.key(), number + 1, column, code, raw) for number, (raw, column, code) in defects.items()
    ]
    exact = "c1 = 2 AND c2 = 3 AND c3 = 4 AND c4 = 5 AND c5 = 6 AND c6 = 7 AND c7 = '2013-01-31'"
    tale = f"SELECT count(*), count(*) FILTER (WHERE {exact}), count(DISTINCT c0), sum(c0) FROM data.things"
    kept = set(range(1, 100_001)) - defects.keys()
    assert await imports.rows(tale) == [(99_995, 99_995, 99_995, sum(kept))]
    [item] = await outcome.counted(imports, run)
    assert (item.records_read, item.rows_loaded, item.rows_quarantined) == (100_000, 99_995, 5)


async def test_rejects_of_several_objects_are_kept_apart(imports: Importer) -> None:
    await imports.apply([{"name": "n", "type": "integer"}], load=CONTINUE)
    run = await imports.deliver_files(DAY, {"a.csv": b"n\n1\nx\n", "b.csv": b"n\ny\n2\n"})
    await outcome.assert_published(imports, run)
    assert await outcome.quarantined(imports, run) == [
        Place(outcome.key("a.csv"), 3, "n", "type_mismatch", b"x"),
        Place(outcome.key("b.csv"), 2, "n", "type_mismatch", b"y"),
    ]
    counted = await outcome.counted(imports, run)
    assert [(c.records_read, c.rows_loaded, c.rows_quarantined) for c in counted] == [(2, 1, 1), (2, 1, 1)]


class Budget(NamedTuple):
    """How many of 1,000 records are bad, and what the contract says about it when they are too many."""

    load: dict[str, Any]
    bad: int
    says: str | None = None


BUDGETS = [
    Budget({"maxErrors": 0}, 0),
    Budget({"maxErrors": 0}, 1, "1 record rejected, load.maxErrors allows 0"),
    Budget({"maxErrors": 3}, 3),
    Budget({"maxErrors": 3}, 4, "load.maxErrors allows 3"),
    Budget({"maxErrorPercent": 0}, 0),
    Budget({"maxErrorPercent": 0}, 1, "1 of 1000 records rejected, load.maxErrorPercent allows 0 %"),
    Budget({"maxErrorPercent": 0.5}, 5),
    Budget({"maxErrorPercent": 0.5}, 6, "6 of 1000 records rejected, load.maxErrorPercent allows 0.5 %"),
    Budget({"maxErrorPercent": 32.3}, 323),  # 32.3 * 1000 is less than 32300 in binary fractions
    Budget({"maxErrorPercent": 100}, 1000),
    Budget({"maxErrors": 10, "maxErrorPercent": 0.5}, 5),
    Budget({"maxErrors": 10, "maxErrorPercent": 0.5}, 6, "load.maxErrorPercent"),
    Budget({"maxErrors": 3, "maxErrorPercent": 50}, 4, "load.maxErrors allows 3"),
]


@pytest.mark.parametrize("case", BUDGETS, ids=[f"{'-'.join(c.load)}-{n}" for n, c in enumerate(BUDGETS)])
async def test_a_budget_is_kept_up_to_its_last_record_and_no_further(table: Importer, case: Budget) -> None:
    await table.apply([{"name": "n", "type": "integer"}])
    await table.deliver(DAY, b"n\n7\n")
    before = await outcome.readable(table)
    await table.apply([{"name": "n", "type": "integer"}], load={"onError": "CONTINUE", **case.load})
    run = await table.deliver(DAY, b"n\n" + b"bad\n" * case.bad + b"1\n" * (1000 - case.bad))
    if case.says is None:
        await outcome.assert_published(table, run)
        assert (await outcome.readable(table)).rows == [(1,)] * (1000 - case.bad)
    else:
        first = f'{outcome.key()} line 2: "n": "bad" is not an integer'
        await outcome.assert_failed(table, run, "too_many_errors", case.says, f"the first is {first}")
        assert await outcome.readable(table) == before
    found = await outcome.quarantined(table, run)
    assert [place.line for place in found] == list(range(2, 2 + case.bad))


async def test_a_hopeless_file_is_given_up_before_its_end(table: Importer) -> None:
    await table.apply([{"name": "n", "type": "integer"}], load={"onError": "CONTINUE", "maxErrorPercent": 1})
    padded = b"bad" + b" " * 1000 + b"\n"
    run = await table.deliver(DAY, b"n\n" + padded * 50_000)
    assert run.error_code == "too_many_errors"
    assert re.search(r"(\d+) of \1 records rejected in the first \d+%", run.error_message or "")
    assert run.bytes_done < run.bytes_total / 2


async def test_a_budget_is_of_the_delivery_and_not_of_each_object(imports: Importer) -> None:
    await imports.apply([{"name": "n", "type": "integer"}], load={"onError": "CONTINUE", "maxErrors": 1})
    run = await imports.deliver_files(DAY, {"a.csv": b"n\nx\n1\n", "b.csv": b"n\ny\n2\n"})
    await outcome.assert_failed(
        imports, run, "too_many_errors", "2 records", f"the first is {outcome.key('a.csv')} line 2"
    )


async def test_a_broken_end_refuses_the_file_whatever_the_budget_allows(imports: Importer) -> None:
    await imports.apply([{"name": "n", "type": "integer"}], load=CONTINUE)
    run = await imports.deliver(DAY, b'n\n1\nx\n"2\n')
    await outcome.assert_failed(imports, run, "quote_unterminated", f"{outcome.key()} line 4")


async def test_a_run_that_is_told_in_its_report_how_many_records_were_rejected(imports: Importer) -> None:
    await imports.apply([{"name": "n", "type": "integer"}], load=CONTINUE)
    run = await imports.deliver(DAY, b"n\n1\nx\n2\n")
    report = await runs.report(imports.db, run.id)
    assert report is not None
    assert (report["recordsRead"], report["rowsLoaded"], report["rowsQuarantined"]) == (3, 2, 1)


@pytest.mark.parametrize("name", ["ü b.csv", "a+b%20c.csv", 'it\'s "it".csv', "a&b=c#d?.csv", "日本/x.csv"])
async def test_the_object_is_named_as_the_bucket_names_it(table: Importer, name: str) -> None:
    await table.apply([{"name": "n", "type": "integer"}], load=CONTINUE)
    run = await table.deliver(DAY, b"n\n1\nx\n", name)
    assert await outcome.quarantined(table, run) == [Place(outcome.key(name), 3, "n", "type_mismatch", b"x")]


async def test_a_rejected_record_of_any_length_is_kept_whole(imports: Importer) -> None:
    await imports.apply([{"name": "n", "type": "integer"}], load=CONTINUE)
    raw = b"x" * 1_000_000
    run = await imports.deliver(DAY, b"n\n1\n" + raw + b"\n2\n")
    [place] = await outcome.quarantined(imports, run)
    assert (place.line, place.raw) == (3, raw)
    [message] = await outcome.messages(imports, run)
    assert len(message) < 200


async def test_a_frozen_type_refuses_the_delivery_for_its_first_mismatch_only(imports: Importer) -> None:
    fields = [{"name": "id", "type": "integer", "constraints": {"minimum": 0}}]
    budget = {"onError": "CONTINUE", "maxErrors": 9}
    await imports.apply(fields, load=budget, evolution={"typeMismatch": "freeze"})
    await outcome.assert_published(imports, await imports.deliver(DAY, "id\n1\n-1\n"))
    run = await imports.deliver(DAY, "id\n1\nx\n")
    await outcome.assert_failed(imports, run, "record_rejected", 'line 3: "id": "x" is not an integer')
