"""What Prometheus learns of the whole product, asked of Postgres and Redis at each scrape.

Gauges of a shared store are the same from every process, so it does not matter which one answers.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

import structlog
from django.db import InterfaceError, OperationalError
from django.db.models import Count, F
from prometheus_client import REGISTRY
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from redis.exceptions import RedisError

from config.clock import now
from matches.models import Feed, Match
from streams.enums import DeadLetterStatus
from streams.groups import lags
from streams.live import census
from streams.models import DeadLetter, OutboxEvent

_log = structlog.get_logger(__name__)


def _feed_silence() -> GaugeMetricFamily:
    text = "Seconds since the newest good answer of an enabled feed."
    gauge = GaugeMetricFamily("feed_silence_seconds", text, labels=["feed"])
    at = now()
    for name, good_at in Feed.objects.filter(is_enabled=True).values_list("name", "last_good_at"):
        if good_at is not None:
            gauge.add_metric([name], (at - good_at).total_seconds())
    return gauge


def _feed_failures() -> GaugeMetricFamily:
    gauge = GaugeMetricFamily("feed_failures", "Failed polls in a row.", labels=["feed"])
    for name, failures in Feed.objects.filter(is_enabled=True).values_list("name", "failures"):
        gauge.add_metric([name], failures)
    return gauge


def _consumer_lag() -> GaugeMetricFamily:
    text = "Stream entries that wait for a consumer group."
    gauge = GaugeMetricFamily("stream_consumer_lag", text, labels=["group"])
    for group, lag in lags().items():
        gauge.add_metric([group], lag)
    return gauge


def _unrelayed() -> GaugeMetricFamily:
    waiting = OutboxEvent.objects.filter(position=None).count()
    return GaugeMetricFamily("outbox_unrelayed", "Events that wait for the relay.", value=waiting)


def _dead_letters() -> GaugeMetricFamily:
    gauge = GaugeMetricFamily("dead_letters_open", "Entries given up on.", labels=["group"])
    letters = DeadLetter.objects.filter(status=DeadLetterStatus.OPEN).order_by()
    for group, count in letters.values_list("group").annotate(Count("pk")):
        gauge.add_metric([group], count)
    return gauge


def _matches_behind() -> GaugeMetricFamily:
    behind = Match.objects.filter(folded_seq__lt=F("head_seq")).count()
    return GaugeMetricFamily(
        "matches_behind", "Matches whose fold is behind their log.", value=behind
    )


def _score_mismatch() -> GaugeMetricFamily:
    wrong = Match.objects.filter(score_mismatch=True).count()
    text = "Matches whose vendor states another score than its events add up to."
    return GaugeMetricFamily("score_mismatch", text, value=wrong)


def _ws_clients() -> GaugeMetricFamily:
    return GaugeMetricFamily(
        "ws_clients", "Open live sockets, all processes.", value=census.count_all()
    )


_GAUGES: Final[tuple[Callable[[], GaugeMetricFamily], ...]] = (
    _feed_silence,
    _feed_failures,
    _consumer_lag,
    _unrelayed,
    _dead_letters,
    _matches_behind,
    _score_mismatch,
    _ws_clients,
)


class SharedState(Collector):
    """Yields each gauge that can be read; a store that is away leaves its gauges out."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for gauge in _GAUGES:
            try:
                yield gauge()
            except (OperationalError, InterfaceError, RedisError) as error:
                # A wrong 0 would look like all is well.
                _log.warning("gauge_unavailable", gauge=gauge.__name__, error=str(error)[:200])

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Name nothing, so that registering asks no server."""
        return ()


SHARED: Final = SharedState()
REGISTRY.register(SHARED)
