"""Games, their rules, rounds, players and top lists: open to everybody."""

from collections.abc import Mapping
from dataclasses import asdict
from math import ceil
from typing import Any

from django.db.models import Avg, F, Max, Prefetch, QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from fantasy.api.doors import PAGED, PublicDoor
from fantasy.api.filters import PlayerFilter, TopFilter
from fantasy.api.serializers import (
    FantasyEntrySerializer,
    FantasyGameSerializer,
    FantasyPhaseSerializer,
    FantasyPlayerSerializer,
    FantasyPriceChangeSerializer,
    FantasyRoundDetailSerializer,
    FantasyRoundSerializer,
    FantasyTopSerializer,
)
from fantasy.enums import GameState, RoundState
from fantasy.models import Entry, Game, GamePlayer, LineupResult, Phase, PriceChange, Round
from fantasy.rules.loading import load_game
from fantasy.rules.squads import Refusal
from fantasy.selectors.live_ranks import live_round_of, top_entries
from fantasy.selectors.market import market_figures
from fantasy.selectors.market_list import MarketWish, rows_by_outlook
from fantasy.selectors.outlook import FIGURES, GameOutlook, by_outlook, game_outlook
from fantasy.selectors.told import live_told, ranks_told, round_told
from fantasy.services.refusals import refuse, refuse_any
from matches.models import Match

_AHEAD = Round.objects.filter(state=RoundState.UPCOMING).order_by("number")
_TOP = 100
_WITHHELD = "It is made of points that are held back, as you asked for. Leave it out."


def told_games() -> QuerySet[Game]:
    """The games that fans may see, with their rounds to come."""
    games = Game.objects.exclude(state=GameState.DRAFT).select_related("season__league")
    return games.filter(season__league__is_test=False).prefetch_related(
        Prefetch("rounds", queryset=_AHEAD, to_attr="ahead")
    )


class GameList(PublicDoor, ListAPIView[Game]):
    """Games that are open or over, by name."""

    pagination_class = PAGED
    serializer_class = FantasyGameSerializer
    filterset_class = None

    def get_queryset(self) -> QuerySet[Game]:
        return told_games().order_by("name")


class GameDetail(PublicDoor):
    """One game."""

    serializer_class = FantasyGameSerializer

    @extend_schema(operation_id="fantasy_games_retrieve")
    def get(self, request: Request, public_id: str) -> Response:
        self.check_parameters()
        game = get_object_or_404(told_games(), public_id=public_id)
        return Response(self.get_serializer(game).data)


def _plain(value: Any) -> Any:
    """Return rules as JSON: sets in order, tuples as lists."""
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(map(_plain, value), key=str)
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value


class RulesDetail(PublicDoor):
    """All rules of a game, from the pack that it is played by."""

    serializer_class = FantasyGameSerializer
    _TOLD = (
        *("id", "name", "season", "version", "points_scale", "positions", "squad", "lineup"),
        *("captain", "transfers", "chips", "points", "bonus", "rounds", "leagues", "prices"),
    )

    @extend_schema(
        operation_id="fantasy_games_rules",
        responses={(200, "application/json"): {"type": "object", "additionalProperties": True}},
    )
    def get(self, request: Request, public_id: str) -> Response:
        if "fields" not in request.query_params:
            self.check_parameters()
        rules = asdict(load_game(self.open_game().rules))
        return Response({name: _plain(rules[name]) for name in self._TOLD})


class RoundList(PublicDoor, ListAPIView[Round]):
    """The rounds of a game in order."""

    pagination_class = PAGED
    serializer_class = FantasyRoundSerializer
    queryset = Round.objects.none()
    filterset_class = None

    def get_queryset(self) -> QuerySet[Round]:
        return Round.objects.filter(game=self.open_game()).order_by("number")


class PhaseList(PublicDoor, ListAPIView[Phase]):
    """The stretches of rounds, such as months, that classic leagues have tables of."""

    pagination_class = PAGED
    serializer_class = FantasyPhaseSerializer
    queryset = Phase.objects.none()
    filterset_class = None

    def get_queryset(self) -> QuerySet[Phase]:
        rows = Phase.objects.filter(game=self.open_game())
        return rows.select_related("first_round", "last_round").order_by("first_round__number")


class RoundDetail(PublicDoor):
    """One round, with its matches and, once it is settled, what it brought."""

    serializer_class = FantasyRoundDetailSerializer

    @extend_schema(operation_id="fantasy_rounds_retrieve")
    def get(self, request: Request, public_id: str, number: int) -> Response:
        self.check_parameters()
        round_ = self.round_of(self.open_game(), number)
        matches = Match.objects.filter(fantasy_rounds__round=round_).select_related("home", "away")
        data = FantasyRoundSerializer(round_).data
        data["matches"] = [
            {
                "id": match.public_id,
                "kickoff_at": match.kickoff_at,
                "home": {"id": match.home.public_id, "name": match.home.name},
                "away": {"id": match.away.public_id, "name": match.away.name},
                "status": match.status,
            }
            for match in matches.order_by("kickoff_at", "pk")
        ]
        told = {**data, **_figures(round_), "entries": round_.lineups.count()}
        return self.live_answer(round_, told)


