"""What becomes of a delivery whose objects are replaced: while it is imported, and after it was published."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta

from shared.domain import delivery, planning
from shared.domain.dataset import Dataset, OnReupload, Source
from shared.domain.run import ObjectRef

# How long after its publication a delivery is compared with the bucket.
LOOKED_AFTER = timedelta(hours=24)
FIRST_LOOK = timedelta(seconds=30)
RAREST_LOOK = timedelta(hours=1)
FIRST_PAUSE = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(minutes=10)

HINTS: Mapping[OnReupload, str] = {
    "supersede": "Start the import again: `loadstone import DATASET --date DATE`.",
    "ignore": (
        "source.onReupload is ignore, and the object as it was can't be read any more: only a bucket that "
        "keeps versions still has it. Start the import again to read the new one."
    ),
    "fail": (
        "source.onReupload is fail: find out why the object was replaced, then start the import again "
        "to read the new one."
    ),
}


def pause(reuploads: int) -> timedelta:
    """How long a run waits that takes the place of one, when its delivery was replaced so often in a row.

    It doubles: an object that changes all the time is no reason to work all the time.
    """
    return min(FIRST_PAUSE * (1 << min(reuploads, 16)), LONGEST_PAUSE)


def next_look(age: timedelta) -> timedelta:
    """The time until the next look at what was published `age` ago: a quarter of that, in bounds."""
    return min(max(FIRST_LOOK, age / 4), RAREST_LOOK)


def is_looked_after(
    dataset: Dataset,
    accepted: Dataset,
    business_date: date,
    *,
    live_business_date: date | None,
    is_newest: bool,
    age: timedelta,
) -> bool:
    """Whether a published delivery is still compared with the bucket.

    `accepted` is the dataset as it was imported: where another place is looked at since, nothing there was
    replaced; and where the next day has the same objects, what replaces them is the next day's.
    `is_newest` means that no delivery of its date or of a later one was published after it.
    """
    return (
        dataset.source.on_reupload != "ignore"
        and planning.starts_by_itself(dataset)
        and age < LOOKED_AFTER
        and is_newest
        and (live_business_date == business_date or dataset.load.mode in ("append", "replacePartition"))
        and delivery.tells_days_apart(dataset.source, business_date)
        and _place(dataset.source) == _place(accepted.source)
    )


def replaced(dataset: Dataset, imported: Iterable[ObjectRef], found: Iterable[ObjectRef]) -> list[str]:
    """The keys that have other content than was imported, or are new; none where it is no re-upload.

    What was taken away replaces nothing, and a delivery that lacks an object is not imported by itself: its
    rows would be lost. Where objects are added one by one, those that are there suffice.
    """
    before = {item.key: (item.etag, item.size) for item in imported}
    now = {item.key: (item.etag, item.size) for item in found}
    if dataset.load.mode != "append" and before.keys() - now.keys():
        return []
    return sorted(key for key, content in now.items() if before.get(key) != content)


def _place(source: Source) -> tuple[str | None, ...]:
    return source.bucket, source.key, source.complete.manifest
