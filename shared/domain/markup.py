"""YAML or JSON text as plain values that remember where they stood.

YAML is read with the core schema of YAML 1.2: true, false, null and numbers are what they look like,
everything else is text, `NO` and `2013-01-01` too. What PostgreSQL could not store is a mistake.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import yaml
from msgspec import Struct
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

type Path = tuple[str | int, ...]

_MAX_CHARACTERS = 1_000_000
_MAX_VALUES = 100_000  # aliases multiply: ten lines of YAML can stand for 10^9 values


class Mistake(Struct, frozen=True, kw_only=True):
    """One thing wrong with a document, at a path of it."""

    path: Path
    text: str


class Markup(Struct, kw_only=True):
    """What a text holds; `places` says where a path stands, as `line 14`."""

    value: Any = None
    places: dict[Path, str] = {}
    mistakes: list[Mistake] = []


def read(text: str | bytes) -> Markup:
    """The values of a document. Text that begins with `{` is JSON, everything else YAML."""
    markup = Markup()
    try:
        decoded = text.decode("utf-8-sig") if isinstance(text, bytes) else text.removeprefix("\ufeff")
        if len(decoded) > _MAX_CHARACTERS:
            raise _Unreadable(f"{len(decoded)} characters found, at most {_MAX_CHARACTERS} expected")
        if decoded.lstrip().startswith("{"):
            markup.value = _json(decoded)
        else:
            _YamlReader(markup).read(decoded)
        _check_storable(markup.value, (), markup.mistakes)
    except UnicodeDecodeError as error:
        _refuse(markup, f"byte {error.start} is not UTF-8")
    except RecursionError:
        _refuse(markup, "nested too deeply")
    except _Unreadable as error:
        _refuse(markup, str(error))
    return markup


def spell(path: Path) -> str:
    """A path as people write it: `schema.fields[2].constraints.minimum`."""
    spelled = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return spelled.removeprefix(".") or "document"


class _Unreadable(Exception):
    """The text as a whole can't be read."""


def _refuse(markup: Markup, text: str) -> None:
    markup.value = None
    markup.mistakes = [Mistake(path=(), text=text)]


def _json(text: str) -> object:
    def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
        mapping = dict(pairs)
        if len(mapping) < len(pairs):
            keys = [key for key, _ in pairs]
            twice = next(key for key in keys if keys.count(key) > 1)
            raise _Unreadable(f"the key `{twice}` stands twice in one mapping")
        return mapping

    def constant(name: str) -> object:
        raise _Unreadable(f"{name} is not JSON")

    try:
        return json.loads(text, object_pairs_hook=unique, parse_constant=constant)
    except json.JSONDecodeError as error:
        raise _Unreadable(f"line {error.lineno}, column {error.colno}: not JSON: {error.msg}") from None
    except ValueError as error:  # an integer of more digits than Python converts
        raise _Unreadable(str(error)) from None


class _CoreLoader(yaml.SafeLoader):
    """PyYAML's safe loader, with the scalars of YAML 1.2 in place of those of 1.1."""


_CoreLoader.yaml_implicit_resolvers = {}


_SCALARS: Mapping[str, tuple[str, list[str], Callable[[str], object]]] = {
    "null": (r"~|null|Null|NULL|", ["~", "n", "N", ""], lambda _: None),
    "bool": (r"true|True|TRUE|false|False|FALSE", list("tTfF"), lambda text: text.lower() == "true"),
    "int": (
        r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+",
        list("-+0123456789"),
        lambda text: int(text, 0) if text[1:2] in ("o", "x") else int(text),
    ),
    "float": (r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", list("-+.0123456789"), float),
}
_TAG = "tag:yaml.org,2002:"
for _name, (_pattern, _first, _) in _SCALARS.items():
    _CoreLoader.add_implicit_resolver(_TAG + _name, re.compile(rf"^(?:{_pattern})$"), _first)


class _YamlReader:
    """Turns YAML's nodes into values, so that every duplicate key and odd tag is found, with its line."""

    def __init__(self, markup: Markup) -> None:
        self.markup = markup
        self.values = 0

    def read(self, text: str) -> None:
        try:
            node = yaml.compose(text, Loader=_CoreLoader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
            raise _Unreadable(f"{where}not YAML: {error.problem or error.context}") from None
        except yaml.YAMLError as error:
            raise _Unreadable(f"not YAML: {' '.join(str(error).split())}") from None
        self.markup.value = self.build(node, ()) if node is not None else None

    def build(self, node: Node, path: Path) -> object:
        self.values += 1
        if self.values > _MAX_VALUES:
            raise _Unreadable(f"more than {_MAX_VALUES} values")
        self.markup.places.setdefault(path, f"line {node.start_mark.line + 1}")
        if isinstance(node, MappingNode) and node.tag == _TAG + "map":
            return self.mapping(node, path)
        if isinstance(node, SequenceNode) and node.tag == _TAG + "seq":
            return [self.build(item, (*path, index)) for index, item in enumerate(node.value)]
        if isinstance(node, ScalarNode):
            return self.scalar(node, path)
        return self.mistaken(path, f"the tag {node.tag} means nothing here")

    def mapping(self, node: MappingNode, path: Path) -> dict[str, object]:
        mapping: dict[str, object] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode):
                self.mistaken(path, "a list or mapping found as a key, text expected")
                continue
            key = key_node.value
            place = f"line {key_node.start_mark.line + 1}"
            if key in mapping:
                self.mistaken((*path, key), f"stands twice in one mapping, again in {place}")
                continue
            self.markup.places[(*path, key)] = place
            mapping[key] = self.build(value_node, (*path, key))
        return mapping

    def scalar(self, node: ScalarNode, path: Path) -> object:
        kind = node.tag.removeprefix(_TAG)
        if kind == "str":
            return node.value
        if kind not in _SCALARS:
            return self.mistaken(path, f"the tag {node.tag} means nothing here")
        try:
            return _SCALARS[kind][2](node.value)
        except ValueError:
            return self.mistaken(path, f"{node.value[:40]!r} found, a value of the tag {node.tag} expected")

    def mistaken(self, path: Path, text: str) -> object:
        """Note a mistake; null stands in the value's place."""
        self.markup.mistakes.append(Mistake(path=path, text=text))
        return None


def _check_storable(value: object, path: Path, mistakes: list[Mistake]) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            _check_storable(key, path, mistakes)
            _check_storable(inner, (*path, key), mistakes)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _check_storable(inner, (*path, index), mistakes)
    elif isinstance(value, str) and re.search("[\0\ud800-\udfff]", value):
        mistakes.append(Mistake(path=path, text="holds NUL or half a surrogate pair, which can't be stored"))
    elif isinstance(value, int) and not -(2**63) <= value < 2**63:
        mistakes.append(Mistake(path=path, text=f"{value} is beyond 64 bits; write it in quotes"))
    elif isinstance(value, float) and not math.isfinite(value):
        mistakes.append(Mistake(path=path, text=f"{value} found, a finite number expected"))
