"""One hub per server process: a single subscription per topic, and the same bytes to all sockets.

The hub never waits for a socket. What it hears from the channel layer it writes out at once; what
it missed (a lost notification, a restarted or flushed Redis) it finds by comparing positions with
Redis once a second.
"""

import asyncio
import time
from collections.abc import Coroutine, Iterable, Mapping
from itertools import islice
from typing import Any, Final
from weakref import WeakKeyDictionary

import orjson
import structlog
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import InterfaceError, OperationalError
from redis.exceptions import RedisError

from streams.live import census, limits
from streams.live.delayed import DelayedReader, Timelines
from streams.live.events import AsgiEventOutlet, EventOutlet, WireEventOutlet
from streams.live.frames import Resume
from streams.live.metrics import CLOSED
from streams.live.outlets import EXTENSION, TOO_SLOW, AsgiOutlet, Outlet, Send, WireOutlet
from streams.live.polls import PollOutlet
from streams.live.reader import Reader
from streams.live.rights import RIGHTS_LOST, Watch, lost_rights
from streams.live.room import Room
from streams.live.store import group_of
from streams.live.tailing import Tailing
from streams.live.topics import kind_of
from streams.live.turnstile import Holder, Turnstile

GOING_AWAY: Final = 1001
IDLE: Final = 4408
RECHECK_S: Final = 60
# How long a socket may watch nothing, from the start or later.
SUBSCRIBE_WITHIN_S = 60.0
_LEASE_TICKS: Final = 2
_CONFIRM_S: Final = 0.1
LINGER_S: Final = 30.0
# A loader that fails is asked again after this, not every second.
_REST_S: Final = 15.0
_TICK_S: Final = 1.0
_CANCEL_AGAIN_S: Final = 0.5
# Rooms that are cleared away in one look, so that no crowd of them holds up the others.
_MOST_DROPPED: Final = 200

log = structlog.get_logger(__name__)
# What a server that is away, restarting or still loading makes of a call.
AWAY: Final = (RedisError, OperationalError, InterfaceError, OSError, TimeoutError)
# A topic as it was so many seconds ago; 0 is the present.
Key = tuple[str, int]


