"""Doors of the notifications app: everybody has his own and nothing else."""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.cache import patch_cache_control
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.generics import GenericAPIView, ListAPIView
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from config.clock import now
from notifications.api.filters import NoticeFilter
from notifications.api.serializers import (
    NoticeFollowSerializer,
    NoticeNewFollowSerializer,
    NoticePreferencesSerializer,
    NoticeReadCountSerializer,
    NoticeReadSerializer,
    NoticeSerializer,
    NoticeWishSerializer,
    PushDeviceSerializer,
    PushKeySerializer,
    PushNewDeviceSerializer,
    StrictSerializer,
)
from notifications.enums import Medium, Preset
from notifications.models import Delivery, Device, Follow
from notifications.selectors import (
    Subject,
    find_subject,
    follows_of_user,
    inbox,
    inbox_lines,
    preference_of,
)
from notifications.services import follows
from notifications.services.sending import sender


class OwnDoor(GenericAPIView[Any]):
    """For the signed-in user; tells what a wish is refused for at its field."""

    permission_classes = [IsAuthenticated]
    rate_class = "read"
    pagination_class: Any = None
    serializer_class: Any = None
    queryset: QuerySet[Any] | None = Follow.objects.none()

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, follows.FollowError):
            exc = ValidationError({exc.field: [ErrorDetail(str(exc), exc.code)]})
        return super().handle_exception(exc)

    def finalize_response(self, *args: Any, **kwargs: Any) -> Response:
        response: Response = super().finalize_response(*args, **kwargs)
        # Nobody else's cache may hold it.
        patch_cache_control(response, private=True, no_cache=True)
        return response

    def check_parameters(self) -> None:
        """Refuse parameters that this address does not know."""
        self.filter_queryset(self.get_queryset())

    def wanted(self, kind: type[StrictSerializer]) -> Any:
        """Return what the body says, checked."""
        body = kind(data=self.request.data)
        body.is_valid(raise_exception=True)
        return body.validated_data

    @property
    def user_id(self) -> int:
        # The permission has let nobody else in.
        return self.request.user.pk or 0


class NoticeList(ListAPIView[Delivery]):
    """Your inbox, the newest first: of each notice its newest word."""

    permission_classes = [IsAuthenticated]
    rate_class = "read"
    serializer_class: Any = NoticeSerializer
    filterset_class = NoticeFilter
    queryset = Delivery.objects.none()

    def get_queryset(self) -> QuerySet[Delivery]:
        return inbox(self.request.user.pk or 0).order_by("-due_at")

    @extend_schema(operation_id="notifications_list")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return what you were told; no sooner than your delay, no score where you hide them."""
        page: Any = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        body = self.get_serializer(inbox_lines(page), many=True)
        response: Response = self.get_paginated_response(body.data)
        patch_cache_control(response, private=True, no_cache=True)
        return response


class MarkRead(OwnDoor):
    """What you have read."""

    serializer_class: Any = NoticeReadCountSerializer

    @extend_schema(
        operation_id="notifications_read",
        request=NoticeReadSerializer,
        responses=NoticeReadCountSerializer,
    )
    def post(self, request: Request) -> Response:
        """Mark notices as read: those named, or all that the inbox shows."""
        wanted = self.wanted(NoticeReadSerializer)
        return Response({"read": follows.mark_read(self.user_id, wanted.get("ids"), at=now())})


class FollowList(OwnDoor):
    """What you hear of."""

    serializer_class: Any = NoticeFollowSerializer

    @extend_schema(
        operation_id="notification_follows_list", responses=NoticeFollowSerializer(many=True)
    )
    def get(self, request: Request) -> Response:
        """Return all that you hear of, the first followed first."""
        self.check_parameters()
        rows = follows_of_user(self.user_id)
        return Response({"results": NoticeFollowSerializer(rows, many=True).data})

    @extend_schema(
        operation_id="notification_follows_create",
        request=NoticeNewFollowSerializer,
        responses={201: NoticeFollowSerializer},
    )
    def post(self, request: Request) -> Response:
        """Hear of a league, a team, a match or a player from now on.

        Without more words that is the preset standard by all media. What was followed before is
        followed anew.
        """
        wanted = self.wanted(NoticeNewFollowSerializer)
        subject = find_subject(wanted["subject"])
        if subject is None:
            fix = "There is no league, team, match or player of that id."
            raise ValidationError({"subject": [ErrorDetail(fix, "unknown_subject")]})
        follow = _kept(self.user_id, subject, wanted)
        place = reverse("api-follow", args=[follow.public_id])
        return Response(
            NoticeFollowSerializer(follow).data,
            status=status.HTTP_201_CREATED,
            headers={"Location": place},
        )


def _kept(user_id: int, subject: Subject, wanted: Any, held: Follow | None = None) -> Follow:
    return follows.set_follow(
        user_id,
        subject,
        preset=wanted.get("preset", held.preset if held else Preset.STANDARD),
        media=wanted.get("media", held.media if held else Medium.values),
        kinds=wanted.get("kinds", held.kinds if held else ()),
    )


class FollowDetail(OwnDoor):
    """One of the things that you hear of."""

    serializer_class: Any = NoticeFollowSerializer

    def follow(self) -> Follow:
        """Return the signed-in user's follow of the address."""
        return get_object_or_404(
            Follow.objects.filter(user=self.user_id), public_id=self.kwargs["public_id"]
        )

    @extend_schema(operation_id="notification_follow")
    def get(self, request: Request, public_id: str) -> Response:
        """Return how you follow it."""
        self.check_parameters()
        return Response(NoticeFollowSerializer(self.follow()).data)

    @extend_schema(
        operation_id="notification_follow_change",
        request=NoticeWishSerializer,
        responses=NoticeFollowSerializer,
    )
    def patch(self, request: Request, public_id: str) -> Response:
        """Change what is told, and by what media; from now on."""
        wanted, held = self.wanted(NoticeWishSerializer), self.follow()
        return Response(
            NoticeFollowSerializer(_kept(self.user_id, held.subject, wanted, held)).data
        )

    @extend_schema(operation_id="notification_follow_end", responses={204: None})
    def delete(self, request: Request, public_id: str) -> Response:
        """Hear no more of it."""
        follows.end_follow(self.user_id, self.follow().subject)
        return Response(status=status.HTTP_204_NO_CONTENT)


