"""Leagues of entries: made, joined and left, their tables, fixtures and cups."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Count, QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.generics import ListAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.enums import KeyScope
from fantasy.api.doors import PAGED, OwnDoor, PublicDoor, listed
from fantasy.api.filters import CupFilter, RoundFilter, TableFilter
from fantasy.api.league_serializers import (
    FantasyCupDetailSerializer,
    FantasyCupSerializer,
    FantasyFixturesSerializer,
    FantasyJoinSerializer,
    FantasyLeagueAdjustmentSerializer,
    FantasyLeagueChangeSerializer,
    FantasyLeagueSerializer,
    FantasyMembershipSerializer,
    FantasyNewCupSerializer,
    FantasyNewLeagueSerializer,
    FantasyTableSerializer,
)
from fantasy.api.serializers import FantasyEntrySerializer
from fantasy.api.tables import parts_document
from fantasy.enums import LeagueKind
from fantasy.models import (
    Cup,
    Entry,
    FantasyLeague,
    LeagueMember,
    Phase,
    Round,
    ScoreAdjustment,
)
from fantasy.selectors.adjustments import league_adjustments
from fantasy.selectors.leagues import (
    MOST_IN_A_PHASE,
    PAGE_SIZE,
    LeaguePage,
    LeagueRow,
    cup_rounds,
    cup_ties,
    fixtures_of,
    league_page,
    leagues_of,
    phase_table,
    public_leagues,
    stage_sizes,
)
from fantasy.selectors.told import ranks_told
from fantasy.services import cups, leagues, limits
from fantasy.services.cups import tie_id
from fantasy.services.refusals import refuse


def _context(user_id: int | None, league_ids: set[int]) -> dict[str, Any]:
    member_of: set[int] = set()
    if user_id is not None:
        rows = LeagueMember.objects.filter(league__in=league_ids, entry__owner=user_id)
        member_of = set(rows.values_list("league", flat=True))
    return {"user_id": user_id, "member_of": member_of}


class PublicLeagues(PublicDoor, ListAPIView[FantasyLeague]):
    """The public leagues of a game that take entries."""

    pagination_class = PAGED
    serializer_class = FantasyLeagueSerializer
    queryset = FantasyLeague.objects.none()
    filterset_class = None

    def get_queryset(self) -> QuerySet[FantasyLeague]:
        return public_leagues(self.open_game().pk).order_by("name")

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), **_context(None, set())}


class TeamLeagues(OwnDoor):
    """The leagues that a team is in."""

    serializer_class = FantasyMembershipSerializer

    @extend_schema(
        operation_id="fantasy_teams_leagues_list", responses=listed(FantasyMembershipSerializer)
    )
    def get(self, request: Request, public_id: str) -> Response:
        self.check_parameters()
        entry = self.entry()
        return Response({"results": self._told(entry, leagues_of(entry))})

    def _told(self, entry: Entry, members: Iterable[LeagueMember]) -> list[dict[str, Any]]:
        """Return memberships of an entry as its reader may know them."""
        tells_ranks = ranks_told(entry.game)
        told = []
        for member in members:
            league = member.league
            league.entries = member.entries  # type: ignore[attr-defined]  # as an annotation would
            context = {"user_id": self.request.user.pk, "member_of": {league.pk}}
            data = FantasyLeagueSerializer(league, context=context).data
            told.append(
                {
                    **data,
                    "rank": member.rank if tells_ranks else None,
                    "last_rank": member.last_rank if tells_ranks else None,
                }
            )
        return told

    @extend_schema(
        operation_id="fantasy_teams_leagues_create",
        request=FantasyNewLeagueSerializer,
        responses={201: FantasyMembershipSerializer},
    )
    def post(self, request: Request, public_id: str) -> Response:
        """Make a league; you own it and your team is its first member."""
        wanted, entry = self.wanted(FantasyNewLeagueSerializer), self.entry()
        self.spend(limits.LEAGUES, entry)
        league = leagues.create_league(entry.pk, leagues.NewLeague(**wanted))
        return self.joined(entry, league.pk, status.HTTP_201_CREATED)

    def joined(self, entry: Entry, league_id: int, code: int) -> Response:
        """Return the membership of an entry in a league."""
        with self.as_reader():
            (told,) = self._told(entry, leagues_of(entry).filter(league=league_id))
        place = reverse("api-fantasy-league", args=[told["id"]])
        return Response(told, status=code, headers={"Location": place})


class JoinLeague(TeamLeagues):
    http_method_names = ["post", "options"]

    @extend_schema(
        operation_id="fantasy_teams_leagues_join",
        request=FantasyJoinSerializer,
        responses={200: FantasyMembershipSerializer},
    )
    def post(self, request: Request, public_id: str) -> Response:
        """Join a league by its code, or a public one by its id."""
        wanted, entry = self.wanted(FantasyJoinSerializer), self.entry()
        if "code" in wanted:
            self.spend(limits.CODES, entry)
            member = leagues.join_league(entry.pk, wanted["code"])
        elif "league" in wanted:
            league = FantasyLeague.objects.filter(public_id=wanted["league"]).first()
            if league is None:
                raise refuse("unknown_league", "There is no such league.", "league")
            member = leagues.join_public_league(entry.pk, league.pk)
        else:
            raise refuse("required", "Give code, or league for a public one.", "code")
        return self.joined(entry, member.league_id, status.HTTP_200_OK)


class LeaveLeague(OwnDoor):
    serializer_class = FantasyLeagueSerializer

    @extend_schema(operation_id="fantasy_teams_leagues_leave", responses={204: None})
    def delete(self, request: Request, public_id: str, league_id: str) -> Response:
        """Take the team out of a league."""
        entry = self.entry()
        league = FantasyLeague.objects.filter(public_id=league_id, members__entry=entry).first()
        if league is None:
            raise Http404
        leagues.leave_league(league.pk, entry.pk)
        return Response(status=status.HTTP_204_NO_CONTENT)


class LeagueDoor(OwnDoor):
    """A public league is everybody's to read, a private one its members'."""

    permission_classes = [AllowAny]
    # A key without `play` sees what everybody may.
    key_scope = KeyScope.READ
    serializer_class: Any = FantasyLeagueSerializer

    def league(self) -> FantasyLeague:
        rows = FantasyLeague.objects.select_related("game__season__league", "start_round", "owner")
        rows = rows.annotate(entries=Count("members"))
        league = get_object_or_404(rows, public_id=self.kwargs["public_id"])
        if not league.is_public and not self._is_member(league):
            raise Http404
        return league

    def _is_member(self, league: FantasyLeague) -> bool:
        user_id = self.request.user.pk
        if user_id is None:
            return False
        return league.owner_id == user_id or league.members.filter(entry__owner=user_id).exists()

    def told(self, league: FantasyLeague) -> Mapping[str, Any]:
        context = _context(self.request.user.pk, {league.pk})
        return FantasyLeagueSerializer(league, context=context).data

    def owner_id(self) -> int:
        """Return who asks; a stranger owns nothing."""
        if self.request.user.pk is None:
            self.permission_denied(self.request)
        return int(self.request.user.pk)


class LeagueDetail(LeagueDoor):
    @extend_schema(operation_id="fantasy_leagues_retrieve")
    def get(self, request: Request, public_id: str) -> Response:
        """One league; a private one for its members."""
        self.check_parameters()
        return Response(self.told(self.league()))

    @extend_schema(operation_id="fantasy_leagues_change", request=FantasyLeagueChangeSerializer)
    def patch(self, request: Request, public_id: str) -> Response:
        """Rename, close or open a league of yours, or give it another code."""
        wanted = self.wanted(FantasyLeagueChangeSerializer)
        user_id, league = self.owner_id(), self.league()
        leagues.change_league(
            league.pk,
            by_user_id=user_id,
            name=wanted.get("name", ""),
            is_closed=wanted.get("is_closed"),
            new_code=wanted["new_code"],
        )
        return Response(self.told(self.league()))


def _table_row(row: LeagueRow) -> dict[str, Any]:
    return {
        "rank": row.rank,
        "last_rank": row.last_rank,
        "entry": FantasyEntrySerializer(row.entry).data,
        "total": row.total,
        "round_points": row.round_points,
        "played": row.played,
        "won": row.won,
        "drawn": row.drawn,
        "lost": row.lost,
        "points_for": row.points_for,
        "parts": parts_document(row.parts),
    }


class LeagueTable(LeagueDoor):
    """A league's table, live while a round is played; `phase` for the rounds of a month."""

    serializer_class = FantasyTableSerializer
    filterset_class = TableFilter

    @extend_schema(operation_id="fantasy_leagues_table", filters=True)
    def get(self, request: Request, public_id: str) -> Response:
        self.check_parameters()
        league = self.league()
        page = min(self.number("page", 1), 10_000_000)
        phase = request.query_params.get("phase")
        if phase:
            return self.live_answer(None, _phase(league, phase, page))
        found = league_page(league, page=page)
        return self.live_answer(found.round if found.is_live else None, _table(league, page, found))


