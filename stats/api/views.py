"""Public reads of boxscores and tables."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson
from django.core.cache import cache
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.cache import patch_cache_control
from drf_spectacular.utils import extend_schema
from redis.exceptions import RedisError
from rest_framework.exceptions import ErrorDetail, NotFound, ValidationError
from rest_framework.generics import GenericAPIView, ListAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from config.clock import now
from config.sight import sight
from leagues.models import League, Season
from leagues.packs.loader import load_pack
from matches.enums import MatchStatus
from matches.models import LIVE_STATUSES, OVER_STATUSES, Match
from matches.rules.clock import age_ms
from stats.api.filters import BoxScoreFilter, StandingsFilter
from stats.api.serializers import (
    BoxScoreSerializer,
    SeasonCoverageSerializer,
    StandingsSerializer,
    TableRowSerializer,
)
from stats.enums import TableKind
from stats.models import BoxScore, TableRow
from stats.selectors.seasons import with_coverage
from stats.selectors.tables import live_data_at, table_rows
from stats.services.history import boxscore_as_of
from stats.services.periods import period_boxes, period_boxes_as_of

# No longer than a client may keep the answer of a live match.
_HELD_FOR_S = 1
_COLUMNS = ("etag", "document", "match__status", "match__data_at", "match__kickoff_at")


class PublicRead(GenericAPIView[Any]):
    """Open to everybody, known or not."""

    permission_classes = [AllowAny]
    # No session is looked at, so that answers can be shared.
    authentication_classes = ()


class BoxScoreDetail(PublicRead):
    """Both teams' numbers of one match, players included.

    `as_of` goes back in its log; `period` tells one period alone and adds `period` to the answer.
    """

    rate_class = "live"
    serializer_class = BoxScoreSerializer
    filterset_class = BoxScoreFilter
    queryset = BoxScore.objects.filter(match__season__league__is_test=False)

    def get(self, request: Request, public_id: str) -> HttpResponse | Response:
        boxscores = self.filter_queryset(self.get_queryset())
        as_of = request.query_params.get("as_of")
        # The filter has checked it, and takes "5.0" for a whole number.
        seq = int(Decimal(as_of)) if as_of else None
        if period := request.query_params.get("period"):
            return _part(request, public_id, period, seq=seq)
        if seq is not None:
            return _past(request, public_id, seq=seq)
        find = _held_or_read if sight() is None else _seen
        etag, document, status, data_at, kickoff_at = find(boxscores, public_id)
        age = _age_ms(status, data_at)
        response = _answer(request, _with_age(document, age))
        if "fields" not in request.query_params:
            response["ETag"] = f'"{etag}"'
        if age is not None:
            response["Data-Age-Ms"] = str(age)
        patch_cache_control(
            response, public=True, max_age=_max_age_s(status, kickoff_at), stale_while_revalidate=30
        )
        return response


def _answer(request: Request, body: bytes) -> HttpResponse | Response:
    if "fields" in request.query_params:
        return Response(orjson.loads(body))
    return HttpResponse(body, content_type="application/json")


def _past(request: Request, public_id: str, *, seq: int) -> HttpResponse | Response:
    match = _public_match(public_id)
    # How old the vendor's data was then is not known.
    return _answer(request, _with_age(boxscore_as_of(match, seq=_seen_of(match, seq)), None))


def _part(
    request: Request, public_id: str, period: str, *, seq: int | None
) -> HttpResponse | Response:
    match = _public_match(public_id)
    boxes = (
        period_boxes(match) if seq is None else period_boxes_as_of(match, seq=_seen_of(match, seq))
    )
    box = boxes.box_of(period)
    if box is None:
        raise _no_such_period(match, period)
    age = _age_ms(match.status, match.data_at) if seq is None else None
    response = _answer(request, _with_age(box.document, age))
    if "fields" not in request.query_params:
        response["ETag"] = f'"{box.etag}"'
    if age is not None:
        response["Data-Age-Ms"] = str(age)
    max_age_s = _max_age_s(match.status, match.kickoff_at)
    patch_cache_control(response, public=True, max_age=max_age_s, stale_while_revalidate=30)
    return response


def _no_such_period(match: Match, period: str) -> Exception:
    known = [one.id for one in load_pack(match.season.league.sport).periods]
    if period in known:
        return NotFound("Nothing was told of this period yet.")
    words = f"'{period}' is not a period of this sport; it has {', '.join(known)}."
    return ValidationError({"query": {"period": [ErrorDetail(words, "invalid_choice")]}})


def _public_match(public_id: str) -> Match:
    matches = Match.objects.with_sides()
    return get_object_or_404(matches, public_id=public_id, season__league__is_test=False)


def _seen_of(match: Match, seq: int) -> int:
    """Return how far into the log the present reader may look."""
    return seq if sight() is None else min(seq, match.folded_seq)


def _key(public_id: str) -> str:
    return f"boxscore:{public_id}"


# Tag, document, and of the match status, age and kick-off.
_Row = tuple[str, bytes, str, datetime | None, datetime]


def _held_or_read(boxscores: QuerySet[BoxScore], public_id: str) -> _Row:
    return _held(public_id) or _read(boxscores, public_id)


def _seen(boxscores: QuerySet[BoxScore], public_id: str) -> _Row:
    """Return what a reader with a wish may see: never what is held for the others."""
    box = boxscores.filter(match__public_id=public_id).select_related("match").first()
    if box is None or not box.document:
        raise _absent(public_id)
    match = box.match
    return box.etag, bytes(box.document), match.status, match.data_at, match.kickoff_at


def _absent(public_id: str) -> Exception:
    if Match.objects.filter(public_id=public_id, season__league__is_test=False).exists():
        return NotFound("This match has no boxscore yet.")
    return Http404()


def _held(public_id: str) -> Any:
    try:
        return cache.get(_key(public_id))
    except (RedisError, OSError):
        return None


def _read(boxscores: QuerySet[BoxScore], public_id: str) -> _Row:
    row = boxscores.filter(match__public_id=public_id).values_list(*_COLUMNS).first()
    if row is None or not row[1]:
        raise _absent(public_id)
    row = (row[0], bytes(row[1]), *row[2:])
    with suppress(RedisError, OSError):
        cache.set(_key(public_id), row, timeout=_HELD_FOR_S)
    return row


def _age_ms(status: str, data_at: datetime | None) -> int | None:
    return age_ms(data_at, now()) if status in LIVE_STATUSES else None


def _with_age(document: bytes, age: int | None) -> bytes:
    # The stored object ends with its brace: cheaper than decoding and encoding it again.
    return document[:-1] + b',"data_age_ms":' + orjson.dumps(age) + b"}"


def _max_age_s(status: str, kickoff_at: datetime) -> int:
    if status == MatchStatus.FINAL:
        return 86_400
    is_about_to_start = (
        status not in OVER_STATUSES and abs((kickoff_at - now()).total_seconds()) < 60
    )
    return 1 if status in LIVE_STATUSES or is_about_to_start else 60


class Coverage(PublicRead, ListAPIView[Season]):
    """What a league's seasons have, the newest first: ask before you call."""

    queryset = Season.objects.none()
    serializer_class = SeasonCoverageSerializer

    def get_queryset(self) -> QuerySet[Season]:
        public_id = self.kwargs.get("public_id")
        league = get_object_or_404(League, public_id=public_id, is_test=False)
        return with_coverage(league.seasons.all()).order_by("-name")


