"""Push messages from the queue to the network and back: claimed, then told how it went.

Nothing is locked while the network is asked. A claim runs out by itself, so what a dead worker
held is sent again: under the same tag, by which a browser shows it once.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final

import orjson
from django.conf import settings
from django.core import signing
from django.db import connection, transaction
from django.db.models import F, Q
from django.urls import reverse

from config.sight import release_at, wish_of
from notifications.enums import Change, DeliveryState, Medium
from notifications.models import Delivery, Device, Notification, Preference
from notifications.rules import push
from notifications.rules.audience import is_quiet
from notifications.selectors import line_of, pending_push

BATCH: Final = 200
# Longer than a batch may take, shorter than a goal is news.
CLAIM_LASTS: Final = timedelta(seconds=60)
MOST_ATTEMPTS: Final = 5
# Nobody wants to be woken by what is over.
NEWS_FOR: Final = timedelta(minutes=30)
STOP_SALT: Final = "notifications.stop"
_LOCK: Final = "SELECT pg_advisory_xact_lock(%s)"
_LOCK_NUMBER: Final = 0x70757368  # "push"
_MOST_TEXT: Final = 300
_KEPT: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A device's endpoint and keys."""

    device_id: int
    endpoint: str
    p256dh: str
    auth: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A claimed delivery: what is to be sent, and to which devices it has not gone yet."""

    delivery_id: int
    attempt: int
    tag: str
    body: bytes
    addresses: Sequence[Address]


@dataclass(slots=True, kw_only=True)
class Outcome:
    """How a job went: devices reached, gone for good, to be asked again; what went wrong."""

    reached: list[int] = field(default_factory=list)
    gone: list[int] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)
    later: list[int] = field(default_factory=list)
    wait_s: int = 0
    error: str = ""


@lru_cache(maxsize=2)
def _sender(seed: str, secret_key: str, contact: str) -> push.Sender:
    raw = bytes.fromhex(seed) if seed else sha256(b"veze push 1\x00" + secret_key.encode()).digest()
    return push.Sender(key=push.signing_key(raw), contact=contact)


def sender() -> push.Sender:
    """Return who signs push messages: VAPID_KEY, or a key derived from the secret key."""
    return _sender(settings.VAPID_KEY, settings.SECRET_KEY, settings.VAPID_CONTACT)


@transaction.atomic
def claim_due(*, at: datetime) -> list[Job]:
    """Claim push messages that are due and return what to send; one transaction, no network.

    One claims at a time: of messages with the same tag only the newest is sent, the others are
    merged into it, and none while an older one is on its way.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [_LOCK_NUMBER])
    free = Q(state=DeliveryState.QUEUED) | Q(claimed_until__lte=at)
    due = list(pending_push().filter(free, due_at__lte=at).order_by("due_at", "pk")[:BATCH])
    if not due:
        return []
    batch = _Batch(due, at=at)
    for group in batch.groups.values():
        batch.settle(group)
    return batch.claimed()


class _Batch:
    """Due deliveries with all their relatives, and what becomes of each."""

    def __init__(self, due: Sequence[Delivery], *, at: datetime) -> None:
        self.at = at
        users = {delivery.user_id for delivery in due}
        wanted = {(delivery.user_id, delivery.tag) for delivery in due}
        relatives = (
            Delivery.objects.filter(
                medium=Medium.PUSH, user__in=users, tag__in={tag for _, tag in wanted}
            )
            .select_related("user", "notification__match__home", "notification__match__away")
            .order_by("pk")
        )
        self.groups: dict[tuple[int, str], list[Delivery]] = defaultdict(list)
        for delivery in relatives:
            if (delivery.user_id, delivery.tag) in wanted:
                self.groups[delivery.user_id, delivery.tag].append(delivery)
        self.preferences = {row.user_id: row for row in Preference.objects.filter(user__in=users)}
        self.devices: dict[int, list[Device]] = defaultdict(list)
        for device in Device.objects.filter(user__in=users):
            self.devices[device.user_id].append(device)
        self.ended: dict[str, list[int]] = defaultdict(list)
        self.moved: list[Delivery] = []
        self.jobs: list[Delivery] = []

    def settle(self, group: Sequence[Delivery]) -> None:
        """Decide about the deliveries of one tag to one user, the oldest first."""
        waiting = [one for one in group if self._waits(one)]
        if not waiting or any(
            one.state == DeliveryState.SENDING for one in group if one not in waiting
        ):
            return
        *older, newest = waiting
        self.ended[DeliveryState.MERGED] += [one.pk for one in older]
        is_told = any(one.state == DeliveryState.SENT or one.attempts for one in group)
        if newest.notification.change == Change.WITHDRAWN and not is_told:
            # Nobody has to hear that what he never heard is not so.
            self.ended[DeliveryState.MERGED].append(newest.pk)
            return
        released_at = release_at(newest.notification.happened_at, wish_of(newest.user, {}))
        if released_at > self.at:
            # He wants to be told later than when it was planned.
            newest.due_at = released_at
            self.moved.append(newest)
        elif self.at - released_at > NEWS_FOR:
            self.ended[DeliveryState.LATE].append(newest.pk)
        elif self._is_quiet(newest):
            self.ended[DeliveryState.QUIET].append(newest.pk)
        elif not self._left(newest):
            state = DeliveryState.SENT if newest.reached else DeliveryState.NOWHERE
            self.ended[state].append(newest.pk)
        else:
            self.jobs.append(newest)

    def _waits(self, delivery: Delivery) -> bool:
        is_stuck = (
            delivery.state == DeliveryState.SENDING
            and delivery.claimed_until is not None
            and delivery.claimed_until <= self.at
        )
        return (delivery.state == DeliveryState.QUEUED or is_stuck) and delivery.due_at <= self.at

    def _is_quiet(self, delivery: Delivery) -> bool:
        preference = self.preferences.get(delivery.user_id)
        return preference is not None and is_quiet(
            self.at,
            since=preference.quiet_from,
            until=preference.quiet_until,
            zone=delivery.user.time_zone or preference.time_zone,
        )

    def _left(self, delivery: Delivery) -> list[Device]:
        return [one for one in self.devices[delivery.user_id] if one.pk not in delivery.reached]

    def claimed(self) -> list[Job]:
        """Write what was decided; return what is to be sent."""
        for state, keys in self.ended.items():
            sent_at = self.at if state == DeliveryState.SENT else None
            Delivery.objects.filter(pk__in=keys).update(
                state=state, claimed_until=None, sent_at=sent_at
            )
        Delivery.objects.bulk_update(self.moved, ["due_at"])
        Delivery.objects.filter(pk__in=[one.pk for one in self.jobs]).update(
            state=DeliveryState.SENDING,
            claimed_until=self.at + CLAIM_LASTS,
            attempts=F("attempts") + 1,
        )
        return [
            Job(
                delivery_id=one.pk,
                attempt=one.attempts + 1,
                tag=one.tag,
                body=_message(one),
                addresses=[
                    Address(
                        device_id=device.pk,
                        endpoint=device.endpoint,
                        p256dh=device.p256dh,
                        auth=device.auth,
                    )
                    for device in self._left(one)
                ],
            )
            for one in self.jobs
        ]


