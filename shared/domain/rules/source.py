"""Rules of the section `source`."""

from collections.abc import Iterator

from shared.domain import delivery
from shared.domain.dataset import AfterLoad, Schedule, Source
from shared.domain.markup import Mistake

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html
MOST_TAGS = 10
LONGEST_TAG_NAME = 128
LONGEST_TAG_VALUE = 256


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
    yield from _after_load_mistakes(source.after_load)


def trigger_mistakes(source: Source, schedule: Schedule | None) -> Iterator[Mistake]:
    """Triggers that say something twice, or that nothing could pull."""
    if len(set(source.triggers)) < len(source.triggers):
        yield Mistake(path=("source", "triggers"), text="the same trigger found twice")
    if schedule is None and source.triggers == ["schedule"]:
        text = "schedule alone found, and there is no section schedule: nothing would ever start a run"
        yield Mistake(path=("source", "triggers"), text=text)


def _after_load_mistakes(wish: AfterLoad) -> Iterator[Mistake]:
    """Keys that the action has no use for, or lacks; a place where objects would be found again."""
    path = ("source", "afterLoad")
    for key, given, action in (("tag", bool(wish.tag), "tag"), ("to", wish.to is not None, "move")):
        if given and wish.action != action:
            yield Mistake(path=(*path, key), text=f"found with action {wish.action}, only {action} has it")
        if not given and wish.action == action:
            yield Mistake(path=(*path, key), text=f"is missing, which action {action} needs")
    if wish.to is not None and (not wish.to.endswith("/") or wish.to.startswith("/")):
        text = f"{wish.to!r} found, a folder such as archive/ expected, below which no key matches source.key"
        yield Mistake(path=(*path, "to"), text=text)
    if len(wish.tag) > MOST_TAGS:
        text = f"{len(wish.tag)} tags found, an object has at most {MOST_TAGS}"
        yield Mistake(path=(*path, "tag"), text=text)
    for name, value in wish.tag.items():
        if not 1 <= len(name) <= LONGEST_TAG_NAME or len(value) > LONGEST_TAG_VALUE:
            text = (
                f"a name of 1 to {LONGEST_TAG_NAME}, a value of 0 to {LONGEST_TAG_VALUE} characters expected"
            )
            yield Mistake(path=(*path, "tag", name), text=text)
