"""What one round took, and what a process used."""

import os
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct


class Measured(Struct, frozen=True, kw_only=True):
    """Seconds of one round, by what was done; `cpu` and `peak_mb` are those of the worker's process alone."""

    total: float
    load: float
    cpu: float = 0.0
    peak_mb: float = 0.0
    stages: dict[str, float]


def median(rounds: Sequence[Measured], value: Callable[[Measured], float]) -> float:
    """The median of one figure over all rounds."""
    return statistics.median(value(measured) for measured in rounds)


def stages(rounds: Sequence[Measured]) -> dict[str, float]:
    """The median seconds of each stage."""
    names = dict.fromkeys(name for measured in rounds for name in measured.stages)
    return {name: round(median(rounds, lambda m, of=name: m.stages.get(of, 0.0)), 3) for name in names}  # type: ignore[misc]


def forget_peak(pid: int) -> None:
    """Starts the largest resident set of a process anew (proc(5), clear_refs)."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def peak_mb(pid: int) -> float:
    """The largest resident set that a process has had, in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024 / 1e6


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far, from /proc/PID/stat (proc(5)), in clock ticks there."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
