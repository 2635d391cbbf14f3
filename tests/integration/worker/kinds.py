"""What a text means in each type of field, and which texts no value of it are."""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from asyncpg import Point


class Kind(NamedTuple):
    """A field, its column's type, what texts mean in it, and the texts that it rejects with a code."""

    field: dict[str, Any]
    column: str
    kept: Mapping[str, Any]
    rejected: Mapping[str, Sequence[str]]


BIG = 2**63
DIGITS = "12345678901234567890123456789"
ID = "0b6d3f5a-1c2d-4e5f-8a9b-0c1d2e3f4a5b"
KINDS = {
    "integer": Kind(
        {"type": "integer"},
        "bigint",
        {"0": 0, "-0": 0, "+7": 7, "007": 7, str(BIG - 1): BIG - 1, str(-BIG): -BIG},
        {
            "type_mismatch": [
                "1.0",
                "1e3",
                "0x10",
                " 1",
                "1 ",
                "1_000",
                "1,000",
                "NaN",
                "--1",
                "-",
                "١",
                "true",
            ],
            "out_of_range": [str(BIG), str(-BIG - 1), "9" * 50],
        },
    ),
    "int": Kind(
        {"type": "integer", "physicalType": "integer"},
        "integer",
        {"2147483647": 2**31 - 1, "-2147483648": -(2**31)},
        {"out_of_range": ["2147483648", "-2147483649"]},
    ),
    "smallint": Kind(
        {"type": "integer", "physicalType": "smallint"},
        "smallint",
        {"32767": 32767, "-32768": -32768},
        {"out_of_range": ["32768", "-32769"]},
    ),
    "number": Kind(
        {"type": "number"},
        "numeric(38,9)",
        {
            "1.005": Decimal("1.005"),
            "-0": Decimal(0),
            ".5": Decimal("0.5"),
            "5.": Decimal(5),
            "1e3": Decimal(1000),
            "1.5E-3": Decimal("0.0015"),
            "0.1000000000000": Decimal("0.1"),
            f"{DIGITS}.123456789": Decimal(f"{DIGITS}.123456789"),
            f"-{'9' * 29}.999999999": Decimal(f"-{'9' * 29}.999999999"),
            "0.000000001": Decimal("1E-9"),
        },
        {
            "type_mismatch": ["NaN", "INF", "1,5", "1 000", "$1", ".", "e5", "0x1p3", "1e", "Infinity"],
            "out_of_range": [
                "0.0000000001",
                "1e29",
                "9" * 30,
                "340282366920938463463374607431768211457",
                "1e-10",
            ],
        },
    ),
    "numeric(5,2)": Kind(
        {"type": "number", "physicalType": "numeric(5,2)"},
        "numeric(5,2)",
        {
            "999.99": Decimal("999.99"),
            "-999.99": Decimal("-999.99"),
            "1.10": Decimal("1.10"),
            "1.1000": Decimal("1.1"),
        },
        {"out_of_range": ["1.005", "1000", "999.995", "0.001"]},
    ),
    "numeric(38,0)": Kind(
        {"type": "number", "physicalType": "numeric(38,0)"},
        "numeric(38,0)",
        {"9" * 38: Decimal("9" * 38), "-" + "9" * 38: Decimal("-" + "9" * 38), "1.0": Decimal(1)},
        {"out_of_range": ["1" + "0" * 38, "0.5"]},
    ),
    "double precision": Kind(
        {"type": "number", "physicalType": "double precision"},
        "double precision",
        {
            "0.1": 0.1,
            "-1e308": -1e308,
            "5e-324": 5e-324,
            "1.7976931348623157e308": 1.7976931348623157e308,
            "NaN": math.nan,
            "INF": math.inf,
            "-INF": -math.inf,
            "0e5": 0.0,
        },
        {"type_mismatch": ["nan", "inf", "Infinity", "1,5"], "out_of_range": ["1e309", "-1e309", "1e-400"]},
    ),
    "real": Kind(
        {"type": "number", "physicalType": "real"},
        "real",
        {"0.5": 0.5, "16777216": 16777216.0, "-INF": -math.inf},
        {"out_of_range": ["1e39", "1e-50"]},
    ),
    "boolean": Kind(
        {"type": "boolean"},
        "boolean",
        dict.fromkeys(["true", "True", "TRUE", "1"], True)
        | dict.fromkeys(["false", "False", "FALSE", "0"], False),
        {"type_mismatch": ["yes", "no", "t", "f", "2", " true", "tRUE"]},
    ),
    "date": Kind(
        {"type": "date"},
        "date",
        {
            "0001-01-01": date.min,
            "9999-12-31": date.max,
            "2000-02-29": date(2000, 2, 29),
            "1970-01-01": date(1970, 1, 1),
        },
        {
            "type_mismatch": [
                "0000-01-01",
                "2013-02-29",
                "1900-02-29",
                "2013-13-01",
                "2013-1-1",
                "20130101",
                "01/02/2013",
                "10000-01-01",
                "-0001-01-01",
                "2013-01-01T00:00:00",
                "today",
                "infinity",
                "epoch",
            ]
        },
    ),
    "time": Kind(
        {"type": "time"},
        "time without time zone",
        {
            "00:00:00": time.min,
            "23:59:59.999999": time.max,
            "12:30:15.5": time(12, 30, 15, 500_000),
            "12:30:15.000001": time(12, 30, 15, 1),
        },
        {
            "type_mismatch": [
                "24:00:00",
                "12:60:00",
                "12:30:60",
                "12:30",
                "1:30:00",
                "12:30:15.1234567",
                "12:30:15Z",
            ]
        },
    ),
    "datetime": Kind(
        {"type": "datetime"},
        "timestamp with time zone",
        {
            "0001-01-01T00:00:00Z": datetime.min.replace(tzinfo=UTC),
            "9999-12-31T23:59:59.999999Z": datetime.max.replace(tzinfo=UTC),
            "2013-03-31T02:30:00+01:00": datetime(2013, 3, 31, 1, 30, tzinfo=UTC),
            "2013-01-01 00:00:00-05:30": datetime(2013, 1, 1, 5, 30, tzinfo=UTC),
            "2013-01-01T00:00:00.000001Z": datetime(2013, 1, 1, 0, 0, 0, 1, tzinfo=UTC),
            "2013-01-01T12:00:00": datetime(2013, 1, 1, 12, tzinfo=UTC),
            "1969-12-31T23:59:59.5Z": datetime(1969, 12, 31, 23, 59, 59, 500_000, tzinfo=UTC),
        },
        {
            "type_mismatch": [
                "0001-01-01T00:00:00+01:00",
                "9999-12-31T23:59:59-01:00",
                "2013-01-01",
                "2013-01-01T24:00:00Z",
                "2013-01-01T00:00Z",
                "2013-02-30T00:00:00Z",
                "2013-01-01T00:00:00+0100",
                "2013-01-01T00:00:00.1234567Z",
                "now",
                "2013-01-01T00:00:00 Europe/Berlin",
                "2013-01-01T00:00:00+24:00",
                "2013-01-01T00:00:00+01:60",
                "2013-01-01T23:59:60Z",
            ]
        },
    ),
    "timestamp": Kind(
        {"type": "datetime", "physicalType": "timestamp"},
        "timestamp without time zone",
        {
            "0001-01-01T00:00:00": datetime.min,  # noqa: DTZ901 - a time without a zone
            "9999-12-31T23:59:59.999999": datetime.max,  # noqa: DTZ901
            "2013-03-31 02:30:00": datetime(2013, 3, 31, 2, 30),  # noqa: DTZ001
        },
        {"type_mismatch": ["2013-01-01T00:00:00Z", "2013-01-01T00:00:00+00:00"]},
    ),
    "uuid": Kind(
        {"type": "string", "format": "uuid"},
        "uuid",
        {ID: UUID(ID), ID.upper(): UUID(ID), "00000000-0000-0000-0000-000000000000": UUID(int=0)},
        {"type_mismatch": [ID.replace("-", ""), f"{{{ID}}}", ID[:-1], ID[:-1] + "g", ID.replace("-", "_")]},
    ),
    "varchar(3)": Kind(
        {"type": "string", "physicalType": "varchar(3)"},
        "character varying(3)",
        {"abc": "abc", "éüß": "éüß", "😀😀😀": "😀😀😀", "a  ": "a  "},
        {"max_length": ["abcd", "abc ", "éüßx", "👨‍👩‍👧"]},
    ),
    "object": Kind(
        {"type": "object"},
        "jsonb",
        {
            '{"a": [1, 2.5, null, true, "x"], "b": {"c": {}}}': {
                "a": [1, 2.5, None, True, "x"],
                "b": {"c": {}},
            },
            "{}": {},
            '{"é": "\\u00e9 \\ud83d\\ude00"}': {"é": "é 😀"},
            '{"quote": "\\"", "path": "C:\\\\u0000"}': {"path": "C:\\u0000", "quote": '"'},
            ' {"a" : 9007199254740993} ': {"a": 9007199254740993},
        },
        {
            "type_mismatch": [
                "[]",
                "1",
                "null",
                '"x"',
                "{",
                "{'a': 1}",
                '{"a": NaN}',
                '{"a": 1, "a": 2}',
                '{"a": "\\u0000"}',
                '{"a": "\\ud800"}',
                '{"a": 1} x',
                '{"a": 1e400}',
                '{"a": 0e99999999999}',
                '{"a": 0.0e-20000}',
            ]
        },
    ),
    "array": Kind(
        {"type": "array"},
        "jsonb",
        {'[1, [2, {"a": []}], "3"]': [1, [2, {"a": []}], "3"], "[]": [], "[null]": [None]},
        {"type_mismatch": ["{}", "1,2", "[1,]", "a", '[{"a": 1, "a": 2}]']},
    ),
    "german number": Kind(
        {"type": "number", "physicalType": "numeric(12,2)", "decimalChar": ",", "groupChar": "."},
        "numeric(12,2)",
        {"1.234.567,89": Decimal("1234567.89"), "-0,5": Decimal("-0.5"), "1000": Decimal(1000)},
        {"type_mismatch": ["1.5", "1,234.5", "1.0000"], "out_of_range": ["0,005", "10.000.000.000"]},
    ),
    "price": Kind(
        {"type": "number", "bareNumber": False, "physicalType": "double precision"},
        "double precision",
        {"EUR 95.5": 95.5, "12 %": 12.0, "1e3 kg": 1000.0},
        {"type_mismatch": ["(95)", "95-", "EUR"]},
    ),
    "grouped integer": Kind(
        {"type": "integer", "groupChar": " "},
        "bigint",
        {"9 223 372 036 854 775 807": BIG - 1, "-9 223 372 036 854 775 808": -BIG},
        {"type_mismatch": ["1 5", "1.5"], "out_of_range": ["9 223 372 036 854 775 808"]},
    ),
    "ja or nein": Kind(
        {"type": "boolean", "trueValues": ["ja", "J"], "falseValues": ["nein"]},
        "boolean",
        {"ja": True, "J": True, "nein": False},
        {"type_mismatch": ["true", "N", "JA"]},
    ),
    "german date": Kind(
        {"type": "date", "format": "%d.%m.%Y"},
        "date",
        {"29.02.2024": date(2024, 2, 29), "1.1.0001": date.min, "31.12.9999": date.max},
        {"type_mismatch": ["29.02.2023", "2024-02-29", "01.01.0000"]},
    ),
    "twelve hours": Kind(
        {"type": "time", "format": "%I:%M:%S.%f %p"},
        "time without time zone",
        {"12:00:00.0 AM": time.min, "11:59:59.999999 pm": time.max},
        {"type_mismatch": ["13:00:00.0 PM", "12:00:00 AM"]},
    ),
    "access log": Kind(
        {"type": "datetime", "format": "%d/%b/%Y:%H:%M:%S %z"},
        "timestamp with time zone",
        {"10/Oct/2000:13:55:36 -0700": datetime(2000, 10, 10, 20, 55, 36, tzinfo=UTC)},
        {"type_mismatch": ["10/Okt/2000:13:55:36 -0700", "31/Apr/2000:00:00:00 +0000"]},
    ),
    "Berlin": Kind(
        {"type": "datetime", "format": "%d.%m.%Y %H:%M:%S", "timezone": "Europe/Berlin"},
        "timestamp with time zone",
        {
            "27.10.2013 02:30:00": datetime(2013, 10, 27, 0, 30, tzinfo=UTC),
            "27.10.2013 03:00:00": datetime(2013, 10, 27, 2, 0, tzinfo=UTC),
            "01.07.2050 00:00:00": datetime(2050, 6, 30, 22, 0, tzinfo=UTC),
            "31.12.9999 23:59:59": datetime(9999, 12, 31, 22, 59, 59, tzinfo=UTC),
        },
        {"type_mismatch": ["31.03.2013 02:30:00", "01.01.0001 00:00:00"]},
    ),
    "email": Kind(
        {"type": "string", "format": "email"},
        "text",
        {"a.b+c@d-e.example": "a.b+c@d-e.example"},
        {"type_mismatch": ["a", "a@", "a b@c.example"]},
    ),
    "binary": Kind(
        {"type": "string", "format": "binary"},
        "bytea",
        {"QUJD": b"ABC", "AP8=": b"\x00\xff", "AA==": b"\x00"},
        {"type_mismatch": ["QUJ", "QU-_"]},
    ),
    "year": Kind(
        {"type": "year"},
        "smallint",
        {"2013": 2013, "-0044": -44},
        {"type_mismatch": ["13"], "out_of_range": ["40000"]},
    ),
    "yearmonth": Kind(
        {"type": "yearmonth"}, "date", {"2013-05": date(2013, 5, 1)}, {"type_mismatch": ["2013-13", "2013"]}
    ),
    "duration": Kind(
        {"type": "duration"},
        "interval",
        {
            "P3DT36H": timedelta(days=3, hours=36),
            "-PT0.000001S": timedelta(microseconds=-1),
            "P2W": timedelta(days=14),
            "P0D": timedelta(),
        },
        {"type_mismatch": ["P", "P1.5D", "1 day"], "out_of_range": ["P999999999Y"]},
    ),
    "geopoint": Kind(
        {"type": "geopoint"},
        "point",
        {"13.4, 52.5": Point(13.4, 52.5), "-180,-90": Point(-180, -90)},
        {"type_mismatch": ["13.4", "a, b"], "out_of_range": ["181, 0", "0, 91"]},
    ),
    "list of dates": Kind(
        {"type": "list", "itemType": "date", "delimiter": ";"},
        "date[]",
        {"2013-01-01;9999-12-31": [date(2013, 1, 1), date.max], "0001-01-01": [date.min]},
        {"type_mismatch": ["2013-01-01;", "2013-02-30"]},
    ),
    "list of numbers": Kind(
        {"type": "list", "itemType": "number", "physicalType": "numeric(5,1)[]"},
        "numeric(5,1)[]",
        {"1.5,-2": [Decimal("1.5"), Decimal("-2.0")]},
        {"type_mismatch": ["1,x"], "out_of_range": ["0.05"]},
    ),
    "geojson": Kind(
        {"type": "geojson"},
        "jsonb",
        {'{"type": "Point", "coordinates": [1, 2]}': {"type": "Point", "coordinates": [1, 2]}},
        {"type_mismatch": ['{"type": "Point"}', "[]"]},
    ),
}
