"""Points given or taken by hand, as all members of a league are told of them."""

from django.db.models import QuerySet

from fantasy.models import FantasyLeague, ScoreAdjustment
from fantasy.selectors.told import tells_points, told_adjustments


def league_adjustments(league: FantasyLeague) -> QuerySet[ScoreAdjustment]:
    """Return what was given to members of a league in rounds that it counts, the newest first.

    A row that takes another one back stands beside it. None for readers who hide the game's
    points. The game must be fetched along.
    """
    rows = told_adjustments()
    if not tells_points(league.game):
        return rows.none()
    rows = rows.filter(
        entry__memberships__league=league, round__number__gte=league.start_round.number
    )
    return rows.select_related("entry", "round", "by").order_by("-made_at", "-pk")
