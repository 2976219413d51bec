"""Filling up a squad that is being chosen, at a fan's wish."""

from collections.abc import Sequence

from fantasy.enums import Availability
from fantasy.models import Game, GamePlayer
from fantasy.rules.autopick import Candidate, fill_squad
from fantasy.rules.game import GameRules
from fantasy.rules.squads import Pick
from fantasy.selectors.market import market_figures
from fantasy.services.refusals import refuse


def filled_squad(game: Game, rules: GameRules, held: Sequence[GamePlayer]) -> list[GamePlayer]:
    """Return a legal squad: those held and the best who can be had besides. Raises Refused.

    By points, as far as the reader may know them, then by price; nothing is saved.
    """
    rows = GamePlayer.objects.filter(game=game, status=Availability.AVAILABLE)
    pool = {row.pk: row for row in rows.select_related("player", "team")}
    figures = market_figures(game, pool.values())
    candidates = [
        Candidate(pick=_pick(row), worth=(figures[pk].points or 0) * 10 + row.price)
        for pk, row in pool.items()
    ]
    added = fill_squad(rules, [_pick(row) for row in held], candidates)
    if added is None:
        raise refuse("cannot_fill", "The players who are left are too dear. Drop somebody first.")
    return [*held, *(pool[pick.player] for pick in added)]


def _pick(row: GamePlayer) -> Pick:
    return Pick(player=row.pk, position=row.position, club=row.team_id, price=row.price)
