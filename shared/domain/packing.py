"""How the objects of a delivery are packed into parts that workers load side by side."""

import heapq
from collections.abc import Iterable, Sequence

from shared.domain.run import ObjectRef

# What opening an object costs, in bytes that could be loaded meanwhile.
OPENING = 64 * 1024


def weight(objects: Iterable[ObjectRef]) -> int:
    """What loading these objects costs, in bytes."""
    return sum(item.size + OPENING for item in objects)


def packed(objects: Sequence[ObjectRef], *, at_most: int, part_bytes: int) -> list[tuple[ObjectRef, ...]]:
    """The objects in at most so many parts of about equal weight, none empty; one for a small delivery.

    Within a part the objects keep their order.
    """
    count = max(1, min(at_most, weight(objects) // part_bytes, len(objects)))
    lightest = [(0, place) for place in range(count)]
    part_of = {}
    for place, item in sorted(enumerate(objects), key=lambda found: -found[1].size):
        held, part = lightest[0]
        heapq.heapreplace(lightest, (held + weight([item]), part))
        part_of[place] = part
    return [
        tuple(item for place, item in enumerate(objects) if part_of[place] == part) for part in range(count)
    ]
