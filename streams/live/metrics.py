"""What Prometheus learns of the live fan-out. `ws_clients` is the sum over all processes."""

from collections.abc import Iterator
from typing import Final

from prometheus_client import REGISTRY, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from redis.exceptions import RedisError

from streams.live import census

RESUMED: Final = Counter(
    "ws_resume_total", "Answers to subscriptions: replay, snapshot or nothing held.", ["answer"]
)
CONFLATED: Final = Counter(
    "ws_conflated_total", "Queues of slow sockets that were replaced by a snapshot."
)
CLOSED: Final = Counter("ws_closed_total", "Sockets closed by us.", ["code"])
FANOUT: Final = Histogram(
    "fanout_seconds",
    "From a worker's publish to the last local socket.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)


class ClientCount(Collector):
    """Asks Redis for the sockets of all processes when Prometheus asks us."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the sum; nothing while Redis is away, for a wrong 0 would look like an outage."""
        try:
            total = census.count_all()
        except RedisError:
            return
        yield GaugeMetricFamily("ws_clients", "Open live sockets, all processes.", value=total)

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Name the metric without asking Redis."""
        yield GaugeMetricFamily("ws_clients", "Open live sockets, all processes.")


REGISTRY.register(ClientCount())
