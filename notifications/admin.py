"""Notices in the admin: what was told, to whom and how it went. Nobody changes it there."""

from django.contrib import admin

from notifications.models import Delivery, Device, Follow, Notification, Preference
from streams.read_only import ReadOnlyAdmin


@admin.register(Follow)
class FollowAdmin(ReadOnlyAdmin):
    """Who hears of what; users alone change it."""

    list_display = ("user", "league", "team", "match", "player", "preset", "media", "since")
    list_select_related = ("user", "league", "team", "match__home", "match__away", "player")
    list_filter = ("preset",)
    search_fields = ("user__email",)
    date_hierarchy = "since"


@admin.register(Preference)
class PreferenceAdmin(ReadOnlyAdmin):
    """Quiet hours."""

    list_display = ("user", "quiet_from", "quiet_until", "time_zone")
    list_select_related = ("user",)
    search_fields = ("user__email",)


@admin.register(Device)
class DeviceAdmin(ReadOnlyAdmin):
    """Browsers that take push messages; their keys are not shown."""

    list_display = ("user", "name", "added_at", "reached_at")
    list_select_related = ("user",)
    search_fields = ("user__email", "name")
    fields = ("user", "name", "added_at", "reached_at")


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin):
    """What was worth telling."""

    list_display = ("label", "change", "match", "sentence", "happened_at")
    list_select_related = ("match__home", "match__away")
    list_filter = ("change", "kind")
    search_fields = ("match__public_id", "sentence")
    date_hierarchy = "happened_at"


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    """What was told to whom."""

    list_display = ("notification", "user", "medium", "state", "due_at", "sent_at", "error")
    list_select_related = ("notification", "user")
    list_filter = ("state", "medium")
    search_fields = ("user__email", "public_id")
    date_hierarchy = "due_at"
