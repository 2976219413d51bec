"""A player's season in a game, as far as the reader may be told of it."""

from dataclasses import dataclass, field

from fantasy.models import GamePlayer, PlayerScore, Round
from fantasy.selectors.told import score_told, tells_points
from matches.models import Match


@dataclass(slots=True, kw_only=True)
class PlayedRound:
    """What a player brought in a round, and whom he met."""

    round: Round
    points: int = 0
    minutes: int = 0
    bonus: int = 0
    matches: list[Match] = field(default_factory=list)


def player_rounds_told(player: GamePlayer) -> list[PlayedRound]:
    """Return a player's rounds, the newest first."""
    if not tells_points(player.game):
        return []
    scores = PlayerScore.objects.filter(game_player=player)
    scores = scores.select_related("round__game", "match__home", "match__away")
    found: dict[int, PlayedRound] = {}
    for score in scores.order_by("-round__number", "match__kickoff_at"):
        if not score_told(score.round, score.match_id):
            continue
        row = found.setdefault(score.round_id, PlayedRound(round=score.round))
        row.points += score.points
        row.minutes += score.minutes
        row.bonus += score.bonus
        row.matches.append(score.match)
    return list(found.values())
