"""What a match brings in the games it counts in: points of its players, yours among them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fantasy.enums import GameState, RoundState, ScoreState
from fantasy.models import Entry, Game, GamePlayer, Lineup, PlayerScore, Round, RoundMatch
from fantasy.rules.loading import load_game
from fantasy.rules.settling import unpacked
from fantasy.selectors.market import market_figures
from fantasy.selectors.told import score_told
from matches.models import Match

_FINAL = frozenset({ScoreState.SETTLED, ScoreState.CORRECTED})
_AHEAD_SHOWN = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchPlayer:
    """A player's points in the match; without a score he has none, or none that may be told."""

    player: GamePlayer
    points: int | None
    bonus: int
    minutes: int | None
    is_final: bool
    owned_permille: int
    is_yours: bool
    slot: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchTable:
    """The players of a match in a game, the best first, yours apart."""

    game: Game
    round: Round
    scale: int
    entry: Entry | None
    yours: Sequence[MatchPlayer]
    others: Sequence[MatchPlayer]
    is_told: bool
    is_final: bool
    has_bonus: bool


def games_of_match(match: Match) -> list[RoundMatch]:
    """Return the rounds that a match counts in, of games that fans may see."""
    rows = RoundMatch.objects.filter(match=match).exclude(game__state=GameState.DRAFT)
    return list(rows.select_related("round__game__season__league", "match").order_by("game__name"))


def match_points(place: RoundMatch, entry: Entry | None) -> MatchTable:
    """Return the players of a match in a game, with the points of those who have a score."""
    round_, game = place.round, place.round.game
    is_told = score_told(round_, place.match_id)
    rows = PlayerScore.objects.filter(round=round_, match=place.match)
    scores = {row.game_player_id: row for row in rows} if is_told else {}
    slots = _slots(entry, round_)
    sides = (place.match.home_id, place.match.away_id)
    players = list(
        GamePlayer.objects.filter(game=game, team__in=sides).select_related("player", "team")
    )
    wanted = [p for p in players if p.pk in scores or p.number in slots] or _dearest(players)
    figures = market_figures(game, wanted)
    found = sorted(
        (_row(p, scores, slots, figures[p.pk].owned_permille) for p in wanted),
        key=lambda row: (-(row.points or 0), -row.owned_permille, row.player.number),
    )
    return MatchTable(
        game=game,
        round=round_,
        scale=load_game(game.rules).points_scale,
        entry=entry,
        yours=[row for row in found if row.is_yours],
        others=[row for row in found if not row.is_yours],
        is_told=is_told,
        is_final=bool(scores) and all(row.state in _FINAL for row in scores.values()),
        has_bonus=load_game(game.rules).bonus is not None,
    )


def _dearest(players: Sequence[GamePlayer]) -> list[GamePlayer]:
    return sorted(players, key=lambda player: -player.price)[:_AHEAD_SHOWN]


def _slots(entry: Entry | None, round_: Round) -> Mapping[int, int]:
    """Return the numbers of an entry's players with their slots: frozen ones once locked."""
    if entry is None:
        return {}
    if round_.state == RoundState.UPCOMING:
        held = entry.holdings.values_list("game_player__number", "slot")
        return dict(held)
    lineup = Lineup.objects.filter(entry=entry, round=round_).first()
    numbers = unpacked(bytes(lineup.packed)) if lineup else ()
    return {number: slot for slot, number in enumerate(numbers, start=1)}


def _row(
    player: GamePlayer,
    scores: Mapping[int, PlayerScore],
    slots: Mapping[int, int],
    owned_permille: int,
) -> MatchPlayer:
    score = scores.get(player.pk)
    return MatchPlayer(
        player=player,
        points=score.points if score else None,
        bonus=score.bonus if score else 0,
        minutes=score.minutes if score else None,
        is_final=score is not None and score.state in _FINAL,
        owned_permille=owned_permille,
        is_yours=player.number in slots,
        slot=slots.get(player.number),
    )
