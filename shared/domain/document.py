"""Dataset documents: from text to `Dataset` with every mistake at once, and back to their shortest form."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any

import msgspec
from msgspec import Struct, structs

from shared.domain import fieldtypes, markup, rules, shape
from shared.domain.dataset import Dataset
from shared.domain.markup import Markup, Mistake, Path
from shared.domain.rules import FieldCheck
from shared.errors import DatasetInvalid

# Both standards let these stand in a file of their own.
_MAY_BE_FILES: tuple[Path, ...] = (("schema",), ("format", "dialect"))
_MAX_FILE_BYTES = 1_000_000


def parse(
    text: str | bytes,
    *,
    source: str = "<document>",
    base: FilePath | None = None,
    check_field: FieldCheck = fieldtypes.problems,
) -> Dataset:
    """The dataset that a YAML or JSON document declares, or DatasetInvalid with all of its mistakes.

    `source` names the document in the message. `schema` and `format.dialect` may be paths to files below
    `base`; without one, as for documents from the network, they may not. `check_field` says what is wrong
    with a field; `shared.files.convert.check_field` tries its pattern and its JSON Schema too.
    """
    read = markup.read(text)
    if base is not None and isinstance(read.value, dict):
        _include_files(read, base)
    mistakes = list(read.mistakes)
    if read.value is not None or not mistakes:
        known = {mistake.path for mistake in mistakes}
        mistakes += [mistake for mistake in _mistakes(read.value, check_field) if mistake.path not in known]
    if mistakes:
        raise _invalid(source, read, mistakes)
    return msgspec.convert(read.value, Dataset)


def dump(dataset: Dataset) -> dict[str, Any]:
    """The shortest document that declares this dataset, defaults left out; JSON encodes it."""
    return _shortened(dataset)


def digest(dataset: Dataset) -> str:
    """The identity of a contract: SHA-256 over its shortest document; layout does not count."""
    return hashlib.sha256(msgspec.json.encode(dump(dataset), order="sorted")).hexdigest()


def json_schema() -> dict[str, Any]:
    """A JSON Schema (draft 2020-12) of dataset documents, for editors."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(Dataset)}


def _mistakes(value: object, check_field: FieldCheck) -> Iterator[Mistake]:
    """What is wrong with the shape, and with the sense of every section whose shape is right."""
    misshapen = list(shape.mistakes(value, Dataset))
    yield from misshapen
    if isinstance(value, dict):
        yield from rules.broken(_sections(value, {mistake.path[0] for mistake in misshapen}), check_field)


def _sections(value: Mapping[str, Any], misshapen: set[str | int]) -> dict[str, Any]:
    sections: dict[str, Any] = {}
    for field in structs.fields(Dataset):
        key = field.encode_name
        if key in value and key not in misshapen:
            sections[key] = msgspec.convert(value[key], shape.hints(Dataset)[key])
        elif key not in value and not field.required:
            sections[key] = _default(field)
    return sections


def _include_files(read: Markup, base: FilePath) -> None:
    """Put the content of the files that a document names in place of their names."""
    for path in _MAY_BE_FILES:
        holder = read.value
        for step in path[:-1]:
            holder = holder.get(step) if isinstance(holder, dict) else None
        name = holder.get(path[-1]) if isinstance(holder, dict) else None
        if not isinstance(holder, dict) or not isinstance(name, str):
            continue
        file = (base / name).resolve()
        if (
            not file.is_relative_to(base.resolve())
            or not file.is_file()
            or file.stat().st_size > _MAX_FILE_BYTES
        ):
            text = f"{name!r} found, a mapping or a file in the document's folder expected"
            read.mistakes.append(Mistake(path=path, text=text))
            continue
        included = markup.read(file.read_bytes())
        holder[path[-1]] = included.value
        read.places |= {(*path, *inner): f"{name} {place}" for inner, place in included.places.items()}
        read.mistakes += [Mistake(path=(*path, *found.path), text=found.text) for found in included.mistakes]


def _invalid(source: str, read: Markup, mistakes: list[Mistake]) -> DatasetInvalid:
    problems = [f"{markup.spell(found.path)}: {found.text}{_place(read, found.path)}" for found in mistakes]
    count = "1 mistake" if len(problems) == 1 else f"{len(problems)} mistakes"
    return DatasetInvalid(f"{source} has {count}", problems=problems)


def _place(read: Markup, path: Path) -> str:
    """Where a path stands in the text, or the nearest mapping around it."""
    ancestors = (path[:length] for length in range(len(path), 0, -1))
    place = next((read.places[ancestor] for ancestor in ancestors if ancestor in read.places), None)
    return f" ({place})" if place else ""


def _shortened(struct: Struct) -> dict[str, Any]:
    return {
        field.encode_name: _plain(value)
        for field in structs.fields(struct)
        if (value := getattr(struct, field.name)) != _default(field)
    }


def _plain(value: object) -> object:
    if isinstance(value, Struct):
        return _shortened(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return msgspec.to_builtins(value)


def _default(field: structs.FieldInfo) -> object:
    """What a field is when a document doesn't say; NODEFAULT where it must."""
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return field.default
