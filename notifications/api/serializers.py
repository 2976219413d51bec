"""The public form of notices, follows, preferences and devices."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any
from zoneinfo import available_timezones

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from notifications.clients import check_endpoint
from notifications.enums import Change, Medium, Preset
from notifications.models import SUBJECTS, Device, Follow
from notifications.rules.push import check_keys
from notifications.selectors import Line
from notifications.services.follows import MOST_FOLLOWS

# Unknown fields: a body holds many thousands, and each costs an error.
_MOST_TOLD = 20


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


class NoticeSerializer(serializers.Serializer[Line]):
    """A notice as its reader may read it: who hides scores reads that there is news."""

    id = serializers.CharField(source="delivery.public_id")
    tag = serializers.CharField(
        source="delivery.tag",
        help_text="Shared by a notice and its corrections; the newest counts.",
    )
    match_id = serializers.CharField(source="match.public_id")
    kind = serializers.SerializerMethodField(
        help_text="A notice of the sport's pack; null where scores are hidden."
    )
    change = serializers.ChoiceField(choices=Change.choices)
    title = serializers.CharField()
    text = serializers.CharField()
    clock = serializers.CharField()
    told_at = serializers.DateTimeField(source="delivery.due_at")
    read_at = serializers.DateTimeField(source="delivery.read_at", allow_null=True)

    def get_kind(self, line: Line) -> str | None:
        return None if line.is_hidden else line.delivery.notification.kind


class NoticeReadSerializer(StrictSerializer):
    ids: Any = serializers.ListField(
        child=serializers.CharField(max_length=40),
        max_length=200,
        required=False,
        help_text="Ids of notices; left out: all that the inbox shows.",
    )


class NoticeReadCountSerializer(serializers.Serializer[Any]):
    read = serializers.IntegerField(help_text="How many were unread before.")


class NoticeFollowSerializer(serializers.ModelSerializer[Follow]):
    id = serializers.CharField(source="public_id")
    subject = serializers.CharField(source="subject.public_id")
    subject_kind = serializers.ChoiceField(choices=[(name, name) for name in SUBJECTS])
    name = serializers.CharField(source="subject.__str__")
    media: Any = serializers.ListField(child=serializers.ChoiceField(choices=Medium.choices))

    class Meta:
        model = Follow
        fields = ("id", "subject", "subject_kind", "name", "preset", "kinds", "media", "since")


class NoticeWishSerializer(StrictSerializer):
    """How something is followed."""

    preset = serializers.ChoiceField(choices=Preset.choices, required=False)
    kinds: Any = serializers.ListField(
        child=serializers.CharField(max_length=40),
        max_length=40,
        required=False,
        help_text="Notices of the sport's pack, with the preset chosen.",
    )
    media: Any = serializers.ListField(
        child=serializers.ChoiceField(choices=Medium.choices),
        max_length=len(Medium),
        required=False,
    )


class NoticeNewFollowSerializer(NoticeWishSerializer):
    subject = serializers.CharField(
        max_length=40,
        help_text=f"Id of a league, team, match or player; at most {MOST_FOLLOWS} are followed.",
    )


class NoticePreferencesSerializer(StrictSerializer):
    quiet_from = serializers.TimeField(allow_null=True, help_text="No push from then on.")
    quiet_until = serializers.TimeField(allow_null=True)
    time_zone = serializers.CharField(
        max_length=64,
        required=False,
        allow_blank=True,
        help_text="IANA name; counts where the profile names none.",
    )

    def validate_time_zone(self, name: str) -> str:
        if name and name not in available_timezones():
            raise serializers.ValidationError(
                "Give an IANA name such as Europe/Berlin, or none.", code="unknown_zone"
            )
        return name


class PushKeySerializer(serializers.Serializer[Any]):
    key = serializers.CharField(help_text="The `applicationServerKey` to subscribe with.")


class PushKeysSerializer(StrictSerializer):
    p256dh = serializers.CharField(max_length=90)
    auth = serializers.CharField(max_length=24)


class PushNewDeviceSerializer(StrictSerializer):
    """A browser's subscription, as `PushSubscription.toJSON()` has it."""

    endpoint = serializers.CharField(max_length=1000)
    keys = PushKeysSerializer()
    name = serializers.CharField(max_length=80, required=False, default="", allow_blank=True)

    def validate_endpoint(self, endpoint: str) -> str:
        try:
            check_endpoint(endpoint)
        except ValueError as error:
            raise serializers.ValidationError(str(error), code="bad_endpoint") from error
        return endpoint

    def validate_keys(self, keys: dict[str, str]) -> dict[str, str]:
        try:
            check_keys(keys["p256dh"], keys["auth"])
        except ValueError as error:
            raise serializers.ValidationError(
                "Give the keys of the browser's subscription, in base64url.", code="bad_keys"
            ) from error
        return keys


class PushDeviceSerializer(serializers.ModelSerializer[Device]):
    id = serializers.CharField(source="public_id")

    class Meta:
        model = Device
        fields = ("id", "name", "added_at", "reached_at")
