import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec
import pytest
from msgspec import Struct, structs

from shared.domain import document, shape, unsupported
from shared.domain.dataset import Dataset

ROOT = Path(__file__).parents[3]
REFERENCE = (ROOT / "docs/reference/dataset.md").read_text()
EXAMPLES = sorted((ROOT / "datasets").glob("*.yaml"))


def _structs_in(hint: object) -> Iterator[tuple[type[Struct], str]]:
    """The Structs that a key holds, and how a path goes on into them."""
    if isinstance(hint, type) and issubclass(hint, Struct):
        yield hint, ""
    elif get_origin(hint) in (Union, UnionType, Annotated, list):
        for inner in get_args(hint):
            for struct, way in _structs_in(inner):
                yield struct, f"[]{way}" if get_origin(hint) is list else way


def _keys(struct: type[Struct], path: str = "") -> Iterator[tuple[str, str]]:
    """Every key with its default as the reference writes it; a mapping with a default is only its keys."""
    hints = shape.hints(struct)
    for field in structs.fields(struct):
        key = path + field.encode_name
        inner = list(_structs_in(hints[field.encode_name]))
        if not inner or get_origin(_bare(hints[field.encode_name])) is list or field.default is None:
            yield key, _default(field)
        for nested, way in inner:
            yield from _keys(nested, f"{key}{way}.")


def _bare(hint: object) -> object:
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint


def _default(field: structs.FieldInfo) -> str:
    if field.required:
        return "required"
    value: Any = field.default
    if field.default_factory is not msgspec.NODEFAULT:
        value = field.default_factory()
    return "–" if value is None else f"`{json.dumps(value)}`"


def test_the_reference_has_every_key_with_its_default_and_no_other() -> None:
    described = re.findall(r"^\| `([^`]+)` \| ([^|]+) \| [^|]+ \|$", REFERENCE, re.M)
    assert dict(described) == dict(_keys(Dataset))
    assert len(described) == len(dict(described))


def test_the_reference_lists_every_key_and_value_that_is_not_supported_yet() -> None:
    _, _, listed = REFERENCE.partition("## Not supported yet")
    keys, _, values = listed.partition("| key | values |")
    assert set(re.findall(r"`([^`]+)`", keys)) == unsupported.KEYS
    rows = {row[0]: set(row[1:]) for line in values.splitlines() if (row := re.findall(r"`([^`]+)`", line))}
    assert {key: set(refused) for key, refused in unsupported.VALUES.items()} == rows


def test_no_supported_key_is_refused() -> None:
    assert not {key for key, _ in _keys(Dataset)} & unsupported.KEYS


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_is_valid_for_loadstone_and_for_editors(path: Path) -> None:
    jsonschema_rs = pytest.importorskip("jsonschema_rs")
    dataset = document.parse(path.read_bytes(), source=path.name, base=path.parent)
    assert path.name == f"{dataset.name}.dataset.yaml"
    assert jsonschema_rs.is_valid(document.json_schema(), document.dump(dataset))


def test_there_is_an_example_for_each_file_of_the_flights() -> None:
    assert {path.name.partition(".")[0] for path in EXAMPLES} >= {
        "airlines",
        "airports",
        "flights",
        "planes",
        "weather",
    }
