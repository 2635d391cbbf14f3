"""Profiling rows batch by batch."""

import math
import subprocess
import sys
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.dataset import Dataset
from shared.domain.profile import Profile
from shared.files.convert import arrow_schema
from shared.files.profiling import FEW_ROWS, Profiler
from tests.support.catalog import dataset


def declared(*fields: dict[str, Any]) -> Dataset:
    return dataset(schema={"fields": list(fields)})


def profiled(contract: Dataset, batches: list[dict[str, list[Any]]]) -> Profile:
    profiler = Profiler(contract)
    for batch in batches:
        profiler.add(pa.RecordBatch.from_pydict(batch, schema=arrow_schema(contract)))
    return profiler.profile()


@given(st.lists(st.lists(st.none() | st.integers(-(2**63), 2**63 - 1)), max_size=5))
def test_the_bounds_and_nulls_do_not_depend_on_where_batches_end(batches: list[list[int | None]]) -> None:
    contract = declared({"name": "n", "type": "integer"})
    found = profiled(contract, [{"n": values} for values in batches])
    values = [value for batch in batches for value in batch]
    there = [value for value in values if value is not None]
    [column] = found.columns
    assert (found.rows, column.nulls) == (len(values), len(values) - len(there))
    assert column.bounds == ((str(min(there)), str(max(there))) if there else None)


@pytest.mark.parametrize(
    ("field", "values", "bounds"),
    [
        ({"type": "integer"}, [10, 9, None], ("9", "10")),
        (
            {"type": "number", "physicalType": "numeric(12,2)"},
            [Decimal("-1.50"), Decimal(3)],
            ("-1.50", "3.00"),
        ),
        ({"type": "number", "physicalType": "double precision"}, [math.nan, 0.5, math.inf], ("0.5", "inf")),
        ({"type": "number", "physicalType": "double precision"}, [math.nan], None),
        ({"type": "boolean"}, [True, False], ("false", "true")),
        ({"type": "date"}, [date(9999, 12, 31), date(1, 1, 1)], ("0001-01-01", "9999-12-31")),
        ({"type": "time"}, [time(12), time(3, 0, 0, 5)], ("03:00:00.000005", "12:00:00")),
        (
            {"type": "datetime"},
            [datetime(2013, 1, 1, tzinfo=UTC), datetime(2013, 1, 1, 0, 0, 0, 1, tzinfo=UTC)],
            ("2013-01-01T00:00:00+00:00", "2013-01-01T00:00:00.000001+00:00"),
        ),
        (
            {"type": "datetime", "physicalType": "timestamp"},
            [datetime(1, 1, 1)],  # noqa: DTZ001
            ("0001-01-01T00:00:00",) * 2,
        ),
        ({"type": "year"}, [2013, 12], ("12", "2013")),
        ({"type": "string"}, ["b", None, "Z", "é", "x" * 200], ("Z", "é")),
        ({"type": "string"}, ["x" * 200], ("x" * 100,) * 2),
        ({"type": "object"}, ["{}"], None),
        ({"type": "string", "format": "uuid"}, [b"x" * 16], None),
        ({"type": "integer", "classification": "confidential"}, [1], None),
    ],
)
def test_each_type_has_its_bounds_or_none(
    field: dict[str, Any], values: list[Any], bounds: tuple[str, str] | None
) -> None:
    found = profiled(declared({"name": "f", **field}), [{"f": values}, {"f": values[:1]}, {"f": []}])
    assert found.columns[0].bounds == bounds
    assert found.columns[0].nulls == values.count(None)


def test_texts_of_many_rows_are_not_compared() -> None:
    contract = declared({"name": "f", "type": "string"})
    few, one = {"f": ["a"] * FEW_ROWS}, {"f": ["b"]}
    assert profiled(contract, [few]).columns[0].bounds == ("a", "a")
    assert profiled(contract, [few, one]).columns[0].bounds is None


def test_moments_are_profiled_without_pandas_which_would_fill_the_memory() -> None:
    """In a process of its own: here, other tests may have imported it."""
    script = """
import sys
import pyarrow as pa
from shared.files.profiling import Profiler
from tests.support.catalog import dataset
types = [None, "timestamp"]
fields = [{"name": f"at{n}", "type": "datetime", "physicalType": t} for n, t in enumerate(types)]
profiler = Profiler(dataset(schema={"fields": fields}))
first = pa.py_buffer(bytes(8))
arrays = [pa.Array.from_buffers(pa.timestamp("us", zone), 1, [None, first]) for zone in ("UTC", None)]
profiler.add(pa.RecordBatch.from_arrays(arrays, names=["at0", "at1"]))
print([column.minimum for column in profiler.profile().columns], "pandas" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "['1970-01-01T00:00:00+00:00', '1970-01-01T00:00:00'] False\n"
