"""The time machine in the API: sessions that replay a match to those who follow their topic.

A sandbox: they are opened with a partner's test key, and only the keys of its owner see them.
"""

import math
from collections.abc import Callable, Mapping
from datetime import timedelta
from difflib import get_close_matches
from typing import Any, Final

from django.http import Http404
from django.utils.cache import patch_cache_control
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.exceptions import APIException, ErrorDetail, Throttled
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from accounts.enums import KeyScope
from config.sight import scores_shown
from leagues.packs.loader import load_pack
from matches.models import Match, PlayEvent
from matches.rules.documents import EVENT_COLUMNS, event_document, rfc3339
from matches.rules.replay import FASTEST, SLOWEST, parse_position
from stats.api.filters import ReplayEventFilter
from stats.api.keys import KeyAuthentication, NeedsKey
from stats.enums import Drama, ReplayView
from stats.live import publish_replay
from stats.rules.drama import NoSuchDramaError
from stats.services import replays
from stats.services.film import Film, NothingToReplayError, film_of
from stats.services.replays import LogToldAnewError, Replay, Showing, TooManyReplaysError
from streams.live.frames import state_hash

EPOCH_HEADER: Final = "Log-Epoch"
_DEFAULT_LIMIT: Final = 50
# Unknown fields: looking for what each was meant to be is dear, and a body holds many thousands.
_MOST_TOLD: Final = 20
_EVENTS: Final = {
    "type": "object",
    "required": ["results", "next"],
    "properties": {
        "results": {"type": "array", "items": {"$ref": "#/components/schemas/Event"}},
        "next": {"type": ["string", "null"], "format": "uri", "description": "What comes after."},
    },
}
_REPLAYS: Final = {
    "type": "object",
    "required": ["results"],
    "properties": {
        "results": {"type": "array", "items": {"$ref": "#/components/schemas/Replay"}},
    },
}


class ReplayLost(APIException):
    status_code = 410
    default_code = "position_lost"


class ReplayLimit(Throttled):
    """As many replays as there may be: not a matter of how often one asks."""

    def __init__(self, error: TooManyReplaysError) -> None:
        super().__init__(wait=error.retry_after_s)
        self.detail = ErrorDetail(str(error), self.default_code)


@extend_schema_field({"oneOf": [{"type": "integer", "minimum": 0}, {"type": "string"}]})
class PositionField(serializers.Field[Any, Any, Any, Any]):
    """A place in a match: milliseconds of play, a clock, or a period and a clock."""

    def to_internal_value(self, data: Any) -> str:
        if type(data) is int and data >= 0:
            return str(data)
        if isinstance(data, str) and 0 < len(data) <= 40:
            return data
        raise serializers.ValidationError(
            "Give milliseconds of play, or text such as 67:30 or 2H 10:00.", "invalid"
        )

    def to_representation(self, value: Any) -> Any:
        return value


class SpeedField(serializers.FloatField):
    """How many times faster than life."""

    def __init__(self, **options: Any) -> None:
        help_text = f"{SLOWEST:g} to {FASTEST:g}: 60 plays a minute in a second."
        super().__init__(min_value=SLOWEST, max_value=FASTEST, help_text=help_text, **options)

    def to_internal_value(self, data: Any) -> float:
        if isinstance(data, bool) or not isinstance(data, int | float) or not math.isfinite(data):
            self.fail("invalid")
        return super().to_internal_value(data)


class StrictSerializer(serializers.Serializer[Any]):
    """Takes known names only."""

    def to_internal_value(self, data: Any) -> Any:
        known = list(self.fields)
        if isinstance(data, Mapping) and (unknown := sorted(set(data) - set(known), key=str)):
            raise serializers.ValidationError(
                {
                    str(name)[:60]: [ErrorDetail(_unknown(str(name), known), "unknown_field")]
                    for name in unknown[:_MOST_TOLD]
                }
            )
        return super().to_internal_value(data)


def _unknown(name: str, known: list[str]) -> str:
    close = get_close_matches(name[:60], known, n=1)
    fix = f"did you mean {close[0]!r}?" if close else f"use {', '.join(known)}."
    return f"There is no field {name[:60]!r}; {fix}"


class NewReplaySerializer(StrictSerializer):
    match = serializers.CharField(max_length=40, help_text="Id of a match that has a log.")
    speed = SpeedField(default=SLOWEST)
    view = serializers.ChoiceField(
        ReplayView.choices,
        default=ReplayView.CORRECTED,
        help_text="How corrections are seen: told rightly at once, or when they were made.",
    )
    drama = serializers.ChoiceField(
        Drama.choices,
        required=False,
        allow_null=True,
        help_text="What goes wrong in it, for a rehearsal; the match itself is left alone.",
    )
    is_paused = serializers.BooleanField(default=False, help_text="Waits for its first change.")

    def get_fields(self) -> dict[str, Any]:
        # A keyword of the language cannot name an attribute.
        place = PositionField(default="0", help_text="Where to begin; 0.")
        return {**super().get_fields(), "from": place}


