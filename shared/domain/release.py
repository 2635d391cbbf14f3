"""Releases: what must hold before a held version goes live, alone or together with those of its group."""

from collections.abc import Iterable, Sequence
from datetime import date

from msgspec import Struct

from shared.domain import slices
from shared.domain.dataset import Dataset, Load
from shared.domain.run import DatasetId, Run
from shared.domain.version import Version


class Member(Struct, frozen=True, kw_only=True):
    """A dataset, of a release group or of none, with its present document and what is live of it."""

    id: DatasetId
    name: str
    live_version: int | None
    live_business_date: date | None
    document: Dataset


class Held(Struct, frozen=True, kw_only=True):
    """A held run with its version, and the document's `load` under which it was accepted."""

    member: Member
    run: Run
    version: Version
    accepted: Load


class Obstacle(Struct, frozen=True, kw_only=True):
    """Why a held version must not go live, and what can be done."""

    text: str
    hint: str


def obstacle(held: Held, *, force: bool = False) -> Obstacle | None:
    """What keeps a held version from going live. `force` overlooks that a newer one is live by now."""
    member, version, accepted = held.member, held.version, held.accepted
    live, target = member.live_version, member.document.load.target
    if accepted.target != target:
        return Obstacle(
            text=f"load.target is {target.schema}.{target.table} now, and was another one when run "
            f"{version.run_id} was accepted",
            hint="Reject it, and start the import again.",
        )
    if slices.builds_on_live(accepted, held.run.trigger):
        if version.base == live:
            return None
        return Obstacle(
            text=f"version {live} became live after the held one was made from version {version.base}",
            hint="Reject it, and start the import again.",
        )
    if force or not _is_superseded(member, version):
        return None
    return Obstacle(
        text=f"version {live} of {member.live_business_date} is live, and newer than the held one of "
        f"{version.business_date}",
        hint="Reject it, or approve it all the same with --force.",
    )


def _is_superseded(member: Member, version: Version) -> bool:
    live, day = member.live_version, member.live_business_date
    return live is not None and day is not None and (day, live) > (version.business_date, version.number)


def reason_to_wait(group: str, missing: Iterable[str], business_date: date) -> str:
    """Whom a run waits for, in words."""
    return f"waits for its release group {group}: {', '.join(missing)} of {business_date}"


def parted_from(version: Version, present: Member, others: Sequence[Member]) -> list[str]:
    """The members of whose business date readers would see another one if this version went live alone."""
    if version.business_date == present.live_business_date:
        return []
    return [
        f"{other.name} ({other.live_business_date})"
        for other in others
        if other.live_business_date not in (None, version.business_date)
    ]
