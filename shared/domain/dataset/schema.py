"""The section `schema`: a Frictionless Table Schema 2.0, and what we add to its fields."""

from typing import Annotated, Any, Literal

from msgspec import Meta, field

from shared.domain.dataset.part import Identifier, NotNegative, OneChar, Part

FieldType = Literal[
    "any",
    "array",
    "boolean",
    "date",
    "datetime",
    "duration",
    "geojson",
    "geopoint",
    "integer",
    "list",
    "number",
    "object",
    "string",
    "time",
    "year",
    "yearmonth",
]
ItemType = Literal["boolean", "date", "datetime", "integer", "number", "string", "time"]
Mask = Literal["none", "null", "sha256", "partial"]


class Constraints(Part, frozen=True, kw_only=True):
    """Table Schema constraints. Bounds are of the field's type, written as its values are."""

    required: bool = False
    unique: bool = False
    min_length: NotNegative | None = None
    max_length: NotNegative | None = None
    minimum: Any = None
    maximum: Any = None
    exclusive_minimum: Any = None
    exclusive_maximum: Any = None
    json_schema: dict[str, Any] | None = None
    pattern: str | None = None
    enum: Annotated[list[Any], Meta(min_length=1)] | None = None


class Field(Part, frozen=True, kw_only=True):
    """One column. `physicalType` is the PostgreSQL type; without one it follows from the type.

    `aliases` are other names that a header may call it by. `missingValues` stand in place of the
    schema's; `path`, a JSON Pointer, says where an NDJSON record holds the value. A field that was `evolved`
    came with a file's new column: others may lack it, and its place counts nowhere. `classification`,
    examples and `rdfType` are for people.
    """

    name: Identifier
    aliases: list[Annotated[str, Meta(min_length=1)]] = field(default_factory=list)
    path: str | None = None
    type: FieldType = "string"
    format: str = "default"
    title: str | None = None
    description: str | None = None
    physical_type: str | None = None
    missing_values: list[str] | None = None
    true_values: list[str] = field(default_factory=lambda: ["true", "True", "TRUE", "1"])
    false_values: list[str] = field(default_factory=lambda: ["false", "False", "FALSE", "0"])
    decimal_char: OneChar = "."
    group_char: str | None = None
    bare_number: bool = True
    timezone: str | None = None
    item_type: ItemType = "string"
    delimiter: OneChar = ","
    categories: list[Any] | None = None
    categories_ordered: bool = False
    mask: Mask = "none"
    evolved: bool = False
    classification: str | None = None
    example: Any = None
    examples: list[Any] = field(default_factory=list)
    rdf_type: str | None = None
    constraints: Constraints = Constraints()


class Reference(Part, frozen=True, kw_only=True):
    """What a foreign key points at: columns of another dataset, or of this one where `resource` is empty."""

    resource: str = ""
    fields: Annotated[list[Identifier], Meta(min_length=1)]


class ForeignKey(Part, frozen=True, kw_only=True):
    """Columns whose values occur in the columns that they point at, unless one of them is null."""

    fields: Annotated[list[Identifier], Meta(min_length=1)]
    reference: Reference


class TableSchema(Part, frozen=True, kw_only=True):
    """A Frictionless Table Schema: the columns in order, and how they are matched with a header."""

    schema_profile: str | None = field(default=None, name="$schema")
    name: str | None = None
    title: str | None = None
    description: str | None = None
    fields: Annotated[list[Field], Meta(min_length=1)]
    fields_match: Literal["exact", "equal", "subset", "superset", "partial"] = "exact"
    missing_values: list[str] = field(default_factory=lambda: [""])
    primary_key: list[Identifier] = field(default_factory=list)
    unique_keys: list[Annotated[list[Identifier], Meta(min_length=1)]] = field(default_factory=list)
    foreign_keys: list[ForeignKey] = field(default_factory=list)
