"""Public reads of what changed, and the description of the event stream."""

from typing import Any

from django.http import HttpResponse
from django.utils.cache import patch_cache_control
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import APIException
from rest_framework.generics import GenericAPIView
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from streams.api.filters import LATEST, ChangeFilter
from streams.api.serializers import ChangePageSerializer, ChangeSerializer
from streams.changes import PositionLostError, public_topics, read_changes, told_position
from streams.models import OutboxEvent

_DEFAULT_LIMIT = 100


class PositionLost(APIException):
    status_code = 410
    default_code = "position_lost"


class NotServedHere(APIException):
    status_code = 503
    default_detail = "This process serves no streams; ask the one that serves sockets."
    wait = 5


class AnyAccept(DefaultContentNegotiation):
    """Answers in our own form, whatever the client accepts: it accepts streams."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> Any:
        return renderers[0], renderers[0].media_type


class ChangeList(GenericAPIView[Any]):
    """What changed since a position, in one gapless order, deletions and merges included.

    A client that keeps `next` misses nothing, through our restarts and its own. A position that is
    older than what is kept is an error (410): read the lists anew and begin at `latest`.
    """

    permission_classes = [AllowAny]
    # No session is looked at, so that answers can be shared.
    authentication_classes = ()
    rate_class = "live"
    queryset = OutboxEvent.objects.none()
    serializer_class = ChangeSerializer
    filterset_class = ChangeFilter
    pagination_class = None

    @extend_schema(
        operation_id="changes_list", filters=True, responses={200: ChangePageSerializer, 410: None}
    )
    def get(self, request: Request) -> Response:
        self.filter_queryset(self.get_queryset())
        wanted = ChangeFilter(request.query_params, self.get_queryset())
        wanted.is_valid()
        asked = wanted.form.cleaned_data
        if asked["after"] == LATEST:
            return self._answer(request, [], told_position())
        try:
            page = read_changes(
                after=asked["after"],
                limit=asked["limit"] or _DEFAULT_LIMIT,
                topics=asked["topics"] or asked["kinds"] or public_topics(),
            )
        except PositionLostError as error:
            fix = f"Read the lists anew and go on with after={LATEST}."
            raise PositionLost(f"{error} {fix}") from error
        return self._answer(request, self.get_serializer(page.changes, many=True).data, page.upto)

    def _answer(self, request: Request, results: list[Any], upto: int) -> Response:
        here = replace_query_param(request.build_absolute_uri(), "after", upto)
        response = Response(
            {"results": results, "next": str(upto)}, headers={"Link": f'<{here}>; rel="next"'}
        )
        patch_cache_control(response, public=True, max_age=1)
        return response


class Stream(APIView):
    """Live frames as server-sent events: the messages of `/ws/live`, one stream a request.

    `data` of an event is the message that a socket gets, `id` says how far the reader is in every
    topic; a browser sends it back by itself after a lost connection. See the live protocol.
    """

    permission_classes = [AllowAny]
    authentication_classes = ()
    content_negotiation_class = AnyAccept
    http_method_names = ["get", "options"]
    rate_class = "live"

    @extend_schema(
        operation_id="stream",
        parameters=[
            OpenApiParameter(
                "topics",
                OpenApiTypes.STR,
                required=True,
                description="Up to 50 of match:ID, team:ID, league:ID, fantasy:ENTRY, separated by"
                " commas.",
            ),
            OpenApiParameter(
                "after",
                OpenApiTypes.STR,
                description="The id of the last event. Or, with `epoch`, the `seq` of the last"
                " frame, one for each topic, separated by commas, empty where there is none.",
            ),
            OpenApiParameter(
                "epoch", OpenApiTypes.STR, description="The epochs that the positions belong to."
            ),
            OpenApiParameter(
                "Last-Event-ID",
                OpenApiTypes.STR,
                OpenApiParameter.HEADER,
                description="As `after`, which it overrules.",
            ),
        ],
        responses={
            (200, "text/event-stream"): OpenApiResponse(OpenApiTypes.STR, "Events without end."),
            403: None,
        },
    )
    def get(self, request: Request) -> HttpResponse:
        # The door of the socket process answers before Django is asked.
        raise NotServedHere
