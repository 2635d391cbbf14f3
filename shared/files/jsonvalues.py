"""Judges JSON values: exactly what PostgreSQL's jsonb keeps, and nothing that it would drop.

jsonb refuses NUL and lone surrogates, and silently keeps only the last of equal keys: all three are refused.
"""

import json
import math
import re
from collections.abc import Callable
from functools import partial
from typing import Any, NoReturn, Protocol

import jsonschema_rs

from shared.domain.dataset import Constraints, Field
from shared.domain.report import RejectCode

type Verdict = tuple[RejectCode, str]
type Judge = Callable[[str], Verdict | None]

_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
_FAR = re.compile("[eE][+-]?0*[1-9][0-9]{3}")  # an exponent that jsonb may refuse, even of 0
_MAX_NUMBER_LENGTH = 1_000  # far within what numeric holds


_NO_GEOJSON = (RejectCode.TYPE_MISMATCH, "is not GeoJSON")


def _geometry(kind: str, depth: int) -> dict[str, Any]:
    """A geometry of RFC 7946, section 3.1: positions in `depth` arrays."""
    coordinates: dict[str, Any] = {"type": "array", "minItems": 2, "items": {"type": "number"}}
    for _ in range(depth):
        coordinates = {"type": "array", "items": coordinates}
    return _member(kind, coordinates=coordinates)


def _member(kind: str, **members: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON Schemas
    return {"properties": {"type": {"const": kind}, **members}, "required": ["type", *members]}


_ANY_GEOMETRY = {"$ref": "#/$defs/geometry"}
_FEATURE = _member(
    "Feature",
    geometry={"anyOf": [_ANY_GEOMETRY, {"type": "null"}]},
    properties={"type": ["object", "null"]},
)
_GEOJSON: dict[str, Any] = {
    "anyOf": [
        _ANY_GEOMETRY,
        _FEATURE,
        _member("FeatureCollection", features={"type": "array", "items": _FEATURE}),
    ],
    "$defs": {
        "geometry": {
            "anyOf": [
                _geometry("Point", 0),
                _geometry("MultiPoint", 1),
                _geometry("LineString", 1),
                _geometry("MultiLineString", 2),
                _geometry("Polygon", 2),
                _geometry("MultiPolygon", 3),
                _member("GeometryCollection", geometries={"type": "array", "items": _ANY_GEOMETRY}),
            ]
        }
    },
}


class Validator(Protocol):
    """A compiled JSON Schema."""

    def is_valid(self, instance: object) -> bool:
        """Whether the value matches."""
        ...


def judge(field: Field) -> Judge:
    """What names the first rule that a text breaks: of type, lengths, JSON Schema. None where it is good."""
    schema = field.constraints.json_schema
    validator = None if schema is None else validator_for(schema)
    expected: type[Any] = list if field.type == "array" else dict
    judged = partial(_verdict, expected=expected, constraints=field.constraints, validator=validator)
    if field.type != "geojson":
        return judged
    geometry = jsonschema_rs.validator_for(_GEOJSON)
    return lambda text: judged(text) or (None if geometry.is_valid(json.loads(text)) else _NO_GEOJSON)


def validator_for(schema: dict[str, Any]) -> Validator:
    """The schema's validator. Raises ValueError where it is no schema, or refers to one outside of itself."""
    try:
        return jsonschema_rs.validator_for(schema, retriever=_no_retrieval)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError) as error:
        raise ValueError(str(error).splitlines()[0]) from None


def _no_retrieval(uri: str) -> NoReturn:
    raise ValueError(f"{uri} is outside of the schema")


def _verdict(
    text: str,
    *,
    expected: type[Any],
    constraints: Constraints,
    validator: Validator | None,
) -> Verdict | None:
    name = "a JSON object" if expected is dict else "a JSON array"
    try:
        value = _parse(text)
    except _Refused as refused:
        return RejectCode.TYPE_MISMATCH, f"is not {name}: {refused}"
    if not isinstance(value, expected):
        return RejectCode.TYPE_MISMATCH, f"is not {name}"
    least, most = constraints.min_length, constraints.max_length
    if least is not None and len(value) < least:
        return RejectCode.MIN_LENGTH, f"has fewer than {least} items"
    if most is not None and len(value) > most:
        return RejectCode.MAX_LENGTH, f"has more than {most} items"
    if validator is not None and not validator.is_valid(value):
        return RejectCode.JSON_SCHEMA, "does not match the JSON Schema"
    return None


class _Refused(Exception):
    """Why a text is no JSON that jsonb keeps."""


def _parse(text: str) -> object:
    try:
        value = _DECODER.decode(text)
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode()  # a lone surrogate can't be encoded
    except json.JSONDecodeError as error:
        raise _Refused(error.msg) from None
    except UnicodeEncodeError:
        raise _Refused("half of a surrogate pair") from None
    except RecursionError:
        raise _Refused("nested too deeply") from None
    if _NUL.search(text):
        raise _Refused("a NUL character")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise _Refused("a key occurs twice")
    return value


def _constant(name: str) -> NoReturn:
    raise _Refused(f"{name} is no JSON number")


def _number(text: str) -> float:
    number = float(text)
    if (
        len(text) > _MAX_NUMBER_LENGTH
        or _FAR.search(text)
        or math.isinf(number)
        or (number == 0 and re.match(r"[-0.]*[1-9]", text))
    ):
        raise _Refused("a number is out of range")
    return number


def _whole(text: str) -> int:
    if len(text) > _MAX_NUMBER_LENGTH:
        raise _Refused("a number is out of range")
    return int(text)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique, parse_constant=_constant, parse_float=_number, parse_int=_whole
)
