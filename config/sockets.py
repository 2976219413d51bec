"""One WebSocket connection of the server, from its handshake to its good-bye.

It reads and writes its kernel socket itself and is small: Twisted's HTTP and transport, and
autobahn, cost a connect ten times the time, and a socket three times the memory. What it speaks to
is a plain ASGI application, which may stop running once it has named a listener.
"""

import asyncio
import contextlib
import logging
import socket
import struct
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from config import ws_protocol
from config.ws_protocol import BrokenFrameError, Frame, Handshake
from streams.live.allowance import Allowance
from streams.live.frames import to_wire
from streams.live.outlets import EXTENSION, Listener

TOO_MANY: Final = 4429
_ABNORMAL: Final = 1006
_FAILED: Final = 1011
# What an application takes at most is less; this bound protects the memory.
_MAX_MESSAGE_BYTES: Final = 65_536
_READ_BYTES: Final = 65_536
# Left alone, the kernel gives a slow reader megabytes, and the memory of all TCP runs out.
_KERNEL_BYTES: Final = 65_536
# Pings, pongs and pieces of messages, which no application ever sees.
_FRAMES_BURST: Final = 1_000
_FRAMES_PER_S: Final = 50.0
_GOOD_BYE_S: Final = 1.0
_NO_LINGER: Final = struct.pack("ii", 1, 0)

log = logging.getLogger(__name__)


class Owner(Protocol):
    """The server, told when a socket is closed."""

    def forget_socket(self, held: "LiveSocket") -> None: ...


