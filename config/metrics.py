"""What Prometheus learns of the whole product, asked of Postgres and Redis at each scrape.

Gauges of a shared store are the same from every process, so it does not matter which one answers.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Final

import structlog
from django.db import InterfaceError, OperationalError
from django.db.models import Count, F, Min
from prometheus_client import REGISTRY
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from redis.exceptions import RedisError

from config.clock import now
from fantasy.services.timing import scored_seconds
from matches.models import Feed, Match, PlayEvent
from streams.enums import DeadLetterStatus
from streams.groups import lags
from streams.live import census
from streams.models import DeadLetter, OutboxEvent

# Enough for five minutes of a full matchday, read in a few milliseconds.
_LAG_ROWS: Final = 2_000
_LAG_OVER: Final = timedelta(minutes=5)
# Older facts are imported, not late.
_LONG_AGO: Final = timedelta(hours=1)
_log = structlog.get_logger(__name__)


def _feed_silence() -> GaugeMetricFamily:
    text = "Seconds since the newest good answer of an enabled feed."
    gauge = GaugeMetricFamily("feed_silence_seconds", text, labels=["feed"])
    at = now()
    for name, good_at in Feed.objects.filter(is_enabled=True).values_list("name", "last_good_at"):
        if good_at is not None:
            gauge.add_metric([name], (at - good_at).total_seconds())
    return gauge


def ingest_lags_s() -> dict[str, list[float]]:
    """Return by source how late what it dated came to our log in the last five minutes.

    Looks at the newest rows of the log, by their key: it has no index of its own for time.
    """
    newest = PlayEvent.objects.order_by("-pk").values_list(
        "source", "ingested_at", "vendor_at", "occurred_at"
    )[:_LAG_ROWS]
    lags_s: dict[str, list[float]] = {}
    since = now() - _LAG_OVER
    for source, ingested_at, vendor_at, occurred_at in newest:
        told_at = vendor_at or occurred_at
        if told_at is None or ingested_at < since or ingested_at - told_at > _LONG_AGO:
            continue
        lags_s.setdefault(source, []).append(max(0.0, (ingested_at - told_at).total_seconds()))
    return lags_s


def _ingest_lag() -> GaugeMetricFamily:
    text = "Seconds from what a vendor dates to our log, of the last five minutes."
    gauge = GaugeMetricFamily("ingest_lag_seconds", text, labels=["source", "quantile"])
    for source, found in ingest_lags_s().items():
        for quantile, lag_s in quantiles(found):
            gauge.add_metric([source, f"{quantile:g}"], lag_s)
    return gauge


def _fantasy_score() -> GaugeMetricFamily:
    text = "Seconds from a fact in our log to the points that follow from it, lately."
    gauge = GaugeMetricFamily("fantasy_score_seconds", text, labels=["quantile"])
    for quantile, found in quantiles(scored_seconds()):
        gauge.add_metric([f"{quantile:g}"], found)
    return gauge


def quantiles(values: Iterable[float]) -> Iterator[tuple[float, float]]:
    """Give median, 95th hundredth and worst of the values, nothing of none."""
    ordered = sorted(values)
    for quantile in (0.5, 0.95, 1.0) if ordered else ():
        yield quantile, ordered[min(len(ordered) - 1, int(quantile * len(ordered)))]


def _data_age() -> GaugeMetricFamily:
    text = "Seconds since the newest good answer about a live match, of a league's stalest."
    gauge = GaugeMetricFamily("live_data_age_seconds", text, labels=["league"])
    live = Match.objects.live().filter(season__league__is_test=False).order_by()
    for league, oldest in live.values_list("season__league__slug").annotate(Min("data_at")):
        if oldest is not None:
            gauge.add_metric([league], (now() - oldest).total_seconds())
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
    _ingest_lag,
    _fantasy_score,
    _data_age,
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
