"""Consumer groups: who hears a topic, and how what they hear is handled, retried and given up on.

A group's handler gets a batch of deliveries of one topic and must be idempotent: a delivery may
come again after a crash. Entries are acknowledged after the handler's commit.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import orjson
import redis
import structlog
from celery import current_app
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Min

from config.clock import now
from streams.enums import DeadLetterStatus
from streams.models import DeadLetter, GroupCheckpoint, OutboxEvent
from streams.redis_client import client
from streams.stopping import is_stopping
from streams.topics import from_payload

log = structlog.get_logger(__name__)

MAX_FAILURES = 5
BATCH_SIZE = 500
# Longer than any handler may take, shorter than anybody should notice.
STUCK_AFTER_MS = 15_000
DRAIN_BUDGET_S = 5.0
LINGER_BUDGET_S = 20.0
HEAD_KEY = "veze:stream-head"
_STREAM_PREFIX = "veze:stream:"
_WAKE_PREFIX = "veze:wake:"
_HOST_PREFIX = "veze:host:"
_WAKE_TTL_MS = 5_000
# One name for all workers: an entry's idle time, not its owner, tells when it is stuck.
_CONSUMER = "drain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One announced event on its way to one group."""

    position: int
    event: Any
    trace: Mapping[str, Any]


Handler = Callable[[Sequence[Delivery]], None]
# A stream and entries of it.
_Batch = tuple[bytes, list[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A group's interest in a topic; `queue` is the Celery queue its handler runs in.

    A group with `gather_s` waits that long after the first entry, so that many make one batch.
    """

    topic: str
    group: str
    queue: str
    handler: Handler
    gather_s: float = 0.0


_SUBSCRIPTIONS: dict[tuple[str, str], Subscription] = {}


def subscribe(
    topic: str, *, group: str, queue: str, gather_s: float = 0.0
) -> Callable[[Handler], Handler]:
    """Let the decorated handler hear a topic for a group. Raises ValueError on a second one."""

    def register(handler: Handler) -> Handler:
        if (topic, group) in _SUBSCRIPTIONS:
            raise ValueError(f"group {group!r} subscribes to {topic!r} twice")
        _SUBSCRIPTIONS[topic, group] = Subscription(
            topic=topic, group=group, queue=queue, handler=handler, gather_s=gather_s
        )
        return handler

    return register


def subscriptions() -> Sequence[Subscription]:
    """All subscriptions, in order of registration."""
    return tuple(_SUBSCRIPTIONS.values())


def wake_groups(topics: Iterable[str]) -> None:
    """Send each group that hears one of the topics to work, unless it has been sent already."""
    wanted = set(topics)
    hearing = list({(s.group, s.queue, s.gather_s) for s in subscriptions() if s.topic in wanted})
    pipe = client().pipeline(transaction=False)
    for group, _, _ in hearing:
        pipe.set(_WAKE_PREFIX + group, 1, nx=True, px=_WAKE_TTL_MS)
    for (group, queue, gather_s), was_asleep in zip(hearing, pipe.execute(), strict=True):
        if was_asleep:
            current_app.send_task(
                "streams.tasks.drain_group",
                kwargs={"group": group},
                queue=queue,
                countdown=gather_s or None,
            )


def drain(group: str, *, linger_s: float = 0.0) -> int:
    """Handle everything that waits for the group and return how many entries were handled.

    With `linger_s` one process stays awake until nothing has come for so long, so that a steady
    trickle costs no task for each drop and meets a process that remembers what came before; others
    help while it is behind. A group that gathers takes what is there and leaves the rest to
    gather. Stops after `LINGER_BUDGET_S` or `DRAIN_BUDGET_S` seconds and wakes the group again.
    Failing entries stay pending for `reclaim`.
    """
    work = _Work({s.topic: s for s in subscriptions() if s.group == group})
    # Two that linger would fold the same matches and wait for each other's locks all the time.
    if linger_s and not work.gathers:
        is_host = client().set(_HOST_PREFIX + group, 1, nx=True, px=_WAKE_TTL_MS)
        if is_host:
            _linger(group, work, linger_s)
            client().delete(_HOST_PREFIX + group, _WAKE_PREFIX + group)
    else:
        client().delete(_WAKE_PREFIX + group)
    deadline = time.monotonic() + DRAIN_BUDGET_S
    # Also after lingering: whoever announced until this moment took us for awake.
    while time.monotonic() < deadline:
        read = work.handle(_read(group, work.streams))
        if not read or (work.gathers and read < BATCH_SIZE):
            return work.handled
    wake_groups(work.subscriptions)
    return work.handled


def _linger(group: str, work: "_Work", linger_s: float) -> None:
    deadline = time.monotonic() + LINGER_BUDGET_S
    while time.monotonic() < deadline and not is_stopping():
        awake = client().pipeline(transaction=False)
        for prefix in (_HOST_PREFIX, _WAKE_PREFIX):
            awake.set(prefix + group, 1, px=_WAKE_TTL_MS)
        awake.execute()
        batches = _read(group, work.streams, block_ms=round(linger_s * 1000))
        if not batches:
            return
        if any(len(entries) >= BATCH_SIZE for _, entries in batches):
            client().delete(_WAKE_PREFIX + group)  # so that others come and help
        work.handle(batches)


class _Work:
    """What one group does with what it reads."""

    def __init__(self, mine: dict[str, Subscription]) -> None:
        self.subscriptions = mine
        self.streams = {_STREAM_PREFIX + topic: ">" for topic in mine}
        self.gathers = any(subscription.gather_s for subscription in mine.values())
        self.handled = 0

    def handle(self, batches: Sequence[_Batch]) -> int:
        """Hand the entries over; return how many were read of the fullest stream."""
        for stream, entries in batches:
            topic = stream.decode().removeprefix(_STREAM_PREFIX)
            self.handled += _handle(self.subscriptions[topic], entries)
        return max((len(entries) for _, entries in batches), default=0)


def _read(group: str, streams: dict[str, str], *, block_ms: int | None = None) -> list[_Batch]:
    try:
        answer = client().xreadgroup(group, _CONSUMER, streams, count=BATCH_SIZE, block=block_ms)  # type: ignore[arg-type]
    except redis.ResponseError as error:
        if not str(error).startswith(("NOGROUP", "UNBLOCKED")):
            raise
        create_groups()
        answer = client().xreadgroup(group, _CONSUMER, streams, count=BATCH_SIZE)  # type: ignore[arg-type]
    return list(answer)  # type: ignore[arg-type]


def create_groups() -> None:
    """Create the streams and groups that Redis lacks, each from where it was for certain."""
    checkpoints = {(row.topic, row.group): row.position for row in GroupCheckpoint.objects.all()}
    for subscription in subscriptions():
        start = checkpoints.get((subscription.topic, subscription.group), 0)
        try:
            client().xgroup_create(
                _STREAM_PREFIX + subscription.topic,
                subscription.group,
                id=f"{start}-0" if start else "0",
                mkstream=True,
            )
        except redis.ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise


def _handle(subscription: Subscription, entries: list[Any]) -> int:
    try:
        subscription.handler([_delivery(subscription.topic, *entry) for entry in entries])
    except Exception as error:
        if _is_away(error):
            # Each entry alone would wait for the same server: all stay pending for `reclaim`.
            log.warning("server_away", topic=subscription.topic, group=subscription.group)
            return 0
        if len(entries) == 1:
            log.exception("handler_failed", topic=subscription.topic, group=subscription.group)
            return 0
        # One poisoned entry must not hold up its neighbours.
        return sum(_handle(subscription, [entry]) for entry in entries)
    handled = [entry_id for entry_id, _ in entries]
    client().xack(_STREAM_PREFIX + subscription.topic, subscription.group, *handled)
    return len(handled)


def _is_away(error: Exception) -> bool:
    """Whether Redis or the database was not there, for which no entry is to blame."""
    if not isinstance(error, OperationalError):
        return isinstance(error, redis.ConnectionError | redis.TimeoutError | InterfaceError)
    # A refused lock or a deadlock has a code of its own, and goes better at the next try.
    code = getattr(error.__cause__, "sqlstate", None)
    return code is None or code.startswith(("08", "57P"))


def _delivery(topic: str, entry_id: bytes, fields: Mapping[bytes, bytes]) -> Delivery:
    return Delivery(
        position=_position(entry_id),
        event=from_payload(topic, orjson.loads(fields[b"payload"])),
        trace=orjson.loads(fields[b"trace"]),
    )


def _position(entry_id: bytes) -> int:
    return int(entry_id.split(b"-")[0])


def reclaim(subscription: Subscription) -> int:
    """Handle again what a dead worker or a failure left pending; give up after five failures."""
    stream = _STREAM_PREFIX + subscription.topic
    try:
        pending = client().xpending_range(
            stream, subscription.group, min="-", max="+", count=BATCH_SIZE, idle=STUCK_AFTER_MS
        )
    except redis.ResponseError as error:
        if not str(error).startswith("NOGROUP"):
            raise
        create_groups()  # a new Redis, or one that lost its memory: nothing is pending
        return 0
    handled = 0
    for item in pending:  # type: ignore[union-attr]
        claimed = client().xclaim(
            stream, subscription.group, _CONSUMER, STUCK_AFTER_MS, [item["message_id"]]
        )
        for entry in claimed:  # type: ignore[union-attr]
            handled += _handle_again(subscription, entry, failures=item["times_delivered"])
    return handled


def _handle_again(subscription: Subscription, entry: Any, *, failures: int) -> int:
    if failures >= MAX_FAILURES:
        # Whoever handled it did not live to say why; one more try would kill this worker too.
        _give_up(subscription, entry, failures, error="the worker died each time")
        return 0
    try:
        subscription.handler([_delivery(subscription.topic, *entry)])
    except Exception as error:
        if _is_away(error):
            log.warning("server_away", topic=subscription.topic, group=subscription.group)
            _uncount(subscription, entry, failures)
        elif failures < MAX_FAILURES - 1:
            log.exception("handler_failed", topic=subscription.topic, group=subscription.group)
        else:
            _give_up(subscription, entry, MAX_FAILURES, error=f"{type(error).__name__}: {error}")
        return 0
    client().xack(_STREAM_PREFIX + subscription.topic, subscription.group, entry[0])
    return 1


def _uncount(subscription: Subscription, entry: Any, failures: int) -> None:
    """Take back an attempt that failed by no fault of the entry: Redis counts each claim."""
    stream, group = _STREAM_PREFIX + subscription.topic, subscription.group
    with suppress(redis.RedisError):
        client().xclaim(stream, group, _CONSUMER, 0, [entry[0]], retrycount=failures, justid=True)


def _give_up(subscription: Subscription, entry: Any, failures: int, *, error: str) -> None:
    entry_id, fields = entry
    DeadLetter.objects.update_or_create(
        topic=subscription.topic,
        group=subscription.group,
        position=_position(entry_id),
        defaults={
            "entry_id": entry_id.decode(),
            "payload": orjson.loads(fields[b"payload"]),
            "error": error[:4000],
            "failures": failures,
            "status": DeadLetterStatus.OPEN,
            "resolved_at": None,
        },
    )
    client().xack(_STREAM_PREFIX + subscription.topic, subscription.group, entry_id)
    log.error("dead_letter", topic=subscription.topic, group=subscription.group, error=error)


@transaction.atomic
def retry_dead_letter(pk: int) -> bool:
    """Hand a dead letter to its handler once more; return whether it went well this time.

    Locks the dead letter; one that somebody else had handled meanwhile is not handled again. Raises
    DeadLetter.DoesNotExist, and KeyError when no group hears its topic any more.
    """
    letter = DeadLetter.objects.select_for_update().get(pk=pk)
    if letter.status == DeadLetterStatus.RETRIED:
        return True
    subscription = _SUBSCRIPTIONS[letter.topic, letter.group]
    try:
        event = from_payload(letter.topic, letter.payload)
        with transaction.atomic():
            subscription.handler([Delivery(position=letter.position, event=event, trace={})])
    except Exception as error:
        letter.failures += 1
        letter.error = f"{type(error).__name__}: {error}"[:4000]
        letter.save(update_fields=["failures", "error"])
        return False
    letter.status, letter.resolved_at = DeadLetterStatus.RETRIED, now()
    letter.save(update_fields=["status", "resolved_at"])
    return True


@transaction.atomic
def dismiss_dead_letter(pk: int) -> None:
    """Close an open dead letter without handling it. Raises DeadLetter.DoesNotExist."""
    letter = DeadLetter.objects.select_for_update().get(pk=pk)
    if letter.status == DeadLetterStatus.OPEN:
        letter.status, letter.resolved_at = DeadLetterStatus.DISMISSED, now()
        letter.save(update_fields=["status", "resolved_at"])


def save_checkpoints() -> None:
    """Remember in Postgres how far each group is for certain, and trim what all are past."""
    for topic in {s.topic for s in subscriptions()}:
        safe = {s.group: _safe_position(s) for s in subscriptions() if s.topic == topic}
        for group, position in safe.items():
            if position is not None:
                GroupCheckpoint.objects.update_or_create(
                    topic=topic, group=group, defaults={"position": position, "saved_at": now()}
                )
        known = [position for position in safe.values() if position is not None]
        if known and len(known) == len(safe):
            client().xtrim(_STREAM_PREFIX + topic, minid=f"{min(known)}-0", approximate=True)


def _safe_position(subscription: Subscription) -> int | None:
    stream = _STREAM_PREFIX + subscription.topic
    # At one moment, for Redis may lose its memory between two questions.
    moment = client().pipeline(transaction=True)
    moment.get(HEAD_KEY)
    moment.xinfo_groups(stream)
    moment.xpending(stream, subscription.group)
    try:
        head, groups, summary = moment.execute()
    except redis.ResponseError:
        return None
    if summary["pending"]:
        return _position(summary["min"]) - 1
    for group in groups:
        if group["name"] == subscription.group.encode():
            delivered = _position(group["last-delivered-id"])
            # A quiet topic's group is as far as everybody, or it would hold up every refill.
            return max(delivered, int(head or 0)) if group["lag"] == 0 else delivered
    return None


def checkpoint_floor() -> int:
    """Return the position from which Redis must be filled again after it lost its memory."""
    wanted = {(s.topic, s.group) for s in subscriptions()}
    rows = {(row.topic, row.group): row.position for row in GroupCheckpoint.objects.all()}
    if not wanted <= set(rows):
        first = OutboxEvent.objects.aggregate(first=Min("position"))["first"]
        return (first or 1) - 1
    return min((rows[key] for key in wanted), default=0)


def lags() -> dict[str, int]:
    """Return how many entries wait for each group, handled ones of a lost Redis left out."""
    waiting: dict[str, int] = {}
    for subscription in subscriptions():
        try:
            groups = client().xinfo_groups(_STREAM_PREFIX + subscription.topic)
        except redis.ResponseError:
            continue
        for group in groups:  # type: ignore[union-attr]
            if group["name"] == subscription.group.encode():
                count = int(group.get("lag") or 0) + int(group["pending"])
                waiting[subscription.group] = waiting.get(subscription.group, 0) + count
    return waiting
