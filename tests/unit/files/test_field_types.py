"""A field that can't be converted or checked is found when its dataset is applied, not when a file comes."""

from typing import Any

import pgpq
import pyarrow as pa
import pytest

from shared.domain import fieldtypes
from shared.errors import DatasetInvalid
from shared.files.convert import arrow_schema, check_field
from tests.support.datasets import field, with_fields
from tests.unit.files.test_conversions import EVERY_TYPE


@pytest.mark.parametrize(
    ("type_", "physical", "expected"),
    [
        ("integer", None, "bigint"),
        ("integer", "int4", "integer"),
        ("number", None, "numeric(38,9)"),
        ("number", "NUMERIC( 12 , 2 )", "numeric(12,2)"),
        ("number", "decimal(5)", "numeric(5,0)"),
        ("number", "float8", "double precision"),
        ("string", None, "text"),
        ("string", "character varying(20)", "varchar(20)"),
        ("boolean", "bool", "boolean"),
        ("date", None, "date"),
        ("time", None, "time"),
        ("datetime", None, "timestamptz"),
        ("datetime", "timestamp without time zone", "timestamp"),
        ("object", None, "jsonb"),
        ("array", "jsonb", "jsonb"),
    ],
)
def test_the_physical_type_is_ddl_in_one_spelling(type_: str, physical: str | None, expected: str) -> None:
    assert fieldtypes.physical_type(field(type_, physicalType=physical)) == expected


def test_a_string_of_format_uuid_is_stored_as_uuid_and_as_nothing_else() -> None:
    assert fieldtypes.physical_type(field(format="uuid")) == "uuid"
    assert check_field(field(format="uuid", physicalType="text")) == [
        "physicalType: 'text' found, for a field of type string and format uuid one of uuid expected"
    ]