def _table(league: FantasyLeague, page: int, found: LeaguePage) -> dict[str, Any]:
    return {
        "league": league.public_id,
        "phase": None,
        "round": found.round.number if found.round else None,
        "is_live": found.is_live,
        "entries": found.entries,
        "page": page,
        "pages": found.pages,
        "results": [_table_row(row) for row in found.rows],
    }


def _phase(league: FantasyLeague, name: str, page: int) -> dict[str, Any]:
    phase = Phase.objects.filter(game=league.game_id, name=name)
    found = phase.select_related("first_round", "last_round").first()
    entries = league.members.count()
    if found is None:
        raise Http404
    if league.kind != LeagueKind.CLASSIC or entries > MOST_IN_A_PHASE:
        raise refuse("no_phases", "This league has no tables of phases.", "query/phase")
    rows = phase_table(league, found)
    return {
        "league": league.public_id,
        "phase": name,
        "round": None,
        "is_live": False,
        "entries": entries,
        "page": page,
        "pages": max(1, -(-entries // PAGE_SIZE)),
        "results": [_table_row(row) for row in rows[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]],
    }


class LeagueFixtures(LeagueDoor):
    """Who plays whom in a head-to-head league in a round, the next one that has fixtures."""

    serializer_class = FantasyFixturesSerializer
    filterset_class = RoundFilter

    @extend_schema(operation_id="fantasy_leagues_fixtures", filters=True)
    def get(self, request: Request, public_id: str) -> Response:
        self.check_parameters()
        league = self.league()
        rounds = Round.objects.filter(pk__in=league.fixtures.values("round"))
        rounds = rounds.select_related("game").order_by("number")
        number = self.number("round", 0)
        open_ = rounds.filter(settled_at__isnull=True).first() or rounds.last()
        round_ = rounds.filter(number=number).first() if number else open_
        if round_ is None:
            raise Http404
        rows = [
            {
                "home": FantasyEntrySerializer(row.fixture.home).data,
                "away": FantasyEntrySerializer(row.fixture.away).data if row.fixture.away else None,
                "home_points": row.home_points,
                "away_points": row.away_points,
                "is_live": row.is_live,
            }
            for row in fixtures_of(league, round_)
        ]
        told = {"league": league.public_id, "round": round_.number, "results": rows}
        return self.live_answer(round_, told)


class LeagueAdjustments(LeagueDoor, ListAPIView[ScoreAdjustment]):
    """Points given to or taken from members by hand, each with its reason, the newest first."""

    pagination_class = PAGED
    serializer_class = FantasyLeagueAdjustmentSerializer
    queryset = ScoreAdjustment.objects.none()
    filterset_class = None

    def get_queryset(self) -> QuerySet[ScoreAdjustment]:
        rows = league_adjustments(self.league())
        return rows.select_related(
            "entry__owner", "entry__game", "entry__joined_round", "round", "by"
        )


class LeagueMemberDetail(LeagueDoor):
    @extend_schema(operation_id="fantasy_leagues_remove_member", responses={204: None})
    def delete(self, request: Request, public_id: str, entry_id: str) -> Response:
        """Take somebody else's entry out of a league of yours."""
        user_id, league = self.owner_id(), self.league()
        entry = Entry.objects.filter(public_id=entry_id, memberships__league=league).first()
        if entry is None:
            raise Http404
        leagues.remove_member(league.pk, entry.pk, by_user_id=user_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class LeagueCups(LeagueDoor):
    serializer_class = FantasyCupSerializer

    @extend_schema(operation_id="fantasy_leagues_cups_list", responses=listed(FantasyCupSerializer))
    def get(self, request: Request, public_id: str) -> Response:
        """The cups of a league."""
        self.check_parameters()
        rows = self.league().cups.select_related("league", "start_round").order_by("pk")
        return Response({"results": FantasyCupSerializer(rows, many=True).data})

    @extend_schema(
        operation_id="fantasy_leagues_cups_start",
        request=FantasyNewCupSerializer,
        responses={201: FantasyCupSerializer},
    )
    def post(self, request: Request, public_id: str) -> Response:
        """Give a league of yours a cup."""
        wanted = self.wanted(FantasyNewCupSerializer)
        user_id, league = self.owner_id(), self.league()
        cup = cups.start_league_cup(league.pk, by_user_id=user_id, **wanted)
        place = reverse("api-fantasy-cup", args=[cup.public_id])
        told = FantasyCupSerializer(cup).data
        return Response(told, status=status.HTTP_201_CREATED, headers={"Location": place})


class GameCups(PublicDoor, ListAPIView[Cup]):
    """The cups of a whole game."""

    pagination_class = PAGED
    serializer_class = FantasyCupSerializer
    queryset = Cup.objects.none()
    filterset_class = None

    def get_queryset(self) -> QuerySet[Cup]:
        rows = Cup.objects.filter(game=self.open_game(), league__isnull=True)
        return rows.select_related("league", "start_round").order_by("name")


class CupDetail(LeagueDoor):
    """A cup and its ties, as far as they are drawn."""

    serializer_class = FantasyCupDetailSerializer
    filterset_class = CupFilter

    @extend_schema(operation_id="fantasy_cups_retrieve", filters=True)
    def get(self, request: Request, public_id: str) -> Response:
        self.check_parameters()
        rows = Cup.objects.select_related("league", "start_round", "game")
        cup = get_object_or_404(rows, public_id=public_id)
        league = cup.league
        if league is not None and not league.is_public and not self._is_member(league):
            raise Http404
        number, page = self.number("round", 0), self.number("page", 1)
        rounds = cup_rounds(cup)
        # Counted last, as a stage may be drawn meanwhile.
        sizes = stage_sizes(cup)
        told = [
            {
                "round": round_.number,
                "count": sizes[round_.pk].ties,
                "ties": _ties(cup, round_, page),
            }
            for round_ in rounds
            if not number or round_.number == number
        ]
        return Response({**FantasyCupSerializer(cup).data, "rounds": told})


def _ties(cup: Cup, round_: Round, page: int) -> list[dict[str, Any]]:
    return [
        {
            "id": tie_id(cup, round_.number, row.tie.number),
            "number": row.tie.number,
            "home": FantasyEntrySerializer(row.tie.home).data,
            "away": FantasyEntrySerializer(row.tie.away).data if row.tie.away else None,
            "home_points": row.home_points,
            "away_points": row.away_points,
            "winner": row.winner.public_id if row.winner else None,
            "reason": row.reason,
        }
        for row in cup_ties(cup, round_, page=page)
    ]
