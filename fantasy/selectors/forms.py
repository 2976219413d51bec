"""What the players of a round have brought so far, for the engine."""

import numpy as np
from django.db.models import Max

from fantasy.models import GamePlayer, PlayerScore, Round, RoundMatch
from fantasy.rules.engine.games import codes_of_positions, unit_of
from fantasy.rules.engine.shape import Bytes, Form
from fantasy.rules.game import GameRules
from fantasy.rules.loading import load_game
from matches.enums import MatchStatus
from matches.models import OVER_STATUSES

# Nobody waits for these matches: they are over, or are not played in their round.
_DONE = (
    *OVER_STATUSES,
    MatchStatus.POSTPONED,
    MatchStatus.CANCELLED,
    MatchStatus.ABANDONED,
)


def player_count(game_id: int) -> int:
    """Return how many numbers of players the game has given."""
    newest = GamePlayer.objects.filter(game=game_id).aggregate(newest=Max("number"))["newest"]
    return 0 if newest is None else int(newest) + 1


def position_codes(game_id: int, rules: GameRules) -> Bytes:
    """Return the engine's position of each player, by number."""
    codes = codes_of_positions(rules)
    found = np.zeros(player_count(game_id), np.uint8)
    for number, position in GamePlayer.objects.filter(game=game_id).values_list(
        "number", "position"
    ):
        found[number] = codes[position]
    return found


def live_form(round_: Round, players: int) -> Form:
    """Return the form of players 0 to `players` - 1; three queries.

    A starter keeps his place while a match of his team is to be played or under way. A reserve
    enters once he appeared. So when all matches are over both say who appeared.
    """
    form = Form.before_the_start(players)
    form.stays[:] = False
    sides = RoundMatch.objects.filter(round=round_).exclude(match__status__in=_DONE)
    teams = {team for pair in sides.values_list("match__home", "match__away") for team in pair}
    waiting = GamePlayer.objects.filter(game=round_.game_id, team__in=teams)
    for number in waiting.values_list("number", flat=True):
        if number < players:
            form.stays[number] = True
    scores = PlayerScore.objects.filter(round=round_)
    for number, points, appeared in scores.values_list("game_player__number", "points", "appeared"):
        if number < players:
            form.points[number] += points
            form.enters[number] |= appeared
    np.floor_divide(form.points, unit_of(load_game(round_.game.rules)), out=form.points)
    np.logical_or(form.stays, form.enters, out=form.stays)
    return form


def final_form(round_: Round, players: int) -> Form:
    """Return the form for settlement: who did not appear by now does not appear."""
    form = live_form(round_, players)
    return Form(points=form.points, stays=form.enters, enters=form.enters)
