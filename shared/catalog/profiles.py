"""Profiles: what is known about the values of versions, and of the slices that they share."""

from collections.abc import Iterable, Mapping

import msgspec

from shared.domain.profile import Profile
from shared.domain.slices import Slice, SliceId
from shared.domain.version import Version
from shared.postgres import statements
from shared.postgres.pool import Connection, Pool

SQL = statements.beside(__file__)


async def keep(db: Connection, version: Version, profile: Profile | None) -> None:
    """Keeps the profile of a version, where there is one."""
    if profile is not None:
        await db.execute(SQL.keep, version.dataset_id, version.number, profile)


async def keep_slices(db: Connection, found: Mapping[SliceId, Profile]) -> None:
    """Keeps the profiles of new slices."""
    await db.execute(SQL.keep_slices, [*found], [*found.values()])


async def of_version(db: Connection | Pool, version: Version) -> Profile | None:
    """None where no profile was made, as for what an earlier release published."""
    return _profile(await db.fetchval(SQL.of_version, version.dataset_id, version.number))


async def of_slices(db: Connection | Pool, slices: Iterable[Slice]) -> list[Profile | None]:
    """The profile of each slice, in their order."""
    return [_profile(row["profile"]) for row in await db.fetch(SQL.of_slices, [one.id for one in slices])]


def _profile(found: object) -> Profile | None:
    return None if found is None else msgspec.convert(found, Profile)
