"""What entries have scored in settled rounds, hits taken off: read from their results.

A total of its own in each entry's row would be a million updates at every settlement.
"""

from collections.abc import Mapping
from typing import Any

from django.db.models import F, FilteredRelation, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from fantasy.enums import RoundState
from fantasy.models import Entry, LineupResult, Round


def with_totals(entries: QuerySet[Entry], *, game_id: int | None = None) -> QuerySet[Any]:
    """Annotate entries with `total_points`: the total after the last settled round they were in.

    With `game_id`, whose entries all must be, the game's last settled round is joined, which many
    entries need; without it each entry's rounds are looked through.
    """
    results = LineupResult.objects.filter(
        entry=OuterRef("pk"),
        round__game=OuterRef("game_id"),
        round__state=RoundState.SETTLED,
    )
    newest = Subquery(results.order_by("-round__number").values("total")[:1])
    settled = Round.objects.filter(game=game_id, state=RoundState.SETTLED).order_by("-number")
    last = settled.first() if game_id is not None else None
    if last is None:
        return entries.annotate(total_points=Coalesce(newest, 0))
    joined = FilteredRelation("results", condition=Q(results__round=last.pk))
    return entries.annotate(latest=joined).annotate(
        total_points=Coalesce(F("latest__total"), newest, 0)
    )


def settled_totals(entries: QuerySet[Entry], *, game_id: int) -> Mapping[int, int]:
    """Return the totals of a game's entries, by entry."""
    return dict(with_totals(entries, game_id=game_id).values_list("pk", "total_points"))
