"""The socket server: daphne, with WebSockets of its own, that leaves without cutting anyone.

    python -m config.server -b 127.0.0.1 -p 8000

Sockets and the pages of one process are served by it; under plain `daphne config.asgi:application`
everything works too, a few times slower per frame.
"""

# The reactor has to be daphne's before anything else of Twisted is imported.
from daphne.server import Server  # isort: skip

import argparse
import asyncio
import contextlib
import gc
import logging
import os
import random
import resource
import signal
import socket
import sys
import time
from collections.abc import Callable
from typing import Any, Final, cast
from urllib.parse import unquote

import daphne.server
from daphne import http_protocol
from daphne.utils import parse_x_forwarded_for
from django.utils.module_loading import import_string
from twisted.internet import defer, reactor, task
from twisted.internet.protocol import Protocol
from twisted.web import http

from config.sockets import LiveSocket
from config.ws_protocol import Handshake, read_handshake
from streams.live.outlets import EXTENSION, TOO_SLOW
from streams.stopping import note_stopping

GOING_AWAY: Final = 1001
DRAIN_S: Final = 20.0
_BACKLOG: Final = 2_048
_REQUEST_WITHIN_S: Final = 20.0
_CLOSES_PER_TURN: Final = 200
# Each socket is looked at once in so many seconds, a part of them every second.
_CHECK_TURNS: Final = 20
# A new socket's hundred objects are no reason to look for cycles at once.
_GC_THRESHOLDS: Final = (10_000, 20, 20)
# How long the end of a stream may take to reach its reader.
_FAREWELL_S: Final = 5.0
_LAST_CHUNK: Final = b"0\r\n\r\n"
# Left alone, the kernel gives a slow reader megabytes, and the memory of all TCP runs out.
_KERNEL_BYTES: Final = 65_536
# What Twisted would call "Unknown Status".
http.RESPONSES.update({422: b"Unprocessable Content", 429: b"Too Many Requests"})

log = logging.getLogger(__name__)


class DirectWriter:
    """Writes finished bytes at once to the socket of a Twisted connection.

    Twisted's transport queues every write, wakes for it and writes then: three system calls a
    frame. Here the bytes go to the socket directly; only what the kernel does not take goes
    through the transport, and while anything is queued there, everything does, to keep the order.
    """

    on_drained: Callable[[], None] | None = None
    transport: Any
    _is_waiting = False

    def take_over(self) -> None:
        """Free the connection of HTTP's flow control, which would stop us reading."""
        self.transport.unregisterProducer()
        held: socket.socket = self.transport.socket
        with contextlib.suppress(OSError):
            held.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _KERNEL_BYTES)
        self._socket_send = held.send

    def write_now(self, data: bytes | memoryview) -> bool:
        """Write; False when some waits, whose end `on_drained` reports."""
        transport = self.transport
        if transport.dataBuffer or transport._tempDataBuffer:
            return self._write_later(data)
        try:
            sent = self._socket_send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            # The transport meets the same error, and knows how to end a connection.
            transport.write(bytes(data))
            return True
        return sent == len(data) or self._write_later(data[sent:])

    def unsent_bytes(self) -> int:
        """Return how much the transport's buffer holds."""
        transport = self.transport
        return int(len(transport.dataBuffer) - transport.offset + transport._tempDataLen)

    def _write_later(self, data: bytes | memoryview) -> bool:
        self.transport.write(bytes(data))
        if not self._is_waiting and not self.transport.disconnecting:
            # A pull producer is asked for more when the buffer is empty, and once at the start.
            self.transport.registerProducer(self, False)
            self._is_waiting = True
        return False

    def resumeProducing(self) -> None:  # noqa: N802 - Twisted's name
        """The transport's buffer is empty."""
        if not self._is_waiting:
            return
        self._is_waiting = False
        self.transport.unregisterProducer()
        if self.on_drained is not None:
            self.on_drained()

    def stopProducing(self) -> None:  # noqa: N802 - Twisted's name
        """The connection is lost."""
        self.on_drained = None


