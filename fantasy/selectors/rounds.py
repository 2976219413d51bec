"""Rounds of a game as pages list them, and what they brought on the whole."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Avg, Count, F, Max, QuerySet

from fantasy.enums import GameState, RoundState
from fantasy.models import Entry, Game, LineupResult, Round
from fantasy.selectors.told import round_told

_OPEN = (RoundState.UPCOMING, RoundState.VOID)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundFigures:
    """The average and the best of a settled round, after hits; None where there is none to tell."""

    average: int | None = None
    best: int | None = None


def shown_games() -> QuerySet[Game]:
    """The games that fans may see, open ones first."""
    games = Game.objects.exclude(state=GameState.DRAFT).filter(season__league__is_test=False)
    return games.select_related("season__league").order_by("-state", "name")


def drafts() -> QuerySet[Game]:
    """The games that are not open yet, for those who make them."""
    return Game.objects.filter(state=GameState.DRAFT).select_related("season__league")


def ahead(game: Game) -> Round | None:
    """Return the round whose deadline comes next."""
    rows = Round.objects.filter(game=game, state=RoundState.UPCOMING).select_related("game")
    return rows.order_by("number").first()


def rounds_ahead(games: Iterable[Game]) -> dict[int, Round]:
    """Return the round of each game whose deadline comes next, by the game's id; one query."""
    rows = Round.objects.filter(game__in=[game.pk for game in games], state=RoundState.UPCOMING)
    firsts = rows.select_related("game").order_by("game_id", "number").distinct("game_id")
    return {round_.game_id: round_ for round_ in firsts}


def entry_counts(games: Iterable[Game]) -> dict[int, int]:
    """Return how many entries each game has, by its id; one query. One without any is missing."""
    rows = Entry.objects.filter(game__in=[game.pk for game in games]).order_by()
    return dict(rows.values_list("game").annotate(count=Count("pk")))


def locked_rounds(game: Game) -> list[Round]:
    """Return the rounds whose line-ups may be seen, in order."""
    rows = Round.objects.filter(game=game).exclude(state__in=_OPEN).select_related("game")
    return list(rows.order_by("number"))


def rounds_of_entry(entry: Entry) -> list[Round]:
    """Return the rounds an entry has a line-up in, in order."""
    rows = Round.objects.filter(lineups__entry=entry).exclude(state__in=_OPEN)
    return list(rows.select_related("game").order_by("number"))


def round_figures(round_: Round | None) -> RoundFigures:
    """Return what a settled round brought on the whole."""
    if round_ is None or round_.state != RoundState.SETTLED or not round_told(round_):
        return RoundFigures()
    net = F("points") - F("hit") + F("adjusted")
    found = LineupResult.objects.filter(round=round_).aggregate(mean=Avg(net), best=Max(net))
    mean = None if found["mean"] is None else round(found["mean"])
    return RoundFigures(average=mean, best=found["best"])
