"""Points of the past: what players had by the moment that a late reader is told of."""

from collections.abc import Mapping

from config.sight import sight
from fantasy.models import PlayerScore, RoundMatch
from fantasy.services.scoring import folded_match, fresh_scores


def scores_told(round_id: int, match_id: int) -> Mapping[int, PlayerScore]:
    """Return a match's scores as the present reader may see them, by player of the game.

    Lines and headers are read through their models, which tell no more than that.
    """
    seen = sight()
    place = RoundMatch.objects.filter(round=round_id, match=match_id).select_related("round__game")
    if seen is None:
        return {}
    key = f"scores:{round_id}:{match_id}"
    if key not in seen.memo:
        found = place.first()
        rows = fresh_scores(found, folded_match(match_id)) if found else []
        seen.memo[key] = {row.game_player_id: row for row in rows}
    told: Mapping[int, PlayerScore] = seen.memo[key]
    return told
