"""What curators do to fixtures, team sheets and feeds besides the event log."""

from collections.abc import Iterable, Sequence

from django.db import transaction
from django.db.models import F, Q

from config.clock import now
from leagues.enums import ExternalKind
from leagues.models import ExternalId
from matches.models import Feed, FeedPoll, Match, RawDocument
from matches.topics import MatchIngested
from streams.outbox import announce

_MAX_DOCUMENTS = 2000


@transaction.atomic
def tell_fixture_changed(match_id: int) -> None:
    """Announce `match.ingested` after an edit of fixture data, so that everything follows it."""
    match = Match.objects.select_for_update(no_key=True).get(pk=match_id)
    announce(MatchIngested(match_id=match.pk, seq=match.head_seq))


@transaction.atomic
def tell_sheets_changed(match_id: int) -> None:
    """Raise the match's sheet version after an edit of its line-ups; announces `match.ingested`."""
    Match.objects.filter(pk=match_id).update(sheet_version=F("sheet_version") + 1)
    tell_fixture_changed(match_id)


def poll_now(feeds: Iterable[int]) -> int:
    """Make feeds due at once, with their failures forgiven; return how many."""
    return Feed.objects.filter(pk__in=list(feeds)).update(
        next_poll_at=now(), claimed_until=None, failures=0, is_enabled=True
    )


def switch_feeds(feeds: Iterable[int], *, on: bool) -> int:
    """Start or stop polling; return how many feeds it was said to."""
    return Feed.objects.filter(pk__in=list(feeds)).update(is_enabled=on)


def documents_about(match: Match) -> Sequence[RawDocument]:
    """Return the raw documents that may tell of the match, oldest first, without their bodies.

    Those of the season's feeds, and imported ones whose key holds what their vendor calls it.
    """
    fed = FeedPoll.objects.filter(feed__season=match.season_id).values("document")
    wanted = Q(pk__in=fed)
    for source, value in ExternalId.objects.filter(
        kind=ExternalKind.MATCH, object_id=match.pk
    ).values_list("source", "value"):
        wanted |= Q(adapter=source, key__contains=value)
    rows = RawDocument.objects.filter(wanted).defer("body").order_by("fetched_at", "pk")
    return list(rows[:_MAX_DOCUMENTS])
