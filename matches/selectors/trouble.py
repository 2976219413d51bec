"""Reads of what goes wrong around matches: feeds that fail or are silent, live data that is old."""

from datetime import datetime, timedelta
from typing import Final

from django.db.models import Exists, OuterRef, Q, QuerySet

from matches.models import LIVE_STATUSES, Feed, Match
from matches.rules.clock import DELAYED_S

# One or two polls fail now and then, and the next one mends it.
FAILING_AFTER: Final = 3


def troubled_feeds(*, at: datetime) -> QuerySet[Feed]:
    """Return the feeds that fail, and those that are silent while matches of theirs are live."""
    live = Match.objects.filter(season=OuterRef("season"), status__in=LIVE_STATUSES)
    late = at - timedelta(seconds=DELAYED_S)
    is_silent = Q(last_good_at=None) | Q(last_good_at__lt=late)
    wrong = Q(failures__gte=FAILING_AFTER) | (is_silent & Exists(live))
    return Feed.objects.filter(wrong, is_enabled=True)


def late_matches(*, at: datetime) -> QuerySet[Match]:
    """Return the live matches of which nothing good was heard for so long that pages say so."""
    heard = Q(data_at=None) | Q(data_at__lt=at - timedelta(seconds=DELAYED_S))
    return Match.objects.filter(heard, status__in=LIVE_STATUSES)
