"""What a contract promises is kept: constraints of fields, keys of all records, rules over a whole load."""

import random
from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest

from shared.catalog import runs
from tests.integration.worker import outcome
from tests.integration.worker.outcome import DAY
from tests.support.imports import Importer

CONTINUE = {"onError": "CONTINUE", "maxErrors": 1000}


class Rule(NamedTuple):
    """A field with a constraint, the texts that it lets through, and those that it rejects with a code."""

    field: dict[str, Any]
    kept: Sequence[str]
    rejected: Sequence[str]
    code: str
    says: str


def _rule(
    type_: str, constraint: dict[str, Any], kept: Sequence[str], rejected: Sequence[str], code: str, says: str
) -> Rule:
    return Rule({"name": "value", "type": type_, "constraints": constraint}, kept, rejected, code, says)


RULES = {
    "required": _rule("string", {"required": True}, ["x", " "], [""], "required", "is missing, and required"),
    "minLength": _rule(
        "string", {"minLength": 2}, ["ab", "éé", ""], ["a", "é"], "min_length", "2 characters"
    ),
    "maxLength": _rule(
        "string", {"maxLength": 2}, ["ab", "éé", "😀😀"], ["abc", "ééé"], "max_length", "2 char"
    ),
    "items": _rule("array", {"minLength": 1}, ["[1]", ""], ["[]"], "min_length", "fewer than 1 items"),
    "pattern": _rule(
        "string", {"pattern": "a|bc"}, ["a", "bc", ""], ["abc", "a\n", "xa", "A"], "pattern", "a|bc"
    ),
    "minimum": _rule("integer", {"minimum": -5}, ["-5", "0", ""], ["-6"], "minimum", "minimum, -5"),
    "maximum": _rule(
        "number", {"maximum": "0.3"}, ["0.3", "-9", ""], ["0.300000001"], "maximum", "maximum, 0.3"
    ),
    "exclusiveMinimum": _rule(
        "number", {"exclusiveMinimum": 0}, ["0.000000001"], ["0", "-0"], "minimum", "exclusive"
    ),
    "exclusiveMaximum": _rule("integer", {"exclusiveMaximum": 7}, ["6"], ["7", "8"], "maximum", "exclusive"),
    "date": _rule(
        "date",
        {"minimum": "2013-01-01"},
        ["2013-01-01", "9999-12-31"],
        ["2012-12-31"],
        "minimum",
        "2013-01-01",
    ),
    "time": _rule(
        "time", {"maximum": "12:00:00"}, ["12:00:00", "00:00:00"], ["12:00:00.000001"], "maximum", "12:00"
    ),
    "datetime": _rule(
        "datetime",
        {"minimum": "2013-01-01T00:00:00Z"},
        ["2013-01-01T01:00:00+01:00", "2013-01-01T00:00:00"],
        ["2013-01-01T00:59:59+01:00"],
        "minimum",
        "2013-01-01T00:00:00Z",
    ),
    "enum of numbers": _rule(
        "number", {"enum": ["1.5", "2"]}, ["1.50", "2.0", "2e0", ""], ["1.51"], "enum", "1.5, 2"
    ),
    "enum of dates": _rule(
        "date", {"enum": ["2013-01-01"]}, ["2013-01-01"], ["2013-01-02"], "enum", "2013-01-01"
    ),
    "enum of strings": _rule(
        "string", {"enum": ["a", "b c"]}, ["a", "b c"], ["A", "a ", "b"], "enum", "a, b c"
    ),
    "jsonSchema": _rule(
        "object",
        {
            "jsonSchema": {
                "type": "object",
                "properties": {"n": {"minimum": 1}},
                "additionalProperties": False,
            }
        },
        ['{"n": 1}', "{}", ""],
        ['{"n": 0}', '{"m": 1}'],
        "json_schema",
        "JSON Schema",
    ),
}


@pytest.mark.parametrize("name", RULES)
async def test_a_constraint_lets_through_just_what_it_says(table: Importer, name: str) -> None:
    rule = RULES[name]
    fields = [{"name": "id", "type": "integer"}, rule.field]
    await table.apply(fields, load=CONTINUE)
    texts = [*rule.kept, *rule.rejected]
    run = await table.deliver(
        DAY, outcome.written(["id", "value"], [(str(n), text) for n, text in enumerate(texts)])
    )
    await outcome.assert_published(table, run)
    assert [row[0] for row in (await outcome.readable(table)).rows] == [*range(len(rule.kept))]
    found = await outcome.quarantined(table, run)
    assert [(place.column, place.code) for place in found] == [("value", rule.code)] * len(rule.rejected)
    assert all(rule.says in message for message in await outcome.messages(table, run))


