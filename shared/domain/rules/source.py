"""Rules of the section `source`."""

from collections.abc import Iterator

from shared.domain import delivery
from shared.domain.dataset import Schedule, Source
from shared.domain.markup import Mistake


def source_mistakes(source: Source) -> Iterator[Mistake]:
    """A key pattern, count or marker that no object could meet."""
    for text in delivery.pattern_mistakes(source.key):
        yield Mistake(path=("source", "key"), text=text)
    if source.files.min > source.files.max:
        text = f"{source.files.min} found, at most source.files.max ({source.files.max}) expected"
        yield Mistake(path=("source", "files", "min"), text=text)
    for key, name in (("marker", source.complete.marker), ("manifest", source.complete.manifest)):
        if name is not None and (not name or set(name) & set("/*?{}")):
            text = f"{name!r} found, the name of an object without / * ? {{ }} expected"
            yield Mistake(path=("source", "complete", key), text=text)


def trigger_mistakes(source: Source, schedule: Schedule | None) -> Iterator[Mistake]:
    """Triggers that say something twice, or that nothing could pull."""
    if len(set(source.triggers)) < len(source.triggers):
        yield Mistake(path=("source", "triggers"), text="the same trigger found twice")
    if schedule is None and source.triggers == ["schedule"]:
        text = "schedule alone found, and there is no section schedule: nothing would ever start a run"
        yield Mistake(path=("source", "triggers"), text=text)
