"""How players of a game did in its last settled rounds, and what they may bring in the next one.

The counting is `fantasy.rules.outlook`; a correction of a settled round is in it at once. Who has
scores hidden is told nothing of it, who is told late what is settled at his moment.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.db.models import F, Func, IntegerField, JSONField, QuerySet, TextField, Value
from django.db.models.functions import Cast

from config.sight import sight, told_now
from fantasy.enums import RoundState
from fantasy.models import Game, GamePlayer, PlayerScore, Round, RoundMatch
from fantasy.rules.game import GameRules
from fantasy.rules.loading import load_game
from fantasy.rules.outlook import (
    ABSENT,
    ROUNDS,
    Expected,
    Like,
    PastRound,
    Prospect,
    chance_percent,
    expected_mean,
    expected_of,
    form_of,
    group_of,
    likes_of,
    missed_of,
    prospect_of,
    regular_minutes,
)
from fantasy.selectors.rounds import ahead
from fantasy.selectors.told import round_told, tells_points
from matches.enums import MatchStatus
from matches.models import status_is

FIGURES: Final = ("form", "expected", "missed")
_NOT_PLAYED = (MatchStatus.POSTPONED, MatchStatus.CANCELLED, MatchStatus.ABANDONED)
# Behind everybody of whom there is a figure, whichever way the order goes.
_UNKNOWN = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """A player's figures in units of the game, made of `rounds` settled rounds; None without any.

    `missed`: the rounds in which he missed all matches or played only a part of them. `matches`
    are those of the next round, in which he is to bring `expected`; None where none is to come.
    """

    rounds: int
    form: float | None
    missed: int
    matches: int
    expected: Expected | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GameOutlook:
    """What the present reader may be told of a game's players; `number` of the round to come.

    `rounds` are those looked at, `minutes` make a match a full one, 0 where any part does.
    """

    game: Game
    rules: GameRules
    rounds: int
    number: int | None
    minutes: int
    past: Mapping[int, Sequence[PastRound]]
    likes: Mapping[tuple[str, int], Like]
    matches: Mapping[int, int]

    def of(self, player: GamePlayer) -> Outlook:
        """Return a player's figures."""
        past = self.past.get(player.pk, ())
        form, prospect = form_of(past), self.prospect(player)
        return Outlook(
            rounds=len(past),
            form=None if form is None else float(form),
            missed=missed_of(past),
            matches=self.matches.get(player.team_id, 0),
            expected=expected_of(prospect, scale=self.rules.points_scale) if prospect else None,
        )

    def prospect(self, player: GamePlayer) -> Prospect | None:
        """Return what a player may bring in the next round, None where nobody can know."""
        past = self.past.get(player.pk, ())
        if not past or self.number is None:
            return None
        return prospect_of(
            past,
            self.likes[group_of(player.position, past)],
            matches=self.matches.get(player.team_id, 0),
            percent=chance_percent(player.status, player.chance_percent),
            scale=self.rules.points_scale,
        )

    def prospects(self, players: Iterable[GamePlayer]) -> Mapping[int, Prospect]:
        """Return what players may bring in the next round; nothing of those nobody knows."""
        return {player.pk: self.prospect(player) or ABSENT for player in players}

    def figures(self, name: str) -> Mapping[int, int]:
        """Return one of `FIGURES` of all players it is known of, by id; at most one query.

        Form and expected points in thousandths of a point, missed rounds in thousandths of all.
        """
        if name == "expected":
            return self._expected()
        scale = self.rules.points_scale
        found: dict[int, int] = {}
        for pk, past in self.past.items():
            form = form_of(past)
            if form is not None:
                share = missed_of(past) * 1000 // len(past)
                found[pk] = round(form * 1000 / scale) if name == "form" else share
        return found

    def missed_at_most(self, count: int) -> list[int]:
        """Return the players who did not miss more rounds, of those who had any."""
        return [pk for pk, past in self.past.items() if past and missed_of(past) <= count]

    def _expected(self) -> Mapping[int, int]:
        if self.number is None:
            return {}
        rows = GamePlayer.objects.filter(game=self.game)
        return {
            pk: round(
                expected_mean(
                    self.past[pk],
                    self.likes[group_of(position, self.past[pk])],
                    matches=self.matches.get(team, 0),
                    percent=chance_percent(status, told),
                )
                * 1000
                / self.rules.points_scale
            )
            for pk, position, team, status, told in rows.values_list(
                "pk", "position", "team", "status", "chance_percent"
            )
            if self.past.get(pk)
        }