KEY_FIELDS: list[dict[str, Any]] = [
    {"name": "id", "type": "integer"},
    {"name": "word", "type": "string"},
    {"name": "day", "type": "date"},
]


class Key(NamedTuple):
    """A contract with a key, and a file in which it is broken on two lines."""

    schema: dict[str, Any]
    body: bytes
    says: tuple[str, ...]


KEYS = {
    "primary key": Key(
        {"fields": KEY_FIELDS, "primaryKey": ["id"]},
        b"id,word,day\n1,a,\n2,b,\n1,c,\n",
        ("the same (id)", "(1) in {key} line 2", "(1) in {key} line 4"),
    ),
    "primary key of several columns": Key(
        {"fields": KEY_FIELDS, "primaryKey": ["day", "id"]},
        b'id,word,day\n1,"a\nb",2013-01-01\n\n1,b,2013-01-02\n1,b,2013-01-01\n',
        ("the same (day, id)", "(2013-01-01,1) in {key} line 2", "(2013-01-01,1) in {key} line 6"),
    ),
    "unique key": Key(
        {"fields": KEY_FIELDS, "uniqueKeys": [["id", "word"]]},
        b"id,word,day\n1,a,\n1,b,\n,a,\n,a,\n1,a,\n",
        ("the same (id, word)", "(1,a) in {key} line 2", "(1,a) in {key} line 6"),
    ),
    "unique constraint": Key(
        {"fields": [KEY_FIELDS[0], {**KEY_FIELDS[1], "constraints": {"unique": True}}, KEY_FIELDS[2]]},
        b"id,word,day\n1,,\n2,a,\n3,,\n4,A,\n5,a,\n",
        ("the same (word)", "(a) in {key} line 3", "(a) in {key} line 6"),
    ),
    "unique numbers in different writing": Key(
        {"fields": [{"name": "id", "type": "number", "constraints": {"unique": True}}, *KEY_FIELDS[1:]]},
        b"id,word,day\n1.5,,\n1.50,,\n",
        ("the same (id)", "(1.500000000) in {key} line 2", "(1.500000000) in {key} line 3"),
    ),
}


@pytest.mark.parametrize("name", KEYS)
@pytest.mark.parametrize("load", [{}, CONTINUE], ids=["without tolerance", "with a budget"])
async def test_records_that_share_a_key_refuse_the_delivery_and_both_lines_are_named(
    table: Importer, name: str, load: dict[str, Any]
) -> None:
    case = KEYS[name]
    await table.apply([], schema=case.schema, load=load)
    await outcome.assert_published(table, await table.deliver(DAY, b"id,word,day\n9,z,2013-01-01\n"))
    before = await outcome.readable(table)
    run = await table.deliver(DAY, case.body)
    says = [part.format(key=outcome.key()) for part in case.says]
    await outcome.assert_failed(table, run, "key_duplicated", *says)
    assert (run.error_message or "").count(" line ") == 2
    assert await outcome.readable(table) == before


async def test_a_key_that_comes_twice_in_two_objects_is_named_in_both(imports: Importer) -> None:
    await imports.apply(KEY_FIELDS, schema={"fields": KEY_FIELDS, "primaryKey": ["id"]}, load=CONTINUE)
    files = {
        "a.csv": b"id,word,day\n1,a,\nbad,b,\n2,c,\n",
        "b.csv": b"id,word,day\n3,a,never\n\n4,b,\n2,c,\n",
    }
    run = await imports.deliver_files(DAY, files)
    first, second = f"(2) in {outcome.key('a.csv')} line 4", f"(2) in {outcome.key('b.csv')} line 5"
    await outcome.assert_failed(imports, run, "key_duplicated", first, second)
    assert [place.line for place in await outcome.quarantined(imports, run)] == [3, 2]


async def test_no_more_than_ten_records_with_a_duplicate_key_are_named(imports: Importer) -> None:
    await imports.apply(KEY_FIELDS, schema={"fields": KEY_FIELDS, "primaryKey": ["id"]})
    run = await imports.deliver(DAY, b"id,word,day\n" + b"1,a,\n" * 5000)
    await outcome.assert_failed(imports, run, "key_duplicated", "line 2;", f"{outcome.key()} line 11")
    assert (run.error_message or "").count(" line ") == 10


