"""Writes about who hears of what: follows, preferences, devices, what was read."""

from collections.abc import Collection, Sequence
from datetime import datetime, time
from typing import Any, Final

from django.db import transaction
from django.db.models import Q

from config.clock import now
from matches.models import Match
from notifications.enums import Medium, Preset
from notifications.models import Delivery, Device, Follow, Preference
from notifications.selectors import Subject, inbox, notices_for

# Enough for whoever follows everything; a bound for whoever has a script.
MOST_FOLLOWS: Final = 500
MOST_DEVICES: Final = 10


class FollowError(ValueError):
    """A wish that cannot be kept: `field` names what is wrong with it."""

    code = "invalid"

    def __init__(self, field: str, message: str, *, code: str = "invalid") -> None:
        super().__init__(message)
        self.field = field
        self.code = code


@transaction.atomic
def set_follow(
    user_id: int,
    subject: Subject,
    *,
    preset: str,
    media: Collection[str],
    kinds: Sequence[str] = (),
) -> Follow:
    """Let a user hear of something from now on, or change how. Raises FollowError.

    A constraint keeps it single when a button is pressed twice.
    """
    known = {notice.id: None for notice in notices_for(subject)}
    chosen = [kind for kind in known if kind in kinds] if preset == Preset.CHOSEN else []
    if preset == Preset.CHOSEN and (unknown := [kind for kind in kinds if kind not in known]):
        raise FollowError("kinds", f"{unknown[0]!r} is no notice here; use {', '.join(known)}.")
    if preset == Preset.CHOSEN and not chosen:
        raise FollowError("kinds", "Choose at least one notice, or another preset.")
    if not media:
        raise FollowError("media", f"Choose at least one of {', '.join(Medium.values)}.")
    kind = type(subject).__name__.lower()
    held = Follow.objects.filter(user=user_id)
    is_new = not held.filter(**{kind: subject.pk}).exists()
    if is_new and held.count() >= MOST_FOLLOWS:
        text = f"You follow {MOST_FOLLOWS} already; cease to follow something first."
        raise FollowError("subject", text, code="too_many")
    wanted: dict[str, Any] = {f"{kind}_id": subject.pk}
    follow, _ = Follow.objects.update_or_create(
        user_id=user_id,
        **wanted,
        defaults={
            "preset": preset,
            "kinds": chosen,
            "media": [medium for medium in Medium.values if medium in media],
            "since": now(),
        },
    )
    return follow


def end_follow(user_id: int, subject: Subject) -> bool:
    """Let a user hear no more of something; return whether he did."""
    kind = type(subject).__name__.lower()
    count, _ = Follow.objects.filter(user=user_id, **{kind: subject.pk}).delete()
    return count > 0


def set_quiet_hours(
    user_id: int, *, quiet_from: time | None, quiet_until: time | None, time_zone: str
) -> Preference:
    """Set when a user is not to be disturbed; `time_zone` counts where his profile names none."""
    if (quiet_from is None) != (quiet_until is None):
        field = "quiet_from" if quiet_from is None else "quiet_until"
        raise FollowError(field, "Give both ends of the quiet hours, or none.")
    preference, _ = Preference.objects.update_or_create(
        user_id=user_id,
        defaults={
            "quiet_from": quiet_from,
            "quiet_until": quiet_until,
            "time_zone": time_zone[:64],
        },
    )
    return preference


@transaction.atomic
def add_device(user_id: int, *, endpoint: str, p256dh: str, auth: str, name: str = "") -> Device:
    """Let a browser take a user's push messages. Whose it was before hears no more by it.

    The oldest goes where a user has too many.
    """
    device, _ = Device.objects.update_or_create(
        endpoint=endpoint,
        defaults={"user_id": user_id, "p256dh": p256dh, "auth": auth, "name": name[:80]},
    )
    kept = Device.objects.filter(user=user_id).order_by("-pk").values_list("pk", flat=True)
    Device.objects.filter(pk__in=list(kept[MOST_DEVICES:])).delete()
    return device


def remove_device(user_id: int, *, public_id: str = "", endpoint: str = "") -> bool:
    """Let a browser take no more messages of a user; return whether it did."""
    named = Q(public_id=public_id) if public_id else Q(endpoint=endpoint)
    count, _ = Device.objects.filter(named, user=user_id).delete()
    return count > 0


def mark_read(user_id: int, public_ids: Collection[str] | None, *, at: datetime) -> int:
    """Mark notices of the inbox as read, all that it shows where none are named; how many."""
    rows = inbox(user_id).filter(read_at=None)
    if public_ids is not None:
        rows = rows.filter(public_id__in=public_ids)
    shown = list(rows.order_by().values_list("pk", flat=True))
    return Delivery.objects.filter(pk__in=shown, read_at=None).update(read_at=at)


@transaction.atomic
def stop_pushing(user_id: int, match_public_id: str) -> int:
    """Take push off all follows that concern a match; return how many.

    A follow that had no other medium goes. Raises Match.DoesNotExist.
    """
    match = Match.objects.select_related("season").get(public_id=match_public_id)
    sides = (match.home_id, match.away_id)
    concerned = Follow.objects.filter(user=user_id, media__contains=[Medium.PUSH]).filter(
        Q(match=match)
        | Q(league=match.season.league_id)
        | Q(team__in=sides)
        | Q(team__merged_into__in=sides)
        | Q(player__roster_spots__team__in=sides, player__roster_spots__until_on=None)
    )
    pks = set(concerned.values_list("pk", flat=True))
    for follow in Follow.objects.select_for_update().filter(pk__in=pks):
        follow.media = [medium for medium in follow.media if medium != Medium.PUSH]
        if follow.media:
            follow.save(update_fields=["media"])
        else:
            follow.delete()
    return len(pks)
