"""What the live doors do to clients that break every rule, and that nobody else suffers from it."""

import contextlib
import json
import statistics
import time

import pytest
from websockets.exceptions import ConnectionClosed

from streams.live import census
from streams.live.frames import Frame, Snapshot
from streams.live.publish import publish
from streams.live.topics import register_snapshots
from tests.streams.live_support import Fan, Server, Stream, until
from tests.streams.rude_clients import (
    HANDSHAKE,
    MORE,
    PING,
    PONG,
    TEXT,
    Wire,
    crowd,
    frame,
    opened,
    stream,
)

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("publishing")]
register_snapshots("free:", None)
SLOW_S = 1.0


@pytest.fixture(scope="module")
def server(valkey):
    """A server that waits a second for a request, and two for a subscription."""
    process = Server(valkey, options=("--request-within", str(SLOW_S)), VEZE_TEST_SUBSCRIBE_S="2")
    yield process
    process.close()


@pytest.fixture
def topic(topic):
    """A topic with one frame and its snapshot."""
    play(topic, 1, 1, snapshot=Snapshot(epoch="1", seq=1, state={"n": 1}))
    return topic


def play(topic, first, last, *, size=0, **options):
    frames = [Frame(seq=seq, data={"n": seq, "pad": "x" * size}) for seq in range(first, last + 1)]
    publish(topic, frames=frames, epoch="1", **options)


def gone_after_s(wire, act=lambda: None):
    """How long the server took to close, while the client goes on acting."""
    begun = time.monotonic()

    def is_over():
        act()
        return wire.is_over()

    until(is_over)
    return time.monotonic() - begun


# Requests that never come to an end.


