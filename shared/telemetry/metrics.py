"""Every metric there is. docs/reference/metrics.md explains each; dashboards and alerts name no others."""

import platform
from importlib.metadata import PackageNotFoundError, version

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    Info,
    PlatformCollector,
    ProcessCollector,
)

# What each process counts for itself.
REGISTRY = CollectorRegistry()
# What only a scheduler knows. Elsewhere its zeros would look like an empty queue or a tick long ago.
FLEET = CollectorRegistry()

ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)

_FROM_A_SECOND_TO_HOURS = (0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200)
_FROM_MILLISECONDS_TO_MINUTES = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)

# The worker

RUNS_TOTAL = Counter(
    "loadstone_runs",
    "Attempts that ended, by how: a final state, or requeued.",
    ["dataset", "outcome"],
    registry=REGISTRY,
)
RUN_DURATION = Histogram(
    "loadstone_run_duration_seconds",
    "How long an attempt took, from claim to end.",
    registry=REGISTRY,
    buckets=_FROM_A_SECOND_TO_HOURS,
)
STAGE_DURATION = Histogram(
    "loadstone_stage_duration_seconds",
    "How long each stage of an attempt took.",
    ["stage"],
    registry=REGISTRY,
    buckets=_FROM_MILLISECONDS_TO_MINUTES,
)
ROWS_TOTAL = Counter(
    "loadstone_rows",
    "Records read, by what became of them: loaded or quarantined.",
    ["dataset", "outcome"],
    registry=REGISTRY,
)
BYTES_TOTAL = Counter(
    "loadstone_bytes",
    "Bytes read from the bucket, as stored there.",
    ["dataset"],
    registry=REGISTRY,
)
RETRIES_TOTAL = Counter(
    "loadstone_retries",
    "Attempts that will be tried again, by the error's code.",
    ["code"],
    registry=REGISTRY,
)
STALE_JOBS_TOTAL = Counter(
    "loadstone_stale_jobs",
    "Messages that found nothing to claim: the run was finished, cancelled or taken.",
    registry=REGISTRY,
)
PUBLISH_WAIT = Histogram(
    "loadstone_publish_wait_seconds",
    "How long a publish waited until it got its locks.",
    registry=REGISTRY,
    buckets=_FROM_MILLISECONDS_TO_MINUTES,
)
PUBLISH_TRIES = Histogram(
    "loadstone_publish_tries",
    "How often a publish tried to get its locks.",
    registry=REGISTRY,
    buckets=(1, 2, 3, 5, 10, 20, 50, 100, 200),
)

# The scheduler

LIVE_VERSION = Gauge("loadstone_live_version", "The number of the live version.", ["dataset"], registry=FLEET)
LAST_SUCCESS = Gauge(
    "loadstone_last_success_timestamp_seconds",
    "When the dataset's last successful run ended.",
    ["dataset"],
    registry=FLEET,
)
RUNS = Gauge("loadstone_runs_by_state", "Runs that are not final, by state.", ["state"], registry=FLEET)
OLDEST_QUEUED_RUN = Gauge(
    "loadstone_oldest_queued_run_seconds",
    "How long the oldest run that is due has been waiting for a worker.",
    registry=FLEET,
)
LATE_RUNS = Gauge("loadstone_late_runs", "Runs whose version is overdue by their contract.", registry=FLEET)
LEASES_EXPIRED_TOTAL = Counter(
    "loadstone_leases_expired", "Runs taken back from a worker that fell silent.", registry=FLEET
)
AFTER_LOAD_TOTAL = Counter(
    "loadstone_after_load",
    "Tries to tag, move or delete a loaded object, by outcome: done, changed, gone, failed, or retry.",
    ["dataset", "outcome"],
    registry=REGISTRY,
)
SCHEDULER_LEADER = Gauge(
    "loadstone_scheduler_leader", "1 where this scheduler leads, 0 where it stands by.", registry=FLEET
)
SCHEDULER_TICK = Histogram(
    "loadstone_scheduler_tick_seconds",
    "How long a tick took.",
    registry=FLEET,
    buckets=_FROM_MILLISECONDS_TO_MINUTES,
)
SCHEDULER_LAST_TICK = Gauge(
    "loadstone_scheduler_last_tick_timestamp_seconds", "When the last tick ended.", registry=FLEET
)
SCHEDULER_FAILURES_TOTAL = Counter(
    "loadstone_scheduler_step_failures", "Steps of a tick that failed, by step.", ["step"], registry=FLEET
)

# The API

API_REQUESTS_TOTAL = Counter(
    "loadstone_api_requests",
    "Requests answered, by the route's template.",
    ["route", "method", "status"],
    registry=REGISTRY,
)
API_REQUEST_DURATION = Histogram(
    "loadstone_api_request_duration_seconds",
    "How long a request took, by the route's template.",
    ["route", "method"],
    registry=REGISTRY,
)

# Every process


def _version() -> str:
    try:
        return version("loadstone")
    except PackageNotFoundError:  # started from a source tree that is not installed
        return "source"


BUILD = Info("loadstone_build", "The release that runs here.", registry=REGISTRY)
BUILD.info({"version": _version(), "python": platform.python_version()})
