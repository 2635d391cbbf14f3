"""Dataset documents for the tests of the domain."""

import copy
from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from hypothesis import strategies as st

from shared.domain import document
from shared.domain.dataset import Dataset
from shared.errors import DatasetInvalid

SMALLEST: Mapping[str, Any] = {
    "apiVersion": "loadstone/v1",
    "kind": "Dataset",
    "name": "flights",
    "source": {"bucket": "landing", "key": "flights/{businessDate:%Y/%m/%d}/*.csv"},
    "schema": {"fields": [{"name": "id", "type": "integer"}, {"name": "note"}]},
    "load": {"target": {"schema": "nyc", "table": "flights"}},
}

NOON = {"cron": "0 12 * * *", "timezone": "Europe/Berlin"}


def edited(changes: Mapping[str, Any]) -> dict[str, Any]:
    """The smallest document with values put at dotted paths; a number in a path is an index."""
    edited_document: dict[str, Any] = copy.deepcopy(dict(SMALLEST))
    for path, value in changes.items():
        *steps, last = (int(step) if step.isdigit() else step for step in path.split("."))
        holder: Any = edited_document
        for step in steps:
            holder = holder[step] if step in range(99) else holder.setdefault(step, {})
        holder[last] = value
    return edited_document


def dataset(changes: Mapping[str, Any] | None = None) -> Dataset:
    """A dataset from the smallest document and some changes."""
    return document.parse(yaml.safe_dump(edited(changes or {})))


def problems(changes: Mapping[str, Any]) -> list[str]:
    """What is said to be wrong with a changed document, without the lines."""
    with pytest.raises(DatasetInvalid) as caught:
        dataset(changes)
    return [problem.rpartition(" (line ")[0] for problem in caught.value.problems]


_words = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12)
_names = st.from_regex(r"(?!tableoid|[xc]min|[xc]max|ctid)[a-z][a-z0-9_]{0,20}", fullmatch=True)
_durations = st.builds(lambda n, unit: f"{n}{unit}", st.integers(1, 99), st.sampled_from("smhd"))
_constraints = st.fixed_dictionaries(
    {},
    optional={
        "required": st.booleans(),
        "minimum": st.integers(-9, 9),
        "enum": st.lists(st.integers(-9, 9), min_size=1, unique=True),
    },
)
_fields = st.lists(_words, min_size=1, max_size=5, unique=True).flatmap(
    lambda names: st.tuples(
        *(
            st.fixed_dictionaries(
                {"name": st.just(name), "type": st.just("integer"), "constraints": _constraints}
            )
            for name in names
        )
    )
)
_schedules = st.fixed_dictionaries(
    {"cron": st.sampled_from(["0 6 * * *", "*/15 2 * * 1-5", "30 2 1 * *"])},
    optional={
        "timezone": st.sampled_from(["UTC", "Europe/Berlin", "Australia/Lord_Howe"]),
        "catchUp": st.booleans(),
        "businessDate": st.sampled_from(["today", "yesterday"]),
        "start": st.dates().filter(lambda day: 1970 <= day.year <= 2199).map(str),
    },
)
documents = st.fixed_dictionaries(
    {
        "apiVersion": st.just("loadstone/v1"),
        "kind": st.just("Dataset"),
        "name": _names,
        "source": st.fixed_dictionaries(
            {"bucket": _words, "key": st.sampled_from(["a/*.csv", "b/{businessDate}/?.csv.gz"])},
            optional={
                "files": st.builds(
                    lambda low, more: {"min": low, "max": low + more}, st.integers(1, 5), st.integers(0, 5)
                ),
                "complete": st.fixed_dictionaries(
                    {}, optional={"marker": st.just("_SUCCESS"), "stableFor": _durations}
                ),
            },
        ),
        "schema": st.builds(
            lambda fields, missing: {"fields": list(fields), "missingValues": missing},
            _fields,
            st.lists(_words, max_size=3),
        ),
        "load": st.fixed_dictionaries(
            {"target": st.fixed_dictionaries({"schema": st.just("nyc"), "table": _names})},
            optional={"indexes": st.just([])},
        ),
    },
    optional={
        "title": _words,
        "tags": st.lists(_words, max_size=3),
        "status": st.sampled_from(["draft", "active", "retired"]),
        "format": st.fixed_dictionaries(
            {},
            optional={
                "type": st.sampled_from(["csv", "tsv"]),
                "dialect": st.sampled_from([{}, {"delimiter": "\t"}]),
            },
        ),
        "quality": st.lists(_words, max_size=3, unique=True).map(
            lambda ids: [{"id": name, "metric": "rowCount", "mustBeBetween": [1, 2.5]} for name in ids]
        ),
        "schedule": _schedules,
        "retention": st.fixed_dictionaries({}, optional={"versions": st.integers(2, 99)}),
        "limits": st.fixed_dictionaries({}, optional={"timeout": _durations, "retries": st.integers(1, 20)}),
    },
)
