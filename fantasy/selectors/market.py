"""Figures of players for the transfer market: points so far and how many hold them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Count, Sum

from config.sight import sight
from fantasy.enums import RoundState
from fantasy.models import Entry, Game, GamePlayer, Holding, PlayerScore, Round, Transfer
from fantasy.selectors.told import tells_points
from matches.models import pasts_of


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketFigures:
    """A player's points in the season, None where they may not be told, and his demand.

    `owned_permille` are thousandths of all entries; transfers are those of the next round.
    """

    points: int | None
    owned_permille: int
    transfers_in: int
    transfers_out: int


def market_figures(game: Game, players: Iterable[GamePlayer]) -> Mapping[int, MarketFigures]:
    """Return the figures of players of a game by id; six queries for any number."""
    wanted = [player.pk for player in players]
    points = _points(game, wanted)
    entries = Entry.objects.filter(game=game).count()
    owned = _counts(Holding.objects.filter(game_player__in=wanted), "game_player")
    ahead = Round.objects.filter(game=game, state=RoundState.UPCOMING).order_by("number").first()
    moves = Transfer.objects.filter(round=ahead)
    bought = _counts(moves.filter(player_in__in=wanted), "player_in")
    sold = _counts(moves.filter(player_out__in=wanted), "player_out")
    return {
        pk: MarketFigures(
            points=None if points is None else points.get(pk, 0),
            owned_permille=owned.get(pk, 0) * 1000 // entries if entries else 0,
            transfers_in=bought.get(pk, 0),
            transfers_out=sold.get(pk, 0),
        )
        for pk in wanted
    }


def _counts(rows: object, column: str) -> Mapping[int, int]:
    return dict(rows.order_by().values_list(column).annotate(times=Count("pk")))  # type: ignore[attr-defined]


def _points(game: Game, players: list[int]) -> Mapping[int, int] | None:
    if not tells_points(game):
        return None
    scores = PlayerScore.objects.filter(game_player__in=players)
    seen = sight()
    fresh = list(pasts_of(seen)) if seen is not None else []
    old = scores.exclude(match__in=fresh).order_by().values_list("game_player")
    sums: dict[int, int] = dict(old.annotate(points=Sum("points")))
    # As rows of their model, which tells late readers no more than they may know.
    for score in scores.filter(match__in=fresh) if fresh else ():
        sums[score.game_player_id] = sums.get(score.game_player_id, 0) + score.points
    return sums
