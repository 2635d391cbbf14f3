"""Documents and plans: found, read, and compared."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from services.cli import documents, output, plan
from services.cli.answers import Applied, Change
from shared.errors import DatasetInvalid, RequestInvalid
from tests.support.catalog import declared


def _write(folder: Path, name: str, **sections: Any) -> Path:
    path = folder / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(declared(Path(name).name, **sections)))
    return path


def test_a_folder_is_read_with_what_is_below_it(tmp_path: Path) -> None:
    _write(tmp_path, "planes")
    _write(tmp_path, "more/flights")
    (tmp_path / "README.md").write_text("not a document")
    assert [found.name for found in documents.read_all([tmp_path])] == ["flights", "planes"]


def test_a_file_that_is_named_twice_is_read_once(tmp_path: Path) -> None:
    path = _write(tmp_path, "flights")
    assert len(documents.read_all([path, tmp_path])) == 1


def test_a_schema_in_a_file_of_its_own_is_no_document_and_is_found_by_the_one_that_names_it(
    tmp_path: Path,
) -> None:
    (tmp_path / "flights.schema.json").write_text(
        json.dumps({"fields": [{"name": "tail", "type": "string"}]})
    )
    _write(tmp_path, "flights", schema="flights.schema.json")
    [dataset] = documents.read_all([tmp_path])
    assert [field.name for field in dataset.schema.fields] == ["tail"]


def test_the_mistakes_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    _write(tmp_path, "flights", limits={"timeout": "soon"})
    _write(tmp_path, "planes", colour="blue")
    with pytest.raises(DatasetInvalid) as caught:
        documents.read_all([tmp_path])
    problems = caught.value.problems
    assert len(problems) == 2
    assert problems[0].startswith(f"{tmp_path}/flights.yaml: limits.timeout: 'soon' found")
    assert problems[1].startswith(f"{tmp_path}/planes.yaml: colour: unknown key")


def test_a_pattern_that_the_worker_could_not_use_is_a_mistake_already_here(tmp_path: Path) -> None:
    fields = [{"name": "id", "type": "string", "constraints": {"pattern": "(("}}]
    _write(tmp_path, "flights", schema={"fields": fields})
    with pytest.raises(DatasetInvalid) as caught:
        documents.read_all([tmp_path])
    assert "not a regular expression of RE2" in caught.value.problems[0]


def test_two_files_may_not_declare_one_dataset(tmp_path: Path) -> None:
    _write(tmp_path, "a/flights")
    _write(tmp_path, "b/flights")
    with pytest.raises(DatasetInvalid) as caught:
        documents.read_all([tmp_path])
    assert caught.value.problems == (
        f"{tmp_path}/b/flights.yaml: another file declares the dataset flights too",
    )


def test_a_folder_without_documents_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestInvalid, match="no dataset documents in"):
        documents.read_all([tmp_path])


def _shown(*planned: Applied) -> list[str]:
    stream = io.StringIO()
    output.console(stream).print(plan.difference(planned))
    return stream.getvalue().splitlines()


def _applied(name: str, *changes: Change, created: bool = False) -> Applied:
    changed = bool(changes) or created
    return Applied(name=name, contract_version=2, changed=changed, created=created, changes=list(changes))


def test_a_plan_shows_what_is_added_changed_and_removed() -> None:
    shown = _shown(
        _applied("airlines"),
        _applied(
            "flights",
            Change(path="load.maxErrors", kind="changed", before=100, after=200),
            Change(path="title", kind="removed", before="Departures"),
            Change(path="schema.fields[tail]", kind="added", after={"name": "tail"}),
        ),
        _applied("planes", created=True),
    )
    assert shown == [
        "~ flights gets contract version 2",
        "    ~ load.maxErrors  100 → 200",
        '    - title  "Departures"',
        '    + schema.fields[tail]  {"name":"tail"}',
        "+ planes is new",
        "1 to create, 1 to change, 1 unchanged",
    ]


def test_a_plan_without_changes_is_one_line() -> None:
    assert _shown(_applied("flights")) == ["0 to create, 0 to change, 1 unchanged"]