async def test_a_key_is_shown_up_to_a_readable_length(imports: Importer) -> None:
    await imports.apply(KEY_FIELDS, schema={"fields": KEY_FIELDS, "uniqueKeys": [["word"]]})
    run = await imports.deliver(DAY, b"id,word,day\n" + (b"1," + b"x" * 100_000 + b",\n") * 2)
    await outcome.assert_failed(imports, run, "key_duplicated", "line 2;", "line 3")
    assert len(run.error_message or "") < 400


@pytest.mark.parametrize("part", ["schema", "load"])
async def test_a_value_that_is_too_long_for_an_index_refuses_the_delivery(table: Importer, part: str) -> None:
    keyed: dict[str, Any] = {"fields": KEY_FIELDS, "uniqueKeys": [["word"]]}
    indexed: dict[str, Any] = {"indexes": [{"columns": ["word"]}]}
    await table.apply(KEY_FIELDS, **({"schema": keyed} if part == "schema" else {"load": indexed}))
    long = random.Random(1).randbytes(4000).hex()  # can't be compressed to what an index entry holds
    run = await table.deliver(DAY, f"id,word,day\n1,{long},\n")
    await outcome.assert_failed(table, run, "target_unusable", "too long for the index on (word)")


@pytest.mark.parametrize("null", ["", "NA"])
async def test_a_primary_key_must_have_a_value_in_each_column(imports: Importer, null: str) -> None:
    schema = {"fields": KEY_FIELDS, "primaryKey": ["id", "day"], "missingValues": ["", "NA"]}
    await imports.apply(KEY_FIELDS, schema=schema, load=CONTINUE)
    run = await imports.deliver(DAY, f"id,word,day\n1,a,2013-01-01\n{null},b,2013-01-01\n1,c,{null}\n")
    await outcome.assert_published(imports, run)
    found = await outcome.quarantined(imports, run)
    assert [(place.line, place.column, place.code) for place in found] == [
        (3, "id", "required"),
        (4, "day", "required"),
    ]


RANGE = {"id": "rows", "metric": "rowCount", "mustBeBetween": [2, 3]}


async def test_a_load_with_too_few_or_too_many_rows_keeps_the_old_version(imports: Importer) -> None:
    await imports.apply([{"name": "n", "type": "integer"}], quality=[RANGE])
    await outcome.assert_published(imports, await imports.deliver(DAY, b"n\n1\n2\n"))
    before = await outcome.readable(imports)
    for count in (0, 1, 4):
        run = await imports.deliver(DAY, b"n\n" + b"1\n" * count)
        says = f"rows: {count} rows loaded, 2 to 3 expected"
        await outcome.assert_failed(imports, run, "expectation_failed", says)
        report = await runs.report(imports.db, run.id)
        assert report is not None
        assert report["rowsLoaded"] == count
        assert await outcome.readable(imports) == before
    await outcome.assert_published(imports, await imports.deliver(DAY, b"n\n1\n2\n3\n"))


async def test_rejected_records_do_not_count_as_rows(imports: Importer) -> None:
    await imports.apply([{"name": "n", "type": "integer"}], quality=[RANGE], load=CONTINUE)
    run = await imports.deliver(DAY, b"n\n1\nx\ny\n")
    await outcome.assert_failed(imports, run, "expectation_failed", "rows: 1 rows loaded, 2 to 3 expected")
    assert len(await outcome.quarantined(imports, run)) == 2


async def test_a_broken_rule_of_severity_warning_is_told_and_the_load_published(imports: Importer) -> None:
    await imports.apply([{"name": "n", "type": "integer"}], quality=[{**RANGE, "severity": "warning"}])
    run = await imports.deliver(DAY, b"n\n1\n")
    await outcome.assert_published(imports, run)
    report = await runs.report(imports.db, run.id)
    assert report is not None
    [finding] = report["findings"]
    assert (finding["id"], finding["severity"]) == ("rows", "warning")
    assert (finding["found"], finding["expected"]) == (1, "2 to 3")
    assert finding["message"] == "rows: 1 rows loaded, 2 to 3 expected"


async def test_broken_rules_are_all_told_in_the_report_of_a_failed_run_too(imports: Importer) -> None:
    rules = [
        {**RANGE, "severity": "warning"},
        {"id": "some", "metric": "rowCount", "mustBeGreaterThan": 0},
        {"id": "more", "metric": "rowCount", "mustBeGreaterThan": 9},
    ]
    await imports.apply([{"name": "n", "type": "integer"}], quality=rules)
    run = await imports.deliver(DAY, b"n\n")
    await outcome.assert_failed(imports, run, "expectation_failed", "some: 0 rows", "more: 0 rows")
    report = await runs.report(imports.db, run.id)
    assert report is not None
    assert [finding["id"] for finding in report["findings"]] == ["rows", "some", "more"]
