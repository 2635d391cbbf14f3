"""Judges a loaded table before anybody may see it."""

from collections.abc import Sequence

from msgspec import Struct

from services.worker.loading import Loaded
from shared.domain import expectations
from shared.domain.contract import Contract
from shared.domain.expectations import Finding
from shared.domain.report import ObjectCounts
from shared.errors import CountsDiffer, ExpectationFailed


class Report(Struct, frozen=True, kw_only=True):
    """What was loaded, and which promises it breaks."""

    rows: int
    objects: Sequence[ObjectCounts]
    findings: Sequence[Finding] = ()

    def raise_if_broken(self) -> None:
        """Raises ExpectationFailed with every finding of severity error."""
        broken = [finding.message for finding in self.findings if finding.severity == "error"]
        if broken:
            raise ExpectationFailed("; ".join(broken))


def check(contract: Contract, loaded: Loaded) -> Report:
    """The report on a load. Raises CountsDiffer when reader and server counted differently."""
    sent = sum(counts.rows_loaded for counts in loaded.objects)
    if sent != loaded.rows:
        raise CountsDiffer(f"{sent} rows were sent and PostgreSQL counted {loaded.rows}")
    for counts in loaded.objects:
        if counts.records_read != counts.rows_loaded + counts.rows_quarantined:
            raise CountsDiffer(
                f"{counts.key}: {counts.records_read} records were read, {counts.rows_loaded} loaded and "
                f"{counts.rows_quarantined} quarantined"
            )
    findings = expectations.check(contract.document.quality, loaded.rows)
    return Report(rows=loaded.rows, objects=loaded.objects, findings=findings)
