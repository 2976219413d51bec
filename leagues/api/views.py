"""Public reads of leagues, seasons, teams and players."""

from typing import Any

from django.db.models import Prefetch, QuerySet
from django.http import HttpResponsePermanentRedirect
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework.generics import GenericAPIView, ListAPIView, RetrieveAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from leagues.api.filters import LeagueFilter, PlayerFilter, SeasonFilter, TeamFilter
from leagues.api.serializers import (
    LeagueSerializer,
    PlayerSerializer,
    SeasonSerializer,
    TeamSerializer,
)
from leagues.enums import ExternalKind
from leagues.models import League, Player, RosterSpot, Season, Team
from leagues.selectors import with_external_ids

MERGED = OpenApiResponse(description="It was merged into the one at Location.")


class PublicRead(GenericAPIView[Any]):
    """Open to everybody, known or not."""

    permission_classes = [AllowAny]
    # No session is looked at, so that answers can be shared.
    authentication_classes = ()
    lookup_field = "public_id"


class LeagueRead(PublicRead):
    serializer_class = LeagueSerializer

    def get_queryset(self) -> QuerySet[League]:
        current = Prefetch(
            "seasons", Season.objects.filter(is_current=True), to_attr="current_seasons"
        )
        rows = League.objects.filter(is_test=False).prefetch_related(current)
        return with_external_ids(rows, ExternalKind.LEAGUE).order_by("priority", "name")


class LeagueList(LeagueRead, ListAPIView[League]):
    """All leagues, the most important first."""

    filterset_class = LeagueFilter


class LeagueDetail(LeagueRead, RetrieveAPIView[League]):
    """One league."""


class SeasonRead(PublicRead):
    serializer_class = SeasonSerializer

    def get_queryset(self) -> QuerySet[Season]:
        rows = Season.objects.filter(league__is_test=False).select_related("league")
        return with_external_ids(rows, ExternalKind.SEASON).order_by("-name")


class SeasonList(SeasonRead, ListAPIView[Season]):
    """All seasons, the newest first."""

    filterset_class = SeasonFilter


class SeasonDetail(SeasonRead, RetrieveAPIView[Season]):
    """One season."""


class SurvivorRead(PublicRead):
    """A row that was merged into another redirects there; its id goes on working."""

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        row = self.get_object()
        if row.merged_into_id is None:
            return Response(self.get_serializer(row).data)
        name = request.resolver_match.view_name if request.resolver_match else ""
        place = reverse(name, args=[row.merged_into.public_id], request=request)
        return HttpResponsePermanentRedirect(place, preserve_request=True)


class TeamRead(SurvivorRead):
    serializer_class = TeamSerializer

    def get_queryset(self) -> QuerySet[Team]:
        rows = Team.objects.select_related("venue", "merged_into")
        return with_external_ids(rows, ExternalKind.TEAM).order_by("name")


class TeamList(TeamRead, ListAPIView[Team]):
    """All teams by name."""

    filterset_class = TeamFilter

    def get_queryset(self) -> QuerySet[Team]:
        return super().get_queryset().filter(merged_into=None)


@extend_schema_view(get=extend_schema(responses={200: TeamSerializer, 308: MERGED}))
class TeamDetail(TeamRead, RetrieveAPIView[Team]):
    """One team."""


class PlayerRead(SurvivorRead):
    serializer_class = PlayerSerializer

    def get_queryset(self) -> QuerySet[Player]:
        open_spots = RosterSpot.objects.filter(until_on=None).select_related("team")
        rows = Player.objects.select_related("merged_into").prefetch_related(
            Prefetch("roster_spots", open_spots.order_by("team__name"), to_attr="open_spots")
        )
        return with_external_ids(rows, ExternalKind.PLAYER).order_by("name")


class PlayerList(PlayerRead, ListAPIView[Player]):
    """All players by name."""

    filterset_class = PlayerFilter

    def get_queryset(self) -> QuerySet[Player]:
        return super().get_queryset().filter(merged_into=None)


@extend_schema_view(get=extend_schema(responses={200: PlayerSerializer, 308: MERGED}))
class PlayerDetail(PlayerRead, RetrieveAPIView[Player]):
    """One player."""
