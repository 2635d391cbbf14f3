"""Builds valid datasets of which a test says only what it is about."""

from typing import Any

import msgspec

from shared.domain.dataset import Dataset, Field

_SMALL: dict[str, Any] = {
    "apiVersion": "loadstone/v1",
    "kind": "Dataset",
    "name": "flights",
    "source": {"bucket": "landing", "key": "flights/{businessDate:%Y/%m/%d}/*.csv"},
    "schema": {"fields": [{"name": "id", "type": "integer"}, {"name": "name", "type": "string"}]},
    "load": {"target": {"schema": "public", "table": "flights"}},
}


def dataset(**overrides: Any) -> Dataset:
    """A small valid dataset; `overrides` are merged into its document, key by key."""
    return msgspec.convert(_merged(_SMALL, overrides), Dataset)


def with_fields(*fields: dict[str, Any], **overrides: Any) -> Dataset:
    """A dataset of these fields. `overrides` as for `dataset`."""
    schema = {"fields": list(fields)} | overrides.pop("schema", {})
    return dataset(schema=schema, **overrides)


def field(type_: str = "string", **keys: Any) -> Field:
    """A field of this type, called `value`; keys are written as in a document."""
    return msgspec.convert({"name": "value", "type": type_} | keys, Field)


def _merged(lower: dict[str, Any], upper: dict[str, Any]) -> dict[str, Any]:
    both = lower.keys() & upper.keys()
    merged = {key: _merged(lower[key], upper[key]) for key in both if isinstance(lower[key], dict)}
    return lower | upper | merged
