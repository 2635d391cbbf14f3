"""Shows as metrics what only the catalog knows: how many runs wait, what is late, which version is live."""

from services.scheduler.resources import Resources
from shared.catalog import datasets, runs
from shared.domain.run import RunState
from shared.telemetry import metrics

SHOWN = (RunState.WAITING, RunState.QUEUED, RunState.RUNNING, RunState.HELD)


async def show_runs(io: Resources) -> None:
    """Sets the gauges about runs that are not final."""
    found = {count.state: count for count in await runs.states(io.db)}
    for state in SHOWN:
        metrics.RUNS.labels(state).set(found[state].runs if state in found else 0)
    queued = found.get(RunState.QUEUED)
    metrics.OLDEST_QUEUED_RUN.set(queued.oldest if queued else 0)
    metrics.LATE_RUNS.set(sum(count.late for count in found.values()))


async def show_datasets(io: Resources) -> None:
    """Sets the gauges about live versions."""
    for live in await datasets.live(io.db):
        metrics.LIVE_VERSION.labels(live.name).set(live.version)
        metrics.LAST_SUCCESS.labels(live.name).set(live.published_at.timestamp())


def hide() -> None:
    """Takes everything back: a stand-by that showed what it once saw would contradict the leader."""
    metrics.SCHEDULER_LEADER.set(0)
    for gauge in (metrics.RUNS, metrics.LIVE_VERSION, metrics.LAST_SUCCESS):
        gauge.clear()
    metrics.OLDEST_QUEUED_RUN.set(0)
    metrics.LATE_RUNS.set(0)