class ReplayChangeSerializer(StrictSerializer):
    speed = SpeedField(required=False)
    is_paused = serializers.BooleanField(required=False)
    position = PositionField(
        required=False, help_text="Goes there; frames go on in the next epoch, after a snapshot."
    )


class ReplaySerializer(serializers.Serializer[Showing]):
    id = serializers.CharField(source="replay.id")
    topic = serializers.CharField(
        source="replay.topic", help_text="To be followed at any door, as the topic of a match."
    )
    match = serializers.CharField(source="replay.match_id")
    view = serializers.ChoiceField(ReplayView.choices, source="replay.view")
    drama = serializers.ChoiceField(Drama.choices, source="replay.drama", allow_null=True)
    state = serializers.SerializerMethodField()
    speed = serializers.FloatField(source="replay.pace.speed")
    position_ms = serializers.IntegerField(help_text="Of play, since the start.")
    length_ms = serializers.IntegerField(source="film.reel.length_ms")
    period = serializers.SerializerMethodField()
    clock_ms = serializers.SerializerMethodField(help_text="Since the start of the period.")
    clock = serializers.SerializerMethodField(
        help_text="What time it is in the replay: the kick-off, moved on by `position_ms`."
    )
    epoch = serializers.CharField(source="replay.epoch", help_text="The next one begins by a seek.")
    seq = serializers.IntegerField(source="count", help_text="Of the newest event by now.")
    events = serializers.SerializerMethodField(help_text="How many there will have been.")
    state_hash = serializers.SerializerMethodField(help_text="Of the boxscore after `seq`.")
    created_at = serializers.DateTimeField(source="replay.created_at")
    expires_at = serializers.DateTimeField(source="replay.expires_at")

    @extend_schema_field({"type": "string", "enum": ["playing", "paused", "ended"]})
    def get_state(self, showing: Showing) -> str:
        if showing.is_over:
            return "ended"
        return "paused" if showing.replay.pace.since is None else "playing"

    def get_events(self, showing: Showing) -> int:
        return len(showing.film.events)

    @extend_schema_field({"type": ["string", "null"]})
    def get_period(self, showing: Showing) -> str | None:
        clock = showing.film.reel.clock_at(showing.position_ms)
        return clock[0].id if clock else showing.film.past(showing.count).period or None

    def get_clock_ms(self, showing: Showing) -> int:
        clock = showing.film.reel.clock_at(showing.position_ms)
        return clock[1] if clock else showing.film.past(showing.count).clock_ms

    @extend_schema_field({"type": "string", "format": "date-time"})
    def get_clock(self, showing: Showing) -> str | None:
        moment = showing.film.match.kickoff_at + timedelta(milliseconds=showing.position_ms)
        return rfc3339(moment)

    def get_state_hash(self, showing: Showing) -> str:
        return state_hash(showing.film.state(showing.count))


class ReplayEventSerializer(serializers.Serializer[Any]):
    """The fields of an event, which is JSON already."""

    def get_fields(self) -> dict[str, Any]:
        event = event_document(dict.fromkeys(EVENT_COLUMNS), match_id="", supersedes=None)
        return {name: serializers.JSONField() for name in event}


class ReplayDoor(GenericAPIView[Any]):
    """For test keys: what one of them began the other ones of its owner may follow and change."""

    authentication_classes = (KeyAuthentication,)
    permission_classes = [NeedsKey]
    key_scope = KeyScope.REPLAY
    pagination_class: Any = None
    queryset = PlayEvent.objects.none()
    serializer_class: type[serializers.Serializer[Any]] = ReplaySerializer

    def answer(self, showing: Showing, code: int = status.HTTP_200_OK) -> Response:
        response = Response(ReplaySerializer(showing).data, status=code)
        patch_cache_control(response, no_store=True)
        return response


class ReplayList(ReplayDoor):
    @extend_schema(operation_id="replays_list", responses={(200, "application/json"): _REPLAYS})
    def get(self, request: Request) -> Response:
        """Return the replays of the key's owner that are not over, the newest first."""
        self.filter_queryset(self.get_queryset())
        held = filter(None, map(_known, replays.replays_of(_holder(request))))
        response = Response({"results": [ReplaySerializer(showing).data for showing in held]})
        patch_cache_control(response, no_store=True)
        return response

    @extend_schema(operation_id="replays_create", request=NewReplaySerializer)
    @extend_schema(responses={201: ReplaySerializer})
    def post(self, request: Request) -> Response:
        """Begin to replay a match. Its topic has the frames that the match's own topic had."""
        wanted = _valid(NewReplaySerializer, request)
        # Whoever hides scores asks for them here; a delay holds here too.
        with scores_shown():
            match = Match.objects.with_sides().filter(
                public_id=wanted["match"], season__league__is_test=False
            )
            film = _film(match.first(), wanted["view"], wanted.get("drama"))
        showing = _allowed(
            lambda: replays.start_replay(
                film,
                speed=wanted["speed"],
                is_paused=wanted["is_paused"],
                position_ms=_position(film, wanted["from"], "from"),
                holder=_holder(request),
            )
        )
        publish_replay(showing)
        return self.answer(showing, status.HTTP_201_CREATED)


