"""A socket as the hub sees it: takes frames without ever waiting, and has a bound.

While the client reads, frames go straight to its socket. Once the kernel takes no more, they queue
up here as references to shared bytes. Beyond the bound the queue is thrown away and the socket is
*stalled*: the hub leaves it out until it has drained, then gives it one snapshot per topic.
"""

import asyncio
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, ClassVar, Final, Protocol

from django.conf import settings

from streams.live.frames import Encoded
from streams.live.metrics import CONFLATED

MAX_QUEUED_FRAMES: Final = 256
MAX_QUEUED_BYTES: Final = 1_048_576
MAX_QUEUED_ANSWERS: Final = 64
# What the transport of a slow socket is given at once: it copies what it holds.
_PIECE_BYTES: Final = 65_536
_NOTHING: Final = memoryview(b"")

TOO_SLOW: Final = 4408
# The key of a scope's extensions under which a server offers a `Writer`.
EXTENSION: Final = "veze.wire"

Send = Callable[[Mapping[str, Any]], Awaitable[None]]


class Writer(Protocol):
    """What `config.server` offers besides ASGI: finished bytes straight to the transport."""

    on_drained: Callable[[], None] | None

    def send_wire(self, data: bytes | memoryview, *, is_whole: bool = True) -> bool:
        """Send; False when some of it stays in the buffer, whose end `on_drained` reports.

        Of what is not whole the rest follows, and nothing else may come between.
        """

    def unsent_bytes(self) -> int:
        """Return how much of it is in the buffer."""

    def close_with(self, code: int) -> None:
        """Start the closing handshake, or end the response."""


class Listener(Protocol):
    """Takes the messages of a socket in place of its application, which may end then."""

    def take(self, text: str | None) -> None:
        """A message came; None for a binary one."""

    def gone(self) -> None:
        """The socket is closed, and nothing comes after that."""


class SocketWriter(Writer, Protocol):
    """The `Writer` of a WebSocket."""

    def listen(self, listener: Listener) -> None:
        """Hand what comes to the listener from now on."""


class Keeper(Protocol):
    """The hub, told when a socket falls behind and when it has caught up."""

    def stall(self, outlet: "Outlet") -> None: ...

    def revive(self, outlet: "Outlet") -> None: ...


class Outlet(ABC):
    """One socket's queue. `blocked_at` is the monotonic time since which nothing has moved."""

    __slots__ = (
        "_answers", "_bytes", "_frames", "_left", "_queue",
        "blocked_at", "delay_s", "hub", "stalled", "topics", "who",
    )  # fmt: skip

    # Whether a resumption comes as one message, or as the frames themselves.
    takes_replays: ClassVar[bool] = True
    # Who takes none is told by `pass_over` that frames cannot lead on.
    takes_snapshots: ClassVar[bool] = True

    def __init__(self, hub: Keeper) -> None:
        self.hub = hub
        self.topics: set[str] = set()
        # Who is behind the socket, for the check of rights; None for an anonymous one.
        self.who: Any = None
        # By how much the reader wants to be told late; set before the first topic.
        self.delay_s = 0
        self.stalled = False
        self.blocked_at: float | None = None
        # A list: an empty deque holds room for 64, and nearly all stay empty.
        self._queue: list[Encoded] = []
        self._frames = self._bytes = self._answers = self._left = 0

    def push(self, batch: Encoded) -> None:
        """Send frames of a topic now or later."""
        if self.blocked_at is not None:
            self._hold(batch)
        elif not self._write(batch):
            self.blocked_at = time.monotonic()

    def answer(self, text: bytes) -> None:
        """Send a message that answers the client: it is never conflated away."""
        batch = replace(Encoded.of([text]), is_answer=True)
        if self.blocked_at is None:
            self.push(batch)
            return
        self._queue.append(batch)
        self._answers += 1
        if self._answers > MAX_QUEUED_ANSWERS:
            self.close(TOO_SLOW)

    def refuse(self, topic: str, text: bytes) -> None:
        """Say that there is no such topic."""
        self.answer(text)

    def beat(self, text: bytes) -> None:
        """Show that the connection lives; `text` is the ping of a socket."""
        self.answer(text)

    def pass_over(self, epoch: str, seq: int) -> None:
        """Take note of a topic's position in place of its snapshot."""
        raise NotImplementedError

    def _hold(self, batch: Encoded) -> None:
        if self.stalled:
            return
        self._queue.append(batch)
        self._frames += len(batch.texts)
        self._bytes += len(batch.wire)
        # A first batch may be one large snapshot, which is no reason to fetch another.
        too_long = self._frames > MAX_QUEUED_FRAMES or self._bytes > MAX_QUEUED_BYTES
        if too_long and len(self._queue) > 1:
            # What came once for all, such as a refusal, comes in no snapshot.
            answers = [held for held in self._queue if held.is_answer]
            self._forget()
            self._queue, self._answers = answers, len(answers)
            self.stalled = True
            CONFLATED.inc()
            self.hub.stall(self)

    def _forget(self) -> None:
        self._queue.clear()
        self._frames = self._bytes = self._answers = 0

    def _drained(self) -> None:
        """Go on with what is queued; the transport's buffer is empty."""
        if not self._go_on():
            self.blocked_at = time.monotonic()
            return
        while self._queue:
            batch = self._queue.pop(0)
            if not self._write(batch):
                self.blocked_at = time.monotonic()
                return
        self._forget()
        self.blocked_at = None
        if self.stalled:
            self.stalled = False
            self.hub.revive(self)

    def is_stuck(self, now_s: float) -> bool:
        """Whether the client has read nothing for too long. To be asked again and again."""
        if self.blocked_at is None:
            return False
        left, self._left = self._left, self._unsent()
        if self._left < left:
            self.blocked_at = now_s
        return now_s - self.blocked_at > settings.LIVE_STUCK_S

    @abstractmethod
    def _write(self, batch: Encoded) -> bool: ...

    def _go_on(self) -> bool:
        """Write what is left of the last batch; whether that was all."""
        return True

    @abstractmethod
    def _unsent(self) -> int: ...

    @abstractmethod
    def close(self, code: int) -> None:
        """Start the closing handshake."""

    def end(self) -> None:
        """Drop what is queued: the socket is gone."""
        self._forget()


