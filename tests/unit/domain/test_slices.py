"""Which slices the next version keeps, against a naive model of tables."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import count

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from shared.domain import slices
from shared.domain.dataset import Load
from shared.domain.run import ObjectRef, RunId, Trigger
from shared.domain.slices import Slice, SliceId

DAY = date(2013, 1, 1)
type Row = tuple[date, str, str]  # the business date, the key and the ETag that it came from
type Delivery = tuple[date, Sequence[ObjectRef]]


def _load(mode: str) -> Load:
    return msgspec.convert({"target": {"schema": "s", "table": "t"}, "mode": mode}, Load)


def _objects(contents: dict[int, int]) -> list[ObjectRef]:
    return [ObjectRef(key=f"k{key}", etag=f"e{etag}", size=1) for key, etag in contents.items()]


contents = st.dictionaries(st.integers(0, 4), st.integers(0, 2), min_size=1, max_size=4).map(_objects)
deliveries = st.lists(
    st.tuples(st.integers(0, 3).map(lambda days: DAY + timedelta(days=days)), contents), max_size=8
)


def _naive(mode: str, rows: list[Row], delivery: Delivery) -> list[Row]:
    """The same with rows in one table: delete what is superseded, insert what is new."""
    day, objects = delivery
    match mode:
        case "append":
            new = [item for item in objects if all((r[1], r[2]) != (item.key, item.etag) for r in rows)]
            stale = {item.key for item in new}
            rows = [row for row in rows if row[1] not in stale]
        case "replacePartition":
            new, rows = list(objects), [row for row in rows if row[0] != day]
        case _:
            new, rows = list(objects), []
    return [*rows, *((day, item.key, item.etag) for item in new)]


class Warehouse:
    """Slices with rows, as deliveries leave them."""

    def __init__(self, mode: str) -> None:
        self.load = _load(mode)
        self.live: list[Slice] = []
        self.rows: dict[SliceId, list[Row]] = {}
        self._ids = map(SliceId, count(1))

    def deliver(self, delivery: Delivery) -> None:
        day, objects = delivery
        missing = slices.missing(self.load, objects, self.live)
        kept = slices.kept(self.load, Trigger.MANUAL, self.live, day, missing)
        parts = slices.parts(self.load, missing, at_most=3, part_bytes=1) if missing else []
        self.live = [*kept, *(self._slice(day, part) for part in parts)]

    def _slice(self, day: date, part: Sequence[ObjectRef]) -> Slice:
        of_one = part[0] if slices.per_object(self.load) else None
        made = Slice(
            id=next(self._ids),
            run_id=RunId(1),
            relation="",
            business_date=day,
            object_key=of_one.key if of_one else None,
            object_etag=of_one.etag if of_one else None,
            rows=len(part),
            bytes=1,
        )
        self.rows[made.id] = [(day, item.key, item.etag) for item in part]
        return made

    def read(self) -> list[Row]:
        return [row for one in self.live for row in self.rows[one.id]]


@given(mode=st.sampled_from(["replace", "append", "replacePartition"]), delivered=deliveries)
def test_slices_hold_after_any_deliveries_what_a_single_table_would(
    mode: str, delivered: Sequence[Delivery]
) -> None:
    warehouse, rows = Warehouse(mode), list[Row]()
    for delivery in delivered:
        warehouse.deliver(delivery)
        rows = _naive(mode, rows, delivery)
    assert sorted(warehouse.read()) == sorted(rows)


@given(mode=st.sampled_from(["append", "replacePartition"]), delivered=deliveries)
def test_the_same_delivery_twice_leaves_the_rows_of_once(mode: str, delivered: Sequence[Delivery]) -> None:
    warehouse = Warehouse(mode)
    for delivery in delivered:
        warehouse.deliver(delivery)
        once = sorted(warehouse.read())
        warehouse.deliver(delivery)
        assert sorted(warehouse.read()) == once


@given(delivered=deliveries)
def test_appending_never_has_two_slices_of_one_key(delivered: Sequence[Delivery]) -> None:
    warehouse = Warehouse("append")
    for delivery in delivered:
        warehouse.deliver(delivery)
        keys = [one.object_key for one in warehouse.live]
        assert len(set(keys)) == len(keys)