def game_outlook(game: Game) -> GameOutlook | None:
    """Return the outlook of a game's players, None where it may not be told; six queries."""
    if not tells_points(game):
        return None
    rounds = _rounds(game)
    if not all(round_told(round_) for round_ in rounds):
        return None
    rules, next_ = load_game(game.rules), ahead(game)
    minutes = regular_minutes(rules)
    players = list(GamePlayer.objects.filter(game=game).values_list("pk", "team", "position"))
    past = _past(rounds, [(pk, team) for pk, team, _ in players], minutes)
    return GameOutlook(
        game=game,
        rules=rules,
        rounds=len(rounds),
        number=next_.number if next_ else None,
        minutes=minutes,
        past=past,
        likes=likes_of(
            ((position, past[pk]) for pk, _, position in players), scale=rules.points_scale
        ),
        matches=_matches_ahead(next_),
    )


def _rounds(game: Game) -> list[Round]:
    """The last settled rounds, as of the reader's moment, the oldest first."""
    rows = Round.objects.filter(game=game, state=RoundState.SETTLED).select_related("game")
    if sight() is not None:
        rows = rows.filter(settled_at__lte=told_now())
    return list(rows.order_by("-number")[:ROUNDS])[::-1]


def _past(
    rounds: Sequence[Round], players: Collection[tuple[int, int]], minutes: int
) -> Mapping[int, Sequence[PastRound]]:
    """Return each player's settled rounds in which his club, or he for another one, played."""
    wanted = [round_.pk for round_ in rounds]
    of_club: dict[tuple[int, int], set[int]] = defaultdict(set)
    places = RoundMatch.objects.filter(round__in=wanted).exclude(match__status__in=_NOT_PLAYED)
    for round_, match, home, away in places.values_list(
        "round", "match", "match__home", "match__away"
    ):
        of_club[round_, home].add(match)
        of_club[round_, away].add(match)
    scores: dict[tuple[int, int], dict[int, tuple[int, bool]]] = defaultdict(dict)
    for player, round_, match, points, played, appeared in PlayerScore.objects.filter(
        round__in=wanted
    ).values_list("game_player", "round", "match", "points", "minutes", "appeared"):
        scores[player, round_][match] = points, played >= minutes if minutes else appeared
    return {
        player: [
            _past_round(own, theirs)
            for round_ in wanted
            if (own := scores.get((player, round_), {}))
            | dict.fromkeys(theirs := of_club.get((round_, team), set()))
        ]
        for player, team in players
    }


def _past_round(own: Mapping[int, tuple[int, bool]], of_club: Collection[int]) -> PastRound:
    # Who has played for another club missed none of this one's.
    matches = own.keys() if own.keys() - of_club else of_club
    return PastRound(
        points=tuple(own[match][0] if match in own else 0 for match in sorted(matches)),
        is_regular=any(is_regular for _, is_regular in own.values()),
    )


def _matches_ahead(next_: Round | None) -> Mapping[int, int]:
    if next_ is None:
        return {}
    places = RoundMatch.objects.filter(round=next_).exclude(status_is(_NOT_PLAYED, "match__"))
    pairs = places.values_list("match__home", "match__away")
    return Counter(team for pair in pairs for team in pair)


def by_outlook(
    rows: QuerySet[GamePlayer], figures: Mapping[int, int], order: str
) -> QuerySet[GamePlayer]:
    """Return players in the order of a figure, as `outlook_order`; those without one are last.

    Equal ones come the dearest first.
    """
    is_downwards = order.startswith("-")
    held = Func(
        Value(figures, output_field=JSONField()),
        Cast(F("pk"), TextField()),
        template="(%(expressions)s)",
        arg_joiner=" ->> ",
        output_field=TextField(),
    )
    unknown = Value(-_UNKNOWN if is_downwards else _UNKNOWN)
    placed = rows.annotate(
        outlook_order=Func(
            Cast(held, IntegerField()),
            unknown,
            function="COALESCE",
            output_field=IntegerField(),
        )
    )
    return placed.order_by(
        "-outlook_order" if is_downwards else "outlook_order", "-price", "number"
    )