class WireOutlet(Outlet):
    """A socket of our own server."""

    __slots__ = ("_rest", "_send", "_writer")

    def __init__(self, hub: Keeper, writer: Writer) -> None:
        super().__init__(hub)
        self._writer = writer
        self._send = writer.send_wire
        self._rest = _NOTHING
        writer.on_drained = self._drained

    def _write(self, batch: Encoded) -> bool:
        if len(batch.wire) <= _PIECE_BYTES:
            return self._send(batch.wire)
        return self._put(batch.wire)

    def _put(self, data: bytes) -> bool:
        self._rest = memoryview(data)
        return self._go_on()

    def _go_on(self) -> bool:
        while self._rest:
            piece, self._rest = self._rest[:_PIECE_BYTES], self._rest[_PIECE_BYTES:]
            if not self._send(piece, is_whole=not self._rest):
                return False
        return True

    def _unsent(self) -> int:
        return self._writer.unsent_bytes() + len(self._rest)

    def close(self, code: int) -> None:
        self._writer.close_with(code)

    def end(self) -> None:
        super().end()
        self._writer.on_drained = None


class AsgiOutlet(Outlet):
    """A connection of any ASGI server: a task of its own sends, for sending may wait."""

    __slots__ = ("_asgi_send", "_closing", "_ready", "_task", "_texts")

    def __init__(self, hub: Keeper, send: Send) -> None:
        super().__init__(hub)
        self._asgi_send = send
        self._texts: deque[bytes] = deque()
        self._closing: int | None = None
        self._ready = asyncio.Event()
        self._task = asyncio.create_task(self._run())

    def _write(self, batch: Encoded) -> bool:
        self._texts.extend(batch.texts)
        self._ready.set()
        return False

    def _unsent(self) -> int:
        return len(self._texts)

    def close(self, code: int) -> None:
        if code != TOO_SLOW:
            for batch in self._queue:
                self._write(batch)
        self._closing = code
        self._ready.set()

    def end(self) -> None:
        super().end()
        self._task.cancel()

    async def _run(self) -> None:
        while True:
            await self._ready.wait()
            self._ready.clear()
            while self._texts and self._closing != TOO_SLOW:
                await self._asgi_send(self._message(self._texts.popleft()))
            if self._closing is not None:
                await self._asgi_send(self._good_bye(self._closing))
                return
            self._drained()

    def _message(self, text: bytes) -> Mapping[str, Any]:
        return {"type": "websocket.send", "text": text.decode()}

    def _good_bye(self, code: int) -> Mapping[str, Any]:
        return {"type": "websocket.close", "code": code}