class Standings(PublicRead, ListAPIView[Season]):
    """A season's table: of one season by its id, or of a league's current season."""

    filterset_class = StandingsFilter
    pagination_class = None
    serializer_class = StandingsSerializer
    queryset = Season.objects.filter(league__is_test=False).select_related("league")

    @extend_schema(responses={200: StandingsSerializer, 404: None})
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        seasons = self.filter_queryset(self.get_queryset())
        if not {"season", "league"} & set(request.query_params):
            missing = ErrorDetail(
                "Give season=<id>, or league=<id> for its current one.", "required"
            )
            raise ValidationError({"query": {"season": [missing]}})
        season = seasons.first()
        if season is None:
            raise NotFound("There is no such season, or the league has no current one.")
        kind = request.query_params.get("kind") or TableKind.TOTAL.value
        rows = table_rows(season, kind=kind)
        is_moving = any(row.is_provisional for row in rows)
        age = age_ms(live_data_at(season), now()) if is_moving else None
        response = Response({**_table(season, kind, rows), "data_age_ms": age})
        if age is not None:
            response["Data-Age-Ms"] = str(age)
        patch_cache_control(
            response,
            public=True,
            max_age=1 if is_moving else 60,
            stale_while_revalidate=30,
        )
        return response


def _table(season: Season, kind: str, rows: list[TableRow]) -> Mapping[str, Any]:
    return {
        "league": {"id": season.league.public_id, "name": season.league.name},
        "season": {"id": season.public_id, "name": season.name},
        "kind": kind,
        "columns": list(load_pack(season.league.sport).table.columns),
        "results": TableRowSerializer(rows, many=True).data,
    }
