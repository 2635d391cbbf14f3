"""Every way in which plain values don't have the shape of a Struct, all at once.

`msgspec.convert` decides about each leaf; it stops at its first mistake, so the walk around it is ours.
"""

import types
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct, inspect, structs

from shared.domain import unsupported
from shared.domain.markup import Mistake, Path


def mistakes(value: object, hint: object, path: Path = ()) -> Iterator[Mistake]:
    """What is wrong with `value`, and with everything in it, where `hint` is expected at `path`."""
    kind = _without_none(hint)
    if value is None and kind is not hint:
        return
    bare = get_args(kind)[0] if get_origin(kind) is Annotated else kind
    if isinstance(bare, type) and issubclass(bare, Struct):
        yield from _of_mapping(value, bare, path)
    elif get_origin(bare) is list and isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from mistakes(item, get_args(bare)[0], (*path, index))
    elif not _fits(value, hint):
        yield Mistake(path=path, text=_complaint(value, kind, path))


@cache
def hints(struct: type[Struct]) -> Mapping[str, Any]:
    """The types of a Struct's keys, by the names that documents use."""
    annotations = get_type_hints(struct, include_extras=True)
    return {field.encode_name: annotations[field.name] for field in structs.fields(struct)}


def _of_mapping(value: object, struct: type[Struct], path: Path) -> Iterator[Mistake]:
    if not isinstance(value, dict):
        yield Mistake(path=path, text=f"{_shown(value)} found, a mapping expected")
        return
    known = hints(struct)
    for key, inner in value.items():
        if key in known:
            yield from mistakes(inner, known[key], (*path, key))
        else:
            yield Mistake(path=(*path, key), text=_unknown(key, list(known), (*path, key)))
    for field in structs.fields(struct):
        if field.required and field.encode_name not in value:
            wanted = _expected(inspect.type_info(known[field.encode_name]))
            yield Mistake(path=(*path, field.encode_name), text=f"is missing, {wanted} expected")


def _unknown(key: str, known: list[str], path: Path) -> str:
    if unsupported.is_key(path):
        return "is not supported yet"
    meant = _did_you_mean(key, known)
    return "unknown key" + (meant or f"; known are {', '.join(known)}")


def _complaint(value: object, kind: object, path: Path) -> str:
    expected = inspect.type_info(kind)
    if unsupported.is_value(path, value):
        return f"{_shown(value)} is not supported yet, {_expected(expected)} expected"
    complaint = f"{_shown(value)} found, {_expected(expected)} expected"
    if isinstance(expected, inspect.LiteralType) and isinstance(value, str):
        return complaint + _did_you_mean(value, [str(choice) for choice in expected.values])
    if isinstance(_bare(expected), inspect.StrType) and isinstance(value, int | float):
        return complaint + "; write it in quotes"
    return complaint


def _did_you_mean(word: str, known: list[str]) -> str:
    close = get_close_matches(word, known, n=1)
    by_case = [choice for choice in known if choice.casefold() == word.replace("_", "").casefold()]
    meant = (by_case or close)[:1]
    return f"; did you mean `{meant[0]}`?" if meant else ""


def _fits(value: object, hint: object) -> bool:
    try:
        msgspec.convert(value, hint)
    except msgspec.ValidationError:
        return False
    return True


def _without_none(hint: object) -> object:
    if get_origin(hint) not in (Union, types.UnionType):
        return hint
    (kind,) = (member for member in get_args(hint) if member is not type(None))
    return kind


def _shown(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case dict():
            return "a mapping"
        case list():
            return f"a list of {len(value)}" if value else "an empty list"
        case str():
            return repr(value if len(value) <= 60 else f"{value[:60]}…")
    return str(value)


def _bare(kind: inspect.Type) -> inspect.Type:
    return kind.type if isinstance(kind, inspect.Metadata) else kind


def _expected(kind: inspect.Type) -> str:
    """What a type wants, in words."""
    match kind:
        case inspect.Metadata(extra_json_schema=extra) if extra:
            return str(extra["description"])
        case inspect.LiteralType(values=values):
            quoted = [str(choice).lower() if isinstance(choice, bool) else str(choice) for choice in values]
            return quoted[0] if len(quoted) == 1 else f"one of {', '.join(quoted)}"
        case inspect.StrType():
            return _text(kind)
        case inspect.IntType():
            return "a whole number" + _bounds(kind)
        case inspect.FloatType():
            return "a number" + _bounds(kind)
        case inspect.ListType(min_length=least):
            return f"a list of at least {least}" if least else "a list"
        case inspect.TupleType(item_types=items):
            return f"a list of {len(items)} numbers"
    return _NAMES.get(type(kind), "a mapping")


_NAMES: Mapping[type[inspect.Type], str] = {
    inspect.BoolType: "true or false",
    inspect.DateType: "a date such as 2013-01-31",
}


def _text(kind: inspect.StrType) -> str:
    least, most = kind.min_length or 0, kind.max_length
    if most is None:
        return "text that is not empty" if least else "text"
    return "one character" if least == most == 1 else f"text of {least} to {most} characters"


def _bounds(kind: inspect.IntType | inspect.FloatType) -> str:
    if kind.ge is not None and kind.le is not None:
        return f" from {kind.ge} to {kind.le}"
    return f" of at least {kind.ge}" if kind.ge is not None else ""
