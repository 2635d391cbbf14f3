"""How far one attempt is: written by the import, read by the heartbeats and by the run's record."""

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct, structs

from services.worker.reading import Meter
from shared.catalog.runs import Claimed, Ending
from shared.domain import additions, misfits
from shared.domain.contract import Contract
from shared.domain.expectations import Finding
from shared.domain.misfits import Misfits
from shared.domain.profile import Profile
from shared.domain.run import ObjectRef, RunState, Trigger
from shared.domain.slices import Slice
from shared.domain.version import Version
from shared.errors import LoadstoneError
from shared.warehouse import naming
from shared.warehouse.naming import Relation


class Staged(Struct, frozen=True, kw_only=True):
    """A table that this attempt loads, and the objects whose rows it holds, in their order."""

    relation: Relation
    objects: tuple[ObjectRef, ...]
    rows: int = 0
    bytes: int = 0
    indexed: bool = False
    profile: Profile | None = None  # of its rows; a merge counts none


class Progress(Meter):
    """One attempt's counts and times. Only the import writes them."""

    def __init__(self, claimed: Claimed) -> None:
        self.run = claimed.run
        self.contract = claimed.contract.document
        self.dataset = additions.for_date(self.contract, claimed.run.business_date)
        self.objects = claimed.objects
        self.table = naming.staging(claimed.run)  # what this attempt loaded, maybe a view of several tables
        self.staged: list[Staged] = []
        self.sliced = False  # whether the version will be a view of its slices, and not a table
        self.parts: list[dict[str, object]] = []  # who loaded what, where it was spread over the workers
        self.base: Version | None = None  # the version that was live, where the next one is made from it
        self.live: Sequence[Slice] = ()
        self.skipped: dict[str, str] = {}  # objects that were left out, and why
        self.kept: Sequence[Slice] = ()  # what the next version keeps of it
        self.stage = "claimed"
        self.rows_done = 0
        self.bytes_done = 0
        self.records_read = 0
        self.rejected = 0
        self.first_reject: str | None = None
        self.misfits: Mapping[str, Misfits] = {}  # by field, what its type did not hold
        self.read: dict[str, Mapping[str, object]] = {}
        self.findings: Sequence[Finding] = ()
        self.profile: Profile | None = None  # of the version that is to be made
        self.outcome = RunState.SUCCEEDED  # of an attempt that meets no error: that, or held
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.started = self._entered = time.perf_counter()

    def adopt(self, contract: Contract) -> None:
        """Goes by another version of the contract from now on."""
        self.run = structs.replace(self.run, contract_version=contract.version)
        self.contract = contract.document
        self.dataset = additions.for_date(self.contract, self.run.business_date)

    @property
    def beside(self) -> int:
        """The live rows of the run's business date that its corrected records complete."""
        if self.run.trigger is not Trigger.REQUEUE:
            return 0
        return sum(one.rows for one in self.kept if one.business_date == self.run.business_date)

    def enter(self, stage: str) -> None:
        """Ends the present stage and begins the next."""
        now = time.perf_counter()
        self.spend(self.stage, now - self._entered)
        self.stage, self._entered = stage, now

    def spend(self, what: str, seconds: float) -> None:
        """Adds to the time that something took."""
        self.seconds[what] += seconds

    def count_bytes(self, count: int) -> None:
        """Counts bytes as stored in the bucket."""
        self.bytes_done += count

    def describe(self, key: str, found: Mapping[str, object]) -> None:
        """Keeps what the reader found out about an object."""
        self.read[key] = found

    def misread(self, key: str, found: Sequence[Misfits]) -> None:
        """Keeps what the types of an object's fields did not hold."""
        self.misfits = misfits.added(self.misfits, misfits.located(found, key))

    @property
    def suggestion(self) -> str:
        """Completes the message of an error by what the types did not hold, and which would."""
        return misfits.suggested(self.misfits, self.records_read)

    def ending(
        self, state: RunState, *, version: int | None = None, error: LoadstoneError | None = None
    ) -> Ending:
        """How the attempt ends, with what was found and how long each stage took."""
        self.enter(self.stage)
        self.outcome = state
        report = {
            "stages": {stage: round(seconds, 3) for stage, seconds in self.seconds.items()},
            "recordsRead": self.records_read,
            "rowsLoaded": self.rows_done,
            "rowsQuarantined": self.rejected,
            **({"parts": self.parts} if self.parts else {}),
            **({"skipped": self.skipped} if self.skipped else {}),
            **({"misfits": misfits.reported(self.misfits, self.records_read)} if self.misfits else {}),
            "read": self.read,
            "findings": msgspec.to_builtins(self.findings),
        }
        return Ending(
            state=state,
            version=version,
            report=report,
            error=error,
            rows_done=self.rows_done,
            bytes_done=self.bytes_done,
        )
