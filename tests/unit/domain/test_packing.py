from hypothesis import given
from hypothesis import strategies as st

from shared.domain import packing
from shared.domain.packing import OPENING
from shared.domain.run import ObjectRef

MIB = 1024 * 1024
sizes = st.lists(st.integers(0, 40 * MIB), min_size=1, max_size=60)


def objects(*of_size: int) -> list[ObjectRef]:
    return [ObjectRef(key=f"{place:04}", etag="e", size=size) for place, size in enumerate(of_size)]


@given(sizes, st.integers(1, 9), st.integers(1, 30 * MIB))
def test_each_object_is_in_one_part_and_keeps_its_order(
    of_size: list[int], at_most: int, part_bytes: int
) -> None:
    delivery = objects(*of_size)
    parts = packing.packed(delivery, at_most=at_most, part_bytes=part_bytes)
    assert sorted((item for part in parts for item in part), key=lambda item: item.key) == delivery
    assert 1 <= len(parts) <= at_most
    assert all(part and list(part) == sorted(part, key=lambda item: item.key) for part in parts)


@given(sizes, st.integers(1, 9), st.integers(1, 30 * MIB))
def test_no_part_outweighs_another_by_more_than_one_object(
    of_size: list[int], at_most: int, part_bytes: int
) -> None:
    weights = [
        packing.weight(part)
        for part in packing.packed(objects(*of_size), at_most=at_most, part_bytes=part_bytes)
    ]
    assert max(weights) - min(weights) <= max(of_size) + OPENING


def test_a_small_delivery_is_one_part() -> None:
    assert len(packing.packed(objects(MIB, MIB, MIB), at_most=8, part_bytes=16 * MIB)) == 1


def test_one_object_is_never_cut() -> None:
    assert len(packing.packed(objects(900 * MIB), at_most=8, part_bytes=16 * MIB)) == 1


def test_many_tiny_objects_are_worth_spreading() -> None:
    assert len(packing.packed(objects(*[100] * 1000), at_most=8, part_bytes=16 * MIB)) == 3