class StreamRequest(DirectWriter, http_protocol.WebRequest):
    """daphne's request with the same way out, for a response that goes on and on.

    The response begins by ASGI messages; from the first `send_wire` on, its chunks are finished
    bytes, and its connection serves nothing else.
    """

    _is_stream = False
    _is_amid = False

    def process(self) -> Any:
        """As daphne; while the server drains, the connection's next request goes elsewhere."""
        if self.server.is_draining and self.channel is not None:
            self.channel.persistent = False
            self.responseHeaders.setRawHeaders(b"connection", [b"close"])
        upgrades = self.requestHeaders.getRawHeaders(b"upgrade") or []
        if [name.lower() for name in upgrades] == [b"websocket"]:
            self._become_socket()
            return None
        return super().process()

    def _become_socket(self) -> None:
        """Leave HTTP. Most sockets never come here: their first bytes are a whole handshake."""
        transport, self.transport = self.transport, None
        self.channel.setTimeout(None)
        transport.unregisterProducer()
        self.server.protocol_disconnected(self)
        headers = self.requestHeaders.getAllRawHeaders()
        handshake = Handshake(
            method=self.method,
            target=self.uri,
            version=self.clientproto,
            headers=[(name.lower(), value) for name, values in headers for value in values],
        )
        self.server.open_socket(transport, handshake)

    def send_wire(self, data: bytes | memoryview, *, is_whole: bool = True) -> bool:
        """Send finished chunks; False when some wait, whose end `on_drained` reports."""
        if self.finished or self.channel is None:
            return True
        self._is_amid = not is_whole
        if not self._is_stream:
            self._is_stream = True
            self.take_over()
        return self.write_now(data)

    def close_with(self, code: int) -> None:
        """End the response and the connection."""
        if self.finished or self.channel is None:
            return
        if code == TOO_SLOW or self._is_amid:
            # What ends amid a chunk cannot end well.
            self.transport.abortConnection()
            return
        self.send_wire(_LAST_CHUNK)
        self.transport.loseConnection()
        reactor.callLater(_FAREWELL_S, self._cut)  # type: ignore[arg-type]

    def _cut(self) -> None:
        if self.channel is not None:
            self.transport.abortConnection()


class RequestChannel(http.HTTPChannel):
    """A connection whose requests have to be sent within a time, however steadily they drip.

    Twisted begins to wait anew with every byte.
    """

    _is_amid = False
    _is_first = True

    def __init__(self, first_within_s: float, within_s: float) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._first_within_s, self._within_s = first_within_s, within_s

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        self._idle_s = self.timeOut
        super().connectionMade()  # type: ignore[no-untyped-call]
        self.setTimeout(self._first_within_s)  # type: ignore[no-untyped-call]

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted's name
        if not self._is_amid and not self._handlingRequest:
            self._is_amid = True
            if not self._is_first:
                self.setTimeout(self._within_s)  # type: ignore[no-untyped-call]
            self._is_first = False
        super().dataReceived(data)  # type: ignore[no-untyped-call]

    def resetTimeout(self) -> None:  # noqa: N802 - Twisted's name
        """Leave the time as it is."""

    def allContentReceived(self) -> None:  # noqa: N802 - Twisted's name
        # What this sets is what the connection may be idle for afterwards.
        self._is_amid = False
        self.setTimeout(self._idle_s)  # type: ignore[no-untyped-call]
        super().allContentReceived()  # type: ignore[no-untyped-call]


class Doorway(Protocol):
    """Leads a connection by its first bytes: sockets past Twisted's HTTP, all else to it."""

    def __init__(self, factory: "StreamFactory", address: Any) -> None:
        self._factory, self._address = factory, address

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        self._factory.server.doorways[self] = time.monotonic()

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted's name
        server, transport = self._factory.server, cast("Any", self.transport)
        waited_s = time.monotonic() - server.doorways.pop(self)
        found = read_handshake(data)
        if found is not None:
            server.open_socket(transport, *found)
            return
        channel = self._factory.channel(self._address, server.request_within_s - waited_s)
        transport.protocol = channel
        channel.makeConnection(transport)
        channel.dataReceived(data)

    def end(self) -> None:
        """Hang up."""
        cast("Any", self.transport).loseConnection()

    def connectionLost(self, reason: Any = None) -> None:  # noqa: N802 - Twisted's name
        self._factory.server.doorways.pop(self, None)


class StreamFactory(http_protocol.HTTPFactory):
    """Makes `Doorway`s, and behind them connections with `StreamRequest`s."""

    _within_s = _REQUEST_WITHIN_S

    def buildProtocol(self, addr: Any) -> Any:  # noqa: N802 - Twisted's name
        return Doorway(self, addr)

    def channel(self, address: Any, within_s: float) -> Any:
        """Return a connection of HTTP whose first request has to be sent within a time."""
        self._within_s = max(0.0, within_s)
        channel = super().buildProtocol(address)
        channel.requestFactory = StreamRequest
        return channel

    def protocol(self) -> Any:
        """Return what `buildProtocol` of the base classes completes."""
        return http._GenericHTTPChannelProtocol(
            RequestChannel(self._within_s, self.server.request_within_s)
        )


