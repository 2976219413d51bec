"""What the doors of the fantasy API share: who may come in, and how refusals are told."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, Final

from django.db.models import OuterRef, QuerySet, Subquery
from django.shortcuts import get_object_or_404
from django.utils.cache import patch_cache_control
from drf_spectacular.utils import inline_serializer
from rest_framework import serializers, status
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import ErrorDetail, Throttled, ValidationError
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.response import Response
from rest_framework.settings import api_settings

from accounts.enums import KeyScope
from accounts.models import PartnerKey
from config.clock import now
from config.sight import Wish, seeing, wish_of
from fantasy.api.keys import OwnerAuthentication
from fantasy.enums import GameState, RoundState
from fantasy.models import Entry, Game, GamePlayer, Round
from fantasy.selectors.told import live_data_at
from fantasy.services import limits
from fantasy.services.refusals import Refused, refuse
from fantasy.services.squads import next_round
from matches.rules.clock import age_ms

_PLAYER: Final = "player:"
# Unknown fields: looking for what each was meant to be is dear, and a body holds many thousands.
_MOST_TOLD: Final = 20
# Lists in pages; the doors of one resource have none.
PAGED: Final[Any] = api_settings.DEFAULT_PAGINATION_CLASS


def listed(kind: type[serializers.BaseSerializer[Any]]) -> serializers.Serializer[Any]:
    """Return how a short list, which has no pages, is described: as `results`."""
    name = f"{kind.__name__.removesuffix('Serializer')}List"
    answer: serializers.Serializer[Any] = inline_serializer(name, {"results": kind(many=True)})
    return answer


class FantasyDoor(GenericAPIView[Any]):
    """Turns what the rules refuse into a problem that names the place in the request."""

    pagination_class: Any = None
    serializer_class: Any = None
    queryset: QuerySet[Any] | None = Game.objects.none()

    def setup(self, request: Any, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        # Where in the request a player was named, by `GamePlayer` id.
        self.places: dict[int, str] = {}

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, Refused):
            exc = _refusal(exc, self.places)
        return super().handle_exception(exc)

    def live_answer(
        self, round_: Round | None, told: Mapping[str, Any], *, code: int = status.HTTP_200_OK
    ) -> Response:
        """Return an answer with points of a round, with the age of the data they rest on."""
        age = age_ms(live_data_at(round_), now())
        return with_age(Response({**told, "data_age_ms": age}, status=code), age)

    def check_parameters(self) -> None:
        """Refuse parameters that this address does not know."""
        self.filter_queryset(self.get_queryset())

    def number(self, name: str, default: int) -> int:
        """Return a parameter that `check_parameters` took for a whole number."""
        # The filter takes "5.0" for one too, and an empty one for none.
        text = self.request.query_params.get(name, "").strip()
        return int(Decimal(text)) if text else default

    def wanted(self, kind: type["StrictSerializer"]) -> Any:
        """Return what the body says, checked."""
        body = kind(data=self.request.data)
        body.is_valid(raise_exception=True)
        return body.validated_data


def with_age(response: Response, age: int | None) -> Response:
    """Say in the header how old the data is, if there is an age."""
    if age is not None:
        response["Data-Age-Ms"] = str(age)
    return response


def _soon_stale(response: Response) -> Response:
    if "Data-Age-Ms" in response:
        patch_cache_control(response, public=True, max_age=1, stale_while_revalidate=30)
    return response


def _refusal(refused: Refused, places: Mapping[int, str]) -> ValidationError:
    details: dict[str, list[ErrorDetail]] = {}
    for refusal in refused.refusals:
        place = refusal.field
        if place.startswith(_PLAYER):
            place = places.get(int(place.removeprefix(_PLAYER)), "players")
        detail = ErrorDetail(refusal.message, refusal.code)
        details.setdefault(place, []).append(detail)
    return ValidationError(details)


class PublicDoor(FantasyDoor):
    """Open to everybody, known or not."""

    permission_classes = [AllowAny]
    # No session is looked at, so that answers can be shared.
    authentication_classes = ()

    def live_answer(
        self, round_: Round | None, told: Mapping[str, Any], *, code: int = status.HTTP_200_OK
    ) -> Response:
        return _soon_stale(super().live_answer(round_, told, code=code))

    def live_list(self, round_: Round | None, response: Response) -> Response:
        """Return a page of a list that tells points of a round, its age in the header."""
        return _soon_stale(with_age(response, age_ms(live_data_at(round_), now())))

    def open_game(self) -> Game:
        """Return the game of the address; a draft is nobody's yet."""
        games = Game.objects.exclude(state=GameState.DRAFT).select_related("season__league")
        return get_object_or_404(games, public_id=self.kwargs["public_id"])

    def round_of(self, game: Game, number: int) -> Round:
        """Return a round of the game by its number."""
        return get_object_or_404(Round.objects.select_related("game"), game=game, number=number)