@pytest.mark.parametrize(
    ("type_", "keys", "problem"),
    [
        ("integer", {"physicalType": "text"}, "physicalType: 'text' found, for a field of type integer"),
        ("integer", {"physicalType": "bigint(5)"}, "bigint takes no such size"),
        ("integer", {"physicalType": "'; DROP TABLE x"}, "physicalType:"),
        ("number", {"physicalType": "numeric"}, "say numeric(12,2)"),
        ("number", {"physicalType": "numeric(39,2)"}, "a precision from 1 to 38"),
        ("number", {"physicalType": "numeric(2,3)"}, "a scale of at most that"),
        ("string", {"physicalType": "varchar(0)"}, "varchar takes no such size"),
        ("string", {"physicalType": "char(3)"}, "one of text, varchar, uuid expected"),
        (
            "string",
            {"format": "phone"},
            "format: 'phone' found, one of default, email, uri, uuid, binary exp",
        ),
        ("integer", {"format": "hex"}, "format: 'hex' found, default expected for the type integer"),
        ("date", {"format": "any"}, "format: any is not supported: it would have to guess"),
        ("date", {"format": "%d.%m"}, "format: '%d.%m' found, a date needs %Y or %y"),
        ("date", {"format": "%d.%Y"}, "format: '%d.%Y' found, a date needs %d with %m or %b, or %j"),
        ("date", {"format": "%d.%m.%Y %H"}, "format: '%d.%m.%Y %H' found, which has more than a date"),
        ("date", {"format": "%d.%m.%Y.%y"}, "format: '%d.%m.%Y.%y' found, which says the year twice"),
        ("date", {"format": "%d.%d.%Y"}, "format: '%d.%d.%Y' found, a part is written twice"),
        ("date", {"format": "%U"}, "format: '%U' found, %U is not supported, known are %Y %y"),
        ("date", {"format": "iso"}, "format: 'iso' found, default or a strptime pattern"),
        ("date", {"format": "%Y-%j-%m"}, "format: '%Y-%j-%m' found, %j stands beside"),
        ("time", {"format": "%I:%M"}, "format: '%I:%M' found, %I and %p need each other"),
        ("time", {"format": "%H:%S"}, "format: '%H:%S' found, which has a second and no minute"),
        ("time", {"format": "%H:%M%z"}, "format: '%H:%M%z' found, a time has no offset"),
        ("datetime", {"format": "%Y-%m-%d"}, "format: '%Y-%m-%d' found, a time needs %H"),
        (
            "datetime",
            {"format": "%F %T%z", "physicalType": "timestamp"},
            "format: '%F %T%z' found, a field that is stored as timestamp takes no offset",
        ),
        ("datetime", {"format": "%F %T%z", "timezone": "UTC"}, "timezone: the format has an offset already"),
        ("datetime", {"timezone": "Mars/Olympus"}, "timezone: 'Mars/Olympus' found, a time zone such as"),
        (
            "datetime",
            {"timezone": "UTC", "physicalType": "timestamp"},
            "timezone: a field that is stored as timestamp takes none",
        ),
        ("date", {"timezone": "UTC"}, "timezone: a field of type date takes none"),
        ("string", {"decimalChar": ","}, "decimalChar: a field of type string takes none"),
        ("integer", {"decimalChar": ","}, "decimalChar: a field of type integer takes none"),
        ("number", {"decimalChar": "1"}, "decimalChar: '1' is part of numbers"),
        ("number", {"groupChar": "."}, "groupChar: '.' found, which decimalChar is or is part of"),
        ("number", {"groupChar": ""}, "groupChar: '' found, text without digits"),
        ("boolean", {"trueValues": ["0"]}, "falseValues: '0' found, which is among trueValues too"),
        ("integer", {"trueValues": ["J"]}, "trueValues: a field of type integer takes none"),
        ("string", {"delimiter": ";"}, "delimiter: a field of type string takes none"),
        ("date", {"categories": ["2013-01-01"]}, "categories: a field of type date takes none"),
        ("integer", {"categories": [1, "x"]}, "categories.1: 'x' is not an integer"),
        (
            "list",
            {"itemType": "integer", "physicalType": "text[]"},
            "physicalType: 'text' found, for a field",
        ),
        (
            "list",
            {"physicalType": "text"},
            "physicalType: 'text' found, for a field of type list one such as",
        ),
        ("list", {"constraints": {"enum": ["a"]}}, "constraints.enum.0: 'a' can't be compared with text[]"),
        ("geopoint", {"format": "object"}, "format: 'object' found, default or array expected"),
        (
            "geojson",
            {"format": "topojson"},
            "format: 'topojson' found, default expected for the type geojson",
        ),
        (
            "duration",
            {"constraints": {"minimum": "P1D"}},
            "constraints.minimum: a field of type duration takes",
        ),
        (
            "year",
            {"constraints": {"maximum": 99999}},
            "constraints.maximum: 99999 is out of range for smallint",
        ),
        ("yearmonth", {"constraints": {"minimum": "2013"}}, "constraints.minimum: '2013' is not a date"),
        ("string", {"constraints": {"minimum": 1}}, "constraints.minimum: a field of type string takes none"),
        ("string", {"constraints": {"pattern": "(a"}}, "constraints.pattern: not a regular expression"),
        ("string", {"constraints": {"pattern": "a)|(b"}}, "constraints.pattern: not a regular expression"),
        ("string", {"constraints": {"pattern": "(?=a)"}}, "constraints.pattern: not a regular expression"),
        ("string", {"constraints": {"minLength": 3, "maxLength": 2}}, "constraints.minLength: 3 found"),
        ("integer", {"constraints": {"maximum": "x"}}, "constraints.maximum: 'x' is not an integer"),
        (
            "integer",
            {"constraints": {"maximum": 2**63}},
            "constraints.maximum: 9223372036854775808 is out of",
        ),
        ("integer", {"constraints": {"enum": [1, None]}}, "constraints.enum.1: None is not a single value"),
        (
            "number",
            {"physicalType": "numeric(5,2)", "constraints": {"minimum": 0.005}},
            "constraints.minimum: 0.005 does not fit numeric(5,2) without rounding",
        ),
        ("date", {"constraints": {"minimum": "2023-02-30"}}, "constraints.minimum:"),
        ("object", {"constraints": {"enum": [{}]}}, "constraints.enum.0: {} is not a single value"),
        ("object", {"constraints": {"jsonSchema": {"type": "objekt"}}}, "constraints.jsonSchema:"),
        (
            "object",
            {"constraints": {"jsonSchema": {"$ref": "http://127.0.0.1/schema"}}},
            "constraints.jsonSchema:",
        ),
        ("string", {"format": "uuid", "constraints": {"maxLength": 3}}, "stored as uuid takes none"),
    ],
)
def test_what_cannot_be_converted_or_checked_is_named(type_: str, keys: dict[str, Any], problem: str) -> None:
    (found,) = check_field(field(type_, **keys))
    assert problem in found


def test_a_physical_type_is_never_guessed_where_the_contract_is_wrong() -> None:
    with pytest.raises(DatasetInvalid, match="value: physicalType"):
        fieldtypes.physical_type(field("integer", physicalType="money"))


def test_sound_fields_have_no_problems() -> None:
    for of, _ in EVERY_TYPE.values():
        assert check_field(of) == []
    assert check_field(field(constraints={"pattern": r"\d+", "enum": ["1"], "required": True})) == []


def test_every_arrow_type_can_be_encoded_for_copy() -> None:
    fields = [{"name": name, "type": of.type, "format": of.format} for name, (of, _) in EVERY_TYPE.items()]
    schema = arrow_schema(with_fields(*fields))
    encoder = pgpq.ArrowToPostgresBinaryEncoder(schema)
    rows = pa.RecordBatch.from_pylist([dict.fromkeys(schema.names)], schema=schema)
    assert bytes(encoder.write_header()) + bytes(encoder.write_batch(rows))