class FrameServer(Server):
    """daphne's server with finished bytes, and with a drain instead of a hard stop."""

    is_draining = False
    request_within_s = _REQUEST_WITHIN_S

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        # Connections that have sent nothing yet, the oldest first, and since when.
        self.doorways: dict[Doorway, float] = {}
        # In which turn each socket is looked at.
        self._sockets: dict[LiveSocket, int] = {}
        self._turn = 0

    def open_socket(self, transport: Any, handshake: Handshake, unread: bytes = b"") -> None:
        """Take a connection away from Twisted: from now on its socket serves itself."""
        scope = self._scope(handshake, transport.getPeer(), transport.getHost())
        held = LiveSocket(self, _taken(transport), handshake, unread)
        # Thousands who came together, after a restart, are not pinged together for ever.
        self._sockets[held] = random.randrange(_CHECK_TURNS)
        held.start(self.application, scope)

    def forget_socket(self, held: LiveSocket) -> None:
        self._sockets.pop(held, None)

    def _scope(self, handshake: Handshake, peer: Any, host: Any) -> dict[str, Any]:
        path, _, query = handshake.target.partition(b"?")
        client = [str(peer.host), peer.port] if hasattr(peer, "host") else None
        if self.proxy_forwarded_address_header:
            client, _ = parse_x_forwarded_for(
                dict(handshake.headers),
                self.proxy_forwarded_address_header,
                self.proxy_forwarded_port_header,
                self.proxy_forwarded_proto_header,
                client,
            )
        return {
            "type": "websocket",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "scheme": "ws",
            "path": unquote(path.decode("latin-1")),
            "raw_path": path,
            "root_path": self.root_path,
            "query_string": query,
            # To CGI an underscore is a hyphen: X_Real_IP could be taken for X-Real-IP.
            "headers": [header for header in handshake.headers if b"_" not in header[0]],
            "client": client,
            "server": [host.host, host.port] if hasattr(host, "host") else None,
            "subprotocols": [word.decode("latin-1") for word in handshake.protocols()],
        }

    def _look_after(self) -> None:
        """End connections that stay silent, and see once in a while whether sockets live."""
        over = time.monotonic() - self.request_within_s
        for doorway, since in tuple(self.doorways.items()):
            if since > over:
                break
            doorway.end()
        self._turn = (self._turn + 1) % _CHECK_TURNS
        for held in [held for held, turn in self._sockets.items() if turn == self._turn]:
            held.check()
        reactor.callLater(1, self._look_after)  # type: ignore[arg-type]

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        """As daphne, offering the protocol to the application as an extension of the scope."""
        if scope.get("http_version") == "1.1":
            scope.setdefault("extensions", {})[EXTENSION] = protocol
        return super().create_application(protocol, scope)

    def listen_success(self, port: Any) -> None:
        """As daphne; the ports are kept to be closed first."""
        super().listen_success(port)
        self.ports = [*getattr(self, "ports", []), port]
        host = port.getHost()
        place = f"{host.host}:{host.port}" if hasattr(host, "port") else host.name
        sys.stdout.write(f"Listening on {place}\n")
        sys.stdout.flush()

    def run(self) -> None:
        """Serve until a signal; the first one drains, a second one stops at once."""
        self.signal_handlers = False
        reactor.callWhenRunning(self._watch_signals)
        reactor.callWhenRunning(self._look_after)
        reactor.addSystemEventTrigger("before", "shutdown", _close_hub)  # type: ignore[arg-type]
        super().run()

    def _watch_signals(self) -> None:
        loop = reactor._asyncioEventloop
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._on_signal)

    def _on_signal(self) -> None:
        if self.is_draining:
            self.stop()
            return
        self.is_draining = True
        note_stopping()
        log.info("draining")
        defer.ensureDeferred(self._drain()).addErrback(lambda failure: log.error("%s", failure))

    async def _drain(self) -> None:
        """Take nobody new, say good-bye to sockets and streams, let requests finish."""
        until = time.monotonic() + DRAIN_S
        for port in getattr(self, "ports", []):
            await defer.maybeDeferred(port.stopListening)
        if (hub := _hub()) is not None:
            hub.end_requests()
        while self._is_busy() and time.monotonic() < until:
            await self._say_good_bye()
            await task.deferLater(reactor, 0.05)
        self.stop()

    async def _say_good_bye(self) -> None:
        """Close all sockets, also those whose handshake was under way the last time."""
        for number, held in enumerate(tuple(self._sockets), 1):
            held.close_with(GOING_AWAY)
            if number % _CLOSES_PER_TURN == 0:
                await task.deferLater(reactor, 0.01)

    def _is_busy(self) -> bool:
        requests = self.connections.values()
        return bool(self._sockets) or any("disconnected" not in held for held in requests)

    def kill_all_applications(self) -> Any:
        """Cancel what the drain left. As daphne, which trips over a finished application."""
        for held in tuple(self._sockets):
            held.cancel()
        for details in self.connections.values():
            details.setdefault("application_instance", _finished())
        return super().kill_all_applications()


