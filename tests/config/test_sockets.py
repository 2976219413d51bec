"""One socket over a pair of kernel sockets: order, ends, and applications that fail."""

import asyncio
import contextlib
import socket

import pytest

from config.sockets import LiveSocket
from config.ws_protocol import read_handshake
from streams.live.outlets import EXTENSION
from tests.bench.load import split_frames
from tests.streams.rude_clients import CLOSE, HANDSHAKE, MORE, PING, PONG, TEXT, frame

WIRE = bytes((0x82, 126)) + (50_000).to_bytes(2, "big") + b"x" * 50_000


class Server:
    """The owner of the socket."""

    def __init__(self):
        self.forgotten = []

    def forget_socket(self, held):
        self.forgotten.append(held)


class Listener:
    def __init__(self):
        self.texts, self.is_gone, self.news = [], 0, asyncio.Event()

    def take(self, text):
        self.texts.append(text)
        self.news.set()

    def gone(self):
        self.is_gone += 1
        self.news.set()

    async def heard(self, count):
        while len(self.texts) + self.is_gone < count:
            self.news.clear()
            await asyncio.wait_for(self.news.wait(), 10)


class Pair:
    """A socket of the server and the client at its other end."""

    def __init__(self, application, *, opening=HANDSHAKE):
        ours, self.client = socket.socketpair()
        for end in (ours, self.client):
            end.setblocking(False)
        self.server, self.listener = Server(), Listener()
        self.received = b""
        self.held = LiveSocket(self.server, ours, *read_handshake(opening))
        self.held.start(application or self.accept, {"type": "websocket"})

    async def accept(self, scope, receive, send):
        await receive()
        await send({"type": "websocket.accept"})
        scope["extensions"][EXTENSION].listen(self.listener)

    async def send(self, data):
        await asyncio.get_running_loop().sock_sendall(self.client, data)

    async def read(self):
        piece = await asyncio.wait_for(
            asyncio.get_running_loop().sock_recv(self.client, 65_536), 10
        )
        self.received += piece
        return piece

    async def read_until(self, mark):
        while mark not in self.received:
            assert await self.read(), "the server closed"

    async def read_to_the_end(self):
        with contextlib.suppress(ConnectionResetError):
            while await self.read():
                pass

    def frames(self):
        return split_frames(self.received.partition(b"\r\n\r\n")[2])[0]


def played(scene, application=None, **options):
    """Run a scene with an open pair, and return the pair."""

    async def run():
        pair = Pair(application, **options)
        try:
            await scene(pair)
        finally:
            pair.held._lost()
            pair.client.close()
        return pair

    return asyncio.run(run())


async def opened(pair):
    await pair.read_until(b"\r\n\r\n")


def test_messages_reach_the_listener_whole_and_in_order_however_they_come():
    sent = frame(TEXT, b"one") + frame(TEXT, b"tw", is_last=False) + frame(PING, b"amid")
    sent += frame(MORE, b"o") + frame(2, b"\0") + frame(TEXT, "drü".encode())

    async def scene(pair):
        await opened(pair)
        for byte in sent:
            await pair.send(bytes((byte,)))
        await pair.listener.heard(4)
        await pair.read_until(b"amid")

    pair = played(scene)

    assert pair.listener.texts == ["one", "two", None, "drü"]
    assert (PONG, b"amid") in pair.frames()


def test_message_that_comes_with_the_handshake_is_heard():
    async def scene(pair):
        await pair.listener.heard(1)

    assert played(scene, opening=HANDSHAKE + frame(TEXT, b"early")).listener.texts == ["early"]


def test_frames_that_the_kernel_does_not_take_come_later_whole_and_in_order():
    async def scene(pair):
        await opened(pair)
        drained = asyncio.Event()
        pair.held.on_drained = drained.set
        taken = [pair.held.send_wire(WIRE) for _ in range(20)]
        pair.held.send_wire(b"\x81\x04last")
        assert not all(taken)
        assert pair.held.unsent_bytes() > 0
        await pair.read_until(b"last")
        await asyncio.wait_for(drained.wait(), 10)
        assert pair.held.unsent_bytes() == 0
        assert pair.held.send_wire(b"\x81\x05again")
        await pair.read_until(b"again")

    kinds = [payload[:5] for _, payload in played(scene).frames()]
    assert kinds == [b"xxxxx"] * 20 + [b"last", b"again"]


def test_nothing_comes_amid_a_frame_that_is_sent_in_pieces():
    async def scene(pair):
        await opened(pair)
        pair.held.send_wire(b"\x81\x06abc", is_whole=False)
        await pair.send(frame(PING, b"!"))
        await pair.read_until(b"abc")
        pair.held.close_with(1001)
        pair.held.send_wire(b"def")
        await pair.read_until(b"\x03\xe9")

    assert played(scene).frames() == [(TEXT, b"abcdef"), (PONG, b"!"), (CLOSE, b"\x03\xe9")]


def test_good_bye_is_answered_and_the_connection_closed():
    async def scene(pair):
        await opened(pair)
        await pair.send(frame(CLOSE, b"\x03\xe8bye"))
        await pair.read_to_the_end()

    pair = played(scene)

    assert pair.frames() == [(CLOSE, b"\x03\xe8")]
    assert pair.server.forgotten == [pair.held]
    assert pair.listener.is_gone == 1


