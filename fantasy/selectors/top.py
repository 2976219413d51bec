"""The best entries by what is settled."""

from typing import TypedDict

from fantasy.enums import RoundState
from fantasy.models import Entry, Game, LineupResult, Round


class TopRow(TypedDict):
    """A place among all entries."""

    rank: int
    total: int
    entry: Entry


def settled_top(game: Game, *, count: int) -> list[TopRow]:
    """Return the first entries after the last settled round."""
    last = Round.objects.filter(game=game, state=RoundState.SETTLED).order_by("-number").first()
    # The first so many have no higher rank.
    rows = LineupResult.objects.filter(round=last, rank__lte=count).select_related("entry__owner")
    return [
        TopRow(rank=row.rank, total=row.total, entry=row.entry)
        for row in rows.order_by("rank", "entry__number")[:count]
    ]
