"""What is counted: tool calls and refusals, for Prometheus to fetch and DogStatsD to be sent."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from datadog.dogstatsd import DogStatsd
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from overset.observe.audit import Outcome

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,79}", re.ASCII)
_MOST_NAMES = 500
_QUEUE = 10_000
OTHER = "other"
"""The label of names that are no names, or one too many."""


Exposition = tuple[bytes, str]
"""The metrics as Prometheus reads them, and their media type."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A figure that is kept elsewhere and read when the metrics are.

    `read` returns the figures by the values of the one `label`; it is called in any thread. The
    name of a counter has no `_total` at its end: Prometheus' library adds it.
    """

    name: str
    description: str
    label: str
    read: Callable[[], Mapping[str, float]]
    kind: Literal["gauge", "counter"] = "gauge"


class Metrics(Protocol):
    """Where things are counted."""

    def record_tool(self, tool: str, outcome: Outcome, seconds: float) -> None:
        """Count a tool call that took `seconds`."""

    def count_refusal(self, code: str) -> None:
        """Count a refusal."""

    def watch(self, watched: Watched) -> None:
        """Read a figure whenever the metrics are read."""

    def render(self) -> Exposition:
        """Return everything that was counted."""

    def close(self) -> None:
        """Send what is still to be sent."""


class NullMetrics:
    """Counts nothing."""

    def record_tool(self, tool: str, outcome: Outcome, seconds: float) -> None:
        """Count nothing."""

    def count_refusal(self, code: str) -> None:
        """Count nothing."""

    def watch(self, watched: Watched) -> None:
        """Read nothing."""

    def render(self) -> Exposition:
        """Return nothing."""
        return b"", CONTENT_TYPE_LATEST

    def close(self) -> None:
        """Send nothing."""


class ToolMetrics:
    """Counts in a registry of its own, and sends the same to DogStatsD.

    Prometheus: `mcp_tool_calls_total{tool,outcome}`, `mcp_tool_duration_seconds{tool,outcome}` and
    `refusals_total{code}`. DogStatsD: `mcp.tool.<tool>.success|failure`, `mcp.tool.<tool>.duration`
    in milliseconds with the outcome as tag, and `mcp.refusals` with the code as tag.
    """

    def __init__(self, *, statsd: DogStatsd | None = None, most_names: int = _MOST_NAMES) -> None:
        self._statsd = statsd
        self._tools = _Names(most_names)
        self._codes = _Names(most_names)
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        labels = ("tool", "outcome")
        self._calls = Counter(
            "mcp_tool_calls", "Tool calls by their true outcome.", labels, registry=self._registry
        )
        self._durations = Histogram(
            "mcp_tool_duration_seconds",
            "How long tools took.",
            labels,
            registry=self._registry,
            buckets=_BUCKETS,
        )
        self._children: dict[tuple[str, Outcome], tuple[Counter, Histogram]] = {}
        self._refusals = Counter(
            "refusals", "Refused requests by machine code.", ("code",), registry=self._registry
        )

    def record_tool(self, tool: str, outcome: Outcome, seconds: float) -> None:
        """Count a tool call that took `seconds`."""
        name = self._tools.bound(tool)
        counter, durations = self._find_children(name, outcome)
        counter.inc()
        durations.observe(seconds)
        if self._statsd is not None:
            dotted = f"mcp.tool.{re.sub('[^A-Za-z0-9_]', '_', name)}"
            self._statsd.increment(f"{dotted}.{outcome}")
            self._statsd.timing(f"{dotted}.duration", seconds * 1000, tags=[f"outcome:{outcome}"])

    def _find_children(self, tool: str, outcome: Outcome) -> tuple[Counter, Histogram]:
        # To look them up by their labels takes longer than to count.
        found = self._children.get((tool, outcome))
        if found is None:
            found = self._calls.labels(tool, outcome), self._durations.labels(tool, outcome)
            self._children[tool, outcome] = found
        return found

    def count_refusal(self, code: str) -> None:
        """Count a refusal."""
        name = self._codes.bound(code)
        self._refusals.labels(name).inc()
        if self._statsd is not None:
            self._statsd.increment("mcp.refusals", tags=[f"code:{name}"])

    def watch(self, watched: Watched) -> None:
        """Read a figure whenever the metrics are read."""
        self._registry.register(_Reading(watched))

    def render(self) -> Exposition:
        """Return everything that was counted."""
        return generate_latest(self._registry), CONTENT_TYPE_LATEST

    def close(self) -> None:
        """Send what is still to be sent."""
        if self._statsd is not None:
            self._statsd.stop()


class _Reading(Collector):
    """What Prometheus' registry asks at every scrape."""

    def __init__(self, watched: Watched) -> None:
        self._watched = watched

    def collect(self) -> Iterable[Metric]:
        """Return the figures as they are now."""
        watched = self._watched
        family: GaugeMetricFamily | CounterMetricFamily
        family = _FAMILIES[watched.kind](watched.name, watched.description, labels=[watched.label])
        for value, figure in watched.read().items():
            family.add_metric([value], figure)
        yield family


_FAMILIES = {"gauge": GaugeMetricFamily, "counter": CounterMetricFamily}


class _Names:
    """The names that have become labels: whoever makes names up fills no memory."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._seen: set[str] = set()

    def bound(self, name: str) -> str:
        """Return `name`, or `OTHER` in its place."""
        if name in self._seen:
            return name
        if not _NAME.fullmatch(name) or len(self._seen) >= self._most:
            return OTHER
        self._seen.add(name)
        return name


def open_metrics(*, statsd_host: str | None = None, statsd_port: int = 8125) -> ToolMetrics:
    """Return metrics that Prometheus can fetch, and that go to DogStatsD too if a host is set.

    Datagrams leave from a thread of their own, and are lost rather than waited for.
    """
    if statsd_host is None:
        return ToolMetrics()
    statsd = DogStatsd(
        host=statsd_host,
        port=statsd_port,
        disable_telemetry=True,
        disable_background_sender=False,
        sender_queue_size=_QUEUE,
        sender_queue_timeout=0,
        origin_detection_enabled=False,
    )
    return ToolMetrics(statsd=statsd)
