"""Rules of a dataset document that concern more than one value, or the world outside it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from shared.domain.markup import Mistake
from shared.domain.rules import dialect, evolution, load, modes, operation, quality, schema, source
from shared.domain.rules import format as format_
from shared.domain.rules.schema import FieldCheck

__all__ = ["FieldCheck", "broken"]


def broken(sections: Mapping[str, Any], check_field: FieldCheck) -> Iterator[Mistake]:
    """The rules that the sections of a document break.

    Sections whose shape is wrong are left out of `sections`, and so are the rules that need them.
    `check_field` says what is wrong with a field by itself, each as `key: what is wrong`.
    """
    for needed, rule in _RULES:
        if all(name in sections for name in needed):
            yield from rule(*(sections[name] for name in needed))
    if "schema" in sections:
        yield from schema.field_mistakes(sections["schema"], check_field)


_RULES: Sequence[tuple[tuple[str, ...], Callable[..., Iterator[Mistake]]]] = (
    (("source",), source.source_mistakes),
    (("source", "schedule"), source.trigger_mistakes),
    (("format",), format_.format_mistakes),
    (("format",), dialect.dialect_mistakes),
    (("format", "schema"), dialect.header_mistakes),
    (("format", "schema"), format_.path_mistakes),
    (("schema",), schema.schema_mistakes),
    (("evolution", "schema"), evolution.evolution_mistakes),
    (("evolution", "format"), evolution.header_mistakes),
    (("load",), load.load_mistakes),
    (("load", "schema"), load.index_mistakes),
    (("load", "schema"), modes.mode_mistakes),
    (("quality", "schema"), quality.quality_mistakes),
    (("publish",), operation.publish_mistakes),
    (("schedule",), operation.schedule_mistakes),
    (("sla", "schedule"), operation.sla_mistakes),
    (("retention",), operation.retention_mistakes),
    (("limits",), operation.limit_mistakes),
    (("access",), operation.access_mistakes),
)