def _taken(transport: Any) -> socket.socket:
    """Return the kernel socket of a Twisted transport, which is left without it."""
    transport.stopReading()
    transport.stopWriting()
    held: socket.socket = transport.socket
    # What still knows the transport cannot start it again, and the two do not keep each other.
    transport.connected = False
    transport.protocol = None
    return held


def _finished() -> "asyncio.Future[None]":
    future: asyncio.Future[None] = reactor._asyncioEventloop.create_future()
    future.set_result(None)
    return future


def _hub() -> Any:
    # An application that never loaded the module, for which Django must be set up, has no hub.
    module = sys.modules.get("streams.live.hub")
    return module and module.running_hub(reactor._asyncioEventloop)


def _close_hub() -> Any:
    hub = _hub()
    closing = hub and reactor._asyncioEventloop.create_task(hub.close())
    return defer.Deferred.fromFuture(closing) if closing else None


def endpoints(arguments: argparse.Namespace) -> list[str]:
    """Return the addresses to listen at, in Twisted's notation."""
    if arguments.unix is not None:
        return [f"unix:{arguments.unix}:backlog={_BACKLOG}"]
    if arguments.fd is not None:
        return [f"fd:fileno={arguments.fd}"]
    host = arguments.bind.replace(":", "\\:")
    return [f"tcp:port={arguments.port}:interface={host}:backlog={_BACKLOG}"]


def listen_early(host: str, port: int) -> int | None:
    """Return a descriptor that listens: until the application is loaded, who comes waits in line.

    A client that is refused stays away for longer than that. None leaves it to Twisted.
    """
    if ":" in host:
        return None
    try:
        held = socket.create_server((host, port), backlog=_BACKLOG)
    except OSError as error:
        raise SystemExit(f"cannot listen at {host}:{port}: {error.strerror}") from error
    held.setblocking(False)
    return held.detach()


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m config.server", description="Serve the site.")
    parser.add_argument("-b", "--bind", default="127.0.0.1", help="address (127.0.0.1)")
    parser.add_argument("-p", "--port", type=int, default=8000, help="TCP port (8000)")
    parser.add_argument("-u", "--unix", help="path of a Unix socket instead of a port")
    parser.add_argument("--fd", type=int, help="number of an open listening descriptor instead")
    parser.add_argument("--app", default="config.asgi:application", help="module:name to serve")
    parser.add_argument(
        "--proxy-headers", action="store_true", help="believe X-Forwarded-For: behind nginx only"
    )
    parser.add_argument(
        "--request-within",
        type=float,
        default=_REQUEST_WITHIN_S,
        help=f"seconds in which a request has to be sent ({_REQUEST_WITHIN_S:g})",
    )
    return parser.parse_args(arguments)


def load(path: str) -> Any:
    """Import the application `module:name`."""
    return import_string(path.replace(":", "."))


def raise_descriptor_limit() -> None:
    """Allow as many sockets as the system lets us have."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def main(arguments: list[str] | None = None) -> None:
    """Run one server process."""
    chosen = parse_arguments(arguments)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    raise_descriptor_limit()
    if chosen.fd is None and chosen.unix is None:
        chosen.fd = listen_early(chosen.bind, chosen.port)
    application = load(chosen.app)
    http_protocol.HTTPFactory.noisy = False
    server = FrameServer(
        application,
        endpoints=endpoints(chosen),
        proxy_forwarded_address_header="X-Forwarded-For" if chosen.proxy_headers else None,
        proxy_forwarded_port_header="X-Forwarded-Port" if chosen.proxy_headers else None,
        proxy_forwarded_proto_header="X-Forwarded-Proto" if chosen.proxy_headers else None,
        verbosity=0,
        server_name="vezepysports",
    )
    server.request_within_s = chosen.request_within
    _use_factory()
    # What is loaded by now lives as long as the process: no need to look at it again and again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLDS)
    server.run()


def _use_factory() -> None:
    """Replace the factory's class, which daphne takes inside `run` and lets nobody choose."""
    daphne.server.HTTPFactory = StreamFactory


if __name__ == "__main__":
    main()
