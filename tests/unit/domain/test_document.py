import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from shared.domain import document
from shared.domain.dataset import Dataset
from shared.errors import DatasetInvalid
from tests.unit.domain.documents import NOON, SMALLEST, dataset, documents, edited, problems


def test_yaml_and_json_declare_the_same_dataset() -> None:
    assert document.parse(yaml.safe_dump(dict(SMALLEST))) == document.parse(json.dumps(SMALLEST).encode())


@given(documents)
def test_a_dumped_dataset_is_read_as_the_same_dataset(content: dict[str, Any]) -> None:
    read = document.parse(json.dumps(content))
    again = document.parse(json.dumps(document.dump(read)))
    assert again == read
    assert document.digest(again) == document.digest(read)


@given(documents)
def test_every_valid_document_satisfies_the_schema_for_editors(content: dict[str, Any]) -> None:
    jsonschema_rs = pytest.importorskip("jsonschema_rs")
    document.parse(json.dumps(content))
    assert list(jsonschema_rs.validator_for(document.json_schema()).iter_errors(content)) == []


def test_the_schema_for_editors_refuses_an_unknown_key() -> None:
    jsonschema_rs = pytest.importorskip("jsonschema_rs")
    assert not jsonschema_rs.is_valid(document.json_schema(), edited({"sauce": 1}))


