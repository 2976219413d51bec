"""What Prometheus learns of one process's live fan-out; `config.metrics` has the sum of sockets."""

from typing import Final

from prometheus_client import Counter, Histogram

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
