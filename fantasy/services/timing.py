"""How long it takes from a fact's coming until the points that follow from it are there."""

from collections.abc import Iterable

import redis
from django.db.models import F

from config.clock import now
from matches.models import PlayEvent
from streams.redis_client import client

_KEY = "veze:fantasy:score-seconds"
_KEPT = 1_000
_KEPT_FOR_S = 300
# Older facts are imported or folded again, not late.
_LONG_AGO_S = 3_600.0


def note_scored(match_ids: Iterable[int]) -> None:
    """Remember for each match how old its newest fact is, now that its points are written."""
    newest = PlayEvent.objects.filter(match__in=list(match_ids), seq=F("match__folded_seq"))
    at = now()
    ages_s = [(at - told).total_seconds() for told in newest.values_list("ingested_at", flat=True)]
    fresh = [max(0.0, age_s) for age_s in ages_s if age_s < _LONG_AGO_S]
    if not fresh:
        return
    pipe = client().pipeline(transaction=False)
    pipe.lpush(_KEY, *fresh)
    pipe.ltrim(_KEY, 0, _KEPT - 1)
    pipe.expire(_KEY, _KEPT_FOR_S)
    try:
        pipe.execute()
    except redis.RedisError:
        # A figure for the operators: the points are written all the same.
        return


def scored_seconds() -> list[float]:
    """Return the last scorings' seconds, newest first; those of the last five busy minutes."""
    return [float(value) for value in client().lrange(_KEY, 0, -1)]  # type: ignore[union-attr]