def _paths(value: object, path: str = "") -> Iterator[str]:
    """Every dotted path of a document."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield f"{path}{key}"
        yield from _paths(inner, f"{path}{key}.")


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=3)
    | st.sampled_from(["a.json", "1s"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@given(documents, st.data(), anything)
def test_whatever_stands_at_a_key_is_either_valid_or_a_mistake(
    content: dict[str, Any], data: st.DataObject, value: object
) -> None:
    *steps, last = data.draw(st.sampled_from(list(_paths(content)))).split(".")
    holder: Any = content
    for step in steps:
        holder = holder[int(step) if isinstance(holder, list) else step]
    holder[int(last) if isinstance(holder, list) else last] = value
    try:
        found = document.parse(json.dumps(content))
    except DatasetInvalid as refused:
        found = None
        told = len(refused.problems)
    assert isinstance(found, Dataset) or told


def test_a_dump_leaves_defaults_out() -> None:
    spelled_out = {
        "status": "active",
        "retention.versions": 7,
        "schema.missingValues": [""],
        "schedule": None,
    }
    assert document.dump(dataset(spelled_out)) == document.dump(dataset())
    assert document.dump(dataset()) == {
        **SMALLEST,
        "schema": {"fields": [{"name": "id", "type": "integer"}, {"name": "note"}]},
    }


@pytest.mark.parametrize(
    ("path", "value"),
    [("title", "Other"), ("schema.fields.1.name", "remark"), ("load.target.table", "other"), ("tags", ["a"])],
)
def test_the_digest_tells_every_change(path: str, value: object) -> None:
    assert document.digest(dataset({path: value})) != document.digest(dataset())


def test_every_mistake_is_reported_at_once_with_path_and_line() -> None:
    text = yaml.safe_dump(edited({"kind": "Datset", "retention.versions": 1, "schedule": {"cron": "0 6"}}))
    text = text.replace("bucket: landing", "bucket:\n  bukket: landing")
    with pytest.raises(DatasetInvalid) as caught:
        document.parse(text, source="flights.dataset.yaml")
    lines = text.splitlines()

    def line(content: str) -> str:
        return f"(line {lines.index(content) + 1})"

    assert caught.value.message == "flights.dataset.yaml has 5 mistakes"
    assert set(caught.value.problems) == {
        f"kind: 'Datset' found, Dataset expected; did you mean `Dataset`? {line('kind: Datset')}",
        f"source.bucket: nothing found, text that is not empty expected {line('  bucket:')}",
        f"source.bukket: unknown key; did you mean `bucket`? {line('  bukket: landing')}",
        f"retention.versions: 1 found, a whole number of at least 2 expected {line('  versions: 1')}",
        "schedule.cron: '0 6' found: 2 fields found, 5 expected: "
        f"minute, hour, day of month, month, day of week {line('  cron: 0 6')}",
    }


ANY_STATUS = "active, deprecated, draft, proposed, retired"
ANY_NAME = "a name of at most 48 small letters, digits and underscores, a letter first"
ANY_TYPE = (
    "any, array, boolean, date, datetime, duration, geojson, geopoint, integer, list, number, object, "
    "string, time, year, yearmonth"
)


@pytest.mark.parametrize(
    ("path", "value", "text"),
    [
        ("status", None, f"nothing found, one of {ANY_STATUS} expected"),
        ("owner", None, "nothing found, a mapping expected"),
        ("owner", ["me"], "a list of 1 found, a mapping expected"),
        ("tags", "a", "'a' found, a list expected"),
        ("name", "Flights", f"'Flights' found, {ANY_NAME} expected"),
        ("schema.fields", [], "an empty list found, a list of at least 1 expected"),
        ("schema.primary_key", ["id"], "unknown key; did you mean `primaryKey`?"),
        ("load.on_error", "CONTINUE", "unknown key; did you mean `onError`?"),
        (
            "load.nonsense",
            1,
            "unknown key; known are target, mode, partitionBy, deleteMarker, lineage, onError, maxErrors, "
            "maxErrorPercent, indexes, analyze",
        ),
        ("schedule.cron", 6, "6 found, text that is not empty expected; write it in quotes"),
        ("limits.timeout", "2 h", "'2 h' found, a duration such as 30s, 15m or 2h expected"),
        ("limits.maxFileBytes", "20GB", "'20GB' found, a size such as 4MiB or 20GiB expected"),
        ("limits.retries", 21, "21 found, a whole number from 1 to 20 expected"),
        ("limits.retries", True, "true found, a whole number from 1 to 20 expected"),
        ("format.dialect.delimiter", "||", "'||' found, one character expected"),
        ("format.dialect.header", "yes", "'yes' found, true or false expected"),
    ],
)
def test_a_value_of_the_wrong_shape_is_told_with_what_is_expected(
    path: str, value: object, text: str
) -> None:
    assert f"{path}: {text}" in problems({path: value})


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        ("tags", [1], "tags[0]: 1 found, text expected; write it in quotes"),
        ("schema.missingValues", ["", None], "schema.missingValues[1]: nothing found, text expected"),
        (
            "schema.fields.0.type",
            "intger",
            f"schema.fields[0].type: 'intger' found, one of {ANY_TYPE} expected; did you mean `integer`?",
        ),
        (
            "schema.fields.0.constraints.maxlength",
            2,
            "schema.fields[0].constraints.maxlength: unknown key; did you mean `maxLength`?",
        ),
    ],
)
def test_the_path_counts_the_items_of_lists_from_zero(path: str, value: object, problem: str) -> None:
    assert problem in problems({path: value})


@pytest.mark.parametrize(
    ("changes", "at"),
    [
        ({"source.key": "a/{date}/*.csv"}, "source.key"),
        ({"source.key": "a/{businessDate:%H}.csv"}, "source.key"),
        ({"source.key": "a/**/b.csv"}, "source.key"),
        ({"source.key": "a/{businessDate.csv"}, "source.key"),
        ({"source.key": "/a.csv"}, "source.key"),
        ({"source.files": {"min": 3, "max": 2}}, "source.files.min"),
        ({"source.complete.marker": "done/*"}, "source.complete.marker"),
        ({"source.complete.marker": ""}, "source.complete.marker"),
        ({"source.onReupload": "merge"}, "source.onReupload"),
        ({"source.triggers": []}, "source.triggers"),
        ({"source.triggers": ["manual", "manual"]}, "source.triggers"),
        ({"source.triggers": ["schedule"]}, "source.triggers"),
        ({"source.afterLoad": {"action": "move"}}, "source.afterLoad.to"),
        ({"source.afterLoad": {"action": "move", "to": "archive"}}, "source.afterLoad.to"),
        ({"source.afterLoad": {"action": "move", "to": "/archive/"}}, "source.afterLoad.to"),
        ({"source.afterLoad": {"action": "move", "to": ""}}, "source.afterLoad.to"),
        ({"source.afterLoad": {"action": "delete", "to": "archive/"}}, "source.afterLoad.to"),
        ({"source.afterLoad": {"to": "archive/"}}, "source.afterLoad.to"),
        ({"source.afterLoad": {"action": "tag"}}, "source.afterLoad.tag"),
        ({"source.afterLoad": {"action": "keep", "tag": {"a": "b"}}}, "source.afterLoad.tag"),
        ({"source.afterLoad": {"action": "tag", "tag": {"a": "b" * 257}}}, "source.afterLoad.tag.a"),
        (
            {"source.afterLoad": {"action": "tag", "tag": {str(n): "" for n in range(11)}}},
            "source.afterLoad.tag",
        ),
        ({"format.dialect": {"delimiter": "'", "quoteChar": "'"}}, "format.dialect.quoteChar"),
        ({"format.dialect": {"escapeChar": ","}}, "format.dialect.escapeChar"),
        ({"format.dialect": {"commentChar": '"'}}, "format.dialect.commentChar"),
        ({"format.dialect": {"delimiter": " ", "skipInitialSpace": True}}, "format.dialect.delimiter"),
        ({"format.dialect": {"escapeChar": "!"}}, "format.dialect.doubleQuote"),
        ({"format.dialect": {"lineTerminator": "|"}}, "format.dialect.lineTerminator"),
        ({"format.dialect": {"nullSequence": "a,b"}}, "format.dialect.nullSequence"),
        ({"format.dialect": {"headerRows": []}}, "format.dialect.headerRows"),
        ({"format.dialect": {"headerRows": [2, 1]}}, "format.dialect.headerRows"),
        ({"format.dialect": {"headerRows": [1], "header": False}}, "format.dialect.headerRows"),
        ({"format.dialect": {"headerRows": [1, 2], "commentRows": [2]}}, "format.dialect.commentRows"),
        ({"format.dialect.header": False, "schema.fieldsMatch": "equal"}, "schema.fieldsMatch"),
        ({"format.dialect.delimiter": "\n"}, "format.dialect.delimiter"),
        ({"format.dialect.quoteChar": "»"}, "format.dialect.quoteChar"),
        ({"schema.fields.1.name": "id"}, "schema.fields[1].name"),
        ({"schema.fields.1.name": "xmin"}, "schema.fields[1].name"),
        ({"schema.fields.1.name": "ä" * 40}, "schema.fields[1].name"),
        ({"schema.primaryKey": ["id", "key"]}, "schema.primaryKey[1]"),
        ({"schema.primaryKey": ["id", "id"]}, "schema.primaryKey[1]"),
        ({"schema.uniqueKeys": [["note"], ["ID"]]}, "schema.uniqueKeys[1][0]"),
        ({"load.indexes": [{"columns": ["nothing"]}]}, "load.indexes[0].columns[0]"),
        ({"load.indexes": [{"columns": ["id", "note"], "method": "hash"}]}, "load.indexes[0].method"),
        ({"load.indexes": [{"columns": ["note"], "method": "gin"}]}, "load.indexes[0].method"),
        ({"load.onError": "CONTINUE"}, "load.onError"),
        ({"load.maxErrors": 0}, "load.onError"),
        ({"load.target.schema": "loadstone_versions"}, "load.target.schema"),
        ({"load.target.schema": "pg_catalog"}, "load.target.schema"),
        ({"load.target.schema": "information_schema"}, "load.target.schema"),
        ({"quality": [{"id": "a", "metric": "rowCount"}]}, "quality[0]"),
        ({"quality": [{"id": "a", "metric": "rowCount", "mustBe": 1, "mustNotBe": 2}]}, "quality[0]"),
        ({"quality": [{"id": "a", "metric": "rowCount", "mustBeBetween": [2, 1]}]}, "quality[0]"),
        ({"quality": [{"id": "a", "metric": "rowCount", "mustBe": 1}] * 2}, "quality[1].id"),
        ({"schedule": {**NOON, "cron": "61 * * * *"}}, "schedule.cron"),
        ({"schedule": {**NOON, "cron": "0 0 12 * * *"}}, "schedule.cron"),
        ({"schedule": {**NOON, "cron": "0 0 31 2 *"}}, "schedule.cron"),
        ({"schedule": {**NOON, "timezone": "Europe/Atlantis"}}, "schedule.timezone"),
        ({"schedule": {**NOON, "timezone": "../UTC"}}, "schedule.timezone"),
        ({"schedule": {**NOON, "timezone": "Europe"}}, "schedule.timezone"),
        ({"schedule": {**NOON, "start": "2013-02-01", "end": "2013-01-31"}}, "schedule.start"),
        ({"schedule": {**NOON, "end": "9999-12-31"}}, "schedule.end"),
        ({"sla": [{"property": "timeOfAvailability", "value": "07:30"}]}, "sla"),
        ({"limits.timeout": "0s"}, "limits.timeout"),
        ({"limits": {"maxFileBytes": "1KiB", "maxRowBytes": "1MiB"}}, "limits.maxRowBytes"),
        ({"publish": {"gate": "always", "holdFor": "0s"}}, "publish.holdFor"),
        ({"publish": {"releaseGroup": "retail", "holdFor": "0h"}}, "publish.holdFor"),
        ({"limits.concurrency": 2}, "limits.concurrency"),
        ({"retention": {"quarantineDays": 30, "historyDays": 29}}, "retention.historyDays"),
        ({"limits.backoff": {"initial": "1h", "max": "1m"}}, "limits.backoff.initial"),
    ],
)
def test_a_rule_that_is_broken_is_reported_at_its_path(changes: dict[str, object], at: str) -> None:
    assert at in [problem.split(": ")[0] for problem in problems(changes)]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            {"schema.fields.0.physicalType": "text"},
            "schema.fields[0].physicalType: 'text' found, for a field of type integer one of ",
        ),
        ({"schema.fields.0.constraints": {"enum": [1, "x"]}}, "schema.fields[0].constraints.enum[1]: "),
        (
            {"schema.fields.1.format": "phone"},
            "schema.fields[1].format: 'phone' found, one of default, email, ",
        ),
    ],
)
def test_what_is_wrong_with_a_field_by_itself_is_reported_at_its_path(
    changes: dict[str, object], problem: str
) -> None:
    (found,) = problems(changes)
    assert found.startswith(problem)


def test_whoever_parses_may_check_more_about_fields() -> None:
    with pytest.raises(DatasetInvalid) as caught:
        document.parse(json.dumps(SMALLEST), check_field=lambda field: [f"title: {field.name} needs one"])
    assert caught.value.problems == (
        "schema.fields[0].title: id needs one",
        "schema.fields[1].title: note needs one",
    )


def test_a_rule_is_checked_although_another_section_is_misshapen() -> None:
    found = problems({"schema.primaryKey": ["key"], "load.target": "nyc.flights"})
    assert len(found) == 2


def test_a_second_service_level_is_refused() -> None:
    promise = {"property": "timeOfAvailability", "value": "07:30"}
    assert problems({"schedule": NOON, "sla": [promise, promise]}) == [
        "sla[1]: timeOfAvailability found a second time"
    ]


@pytest.mark.parametrize("name", ["schema.json", "schema.yaml"])
def test_a_schema_may_stand_in_a_file_beside_the_document(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(json.dumps(SMALLEST["schema"]))
    assert document.parse(yaml.safe_dump(edited({"schema": name})), base=tmp_path) == dataset()


def test_a_dialect_may_stand_in_a_file_beside_the_document(tmp_path: Path) -> None:
    (tmp_path / "dialect.yaml").write_text("delimiter: ';'\n")
    text = yaml.safe_dump(edited({"format.dialect": "dialect.yaml"}))
    assert document.parse(text, base=tmp_path).format.dialect.delimiter == ";"


def test_a_mistake_in_an_included_file_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "schema.yaml").write_text("fields:\n  - name: id\n    typ: integer\n")
    with pytest.raises(DatasetInvalid) as caught:
        document.parse(yaml.safe_dump(edited({"schema": "schema.yaml"})), base=tmp_path)
    assert caught.value.problems == (
        "schema.fields[0].typ: unknown key; did you mean `type`? (schema.yaml line 3)",
    )


@pytest.mark.parametrize("name", ["../schema.json", "/etc/hostname", "nothing.json", "link.json", "."])
def test_a_file_outside_the_documents_folder_is_not_read(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "datasets"
    folder.mkdir()
    (tmp_path / "schema.json").write_text(json.dumps(SMALLEST["schema"]))
    (folder / "link.json").symlink_to(tmp_path / "schema.json")
    with pytest.raises(DatasetInvalid, match="has 1 mistake"):
        document.parse(yaml.safe_dump(edited({"schema": name})), base=folder)


def test_documents_without_a_folder_include_no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "schema.json").write_text(json.dumps(SMALLEST["schema"]))
    assert problems({"schema": "schema.json"}) == ["schema: 'schema.json' found, a mapping expected"]
