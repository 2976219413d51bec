"""What curators do to fixtures, team sheets and feeds besides the event log."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import F, Max, Min, Q

from config.clock import now
from leagues.enums import ExternalKind
from leagues.models import ExternalId, Player
from leagues.topics import ResourceChanged
from matches.models import Feed, Match, PlayEvent, RawDocument, TeamSheetSpot
from matches.topics import MatchIngested
from streams.outbox import announce

# Of a whole afternoon, one each second.
MAX_DOCUMENTS: Final = 10_000
# Before and after what we know of a match: line-ups come earlier, corrections later.
_BESIDE: Final = timedelta(days=1)
_MATCHES_PER_TRANSACTION = 200


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


def matches_naming(kind: str, row_id: int) -> Sequence[int]:
    """Return the matches whose boxscores name a league, season, team, player or themselves."""
    player = Q(pk=row_id) | Q(merged_into=row_id)
    people = Player.objects.filter(player) if kind == ExternalKind.PLAYER else Player.objects.none()
    acted = PlayEvent.objects.filter(Q(player__in=people) | Q(related_player__in=people))
    named = {
        "league": Q(season__league=row_id),
        "season": Q(season=row_id),
        "match": Q(pk=row_id),
        "team": Q(home=row_id) | Q(away=row_id),
        "player": Q(pk__in=acted.values("match"))
        | Q(pk__in=TeamSheetSpot.objects.filter(player__in=people).values("sheet__match")),
    }.get(kind)
    if named is None:
        return []
    return list(Match.objects.filter(named).order_by("pk").values_list("pk", flat=True))


def tell_names_changed(match_ids: Collection[int]) -> None:
    """Let these matches be folded anew with the names of now; announces `match.ingested`.

    Folds that processes keep know the names of when they began: a new sheet version ends them.
    Some matches at a time, each part in a transaction of its own, locked in key order.
    """
    wanted = sorted(match_ids)
    for start in range(0, len(wanted), _MATCHES_PER_TRANSACTION):
        part = wanted[start : start + _MATCHES_PER_TRANSACTION]
        with transaction.atomic():
            locked = Match.objects.select_for_update(no_key=True).filter(pk__in=part)
            seqs = dict(locked.order_by("pk").values_list("pk", "head_seq"))
            Match.objects.filter(pk__in=part).update(sheet_version=F("sheet_version") + 1)
            announce(*(MatchIngested(match_id=pk, seq=seq) for pk, seq in seqs.items()))


def tell_ids_edited(match_id: int) -> None:
    """Announce that what vendors call a match was edited; nothing where there is no such match.

    Needs the caller's transaction. Matches of test leagues are folded anew in silence.
    """
    match = Match.objects.select_related("season__league").filter(pk=match_id).first()
    if match is None:
        return
    if match.season.league.is_test:
        tell_names_changed([match.pk])
        return
    announce(
        ResourceChanged(
            public_id=match.public_id, kind="match", row_id=match.pk, fields=("external_ids",)
        )
    )


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

    Those of the season's feeds from around its time, and imported ones whose key holds what their
    vendor calls it. One more than can be told at once shows that there are too many.
    """
    # By key, not by the polls that brought them, which are forgotten after a week.
    feeds = Feed.objects.filter(season=match.season_id).values("public_id")
    wanted = Q(key__in=feeds, fetched_at__range=_time_of(match))
    for source, value in ExternalId.objects.filter(
        kind=ExternalKind.MATCH, object_id=match.pk
    ).values_list("source", "value"):
        wanted |= Q(adapter=source, key__contains=value)
    rows = RawDocument.objects.filter(wanted).defer("body").order_by("fetched_at", "pk")
    return list(rows[: MAX_DOCUMENTS + 1])


def _time_of(match: Match) -> tuple[datetime, datetime]:
    told = PlayEvent.objects.filter(match=match).aggregate(
        first=Min("ingested_at"), last=Max("ingested_at")
    )
    moments = [at for at in (match.kickoff_at, told["first"], told["last"]) if at is not None]
    return min(moments) - _BESIDE, max(moments) + _BESIDE
