"""Values that their field's type does not hold: how many there are, where, and which type would hold them.

Types are widened along ladders, on which each type holds whatever those before it hold; only `double
precision` rounds. Text is the end of each.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct, structs

from shared.domain.dataset import Evolution, Field
from shared.domain.expectations import Finding
from shared.domain.fieldvalues import Physical
from shared.domain.report import RejectCode

CODES = frozenset({RejectCode.TYPE_MISMATCH, RejectCode.OUT_OF_RANGE})
TEXT = Physical(name="text")
SHOWN = 5  # places that are kept of a field, and fields that an error names
WHOLE_DIGITS: Mapping[str, int] = {"smallint": 5, "integer": 10, "bigint": 19}
_MOST_DIGITS = 38
_LADDERS = (
    ("smallint", "integer", "bigint", "numeric", "double precision", "text"),
    ("real", "double precision", "text"),
    ("date", "timestamp", "timestamptz", "text"),
)


class Place(Struct, frozen=True, kw_only=True):
    """Where a value stands; `key` is the object's, as far as it is known."""

    line: int
    key: str = ""


class Misfits(Struct, frozen=True, kw_only=True):
    """The misfits of one field. `discarded` of the values became NULL; the others rejected their records.

    `places` are a few of them. `wider` is a type that holds all of them and whatever the present type
    `kind` holds; None where nothing is known that would.
    """

    column: str
    kind: Physical
    values: int
    discarded: int = 0
    places: tuple[Place, ...] = ()
    wider: Physical | None = None


def are_discarded(field: Field, evolution: Evolution, primary_key: Sequence[str]) -> bool:
    """Whether misfits become NULL; where a value is required, they reject the record all the same."""
    required = field.constraints.required or field.name in primary_key
    return evolution.type_mismatch == "discard_value" and not required


def steps(kind: Physical) -> Sequence[str]:
    """The names of the types that can be wider than this one, from the narrowest to `text`."""
    own = 0 if kind.name == "numeric" else 1  # another numeric can have more digits
    for ladder in _LADDERS:
        if kind.name in ladder[:-1] and not kind.is_array:
            return ladder[ladder.index(kind.name) + own :]
    return ("text",)


def numeric(kind: Physical, *, whole: int, scale: int) -> Physical | None:
    """The narrowest numeric for what `kind` holds and for numbers of so many digits; None: there is none."""
    whole = max(whole, WHOLE_DIGITS.get(kind.name, kind.precision - kind.scale))
    scale = max(scale, kind.scale)
    if whole + scale > _MOST_DIGITS:
        return None
    return Physical(name="numeric", precision=whole + scale, scale=scale)


def joined(one: Physical | None, other: Physical | None) -> Physical | None:
    """The narrowest type that holds whatever either of two types on a ladder holds."""
    if one is None or other is None:
        return None
    narrow, wide = (one, other) if other.name in (one.name, *steps(one)) else (other, one)
    if wide.name != "numeric":
        return wide
    both = numeric(narrow, whole=wide.precision - wide.scale, scale=wide.scale)
    return both or Physical(name="double precision")


def located(found: Iterable[Misfits], key: str) -> list[Misfits]:
    """The misfits of an object, with its key in their places."""
    return [
        structs.replace(each, places=tuple(structs.replace(place, key=key) for place in each.places))
        for each in found
    ]


def added(total: Mapping[str, Misfits], found: Iterable[Misfits]) -> dict[str, Misfits]:
    """What was found so far by column, and more of it."""
    sums = dict(total)
    for each in found:
        sums[each.column] = _sum(sums[each.column], each) if each.column in sums else each
    return sums


def told(misfits: Misfits, records: int) -> str:
    """How many of the records read have such a value, where, and what would hold it."""
    found = f'"{misfits.column}": {misfits.values} of {records} values did not fit {misfits.kind}'
    became = " and became NULL" if misfits.discarded else ""
    return f"{found}{became} ({_places(misfits)}){_suggestion(misfits)}"


def suggested(total: Mapping[str, Misfits], records: int) -> str:
    """Completes the message of an error by what is told of the columns with the most misfits."""
    worst = sorted(total.values(), key=lambda each: -each.values)[:SHOWN]
    return "".join(f"; {told(each, records)}" for each in worst)


def reported(total: Mapping[str, Misfits], records: int) -> list[dict[str, object]]:
    """What a run's report says of each field's misfits."""
    return [
        {
            "column": each.column,
            "values": each.values,
            "discarded": each.discarded,
            "places": [{"object": place.key, "line": place.line} for place in each.places],
            "type": str(each.kind),
            "wider": None if each.wider is None else str(each.wider),
            "message": told(each, records),
        }
        for each in total.values()
    ]


def findings(total: Mapping[str, Misfits], records: int) -> list[Finding]:
    """A warning for each column of which values were discarded."""
    return [
        Finding(
            id=f"discarded values of {each.column}",
            metric="typeMismatch",
            severity="warning",
            expected=f"values of {each.kind}",
            found=each.discarded,
            message=told(each, records),
        )
        for each in total.values()
        if each.discarded
    ]


def _sum(one: Misfits, other: Misfits) -> Misfits:
    return structs.replace(
        one,
        values=one.values + other.values,
        discarded=one.discarded + other.discarded,
        places=(*one.places, *other.places)[:SHOWN],
        wider=joined(one.wider, other.wider),
    )


def _places(misfits: Misfits) -> str:
    lines: defaultdict[str, list[str]] = defaultdict(list)
    for place in misfits.places:
        lines[place.key].append(str(place.line))
    shown = (f"{key} line{'s' if len(of) > 1 else ''} {', '.join(of)}".lstrip() for key, of in lines.items())
    return "; ".join(shown) + (", …" if misfits.values > len(misfits.places) else "")


def _suggestion(misfits: Misfits) -> str:
    if misfits.wider is None:
        return ""
    them = "it" if misfits.values == 1 else "all of them"
    if misfits.wider.name == "text":
        return f", only text would hold {them}"
    rounded = ", rounded," if misfits.wider.name == "double precision" else ""
    return f", {misfits.wider} would hold {them}{rounded} and text everything"