class ReplayDetail(ReplayDoor):
    @extend_schema(operation_id="replays_retrieve")
    def get(self, request: Request, replay_id: str) -> Response:
        """Say where a replay stands."""
        self.filter_queryset(self.get_queryset())  # knows no parameter but `fields`
        return self.answer(_showing(_own(request, replay_id)))

    @extend_schema(operation_id="replays_change", request=ReplayChangeSerializer)
    def patch(self, request: Request, replay_id: str) -> Response:
        """Pause, go on, go faster or go elsewhere. The replay is kept on for three hours more."""
        replay = _own(request, replay_id)
        wanted = _valid(ReplayChangeSerializer, request)
        place = wanted.get("position")
        position_ms = None if place is None else _position(_showing(replay).film, place, "position")
        showing = replays.change_replay(
            replay.id,
            speed=wanted.get("speed"),
            is_paused=wanted.get("is_paused"),
            position_ms=position_ms,
        )
        if showing is None:
            raise Http404
        publish_replay(showing)
        return self.answer(showing)

    @extend_schema(operation_id="replays_end", responses={204: None})
    def delete(self, request: Request, replay_id: str) -> Response:
        """End a replay; who follows it is told that its topic is no more."""
        replays.end_replay(_own(request, replay_id))
        return Response(status=status.HTTP_204_NO_CONTENT)


class ReplayEventList(ReplayDoor):
    """The events of a replay that have come, as a match's own list has them; `wait` waits."""

    rate_class = "live"
    serializer_class = ReplayEventSerializer
    filterset_class = ReplayEventFilter

    @extend_schema(operation_id="replays_events_list", filters=True)
    @extend_schema(responses={(200, "application/json"): _EVENTS, 410: None})
    def get(self, request: Request, replay_id: str) -> Response:
        self.filter_queryset(self.get_queryset())
        asked = ReplayEventFilter(request.query_params, self.get_queryset())
        asked.is_valid()
        showing = _showing(_own(request, replay_id))
        epoch = asked.form.cleaned_data["epoch"]
        if epoch and epoch != showing.replay.epoch:
            raise ReplayLost(
                f"The replay went elsewhere: its epoch is {showing.replay.epoch}. Begin at after=0."
            )
        response = self._answer(request, showing, asked.form.cleaned_data)
        response[EPOCH_HEADER] = showing.replay.epoch
        patch_cache_control(response, no_store=True)
        return response

    def _answer(self, request: Request, showing: Showing, asked: Mapping[str, Any]) -> Response:
        limit = asked["limit"] or _DEFAULT_LIMIT
        events = showing.film.events[asked["after"] or 0 : showing.count]
        told = [event for event in events if asked["type"] in {"", event["type"]}]
        page, following = told[:limit], None
        if len(told) > limit:
            here = request.build_absolute_uri()
            following = replace_query_param(here, "after", page[-1]["seq"])
        return Response({"results": page, "next": following})


def _holder(request: Request) -> str:
    key: Any = request.auth
    return replays.holder_of(key)


def _valid(kind: type[StrictSerializer], request: Request) -> Any:
    wanted = kind(data=request.data)
    wanted.is_valid(raise_exception=True)
    return wanted.validated_data


def _film(match: Match | None, view: str, drama: str | None) -> Film:
    if match is None:
        fix = "There is no such match; ids look like vz_match_01K..."
        raise serializers.ValidationError({"match": [ErrorDetail(fix, "unknown_match")]})
    try:
        return film_of(match, view=ReplayView(view), drama=None if drama is None else Drama(drama))
    except NothingToReplayError as error:
        fix = "Nothing to replay: this match has no log of play."
        raise serializers.ValidationError({"match": [ErrorDetail(fix, "no_log")]}) from error
    except NoSuchDramaError as error:
        fix = "Nobody scores in this match by an event: choose another match, or another drama."
        raise serializers.ValidationError({"drama": [ErrorDetail(fix, "no_goal")]}) from error


def _position(film: Film, text: str, field: str) -> int:
    pack = load_pack(film.match.season.league.sport)
    try:
        return parse_position(text, film.reel, is_cumulative=pack.clock.cumulative)
    except ValueError as error:
        raise serializers.ValidationError({field: [ErrorDetail(str(error), "invalid")]}) from error


def _own(request: Request, replay_id: str) -> Replay:
    """Return a replay of the key's owner; somebody else's does not exist here."""
    replay = replays.find_replay(replay_id)
    if replay is None or replay.holder != _holder(request):
        raise Http404
    return replay


def _showing(replay: Replay) -> Showing:
    try:
        return replays.showing_of(replay)
    except LogToldAnewError as error:
        raise ReplayLost(str(error)) from error


def _known(replay: Replay) -> Showing | None:
    try:
        return replays.showing_of(replay)
    except LogToldAnewError:
        return None


def _allowed(begin: Callable[[], Showing]) -> Showing:
    try:
        return begin()
    except TooManyReplaysError as error:
        raise ReplayLimit(error) from error