@pytest.mark.parametrize("code", [b"", b"\x03\xe8", b"\x13\x87"], ids=["none", "1000", "4999"])
def test_good_bye_is_answered_by_its_own_code(code):
    async def scene(pair):
        await opened(pair)
        await pair.send(frame(CLOSE, code))
        await pair.read_to_the_end()

    assert played(scene).frames() == [(CLOSE, code)]


def test_good_bye_that_answers_ours_is_taken_whatever_it_says():
    async def scene(pair):
        await opened(pair)
        pair.held.close_with(4408)
        await pair.send(frame(CLOSE, b"\x03\xed"))
        await pair.read_to_the_end()

    assert played(scene).frames() == [(CLOSE, (4408).to_bytes(2, "big"))]


def test_who_does_not_answer_a_good_bye_is_dropped():
    async def scene(pair):
        await opened(pair)
        pair.held.close_with(4408)
        await pair.send(frame(TEXT, b"too late"))
        await pair.read_to_the_end()

    pair = played(scene)

    assert pair.frames() == [(CLOSE, (4408).to_bytes(2, "big"))]
    assert pair.listener.texts == []
    assert pair.server.forgotten == [pair.held]


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (frame(TEXT, b"\xff\xfe"), 1007),
        (frame(MORE, b"lone"), 1002),
        (frame(3), 1002),
        (frame(CLOSE, b"\x03\xed"), 1002),
        (frame(CLOSE, b"\x03"), 1002),
        (frame(CLOSE, b"\x03\xe8\xff"), 1007),
    ],
    ids=["no UTF-8", "lone piece", "reserved", "code 1005", "half a code", "reason no UTF-8"],
)
def test_who_breaks_the_protocol_is_told_so_and_dropped(sent, code):
    async def scene(pair):
        await opened(pair)
        await pair.send(sent)
        await pair.read_to_the_end()

    pair = played(scene)

    assert pair.frames() == [(CLOSE, code.to_bytes(2, "big"))]
    assert pair.listener.is_gone == 1


def test_silent_client_is_pinged_and_stays_while_it_answers():
    async def scene(pair):
        await opened(pair)
        for _ in range(3):
            pair.held.check()
            pair.held.check()
            await pair.read_until(b"\x89\0")
            pair.received = pair.received.replace(b"\x89\0", b"")
            await pair.send(frame(PONG) + frame(TEXT, b"here"))
            pair.listener.texts.clear()
            await pair.listener.heard(1)
        assert not pair.server.forgotten

    played(scene)


def test_client_that_answers_no_ping_is_let_go():
    async def scene(pair):
        await opened(pair)
        for _ in range(3):
            pair.held.check()
        assert pair.server.forgotten == [pair.held]

    assert played(scene).listener.is_gone == 1


async def fails(scope, receive, send):
    raise RuntimeError("a mistake of ours")


async def refuses(scope, receive, send):
    await receive()
    await send({"type": "websocket.close"})


async def says_nothing(scope, receive, send):
    await receive()


@pytest.mark.parametrize(
    ("application", "status"), [(fails, b"500"), (refuses, b"403"), (says_nothing, b"500")]
)
def test_application_that_does_not_accept_ends_the_handshake(application, status):
    async def scene(pair):
        await pair.read_to_the_end()

    pair = played(scene, application)

    assert pair.received.startswith(b"HTTP/1.1 " + status)
    assert pair.server.forgotten == [pair.held]


def test_application_that_fails_later_closes_its_socket():
    async def application(scope, receive, send):
        await receive()
        await send({"type": "websocket.accept", "subprotocol": "scores"})
        await send({"type": "websocket.send", "text": (await receive())["text"]})
        await send({"type": "websocket.send", "bytes": b"\1"})
        raise RuntimeError("a mistake of ours")

    async def scene(pair):
        await pair.send(frame(TEXT, b"echo"))
        await pair.read_until(b"\x03\xf3")

    pair = played(scene, application)

    assert b"\r\nSec-WebSocket-Protocol: scores\r\n" in pair.received
    assert pair.frames() == [(TEXT, b"echo"), (2, b"\1"), (CLOSE, b"\x03\xf3")]


def test_listener_that_fails_closes_its_socket_alone():
    async def scene(pair):
        def fail(text):
            raise RuntimeError("a mistake of ours")

        await opened(pair)
        pair.listener.take = fail
        await pair.send(frame(TEXT, b"one") + frame(TEXT, b"two"))
        await pair.read_to_the_end()

    assert played(scene).frames() == [(CLOSE, b"\x03\xf3")]


def test_application_hears_that_its_client_has_gone():
    heard = asyncio.Queue()

    async def application(scope, receive, send):
        await receive()
        await send({"type": "websocket.accept"})
        heard.put_nowait((await receive())["type"])

    async def scene(pair):
        await opened(pair)
        pair.client.shutdown(socket.SHUT_WR)

        assert await asyncio.wait_for(heard.get(), 10) == "websocket.disconnect"

    played(scene, application)