class Hub:
    """The live sockets of this process. All methods belong to one event loop."""

    def __init__(self) -> None:
        self.name = census.process_name()
        self.outlets: dict[Outlet, int] = {}
        self.polls: set[PollOutlet] = set()
        self.is_draining = False
        self.reader = Reader()
        self.tailing = Tailing(self.reader.redis)
        self.turnstile = Turnstile(self.reader.redis, self.name)
        # Sockets that watch nothing, longest first, and since when.
        self._idle: dict[Outlet, float] = {}
        self._timelines = Timelines(self.reader)
        self._rooms: dict[Key, Room] = {}
        # The delays with which a topic has rooms.
        self._delays: dict[str, set[int]] = {}
        self._new_topics = limits.of_new_topics()
        self._working: set[Room] = set()
        self._subscribed: set[str] = set()
        self._unflushed: set[Room] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._channel: str | None = None
        self._has_channel = asyncio.Event()
        self._layer: Any = get_channel_layer()
        self._tick = 0
        self._is_away = False
        self._is_closed = False
        self.spawn(self._listen())
        self.spawn(self._keep_time())

    # Sockets.

    def open(self, scope: Mapping[str, Any], send: Send) -> Outlet:
        """Take in an accepted socket."""
        writer = (scope.get("extensions") or {}).get(EXTENSION)
        outlet = AsgiOutlet(self, send) if writer is None else WireOutlet(self, writer)
        self._take_in(outlet)
        self._idle[outlet] = time.monotonic()
        return outlet

    def open_stream(
        self,
        scope: Mapping[str, Any],
        send: Send,
        resumes: Mapping[str, Resume | None],
        *,
        delay_s: int = 0,
    ) -> EventOutlet:
        """Take in the reader of an event stream and its topics; it is silent until it starts."""
        writer = (scope.get("extensions") or {}).get(EXTENSION)
        outlet: EventOutlet = (
            AsgiEventOutlet(self, send, resumes)
            if writer is None
            else WireEventOutlet(self, writer, resumes)
        )
        outlet.delay_s = delay_s
        self._take_in(outlet)
        for topic, resume in resumes.items():
            self.join(outlet, topic, resume)
        return outlet

    def open_poll(
        self, topic: str, *, after: int, epoch: str | None, delay_s: int = 0
    ) -> PollOutlet:
        """Take in a request that waits for what comes after a position."""
        outlet = PollOutlet(self, after=after, epoch=epoch)
        outlet.delay_s = delay_s
        if self.is_draining:
            outlet.close(GOING_AWAY)
        self.polls.add(outlet)
        self.join(outlet, topic, Resume(epoch=epoch, after=after))
        return outlet

    def _take_in(self, outlet: Outlet) -> None:
        # Sockets are spread over the seconds, so that pings never come in one burst.
        self.outlets[outlet] = len(self.outlets)

    def forget(self, outlet: Outlet) -> None:
        """Let go of a socket that was closed, or of a poll that was answered."""
        self.outlets.pop(outlet, None)
        if isinstance(outlet, PollOutlet):
            self.polls.discard(outlet)
        for topic in tuple(outlet.topics):
            self.leave(outlet, topic)
        self._idle.pop(outlet, None)
        outlet.end()

    def may_join(self, holder: Holder | None, topics: Iterable[str]) -> bool:
        """Count the topics that have to be looked up first; False when these are too many."""
        new = sum(topic not in self._delays for topic in topics)
        return not new or holder is None or self._new_topics.take(holder.key, new)

    def join(self, outlet: Outlet, topic: str, resume: Resume | None) -> None:
        """Subscribe a socket; its snapshot or replay follows as soon as Redis has answered."""
        key = _key(outlet, topic)
        room = self._rooms.get(key)
        if room is None:
            reader = DelayedReader(self._timelines, key[1]) if key[1] else self.reader
            room = self._rooms[key] = Room(topic, reader, self._refuse)
            self._delays.setdefault(topic, set()).add(key[1])
            self.spawn(self._drive(room, key))
        room.join(outlet, resume)
        outlet.topics.add(topic)
        self._idle.pop(outlet, None)
        self._wake(room)

    def leave(self, outlet: Outlet, topic: str) -> None:
        outlet.topics.discard(topic)
        if (room := self._rooms.get(_key(outlet, topic))) is not None:
            room.leave(outlet)
        self._note_idle(outlet)

    def _note_idle(self, outlet: Outlet) -> None:
        if not outlet.topics and not isinstance(outlet, (EventOutlet, PollOutlet)):
            self._idle.setdefault(outlet, time.monotonic())

    def stall(self, outlet: Outlet) -> None:
        """Leave out a socket that reads too slowly."""
        for topic in outlet.topics:
            self._rooms[_key(outlet, topic)].stall(outlet)

    def revive(self, outlet: Outlet) -> None:
        """Give a socket that has caught up one snapshot per topic."""
        for topic in tuple(outlet.topics):
            self.join(outlet, topic, None)

    def close_outlet(self, outlet: Outlet, code: int) -> None:
        CLOSED.labels(str(code)).inc()
        outlet.close(code)

    def _refuse(self, outlet: Outlet, topic: str) -> None:
        outlet.topics.discard(topic)
        self._note_idle(outlet)
        outlet.refuse(topic, error_text("unknown_topic", "There is no such topic.", topic=topic))

    def end_requests(self) -> None:
        """End streams and polls, whose clients come again with what they have."""
        self.is_draining = True
        for outlet in tuple(self.outlets):
            if isinstance(outlet, EventOutlet):
                self.close_outlet(outlet, GOING_AWAY)
        for poll in tuple(self.polls):
            poll.close(GOING_AWAY)
        self.tailing.close()

    # Rooms.

    def _wake(self, room: Room) -> None:
        if room not in self._working and room.rest_until < time.monotonic():
            self._working.add(room)
            self.spawn(self._work(room))

    async def _work(self, room: Room) -> None:
        try:
            if room.topic not in self._subscribed:
                await self._subscribe(room.topic)
                # Redis takes up the subscription a moment after it was sent.
                asyncio.get_running_loop().call_later(
                    _CONFIRM_S, lambda: self.spawn(self._confirm(room))
                )
            await room.work()
        except AWAY as error:
            self._note_away(error)  # the next tick tries again
        except Exception:
            room.rest_until = time.monotonic() + _REST_S
            log.exception("live.room_failed", topic=room.topic)
        finally:
            self._working.discard(room)

    async def _drive(self, room: Room, key: Key) -> None:
        """Have a topic's frames published as they fall due, while somebody reads it here."""
        kind = kind_of(room.topic)
        if kind is None or kind.drive is None:
            return
        drive = kind.drive
        while self._rooms.get((room.topic, 0)) is room:
            wait_s = _TICK_S
            try:
                if not room.is_empty:
                    wait_s = await self.reader.in_thread(lambda: drive(room.topic))
            except AWAY as error:
                self._note_away(error)
            except Exception:
                log.exception("live.drive_failed", topic=room.topic)
                wait_s = _REST_S
            await asyncio.sleep(wait_s)

    async def _subscribe(self, topic: str) -> None:
        # Many topics come at once, and all of them into the one channel that is listened to.
        await self._has_channel.wait()
        await self._layer.group_add(group_of(topic), self._channel)
        self._subscribed.add(topic)

    async def _confirm(self, room: Room) -> None:
        try:
            self._place(room, (await room.reader.positions([room.topic]))[0])
        except AWAY as error:
            self._note_away(error)

    def _place(self, room: Room, position: tuple[str, int] | None) -> None:
        """Tell a room where Redis says that its topic is."""
        room.lost() if position is None else room.heard(*position)
        if room.has_work:
            self._wake(room)

    async def _listen(self) -> None:
        while self._channel is None:
            try:
                self._channel = await self._layer.new_channel("hub.")
            except AWAY as error:
                self._note_away(error)
                await asyncio.sleep(_TICK_S)
        self._has_channel.set()
        while True:
            news = await self._layer.receive(self._channel)
            room = self._rooms.get((news["t"], 0))
            if room is None:
                continue
            if room.hear(news):
                # After all that has arrived by now: frames that come together go out together.
                self._unflushed.add(room)
                if len(self._unflushed) == 1:
                    asyncio.get_running_loop().call_soon(self._flush)
            elif room.has_work:
                self._wake(room)

    def _flush(self) -> None:
        rooms, self._unflushed = self._unflushed, set()
        for room in rooms:
            room.flush()

    # Once a second.

    async def _keep_time(self) -> None:
        while True:
            try:
                if self._tick % _LEASE_TICKS == 0:
                    await self._renew()
                await self._compare()
                self._is_away = False
            except AWAY as error:
                self._note_away(error)
            except Exception:
                # Without this second's look everything that was missed would stay missed.
                log.exception("live.look_failed")
            self._ping()
            self._close_stuck()
            self._close_idle()
            if self._tick % RECHECK_S == 0:
                self._new_topics.tidy()
                self.spawn(self._recheck())
            self._tick += 1
            await asyncio.sleep(_TICK_S)

    async def _renew(self) -> None:
        await census.renew(self.reader.redis, self.name, len(self.outlets))
        self.turnstile.turn()

    async def _compare(self) -> None:
        """Compare every room with Redis: nothing that was missed stays missed.

        This is also how what was held back comes to rooms with a delay.
        """
        await self._drop_empty()
        await self._timelines.refresh(list({topic for topic, delay_s in self._rooms if delay_s}))
        for delay_s in sorted({delay_s for _, delay_s in self._rooms}):
            rooms = [room for (_, delay), room in self._rooms.items() if delay == delay_s]
            positions = await rooms[0].reader.positions([room.topic for room in rooms])
            for room, position in zip(rooms, positions, strict=True):
                self._place(room, position)

    async def _drop_empty(self) -> None:
        over = time.monotonic() - LINGER_S
        idle = (
            key
            for key, room in self._rooms.items()
            if room.empty_since is not None
            and room.empty_since < over
            and room not in self._working
        )
        for key in tuple(islice(idle, _MOST_DROPPED)):
            room = self._rooms[key]
            # Each of the others was waited for: somebody may have come.
            if room.is_empty and room not in self._working:
                del self._rooms[key]
                await self._unsubscribe(*key)

    async def _unsubscribe(self, topic: str, delay_s: int) -> None:
        """Hear no more of a topic that no room is left of."""
        left = self._delays[topic]
        left.discard(delay_s)
        if not any(left):
            self._timelines.drop(topic)
        if not left:
            del self._delays[topic]
            self._subscribed.discard(topic)
            await self._layer.group_discard(group_of(topic), self._channel)

    def _ping(self) -> None:
        texts: dict[frozenset[Key], bytes] = {}
        for outlet, number in tuple(self.outlets.items()):
            is_due = (number + self._tick) % settings.LIVE_PING_S == 0
            if not is_due or not outlet.topics or outlet.blocked_at is not None:
                continue
            keys = frozenset(_key(outlet, topic) for topic in outlet.topics)
            if keys not in texts:
                texts[keys] = self._ping_text(keys)
            outlet.beat(texts[keys])

    def _ping_text(self, keys: frozenset[Key]) -> bytes:
        rooms = [self._rooms[key] for key in sorted(keys)]
        for room in rooms:
            room.flush()  # a head says what the socket has by now
        heads = {room.topic: {"epoch": room.epoch, "seq": room.seq} for room in rooms}
        return orjson.dumps({"type": "ping", "heads": heads})

    def _close_stuck(self) -> None:
        now_s = time.monotonic()
        for outlet in tuple(self.outlets):
            if outlet.blocked_at is not None and outlet.is_stuck(now_s):
                self.close_outlet(outlet, TOO_SLOW)

    def _close_idle(self) -> None:
        over = time.monotonic() - SUBSCRIBE_WITHIN_S
        for outlet, since in tuple(self._idle.items()):
            if since > over:
                break
            del self._idle[outlet]
            self.close_outlet(outlet, IDLE)

    async def _recheck(self) -> None:
        """Close sockets whose session ended or whose user may not see a topic any more."""
        watches = [
            Watch(
                key=outlet,
                who=outlet.who,
                topics=frozenset(outlet.topics),
                delay_s=outlet.delay_s,
            )
            for outlet in self.outlets
            if outlet.who is not None
        ]
        if not watches:
            return
        try:
            lost = await self.reader.in_thread(lambda: lost_rights(watches))
        except AWAY as error:
            self._note_away(error)
            return
        for outlet in lost:
            self.close_outlet(outlet, RIGHTS_LOST)

    # Life.

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a task that ends with the hub at the latest; a hub that has ended runs none."""
        if self._is_closed:
            work.close()
            return
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("live.task_failed", exc_info=error)

    def _note_away(self, error: Exception) -> None:
        if not self._is_away:
            log.warning("live.server_away", error=str(error))
        self._is_away = True

    async def close(self) -> None:
        """End all tasks and take the process out of the count."""
        self._is_closed = True
        self.tailing.close()
        tasks = set(self._tasks)
        while tasks:
            for task in tasks:
                task.cancel()
            # A client library may take the cancellation for the end of a wait of its own.
            _, tasks = await asyncio.wait(tasks, timeout=_CANCEL_AGAIN_S)
        await self.turnstile.close()
        try:
            await census.resign(self.reader.redis, self.name)
        except AWAY as error:
            self._note_away(error)
        await self.reader.close()


def _key(outlet: Outlet, topic: str) -> Key:
    if not outlet.delay_s:
        return topic, 0
    kind = kind_of(topic)
    return topic, outlet.delay_s if kind is None or kind.is_news else 0


def error_text(code: str, detail: str, *, field: str = "", topic: str = "") -> bytes:
    """Return an `error` message; `field` names the part of the client's message at fault."""
    error = {"type": "error", "code": code, "detail": detail, "field": field, "topic": topic}
    return orjson.dumps({key: value for key, value in error.items() if value or key == "field"})


_hubs: "WeakKeyDictionary[asyncio.AbstractEventLoop, Hub]" = WeakKeyDictionary()


def hub() -> Hub:
    """Return the hub of the running event loop, starting it at the first call."""
    loop = asyncio.get_running_loop()
    found = _hubs.get(loop)
    if found is None:
        found = _hubs[loop] = Hub()
    return found


def running_hub(loop: asyncio.AbstractEventLoop) -> Hub | None:
    """Return the loop's hub if there is one."""
    return _hubs.get(loop)
