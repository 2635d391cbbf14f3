"""A bad value of a typed column rejects its row, and no other row of the batch."""

from datetime import date, time
from decimal import Decimal
from io import BytesIO
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shared.errors import FormatBroken, HeaderBroken
from shared.files.texts import AnyArray
from tests.support import datasets
from tests.unit.files.reading import Read, read
from tests.unit.files.written import of_table

NS = pa.timestamp("ns")


def outcome(field: dict[str, Any], column: AnyArray) -> Read:
    dataset = datasets.with_fields({"name": "value", **field}, format={"type": "parquet"})
    return read(of_table(pa.table({"value": column})), of=dataset)


@pytest.mark.parametrize(
    ("field", "column"),
    [
        ({"type": "datetime"}, pa.array([0, 1, 1_000, 1_000_000], pa.timestamp("ns", "UTC"))),
        (
            {"type": "datetime", "physicalType": "timestamp"},
            pa.array([0, 1, 1_000, 2_000], NS),
        ),
        (
            {"type": "datetime", "timezone": "Europe/Berlin"},
            pa.array([0, 1, 10**3, 10**9], NS),
        ),
        ({"type": "time"}, pa.array([0, 1, 1_000, 2_000], pa.time64("ns"))),
        ({"type": "date"}, pa.array([0, 10_000_000, 1, 2], pa.int32()).cast(pa.date32())),
        ({"type": "integer", "physicalType": "smallint"}, pa.array([0, 40_000, 1, 2])),
        ({"type": "integer"}, pa.array([Decimal("0.0"), Decimal("0.5"), Decimal("1.0"), Decimal("2.0")])),
        ({"type": "number", "physicalType": "numeric(5,1)"}, pa.array([0.5, 0.25, 1.0, 2.0])),
    ],
)
def test_a_value_that_does_not_fit_rejects_its_row_alone(field: dict[str, Any], column: AnyArray) -> None:
    found = outcome(field, column)
    assert [reject.line for reject in found.rejects] == [2]
    assert found.lines == [1, 3, 4]


def test_nanoseconds_that_are_whole_microseconds_are_kept() -> None:
    found = outcome({"type": "time"}, pa.array([1, 1_000], pa.time64("ns")))
    assert [row["value"] for row in found.rows] == [time(0, 0, 0, 1)]


def test_a_date_is_read_as_no_month() -> None:
    with pytest.raises(HeaderBroken, match="no yearmonth is read from"):
        outcome({"type": "yearmonth"}, pa.array([date(2013, 5, 2)]))


def test_a_column_whose_name_is_no_text_refuses_the_file() -> None:
    target = BytesIO()
    pq.write_table(pa.table({"plain": [1]}), target, store_schema=False)
    with pytest.raises(FormatBroken, match="footer can't be read"):
        read(target.getvalue().replace(b"plain", b"p\xaain"), of=datasets.dataset(format={"type": "parquet"}))