@pytest.mark.parametrize(
    "opening",
    [
        b"",
        b"G",
        b"GET /api/v1/stream?topics=match:1 HTTP/1.1\r\nHost: a\r\n",
        HANDSHAKE[:-2],
        b"POST /api/v1/replays HTTP/1.1\r\nHost: a\r\nContent-Length: 99999\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
    ids=["silence", "first line", "headers", "handshake", "body", "chunks"],
)
@pytest.mark.parametrize("drip", [b"", b"x"], ids=["nothing more", "drops"])
def test_request_that_does_not_come_to_an_end_is_cut(server, opening, drip):
    with Wire(server, opening) as wire:
        took_s = gone_after_s(wire, lambda: wire.send(drip))

    assert took_s == pytest.approx(SLOW_S, abs=1.5)


def test_connection_that_is_idle_between_requests_is_left_alone(server):
    asked = b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with Wire(server, asked) as wire:
        first = wire.read_until(b"\r\n\r\n")
        idle_until = time.monotonic() + 2 * SLOW_S
        until(lambda: wire.is_over() or time.monotonic() > idle_until)
        wire.received = b""
        wire.sock.sendall(asked)
        second = wire.read_until(b"\r\n\r\n")

    assert first[:12] == second[:12] == b"HTTP/1.1 200"


def test_answer_that_takes_longer_than_a_request_may_is_not_cut(server, topic):
    with Stream(server, topic) as reader:
        reader.take()
        later = time.monotonic() + 2 * SLOW_S
        until(lambda: time.monotonic() > later)
        play(topic, 2, 2)

        assert json.loads(reader.take())["seq"] == 2


# Frames.


@pytest.mark.parametrize(
    ("first", "again"),
    [
        (b"", frame(PING, b"x" * 100)),
        (b"", frame(PONG)),
        (frame(TEXT, is_last=False), frame(MORE, is_last=False)),
    ],
    ids=["pings", "pongs", "empty pieces"],
)
def test_flood_of_frames_that_are_no_messages_closes_the_socket(server, topic, first, again):
    with opened(server, topic) as wire:
        wire.send(first)
        gone_after_s(wire, lambda: wire.send(again * 100))

        assert wire.close_code() == 4429


def test_pings_at_a_bearable_pace_are_answered(server, topic):
    with opened(server, topic) as wire:
        wire.send(frame(PING, b"still there?") * 20)
        until(lambda: wire.is_over() or len([1 for op, _ in wire.frames() if op == PONG]) == 20)

        assert wire.close_code() is None


def test_pings_of_a_client_that_never_reads_cost_no_memory(server, topic):
    with contextlib.ExitStack() as stack:
        wires = [stack.enter_context(opened(server, topic, buffer_bytes=8192)) for _ in range(20)]
        before_mb = server.rss_mb()
        for wire in wires:
            # Never read: the pongs have nowhere to go.
            wire.sock.settimeout(0.2)
            for _ in range(100):
                wire.send(frame(PING, b"x" * 125) * 100)
        grown_mb = server.rss_mb() - before_mb

    # Unbounded, there would be 20 x 10,000 x 127 bytes.
    assert grown_mb < 15


def test_message_that_grows_piece_by_piece_is_cut_at_its_bound(server, topic):
    with opened(server, topic) as wire:
        wire.send(frame(TEXT, b"{", is_last=False))
        piece = frame(MORE, b" " * 8000, is_last=False)
        sent = 0

        def send_more():
            nonlocal sent
            sent += len(piece)
            wire.send(piece)

        gone_after_s(wire, send_more)

    # 64 KiB, and what was on its way by then.
    assert sent < 2_000_000


def test_message_that_is_begun_and_never_ended_holds_up_no_frames(server, topic):
    with opened(server, topic) as wire:
        wire.send(frame(TEXT, b'{"type":"pi', is_last=False))
        play(topic, 2, 2)
        wire.read_until(b'"seq":2,')
        wire.send(frame(MORE, b'ng"}'))

        wire.read_until(b'"pong"')


@pytest.mark.parametrize(
    "sent",
    [
        frame(TEXT, b"{}", is_masked=False),
        frame(3, b"reserved"),
        frame(PING, b"x" * 126),
        frame(MORE, b"of nothing"),
        frame(TEXT, b"\xff\xfe"),
    ],
    ids=["no mask", "reserved", "long ping", "lone piece", "no UTF-8"],
)
def test_frame_that_breaks_the_protocol_ends_the_socket(server, topic, sent):
    with opened(server, topic) as wire:
        wire.send(sent)

        assert gone_after_s(wire) < 3


def test_large_binary_frame_is_an_error_and_the_socket_stays(server, topic):
    with opened(server, topic) as wire:
        wire.send(frame(2, b"\x00" * 60_000) + frame(TEXT, b'{"type":"ping"}'))

        assert b"not_text" in wire.read_until(b'"pong"')


@pytest.mark.parametrize(
    "text",
    [
        "[" * 8000,
        '{"type":' * 1500 + "1" + "}" * 1500,
        '{"type":"ping","n":' + "9" * 8000 + "e" + "9" * 400 + "}",
        '{"type":"pi\x00ng"}',
        "NaN",
        "null",
        '"ping"',
    ],
    ids=["deep list", "deep object", "huge number", "control", "nan", "null", "text"],
)
def test_odd_json_is_an_error_and_the_socket_stays(server, text):
    with Fan(server) as fan:
        fan.socket.send(text)
        error = fan.take()
        fan.send(type="ping")

        assert error["code"] in {"not_json", "bad_message"}
        assert fan.take()["type"] == "pong"


def test_unknown_fields_of_messages_are_ignored(server, topic):
    with Fan(server) as fan:
        fan.send(type="subscribe", topics=[topic], shoe_size=43, resume={"other": None})

        assert fan.take()["type"] == "snapshot"


def test_compression_is_not_offered_so_nothing_can_be_blown_up(server):
    asked = HANDSHAKE[:-2] + b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
    with Wire(server, asked) as wire:
        answer = wire.read_until(b"\r\n\r\n")

    assert b" 101 " in answer
    assert b"xtensions" not in answer


# Topics.


def test_topics_of_several_messages_count_together(server, topic):
    names = [f"{topic}-{number}" for number in range(51)]
    with Fan(server) as fan:
        fan.subscribe(*names[:40])
        for _ in range(40):
            fan.take_kind("snapshot")
        fan.subscribe(*names[40:])

        assert fan.take_kind("error")["code"] == "too_many_topics"


def test_hopping_from_topic_to_topic_closes_the_socket(server, topic):
    with Fan(server) as fan, pytest.raises(ConnectionClosed) as closed:
        for turn in range(20):
            names = [f"{topic}-{turn}-{number}" for number in range(40)]
            fan.subscribe(*names)
            fan.send(type="unsubscribe", topics=names)
        while True:
            fan.take()

    assert closed.value.rcvd.code == 4429


def test_socket_that_never_watches_anything_is_closed(server):
    with opened(server) as wire:
        took_s = gone_after_s(wire)

        assert wire.close_code() == 4408
    assert 1.5 < took_s < 6


def test_socket_that_has_stopped_watching_is_closed_later(server, topic):
    with opened(server, topic) as wire:
        wire.send(frame(TEXT, f'{{"type":"unsubscribe","topics":["{topic}"]}}'.encode()))
        gone_after_s(wire)

        assert wire.close_code() == 4408


def test_socket_that_watches_is_not_closed(server, topic):
    with opened(server, topic) as wire:
        later = time.monotonic() + 5
        until(lambda: wire.is_over() or time.monotonic() > later)

        assert wire.close_code() is None


# Ends.


@pytest.mark.parametrize("open_one", [opened, stream], ids=["socket", "stream"])
def test_client_that_shuts_its_half_is_forgotten(valkey, server, topic, open_one):
    before = until(lambda: census.count_all() == 0) and census.count_all()
    with open_one(server, topic) as wire:
        until(lambda: census.count_all() == before + 1)
        wire.sock.shutdown(1)

        until(lambda: census.count_all() == before)


def test_client_that_does_not_say_good_bye_is_dropped(server):
    with opened(server) as wire:
        # It is told to go for watching nothing, and says nothing to that.
        wire.read_until(b"\x88\x02")
        begun = time.monotonic()
        until(wire.is_over)

    assert time.monotonic() - begun < 5


def test_client_that_is_reset_is_forgotten(server, topic):
    until(lambda: census.count_all() == 0)
    with opened(server, topic) as wire:
        until(lambda: census.count_all() == 1)
        wire.sock.setsockopt(1, 13, b"\x01\0\0\0\0\0\0\0")  # SO_LINGER of 0: no good-bye at all
        wire.sock.close()

        until(lambda: census.count_all() == 0)


# Others.


def _rude_kinds(server, topic):
    """Connections and what each does all the time, by the rule that it breaks."""
    headers = b"GET / HTTP/1.1\r\nHost: a\r\n"
    return {
        "never reads a socket": (lambda: opened(server, topic, buffer_bytes=8192), lambda _: None),
        "never reads a stream": (lambda: stream(server, topic, buffer_bytes=8192), lambda _: None),
        "pings": (lambda: opened(server), lambda wire: wire.send(frame(PING, b"x" * 100) * 20)),
        "asks": (lambda: opened(server), lambda wire: wire.send(frame(TEXT, b"[" * 4000))),
        "drips": (lambda: Wire(server, headers), lambda wire: wire.send(b"x")),
        "pieces": (
            lambda: Wire(server, HANDSHAKE),
            lambda wire: wire.send(frame(MORE, b"x", is_last=False)),
        ),
        "hops": (
            lambda: opened(server),
            lambda wire: wire.send(
                frame(TEXT, f'{{"type":"subscribe","topics":["{topic}-{time.time()}"]}}'.encode())
            ),
        ),
    }


def _delays_s(server, topic, first):
    """How long each of 60 frames takes from its publication to two good clients' hands."""
    delays = []
    with Fan(server) as fan, Stream(server, topic) as reader:
        fan.subscribe(topic)
        fan.take_kind("snapshot", "replay")
        reader.take()
        for seq in range(first, first + 60):
            begun = time.monotonic()
            # Large, so that those who do not read fill up what the kernel holds for them.
            play(topic, seq, seq, size=20_000, snapshot=Snapshot(epoch="1", seq=seq, state=seq))
            fan.reach(topic, seq)
            reader.take_until(seq)
            delays.append(time.monotonic() - begun)
    return delays


def test_rude_clients_delay_nobody_else(server, topic):
    """The control is the same server a moment before, without them."""
    alone = _delays_s(server, topic, 2)
    before_mb = server.rss_mb()
    with contextlib.ExitStack() as stack:
        for open_one, act in _rude_kinds(server, topic).values():
            stack.enter_context(crowd(open_one, act, 10))
        among = _delays_s(server, topic, 62)
    grown_mb = server.rss_mb() - before_mb

    assert statistics.median(among) < statistics.median(alone) + 0.15
    assert max(among) < max(alone) + 1.5
    assert grown_mb < 40


def test_many_readers_of_one_stream_all_get_a_frame(server, topic):
    with contextlib.ExitStack() as stack:
        readers = [stack.enter_context(stream(server, topic)) for _ in range(200)]
        before_mb = server.rss_mb()
        begun = time.monotonic()
        play(topic, 2, 2, size=5000)
        for reader in readers:
            reader.read_until(b'"seq":2,')
        took_s = time.monotonic() - begun
        grown_mb = server.rss_mb() - before_mb

    assert took_s < 3
    # The bytes are shared: a copy for each would be kept nowhere.
    assert grown_mb < 20
