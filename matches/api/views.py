"""Public reads of matches, their event logs and the corrections in them."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.http import Http404
from django.utils.cache import patch_cache_control
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import APIException, NotFound
from rest_framework.generics import GenericAPIView, ListAPIView, RetrieveAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from config.clock import now
from config.sight import sight
from leagues.enums import ExternalKind
from leagues.selectors import with_external_ids
from matches.api.filters import EventFilter, LogFilter, MatchFilter
from matches.api.serializers import (
    EventSerializer,
    MatchSerializer,
    RevisionSerializer,
    data_age_ms,
)
from matches.enums import EventOp, MatchStatus
from matches.models import Match, PlayEvent
from matches.rules.documents import EVENT_COLUMNS

# Positions in a log mean something within one epoch only.
EPOCH_HEADER = "Log-Epoch"
_ALMOST = timedelta(minutes=1)


class EpochOver(APIException):
    status_code = 410
    default_code = "position_lost"


class PublicRead(GenericAPIView[Any]):
    """Open to everybody, known or not."""

    permission_classes = [AllowAny]
    # No session is looked at, so that answers can be shared.
    authentication_classes = ()
    lookup_field = "public_id"
    rate_class = "live"


def max_age_s(matches: Iterable[Match], *, at: datetime) -> int:
    """Return for how long a cache may hold an answer about the matches, by the most urgent."""
    return min((_max_age_s(match, at) for match in matches), default=60)


def _max_age_s(match: Match, at: datetime) -> int:
    if match.status == MatchStatus.FINAL:
        return 86_400
    is_about_to_start = not match.is_over and abs(match.kickoff_at - at) < _ALMOST
    return 1 if match.is_live or is_about_to_start else 60


def mark_fresh(response: Response, matches: list[Match]) -> Response:
    """Say how long the answer holds, and how old the vendor's data of a live match is."""
    at = now()
    patch_cache_control(
        response,
        public=True,
        max_age=max_age_s(matches, at=at),
        stale_while_revalidate=30,
    )
    ages = [age for match in matches if (age := data_age_ms(match, at=at)) is not None]
    if ages:
        response["Data-Age-Ms"] = str(max(ages))
    return response


class MatchRead(PublicRead):
    serializer_class = MatchSerializer

    def get_queryset(self) -> QuerySet[Match]:
        rows = Match.objects.with_sides().filter(season__league__is_test=False)
        return with_external_ids(rows, ExternalKind.MATCH).order_by("kickoff_at")


class MatchList(MatchRead, ListAPIView[Match]):
    """Fixtures, live matches and results by kick-off."""

    filterset_class = MatchFilter

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        matches = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        data = self.get_serializer(matches, many=True).data
        return mark_fresh(self.get_paginated_response(data), list(matches))


class MatchDetail(MatchRead, RetrieveAPIView[Match]):
    """One match."""

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        match = self.get_object()
        return mark_fresh(Response(self.get_serializer(match).data), [match])


class EventList(PublicRead, ListAPIView[PlayEvent]):
    """The event log in order of arrival, every revision included; `after` goes on from a `seq`."""

    queryset = PlayEvent.objects.none()
    serializer_class = EventSerializer
    filterset_class = EventFilter

    @cached_property
    def match(self) -> Match:
        found = Match.objects.filter(
            public_id=self.kwargs["public_id"], season__league__is_test=False
        ).first()
        if found is None:
            raise Http404
        return found

    def get_queryset(self) -> QuerySet[PlayEvent, dict[str, Any]]:
        before = PlayEvent.objects.filter(
            match=OuterRef("match"),
            lineage_id=OuterRef("lineage_id"),
            rev__lt=OuterRef("rev"),
        ).order_by("-rev")
        rows: QuerySet[PlayEvent] = PlayEvent.objects.filter(match=self.match).annotate(
            supersedes=Subquery(before.values("event_id")[:1])
        )
        if sight() is not None:
            # Never more than the match itself tells this reader.
            rows = rows.filter(seq__lte=self.match.folded_seq)
        told: QuerySet[PlayEvent, dict[str, Any]]
        told = rows.order_by("seq").values("supersedes", *EVENT_COLUMNS)
        return told

    def get_serializer_context(self) -> dict[str, Any]:
        # The schema is drawn without a match.
        return {
            **super().get_serializer_context(),
            "match_id": self.kwargs.get("public_id"),
        }

    @extend_schema(responses={200: EventSerializer(many=True), 410: None})
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        response = mark_fresh(super().list(request, *args, **kwargs), [self.match])
        # The filter has checked it, spaces aside.
        epoch = request.query_params.get("epoch", "").strip()
        if epoch and UUID(epoch) != self.match.epoch:
            raise EpochOver(
                f"The log was told anew: its epoch is {self.match.epoch}. Begin at after=0."
            )
        response[EPOCH_HEADER] = str(self.match.epoch)
        return response


class RevisionList(EventList):
    """The history of one event: every revision of its fact, oldest first, and what each changed.

    `event_id` is the id of any of the revisions, or their `lineage_id`.
    """

    serializer_class = RevisionSerializer
    filterset_class = LogFilter

    @cached_property
    def lineage(self) -> UUID:
        wanted = self.kwargs["event_id"]
        found = (
            super()
            .get_queryset()
            .filter(Q(event_id=wanted) | Q(lineage_id=wanted))
            .values_list("lineage_id", flat=True)
            .first()
        )
        if found is None:
            raise NotFound("This match has no such event.")
        return UUID(str(found))

    def get_queryset(self) -> QuerySet[PlayEvent, dict[str, Any]]:
        return super().get_queryset().filter(lineage_id=self.lineage)

    def get_serializer_context(self) -> dict[str, Any]:
        context = super().get_serializer_context()
        if "event_id" in self.kwargs:
            context["by_rev"] = {row["rev"]: row for row in self.get_queryset()}
        return context

    @extend_schema(responses={200: RevisionSerializer(many=True), 404: None, 410: None})
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class CorrectionList(EventList):
    """The revisions that took back or changed an earlier one."""

    filterset_class = LogFilter

    def get_queryset(self) -> QuerySet[PlayEvent, dict[str, Any]]:
        return super().get_queryset().exclude(op=EventOp.ADD)