def _figures(round_: Round) -> dict[str, int | None]:
    if round_.state != RoundState.SETTLED or not round_told(round_):
        return {"average_points": None, "highest_points": None}
    net = F("points") - F("hit") + F("adjusted")
    found = LineupResult.objects.filter(round=round_).aggregate(mean=Avg(net), best=Max(net))
    mean = None if found["mean"] is None else round(found["mean"])
    return {"average_points": mean, "highest_points": found["best"]}


class PlayerList(PublicDoor, ListAPIView[GamePlayer]):
    """The transfer market: who can be picked, for how much, and how they do."""

    pagination_class = PAGED
    serializer_class = FantasyPlayerSerializer
    filterset_class = PlayerFilter
    queryset = GamePlayer.objects.none()
    game: Game
    outlook: GameOutlook | None = None

    def get_queryset(self) -> QuerySet[GamePlayer]:
        self.game = self.open_game()
        rows = GamePlayer.objects.filter(game=self.game).select_related("player", "team", "game")
        order = self.request.query_params.get("order", "")
        # Another word is refused by the filter.
        return rows.order_by(order if order in {"price", "-price", "number"} else "-price")

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Filter by columns, then by figures of the outlook, and order by one of them."""
        rows = super().filter_queryset(queryset)
        self.outlook = game_outlook(self.game)
        asked = self.request.query_params
        self._refuse_other_positions(asked.get("position", ""))
        given = [name for name in ("min_form", "min_expected", "max_missed") if name in asked]
        is_ordered = (order := asked.get("order", "")).lstrip("-") in FIGURES
        if self.outlook is None:
            held = [*given, *(["order"] if is_ordered else [])]
            refuse_any(
                Refusal(code="scores_withheld", message=_WITHHELD, field=f"query/{name}")
                for name in held
            )
            return rows
        if given:
            rows = rows_by_outlook(rows, self.outlook, self._wish())
        if is_ordered:
            rows = by_outlook(rows, self.outlook.figures(order.lstrip("-")), order)
        return rows

    def _refuse_other_positions(self, position: str) -> None:
        known = [one.id for one in load_game(self.game.rules).positions]
        if position and position not in known:
            told = f"This game has no position {position!r}; choose from {', '.join(known)}."
            raise refuse("unknown_position", told, "query/position")

    def _wish(self) -> MarketWish:
        asked = PlayerFilter(self.request.query_params).form
        asked.is_valid()
        wanted, thousand = asked.cleaned_data, 1000 / load_game(self.game.rules).points_scale
        form, expected = (
            None if wanted[name] is None else ceil(wanted[name] * thousand)
            for name in ("min_form", "min_expected")
        )
        return MarketWish(min_form=form, min_expected=expected, max_missed=wanted["max_missed"])

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        players = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        context = {**self.get_serializer_context(), "figures": {}, "outlook": self.outlook}
        if players:
            context["figures"] = market_figures(players[0].game, players)
        data = FantasyPlayerSerializer(players, many=True, context=context).data
        # Points of the season count those of matches under way.
        return self.live_list(live_round_of(self.game.pk), self.get_paginated_response(data))


class PriceList(PublicDoor, ListAPIView[PriceChange]):
    """Changes of prices, the newest first, each with the numbers of the open formula."""

    pagination_class = PAGED
    serializer_class = FantasyPriceChangeSerializer
    queryset = PriceChange.objects.none()
    filterset_class = None

    def get_queryset(self) -> QuerySet[PriceChange]:
        rows = PriceChange.objects.filter(game_player__game=self.open_game())
        return rows.select_related("game_player__player", "game_player__team", "round").order_by(
            "-at"
        )


class Top(PublicDoor):
    """The first entries by total points: live while a round is played."""

    serializer_class = FantasyTopSerializer
    filterset_class = TopFilter

    @extend_schema(operation_id="fantasy_games_top", filters=True)
    def get(self, request: Request, public_id: str) -> Response:
        self.check_parameters()
        game = self.open_game()
        count = self.number("count", _TOP)
        country = request.query_params.get("country", "").upper()
        live = live_round_of(game.pk)
        if not ranks_told(game):
            return self.live_answer(None, {"round": None, "is_live": False, "results": []})
        if live is not None and live_told(live):
            rows = top_entries(live, count=count, country=country)
            results = [(row.rank, row.total, row.entry) for row in rows]
            if results:
                return self.live_answer(live, _top(live, results, is_live=True))
        return self.live_answer(None, _settled_top(game, count, country))


def _settled_top(game: Game, count: int, country: str) -> dict[str, Any]:
    last = Round.objects.filter(game=game, state=RoundState.SETTLED).order_by("-number").first()
    rows = LineupResult.objects.filter(round=last).select_related(
        "entry__owner", "entry__game", "entry__joined_round"
    )
    # The first so many of all have no higher rank, which an index knows.
    rows = rows.filter(entry__country=country) if country else rows.filter(rank__lte=count)
    ordered = rows.order_by("rank", "entry__number")[:count]
    return _top(last, [(row.rank, row.total, row.entry) for row in ordered], is_live=False)


def _top(
    round_: Round | None, rows: list[tuple[int, int, Entry]], *, is_live: bool
) -> dict[str, Any]:
    return {
        "round": round_.number if round_ else None,
        "is_live": is_live,
        "results": [
            {"rank": rank, "total": total, "entry": FantasyEntrySerializer(entry).data}
            for rank, total, entry in rows
        ],
    }