class Preferences(OwnDoor):
    """When you are not to be disturbed."""

    serializer_class: Any = NoticePreferencesSerializer

    @extend_schema(operation_id="notification_preferences")
    def get(self, request: Request) -> Response:
        """Return your quiet hours, in which nothing is pushed; null for none."""
        self.check_parameters()
        return Response(NoticePreferencesSerializer(preference_of(self.user_id)).data)

    @extend_schema(
        operation_id="notification_preferences_set",
        request=NoticePreferencesSerializer,
        responses=NoticePreferencesSerializer,
    )
    def put(self, request: Request) -> Response:
        """Set your quiet hours."""
        wanted = self.wanted(NoticePreferencesSerializer)
        zone = wanted.pop("time_zone", preference_of(self.user_id).time_zone)
        held = follows.set_quiet_hours(self.user_id, **wanted, time_zone=zone)
        return Response(NoticePreferencesSerializer(held).data)


class PushKey(OwnDoor):
    """The key that browsers subscribe with."""

    serializer_class: Any = PushKeySerializer

    @extend_schema(operation_id="push_key")
    def get(self, request: Request) -> Response:
        """Return the server's public key (RFC 8292) in base64url."""
        self.check_parameters()
        return Response({"key": sender().public_key})


class DeviceList(OwnDoor):
    """Browsers that take your push messages."""

    serializer_class: Any = PushDeviceSerializer

    @extend_schema(operation_id="push_devices_list", responses=PushDeviceSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Return your browsers, the first added first."""
        self.check_parameters()
        rows = Device.objects.filter(user=self.user_id)
        return Response({"results": PushDeviceSerializer(rows, many=True).data})

    @extend_schema(
        operation_id="push_devices_create",
        request=PushNewDeviceSerializer,
        responses={201: PushDeviceSerializer},
    )
    def post(self, request: Request) -> Response:
        """Let a browser take your push messages; the same subscription again is the same device."""
        wanted = self.wanted(PushNewDeviceSerializer)
        device = follows.add_device(
            self.user_id, endpoint=wanted["endpoint"], name=wanted["name"], **wanted["keys"]
        )
        place = reverse("api-push-device", args=[device.public_id])
        return Response(
            PushDeviceSerializer(device).data,
            status=status.HTTP_201_CREATED,
            headers={"Location": place},
        )


class DeviceDetail(OwnDoor):
    """One of your browsers."""

    serializer_class: Any = PushDeviceSerializer

    @extend_schema(operation_id="push_device")
    def get(self, request: Request, public_id: str) -> Response:
        """Return a browser of yours."""
        self.check_parameters()
        rows = Device.objects.filter(user=self.user_id)
        return Response(PushDeviceSerializer(get_object_or_404(rows, public_id=public_id)).data)

    @extend_schema(operation_id="push_device_end", responses={204: None})
    def delete(self, request: Request, public_id: str) -> Response:
        """Let a browser take no more messages."""
        if not follows.remove_device(self.user_id, public_id=public_id):
            raise Http404
        return Response(status=status.HTTP_204_NO_CONTENT)
