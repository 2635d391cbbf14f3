"""Rules of the section `source`."""

from collections.abc import Iterator

from shared.domain import delivery
from shared.domain.dataset import Source
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