def _message(delivery: Delivery) -> bytes:
    """Return what the service worker of the page reads."""
    match = delivery.notification.match
    line = line_of(delivery, hides_scores=delivery.user.hides_scores)
    text = f"{line.clock} {line.text}".strip() if line.clock else line.text
    message = {
        "title": line.title[:_MOST_TEXT],
        "body": text[:_MOST_TEXT],
        # Messages without a score all say the same: one is enough, and their number tells nothing.
        "tag": match.public_id if line.is_hidden else delivery.tag,
        "url": reverse("stats:match", args=[match.public_id]),
        "stop": stop_token(delivery.user_id, match.public_id),
    }
    return orjson.dumps(message)


def stop_token(user_id: int, match_public_id: str) -> str:
    """Return what lets whoever has the message stop push about its match, without signing in."""
    return signing.dumps([user_id, match_public_id], salt=STOP_SALT, compress=True)


def read_stop_token(token: str, *, max_age: timedelta = timedelta(days=30)) -> tuple[int, str]:
    """Return user and match of a token. Raises signing.BadSignature."""
    user_id, public_id = signing.loads(token, salt=STOP_SALT, max_age=max_age)
    return int(user_id), str(public_id)


@transaction.atomic
def record_outcomes(outcomes: Sequence[tuple[Job, Outcome]], *, at: datetime) -> None:
    """Write down how claimed jobs went; a job whose claim somebody else took over says nothing.

    What has to be tried again waits longer each time, or as long as the push service says.
    """
    gone: set[int] = set()
    reached: set[int] = set()
    sent: list[int] = []
    held: Mapping[int, Delivery] = {
        row.pk: row
        for row in Delivery.objects.select_for_update()
        .filter(pk__in=[job.delivery_id for job, _ in outcomes])
        .order_by("pk")
    }
    for job, outcome in outcomes:
        gone |= set(outcome.gone)
        reached |= set(outcome.reached)
        delivery = held.get(job.delivery_id)
        if delivery is None or (delivery.state, delivery.attempts) != (
            DeliveryState.SENDING,
            job.attempt,
        ):
            continue
        if outcome.reached and not outcome.later:
            sent.append(delivery.pk)
        else:
            _record(delivery, outcome, at=at)
    # Nearly all of them, and thousands when a goal is scored: one statement.
    Delivery.objects.filter(pk__in=sent).update(
        state=DeliveryState.SENT, sent_at=at, claimed_until=None, error=""
    )
    Device.objects.filter(pk__in=gone).delete()
    Device.objects.filter(pk__in=reached).update(reached_at=at)


def _record(delivery: Delivery, outcome: Outcome, *, at: datetime) -> None:
    changes: dict[str, Any] = {
        "reached": [*delivery.reached, *outcome.reached],
        "claimed_until": None,
        "error": outcome.error[:200],
    }
    if outcome.later and delivery.attempts < MOST_ATTEMPTS:
        wait_s = max(outcome.wait_s, 2**delivery.attempts)
        changes |= {"state": DeliveryState.QUEUED, "due_at": at + timedelta(seconds=wait_s)}
    elif changes["reached"]:
        changes |= {"state": DeliveryState.SENT, "sent_at": at}
    elif outcome.later or outcome.refused:
        changes["state"] = DeliveryState.FAILED
    else:
        changes["state"] = DeliveryState.NOWHERE
    for name, value in changes.items():
        setattr(delivery, name, value)
    delivery.save(update_fields=list(changes))


def forget_old(*, at: datetime) -> int:
    """Drop what was told long ago, and its words; return how many rows went."""
    old = Notification.objects.filter(made_at__lte=at - _KEPT)
    count, _ = old.delete()
    return count