class OwnDoor(FantasyDoor):
    """For the owner of an entry; somebody else's does not exist here."""

    permission_classes = [IsAuthenticated]
    authentication_classes: Any = (OwnerAuthentication, SessionAuthentication)
    key_scope = KeyScope.PLAY
    rate_class = "read"

    def entry(self) -> Entry:
        """Return the signed-in user's entry of the address."""
        rows = Entry.objects.select_related("game__season__league", "joined_round")
        return get_object_or_404(
            rows, public_id=self.kwargs["public_id"], owner=self.request.user.pk
        )

    def as_reader(self) -> AbstractContextManager[None]:
        """Let an answer to what is sent be as its reader wants to be told.

        What is written is about the present. A program is told all at once, as wherever it reads.
        """
        if isinstance(self.request.auth, PartnerKey):
            return seeing(Wish())
        return seeing(wish_of(self.request.user, self.request.COOKIES))

    def finalize_response(self, *args: Any, **kwargs: Any) -> Response:
        response: Response = super().finalize_response(*args, **kwargs)
        # Nobody else's cache may hold it.
        patch_cache_control(response, private=True, no_cache=True)
        return response

    def saving(self, kind: str) -> Entry:
        """Return the signed-in user's entry for a save, counting it. Raises Throttled.

        Of the entry it reads what a save needs: its key and its game's.
        """
        ahead = Round.objects.filter(game=OuterRef("game"), state=RoundState.UPCOMING)
        deadline = Subquery(ahead.order_by("number").values("deadline_at")[:1])
        entry = get_object_or_404(
            Entry.objects.only("game_id").annotate(deadline_at=deadline),
            public_id=self.kwargs["public_id"],
            owner=self.request.user.pk,
        )
        self._count(kind, entry, entry.deadline_at)  # type: ignore[attr-defined]  # annotated
        return entry

    def spend(self, kind: str, entry: Entry) -> None:
        """Count a save of the entry. Raises Throttled."""
        round_ = next_round(entry.game_id)
        self._count(kind, entry, round_.deadline_at if round_ else None)

    def _count(self, kind: str, entry: Entry, deadline_at: datetime | None) -> None:
        allowance = limits.spend(kind, entry.pk, deadline_at=deadline_at, at=now())
        if allowance.is_over:
            # The exception's own text says the seconds too.
            raise Throttled(wait=allowance.retry_after_s)

    def players(self, game_id: int, named: Mapping[str, str]) -> dict[str, int]:
        """Return ids of `GamePlayer` by the public ids of players; {place: id} is what was named.

        Raises Refused for those who are not in the game.
        """
        rows = GamePlayer.objects.filter(game=game_id, player__public_id__in=set(named.values()))
        found: dict[str, int] = dict(rows.values_list("player__public_id", "pk"))
        for place, public_id in named.items():
            if public_id not in found:
                raise refuse("unknown_player", f"{public_id} is no player of this game.", place)
            self.places.setdefault(found[public_id], place)
        return found


class DataAgeField(serializers.IntegerField):
    """How old the data is that points of a round under way rest on."""

    def __init__(self) -> None:
        super().__init__(
            allow_null=True,
            help_text="Age of the newest good answer of the vendor about the round's stalest live"
            " match; null where none is live. Left out of the ETag.",
        )


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


class BoundedList(serializers.ListField):
    """A list whose length is looked at before its entries are: each bad one costs an error."""

    def to_internal_value(self, data: Any) -> Any:
        if self.max_length is not None and isinstance(data, list) and len(data) > self.max_length:
            self.fail("max_length", max_length=self.max_length)
        return super().to_internal_value(data)


def _unknown(name: str, known: list[str]) -> str:
    close = get_close_matches(name[:60], known, n=1)
    fix = f"did you mean {close[0]!r}?" if close else f"use {', '.join(known)}."
    return f"There is no field {name[:60]!r}; {fix}"