class LiveSocket:
    """A WebSocket over a connected kernel socket. All methods belong to one event loop."""

    __slots__ = (
        "__weakref__", "_frames", "_handshake", "_held_back", "_inbox", "_is_amid", "_is_clear",
        "_is_ending", "_is_heard", "_is_open", "_is_over", "_is_pinged", "_listener", "_loop",
        "_message", "_owner", "_sock", "_socket_send", "_task", "_unread", "_unsent", "_waiter",
        "on_drained",
    )  # fmt: skip

    def __init__(
        self, owner: Owner, sock: socket.socket, handshake: Handshake, unread: bytes = b""
    ) -> None:
        self._owner = owner
        self._sock = sock
        self._socket_send = sock.send
        self._loop = asyncio.get_running_loop()
        self._handshake: Handshake | None = handshake
        self._frames = Allowance(burst=_FRAMES_BURST, per_s=_FRAMES_PER_S)
        self._unread: bytearray | None = bytearray(unread) if unread else None
        # The pieces of a message that is not complete: its kind, then its bytes.
        self._message: tuple[int, bytearray] | None = None
        self._unsent: deque[memoryview] | None = None
        self._held_back = b""
        self._inbox: deque[Mapping[str, Any]] | None = deque([{"type": "websocket.connect"}])
        self._waiter: asyncio.Future[None] | None = None
        self._listener: Listener | None = None
        self._task: asyncio.Task[None] | None = None
        self.on_drained: Callable[[], None] | None = None
        # Open for frames; ending: closed once all is sent; over: the kernel socket is closed.
        self._is_open = self._is_ending = self._is_over = False
        # Clear: a frame may go to the kernel at once. Amid: the rest of a frame has to follow.
        self._is_clear = self._is_amid = False
        # Since the last check.
        self._is_heard, self._is_pinged = True, False

    # The application.

    def start(self, application: Any, scope: dict[str, Any]) -> None:
        """Let the application decide; a handshake with a mistake never gets that far."""
        with contextlib.suppress(OSError):
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _KERNEL_BYTES)
            self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._loop.add_reader(self._sock.fileno(), self._on_readable)
        mistake = self._handshake and self._handshake.mistake()
        if mistake:
            self._refuse(*mistake)
            return
        scope["extensions"] = {EXTENSION: self}
        self._task = self._loop.create_task(self._run(application, scope))

    async def _run(self, application: Any, scope: dict[str, Any]) -> None:
        try:
            await application(scope, self._receive, self._send)
        except Exception:
            log.exception("the application of a socket failed")
            self._refuse(500, "The server failed.")
            self.close_with(_FAILED)
        finally:
            self._task = None
        if self._listener is None:
            # Nobody would ever read what comes.
            self._refuse(500, "The server did not answer.")
            self.close_with(1000)

    async def _receive(self) -> Mapping[str, Any]:
        while not self._inbox:
            self._waiter = self._loop.create_future()
            await self._waiter
        return self._inbox.popleft()

    async def _send(self, message: Mapping[str, Any]) -> None:
        kind = message["type"]
        if kind == "websocket.accept":
            self._accept(message)
        elif kind == "websocket.close":
            if self._handshake is not None:
                self._refuse(403, "Access denied.")
            else:
                self.close_with(message.get("code") or 1000)
        elif kind == "websocket.send" and self._is_open:
            text = message.get("text")
            data = to_wire(text.encode()) if text is not None else _binary(message["bytes"])
            self.send_wire(data)

    def listen(self, listener: Listener) -> None:
        """Hand messages to the listener from now on; the application may end."""
        self._listener = listener
        inbox, self._inbox = self._inbox, None
        for message in inbox or ():
            if message["type"] == "websocket.receive":
                listener.take(message.get("text"))
        if self._is_over:
            listener.gone()

    def cancel(self) -> None:
        """Cancel the application if it still runs."""
        if self._task is not None:
            self._task.cancel()

    def _tell(self, message: Mapping[str, Any]) -> None:
        if self._inbox is None:
            return
        self._inbox.append(message)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # The handshake.

    def _accept(self, message: Mapping[str, Any]) -> None:
        handshake, self._handshake = self._handshake, None
        if handshake is None or self._is_over:
            return
        further = [(bytes(name), bytes(value)) for name, value in message.get("headers") or ()]
        if message.get("subprotocol"):
            further.append((b"Sec-WebSocket-Protocol", message["subprotocol"].encode()))
        self._is_open = self._is_clear = True
        self._write(handshake.accepted(*further))
        if self._unread:
            # Not amid the application's own step.
            self._loop.call_soon(self._read_frames)

    def _refuse(self, status: int, text: str) -> None:
        if self._handshake is None or self._is_over:
            return
        self._handshake = None
        reasons = {400: "Bad Request", 403: "Forbidden", 426: "Upgrade Required"}
        further = [(b"Sec-WebSocket-Version", b"13")] if status == 426 else []
        reason = reasons.get(status, "Internal Server Error")
        self._is_clear = True
        self._write(ws_protocol.refusal(status, reason, text, *further))
        self._finish()

    # Reading.

    def _on_readable(self) -> None:
        try:
            data = self._sock.recv(_READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self._lost()
            return
        if not data:
            self._lost()
            return
        self._is_heard = True
        if self._unread is None:
            self._unread = bytearray(data)
        else:
            self._unread += data
        if self._handshake is None:
            self._read_frames()
        elif len(self._unread) > _MAX_MESSAGE_BYTES:
            self._lost()

    def _read_frames(self) -> None:
        data, at = self._unread, 0
        if data is None or self._is_over:
            return
        try:
            while (frame := ws_protocol.read_frame(data, at, _MAX_MESSAGE_BYTES)) is not None:
                at = frame.end
                if not self._frames.take():
                    self.close_with(TOO_MANY)
                self._take_frame(frame)
        except BrokenFrameError as error:
            self._fail(error.code)
            return
        del data[:at]
        if not data:
            self._unread = None

    def _take_frame(self, frame: Frame) -> None:
        if frame.opcode == ws_protocol.CLOSE:
            self._take_good_bye(frame.payload)
        elif not self._is_open:
            return
        elif frame.opcode == ws_protocol.PING:
            self._write_between(ws_protocol.control_frame(ws_protocol.PONG, frame.payload))
        elif frame.opcode != ws_protocol.PONG:
            self._take_piece(frame)

    def _take_piece(self, frame: Frame) -> None:
        if (frame.opcode == ws_protocol.CONTINUATION) != (self._message is not None):
            raise BrokenFrameError(ws_protocol.PROTOCOL_ERROR)
        if self._message is None and frame.is_last:
            self._take_message(frame.opcode, frame.payload)
            return
        kind, held = self._message or (frame.opcode, bytearray())
        held += frame.payload
        if len(held) > _MAX_MESSAGE_BYTES:
            raise BrokenFrameError(ws_protocol.TOO_BIG)
        self._message = (kind, held)
        if frame.is_last:
            self._message = None
            self._take_message(kind, bytes(held))

    def _take_message(self, kind: int, payload: bytes) -> None:
        text = None
        if kind == ws_protocol.TEXT:
            try:
                text = payload.decode()
            except UnicodeDecodeError as error:
                raise BrokenFrameError(ws_protocol.NOT_UTF8) from error
        if self._listener is not None:
            try:
                self._listener.take(text)
            except Exception:
                log.exception("the listener of a socket failed")
                self.close_with(_FAILED)
        elif text is None:
            self._tell({"type": "websocket.receive", "bytes": payload})
        else:
            self._tell({"type": "websocket.receive", "text": text})

    # Writing.

    def send_wire(self, data: bytes | memoryview, *, is_whole: bool = True) -> bool:
        """Send finished frames; False when some wait, whose end `on_drained` reports.

        Of what is not whole the rest follows, and nothing else may come between.
        """
        if self._is_clear and is_whole:
            # Every frame of every socket comes along here, so it is but one call.
            try:
                sent = self._socket_send(data)
            except OSError:
                return self._write(data)
            return sent == len(data) or self._queue(memoryview(data)[sent:])
        if not self._is_open and not self._is_amid:
            return True
        is_sent = self._write(data)
        self._is_amid = not is_whole
        if is_whole and self._held_back:
            held, self._held_back = self._held_back, b""
            is_sent = self._write(held) and is_sent
        self._is_clear = is_sent and is_whole and self._is_open
        return is_sent

    def unsent_bytes(self) -> int:
        """Return how much waits for the kernel to take it."""
        return sum(map(len, self._unsent)) if self._unsent else 0

    def _write(self, data: bytes | memoryview) -> bool:
        if self._is_over:
            return True
        if self._unsent is not None:
            self._unsent.append(memoryview(data))
            return False
        try:
            sent = self._socket_send(data)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError:
            # Not amid somebody's loop over all sockets.
            self._is_open = self._is_clear = False
            self._loop.call_soon(self._lost)
            return True
        return sent == len(data) or self._queue(memoryview(data)[sent:])

    def _queue(self, rest: memoryview) -> bool:
        self._is_clear = False
        self._unsent = deque((rest,))
        self._loop.add_writer(self._sock.fileno(), self._on_writable)
        return False

    def _write_between(self, data: bytes) -> None:
        """Write what is not of the application's frames, never into the middle of one."""
        if self._is_amid:
            self._held_back += data
        else:
            self._write(data)

    def _on_writable(self) -> None:
        unsent = self._unsent
        while unsent:
            piece = unsent[0]
            try:
                sent = self._socket_send(piece)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                self._lost()
                return
            if sent < len(piece):
                unsent[0] = piece[sent:]
                return
            unsent.popleft()
        self._unsent = None
        self._loop.remove_writer(self._sock.fileno())
        self._is_clear = self._is_open and not self._is_amid
        if self._is_ending and not self._is_amid:
            self._lost()
        elif self.on_drained is not None:
            self.on_drained()

    # Ends.

    def close_with(self, code: int) -> None:
        """Start the closing handshake; who does not answer it is dropped."""
        if not self._is_open:
            return
        self._is_open = self._is_clear = False
        self._write_between(ws_protocol.close_frame(code))
        self._loop.call_later(_GOOD_BYE_S, self._drop)

    def check(self) -> None:
        """Ping who was silent since the last check; let go of who was silent after that, too."""
        if self._is_heard:
            self._is_heard = self._is_pinged = False
        elif self._is_pinged or self._handshake is not None:
            self._drop()
        elif self._is_open:
            self._is_pinged = True
            self._write_between(ws_protocol.control_frame(ws_protocol.PING))

    def _take_good_bye(self, payload: bytes) -> None:
        if self._is_open:
            ws_protocol.check_good_bye(payload)
            self._is_open = self._is_clear = False
            self._write_between(ws_protocol.control_frame(ws_protocol.CLOSE, payload[:2]))
        self._finish()

    def _finish(self) -> None:
        """Close once all is sent, or after a moment."""
        if self._unsent is None and not self._held_back:
            self._lost()
        else:
            self._is_ending = True
            self._loop.call_later(_GOOD_BYE_S, self._drop)

    def _fail(self, code: int) -> None:
        """Say what was wrong, as far as that is possible at once, and go."""
        if self._is_open and not self._is_amid:
            self._write(ws_protocol.close_frame(code))
        self._drop()

    def _drop(self) -> None:
        """Reset the connection: its client has had its time to take what the kernel holds."""
        if not self._is_over:
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            self._lost()

    def _lost(self) -> None:
        if self._is_over:
            return
        self._is_over = True
        self._is_open = self._is_clear = self._is_amid = False
        self._loop.remove_reader(self._sock.fileno())
        if self._unsent is not None:
            self._loop.remove_writer(self._sock.fileno())
        self._sock.close()
        self._unsent = self._unread = self._message = self._handshake = self.on_drained = None
        self._tell({"type": "websocket.disconnect", "code": _ABNORMAL})
        self._owner.forget_socket(self)
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.gone()


def _binary(payload: bytes) -> bytes:
    wire = to_wire(payload)
    return bytes((wire[0] & 0xF0 | ws_protocol.BINARY,)) + wire[1:]
