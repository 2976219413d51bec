"""The server process: limits per address, the count of sockets, good-byes, other servers."""

import contextlib
import http.client
import json
import signal
import socket
import time

import pytest
from websockets.exceptions import ConnectionClosed

from config.management.commands.up import listens
from streams.live import census
from streams.live.frames import Frame, Snapshot
from streams.live.publish import publish, set_snapshot
from streams.live.topics import register_snapshots
from tests.bench.load import masked, split_frames
from tests.streams.live_support import Fan, Server, Valkey, until
from tests.streams.rude_clients import Wire, opened

HANDSHAKE = (
    b"GET /ws/live HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("publishing")]
register_snapshots("free:", None)


def close(*fans):
    for fan in fans:
        fan.__exit__(None, None, None)


def test_address_has_a_limit_over_all_processes(valkey):
    servers = [Server(valkey, LIVE_SOCKETS_PER_ADDRESS="3") for _ in range(2)]
    try:
        fans = [Fan(servers[number % 2]) for number in range(3)]
        refused = Fan(servers[1])
        with pytest.raises(ConnectionClosed) as closed:
            refused.take()
        close(refused, fans.pop())
        again = until(lambda: _admitted(servers[0]))
        close(again, *fans)

        assert refused.hello["code"] == "too_many_sockets"
        assert closed.value.rcvd.code == 4429
    finally:
        for server in servers:
            server.close()


def _admitted(server):
    fan = Fan(server)
    if fan.hello["type"] == "hello":
        return fan
    close(fan)
    return None


def test_dead_process_is_no_longer_counted(valkey):
    servers = [Server(valkey, LIVE_SOCKETS_PER_ADDRESS="1") for _ in range(2)]
    try:
        fan = Fan(servers[0])
        servers[0].process.kill()
        # Its lease has twenty seconds; as if they were over:
        valkey.client.delete("live:clients")
        survivor = until(lambda: _admitted(servers[1]))
        close(survivor)
        with pytest.raises(ConnectionClosed):
            fan.take()
        close(fan)
    finally:
        for server in servers:
            server.close()


def test_count_of_clients_is_the_sum_over_processes(valkey):
    valkey.client.delete("live:clients")
    servers = [Server(valkey) for _ in range(2)]
    try:
        fans = [Fan(server) for server in servers for _ in range(3)]

        until(lambda: census.count_all() == 6)
        close(*fans)
    finally:
        for server in servers:
            server.close()
    assert census.count_all() == 0


def test_terminated_server_says_good_bye_and_ends(valkey, topic):
    server = Server(valkey)
    with Fan(server) as fan:
        fan.subscribe(topic)
        fan.take()
        begun = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        with pytest.raises(ConnectionClosed) as closed:
            fan.take_kind("nothing but the end")  # a ping may come first

    assert closed.value.rcvd.code == 1001
    assert server.process.wait(10) == 0
    assert time.monotonic() - begun < 10
    server.close()


def test_terminated_server_finishes_the_request_it_works_on(valkey):
    server = Server(valkey, app="tests.streams.slow_app:application")
    client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    client.request("GET", "/")
    server.process.send_signal(signal.SIGTERM)
    answer = client.getresponse()

    assert (answer.status, answer.read()) == (200, b"done")
    assert server.process.wait(10) == 0
    client.close()
    server.close()


def test_terminated_server_lets_nobody_come_again_on_a_connection(valkey):
    server = Server(valkey, app="tests.streams.slow_app:application")
    client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    client.auto_open = 0
    client.connect()
    client.request("GET", "/")
    begun = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    answers = []
    with pytest.raises(http.client.NotConnected):
        while time.monotonic() < begun + 12:
            answers.append(client.getresponse().read())
            client.request("GET", "/")

    assert answers == [b"done"] * 2
    assert server.process.wait(5) == 0
    server.close()


def test_terminated_server_says_good_bye_to_a_socket_that_is_just_opened(valkey):
    server = Server(valkey)
    address = ("127.0.0.1", server.port)
    with socket.create_connection(address) as late, socket.create_connection(address) as slow:
        # The server waits for what it is still being asked.
        slow.sendall(b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\nhalf")
        with Fan(server):
            server.process.send_signal(signal.SIGTERM)
        until(lambda: not listens(*address))
        late.settimeout(10)
        late.sendall(HANDSHAKE)
        received = b""
        while not received.endswith(b"\x88\x02\x03\xe9"):
            received += late.recv(4096)

    assert b" 101 " in received
    assert server.process.wait(10) == 0
    server.close()


def test_socket_opens_on_a_connection_that_served_requests_before(valkey, topic):
    server = Server(valkey)
    asked = b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    try:
        with Wire(server, asked) as wire:
            wire.read_until(b"\r\n\r\n")
            wire.received = b""
            wire.send(HANDSHAKE)
            wire.read_until(b'"hello"')
            wire.send(masked(json.dumps({"type": "subscribe", "topics": [topic]}).encode()))
            wire.read_until(b'"snapshot"')
            publish(topic, frames=[Frame(data={"n": 1})])

            wire.read_until(b'"n":1}')
    finally:
        server.close()


def test_socket_opens_although_its_handshake_comes_in_drops(valkey):
    server = Server(valkey)
    try:
        with Wire(server) as wire:
            wire.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for at in range(0, len(HANDSHAKE), 7):
                wire.send(HANDSHAKE[at : at + 7])

            assert b" 101 " in wire.read_until(b'"hello"')
    finally:
        server.close()


class Loading(Server):
    """A server that is not waited for."""

    def _told(self):
        return self.chosen_port

    def __init__(self, valkey, port):
        self.chosen_port = port
        super().__init__(valkey, port=port)


def test_client_that_comes_while_the_server_loads_waits_in_line(valkey):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    server = Loading(valkey, port)
    try:
        until(lambda: listens("127.0.0.1", port))
        assert "Listening on" not in server.said()

        with Wire(server, HANDSHAKE) as wire:
            wire.read_until(b'"hello"')
    finally:
        server.close()


def test_socket_of_a_page_that_does_not_exist_is_refused(valkey):
    server = Server(valkey)
    try:
        with Wire(server, HANDSHAKE.replace(b"/ws/live", b"/ws/other")) as wire:
            until(wire.is_over)

        assert wire.received.startswith(b"HTTP/1.1 403 ")
    finally:
        server.close()


def test_thousand_sockets_come_and_go_and_cost_little(valkey, topic):
    publish(topic, frames=[Frame(data={"n": 0})])
    server = Server(valkey)
    try:
        before_mb = _in_and_out(server, topic, 100)
        with contextlib.ExitStack() as stack:
            for _ in range(1000):
                stack.enter_context(opened(server, topic))
            held_mb = server.rss_mb()
        until(lambda: census.count_all() == 0)
        after_mb = max(_in_and_out(server, topic, 500) for _ in range(2))
    finally:
        server.close()

    # 3 kB each; with autobahn, a task and a scope it would be 27.
    assert held_mb - before_mb < 8
    assert after_mb - before_mb < 8


def _in_and_out(server, topic, count):
    """Let so many come and go one after the other, and return the memory after that."""
    for _ in range(count):
        opened(server, topic).sock.close()
    until(lambda: census.count_all() == 0)
    return server.rss_mb()


@pytest.fixture
def socket_amid_a_large_frame(valkey, topic):
    """A server, and a client that has begun to read a snapshot of some megabytes."""
    state = "x" * 4_000_000
    set_snapshot(topic, epoch="1", seq=1, state=state)
    server = Server(valkey)
    with (
        contextlib.closing(server),
        socket.create_connection(("127.0.0.1", server.port), timeout=10) as sock,
    ):
        sock.sendall(HANDSHAKE)
        received = b""
        while b'"hello"' not in received:
            received += sock.recv(4096)
        sock.sendall(masked(json.dumps({"type": "subscribe", "topics": [topic]}).encode()))
        while state[:1000].encode() not in received:
            received += sock.recv(4096)
        yield server, sock, received.partition(b"\r\n\r\n")[2]


def _frames_up_to(opcode, sock, received, *, ask=b""):
    """Read on, asking before every piece, until the last frame has this opcode; return all."""
    frames, rest = [], received
    while rest or frames[-1][0] != opcode:
        sock.sendall(ask)
        rest += sock.recv(65_536)
        read, rest = split_frames(rest)
        frames += read
    return frames


def _kinds(frames):
    """What the texts are, but for pings, which come when it is their time."""
    kinds = [json.loads(payload)["type"] for opcode, payload in frames if opcode == 1]
    return [kind for kind in kinds if kind != "ping"]


def test_pong_does_not_come_amid_a_frame(socket_amid_a_large_frame):
    _, sock, received = socket_amid_a_large_frame
    frames = _frames_up_to(10, sock, received, ask=b"\x89\x81" + bytes(4) + b"\xff")

    assert _kinds(frames) == ["hello", "snapshot"]
    assert {payload for opcode, payload in frames if opcode == 10} == {b"\xff"}


def test_good_bye_does_not_come_amid_a_frame(socket_amid_a_large_frame):
    server, sock, received = socket_amid_a_large_frame
    server.process.send_signal(signal.SIGTERM)
    until(lambda: not listens("127.0.0.1", server.port))
    frames = _frames_up_to(8, sock, received)

    assert _kinds(frames) == ["hello", "snapshot"]
    assert frames[-1] == (8, b"\x03\xe9")


def test_plain_daphne_serves_the_same_protocol(valkey, topic):
    server = Server(valkey, plain=True)
    frames = [Frame(seq=seq, data={"n": seq}) for seq in range(1, 301)]
    publish(topic, frames=frames[:2], epoch="1", snapshot=Snapshot(epoch="1", seq=2, state="two"))
    try:
        with Fan(server) as fan:
            fan.subscribe(topic)
            fan.reach(topic, 2)
            for frame in frames[2:]:
                publish(topic, frames=[frame], epoch="1")
            fan.reach(topic, 300)
            fan.socket.send("x" * 20_000)
            assert fan.take_kind("error")["code"] == "frame_too_large"
            with pytest.raises(ConnectionClosed) as closed:
                fan.take()
    finally:
        server.close()

    assert closed.value.rcvd.code == 4413


def test_socket_that_went_while_redis_was_away_is_not_counted(tmp_path):
    valkey = Valkey(tmp_path, keeps=True)
    server = Server(valkey, LIVE_SOCKETS_PER_ADDRESS="1")
    try:
        fan = Fan(server)
        valkey.stop()
        close(fan)
        until(lambda: "server_away" in server.said())
        valkey.start()

        close(until(lambda: _admitted(server)))
    finally:
        server.close()
        valkey.close()


def test_server_ends_although_all_its_clients_have_vanished(valkey, topic):
    server = Server(valkey)
    publish(topic, frames=[Frame(data={"n": 0})])
    try:
        visitors = [_visitor(server, topic) for _ in range(300)]
        for number in range(50):
            publish(topic, frames=[Frame(data={"n": number, "pad": "x" * 500})])
        for visitor in visitors:
            visitor.close()  # with frames unread: the server sees a reset
        server.process.send_signal(signal.SIGTERM)

        assert server.process.wait(15) == 0
    finally:
        server.close()


def _visitor(server, topic):
    sock = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    lines = [
        "GET /ws/live HTTP/1.1", f"Host: 127.0.0.1:{server.port}", "Upgrade: websocket",
        "Connection: Upgrade", "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "", "",
    ]  # fmt: skip
    sock.sendall("\r\n".join(lines).encode())
    sock.recv(65_536)
    sock.sendall(masked(f'{{"type":"subscribe","topics":["{topic}"]}}'.encode()))
    until(lambda: b"snapshot" in sock.recv(65_536))
    return sock
