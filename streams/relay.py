"""The relay: gives outbox rows their place in the global order and hands them to Redis Streams.

Positions are committed to Postgres before Redis hears of them, and a stream entry's id *is* its
position (`<position>-0`). So whatever crashes, the next relay knows from the head in Redis what is
missing, and an entry handed over twice is refused by Redis itself.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

import orjson
import redis
import structlog
from django.db import DatabaseError, InterfaceError, connection
from django.db.models import Max
from kombu.exceptions import OperationalError

from streams.groups import HEAD_KEY, checkpoint_floor, wake_groups
from streams.models import OutboxEvent
from streams.redis_client import client
from streams.topics import topics

log = structlog.get_logger(__name__)

STREAM_PREFIX = "veze:stream:"
BATCH_SIZE = 1000
_RELAY_LOCK = 0x76657A65_72656C61
_PAUSE_AFTER_FAILURE_S = 5.0

# Position, topic, payload and trace as JSON.
_Row = tuple[int, str, str | bytes, str | bytes]

# KEYS: head, then one stream for each entry; ARGV: the head these entries follow, whether Redis
# told it, the new head, then (id, payload, trace) triples. Answers -1 where there would be a hole:
# Redis lost its memory after it told its head, and somebody else may not have filled it yet.
_HAND_OVER = """
local head = tonumber(redis.call('GET', KEYS[1]) or '-1')
if head < 0 and ARGV[2] == '1' or head >= 0 and head < tonumber(ARGV[1]) then return -1 end
local added = 0
for i = 2, #KEYS do
  local a = (i - 2) * 3 + 4
  local id = ARGV[a] .. '-0'
  local ok = redis.pcall('XADD', KEYS[i], id, 'payload', ARGV[a + 1], 'trace', ARGV[a + 2])
  if type(ok) == 'string' then added = added + 1 end
end
if tonumber(ARGV[3]) > head then redis.call('SET', KEYS[1], ARGV[3]) end
return added
"""


class _Pause:
    """How long this process leaves relaying to the sweep."""

    until = 0.0


_pause = _Pause()
# Whether something was committed in a block of `relay_last`; None outside of one.
_held: ContextVar[bool | None] = ContextVar("held", default=None)


@contextmanager
def relay_last() -> Iterator[None]:
    """Relay what is committed in this block at its end: nothing in it waits for the relay."""
    token = _held.set(False)
    try:
        yield
    finally:
        is_waiting = _held.get()
        _held.reset(token)
        if is_waiting:
            relay_after_commit()


def relay_after_commit() -> None:
    """Relay what was just committed; what fails is left to the sweep, never to the caller."""
    if _held.get() is not None:
        _held.set(True)
        return
    if time.monotonic() < _pause.until:
        return
    try:
        relay()
    except (DatabaseError, InterfaceError) as error:
        log.warning("relay_postponed", error=str(error))
    except (redis.RedisError, OperationalError) as error:
        # A frozen Redis would hold up every writer for its time-out, so rest for a while.
        _pause.until = time.monotonic() + _PAUSE_AFTER_FAILURE_S
        log.warning("relay_postponed", error=str(error))


def relay() -> int:
    """Give positions, hand over all that Redis lacks, wake the groups; return entries handed over.

    Safe to run in any number of processes at once. Raises redis.RedisError when Redis is away.
    """
    handed_over = 0
    fresh = _give_positions()
    if fresh:
        # The common case: Redis lacks just what was positioned now.
        added = _hand_over(fresh, head=fresh[0][0] - 1, is_told=True)
        if added is not None:
            return added
    while True:
        head, is_told = _head()
        waiting = OutboxEvent.objects.filter(position__gt=head).order_by("position")
        rows = [
            (int(position or 0), topic, orjson.dumps(payload), orjson.dumps(trace))
            for position, topic, payload, trace in waiting.values_list(
                "position", "topic", "payload", "trace"
            )[:BATCH_SIZE]
        ]
        if not rows:
            return handed_over
        added = _hand_over(rows, head=head, is_told=is_told)
        handed_over += added or 0
        if added is not None and len(rows) < BATCH_SIZE:
            return handed_over


def forget_lost_future() -> None:
    """Empty the streams when Redis is ahead of Postgres, which then was put back to a backup.

    Positions are given anew from there on, and Redis would refuse them as known already.
    """
    head = client().get(HEAD_KEY)
    if head is None:
        return
    last = OutboxEvent.objects.aggregate(last=Max("position"))["last"] or 0
    if int(head) > last:  # type: ignore[arg-type]
        log.error("streams_ahead_of_database", head=int(head), last=last)  # type: ignore[arg-type]
        client().delete(HEAD_KEY, *(STREAM_PREFIX + name for name in topics()))


def _give_positions() -> list[_Row]:
    """Position what has none, alone, and return it; committed before anybody hears of it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT position, topic, payload::text, trace::text FROM streams_give_positions(%s)",
            [_RELAY_LOCK],
        )
        return list(cursor.fetchall())


def _head() -> tuple[int, bool]:
    """Return how far Redis is, and whether it said so itself."""
    head = client().get(HEAD_KEY)
    if head is not None:
        return int(head), True  # type: ignore[arg-type]
    # Redis lost its memory: go on from where every group was for certain.
    return checkpoint_floor(), False


def _hand_over(rows: Sequence[_Row], *, head: int, is_told: bool) -> int | None:
    """Return how many entries Redis took; None, and none, when it is not at that head any more."""
    keys = [HEAD_KEY, *(STREAM_PREFIX + topic for _, topic, _, _ in rows)]
    arguments: list[object] = [head, int(is_told), rows[-1][0]]
    for position, _, payload, trace in rows:
        arguments += [position, payload, trace]
    added = int(client().eval(_HAND_OVER, len(keys), *keys, *arguments))  # type: ignore[arg-type]
    if added < 0:
        return None
    wake_groups({topic for _, topic, _, _ in rows})
    return added
