"""Every metric is named, and explained, as Prometheus and our readers expect."""

import re
from pathlib import Path

import pytest
from msgspec import Struct
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics import Counter, Info, MetricWrapperBase

from shared.telemetry import metrics

REFERENCE = Path(__file__).parents[3] / "docs/reference/metrics.md"


class Known(Struct, frozen=True):
    """A metric as it is served."""

    name: str
    type: str
    labels: tuple[str, ...]
    meaning: str
    registry: CollectorRegistry


def known(registry: CollectorRegistry) -> list[Known]:
    """Everything of our own in a registry, in the order of the module."""
    served = registry._collector_to_names
    return [
        Known(
            name=each._name + {Counter: "_total", Info: "_info"}.get(type(each), ""),
            type=type(each).__name__.lower(),
            labels=tuple(each._labelnames) or (("version", "python") if type(each) is Info else ()),
            meaning=each._documentation,
            registry=registry,
        )
        for each in vars(metrics).values()
        if isinstance(each, MetricWrapperBase) and each in served
    ]


OURS = [*known(metrics.REGISTRY), *known(metrics.FLEET)]


def row(metric: Known) -> str:
    """The line that docs/reference/metrics.md has to have for a metric."""
    labels = ", ".join(f"`{label}`" for label in metric.labels) or "none"
    return f"| `{metric.name}` | {metric.type} | {labels} | {metric.meaning} |"


@pytest.mark.parametrize("metric", OURS, ids=lambda metric: metric.name)
def test_every_metric_has_its_line_in_the_reference(metric: Known) -> None:
    assert row(metric) in REFERENCE.read_text(encoding="utf-8").splitlines()


def test_the_reference_explains_no_other_metric() -> None:
    explained = re.findall(r"^\| `([a-z_]+)`", REFERENCE.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(explained) == sorted(metric.name for metric in OURS)


@pytest.mark.parametrize("metric", OURS, ids=lambda metric: metric.name)
def test_names_are_ours_and_in_base_units(metric: Known) -> None:
    assert re.fullmatch("loadstone_[a-z_]+", metric.name)
    assert not re.search("_(ms|milliseconds|minutes|kb|mb)$", metric.name)


def test_a_process_that_does_not_schedule_tells_nothing_about_the_fleet() -> None:
    text = generate_latest(metrics.REGISTRY).decode()
    assert "loadstone_build_info{" in text
    assert "scheduler" not in text
    assert "loadstone_oldest_queued_run_seconds" not in text
