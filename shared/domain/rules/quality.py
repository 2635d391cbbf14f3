"""Rules of the section `quality`."""

from collections import Counter
from collections.abc import Iterator, Sequence

from shared.domain import expectations
from shared.domain.dataset import Expectation
from shared.domain.markup import Mistake


def quality_mistakes(quality: Sequence[Expectation]) -> Iterator[Mistake]:
    """Expectations that share a name, or whose operators are not one."""
    count = Counter(rule.id for rule in quality)
    for index, rule in enumerate(quality):
        if count[rule.id] > 1:
            yield Mistake(path=("quality", index, "id"), text=f"{rule.id!r} found more than once")
        for text in expectations.operator_mistakes(rule):
            yield Mistake(path=("quality", index), text=text)
