"""Nothing lost and nothing twice: joins under fire, bursts, slow readers, a Redis that dies."""

import json
import random
import socket
import struct
import subprocess
import sys
import threading
import time

import pytest

from streams.live.frames import Frame, Snapshot
from streams.live.publish import publish, publish_all
from streams.live.topics import register_snapshots
from tests.bench.load import masked, take_apart
from tests.streams.live_support import ROOT, Fan, Server, until

_ESTABLISHED = 1  # of Linux's TCP_INFO
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("publishing")]
for _prefix in ("free:", "test:"):
    register_snapshots(_prefix, None)


def play(topic, first, last, *, size=0, **options):
    frames = [Frame(seq=seq, data={"n": seq, "pad": "x" * size}) for seq in range(first, last + 1)]
    publish(topic, frames=frames, epoch="1", **options)


def snapshot_at(seq):
    return Snapshot(epoch="1", seq=seq, state={"sum": seq * (seq + 1) // 2})


def together(work, count):
    """Run `work(number)` in threads and raise what any of them raised."""
    failures = []

    def guarded(number):
        try:
            work(number)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def test_joins_while_frames_are_published_have_no_gap_and_no_duplicate(server, topic):
    last = 1500
    play(topic, 1, 1, snapshot=snapshot_at(1))

    def publisher():
        rng = random.Random(5)
        seq = 2
        while seq <= last:
            upto = min(last, seq + rng.randrange(4))
            # Snapshots lag behind, as they do when a fold is slower than the feed.
            lag = snapshot_at(upto - rng.randrange(min(upto, 90))) if rng.random() < 0.3 else None
            play(topic, seq, upto, snapshot=lag)
            seq = upto + 1

    def fan(number):
        rng = random.Random(number)
        place = None
        for _ in range(5):
            time.sleep(rng.random() * 0.3)  # when to come is the point
            with Fan(server) as visitor:
                visitor.subscribe(topic, resume={topic: place} if place else None)
                total = None
                for _ in range(rng.randrange(1, 200)):
                    if visitor.places.get(topic) == ("1", last):
                        break  # nothing more will come
                    message = visitor.take()
                    if message["type"] == "snapshot":
                        total = message["state"]["sum"]
                if total is not None:
                    # State and the frames after it give the state that the position implies.
                    total += sum(frame["data"]["n"] for frame in visitor.frames[topic])
                    seq = visitor.places[topic][1]
                    assert total == seq * (seq + 1) // 2
                epoch, after = visitor.places[topic]
                place = {"epoch": epoch, "after": after} if rng.random() < 0.7 else None
        with Fan(server) as visitor:
            visitor.subscribe(topic)
            visitor.reach(topic, last)

    writing = threading.Thread(target=publisher)
    writing.start()
    together(fan, 12)
    writing.join()


def test_burst_of_5000_reaches_50_sockets_without_a_gap(server, topic, tmp_path):
    publish(topic, epoch="1", frames=[_numbered(100_000)])
    progress = tmp_path / "progress"
    progress.write_bytes(bytes(8))
    options = {
        "port": server.port,
        "path": "/ws/live",
        "sockets": 50,
        "hello": f'{{"type":"subscribe","topics":["{topic}"]}}',
        "ready": '"snapshot"',
        "progress": str(progress),
    }
    command = [sys.executable, "-m", "tests.bench.load", json.dumps(options)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=ROOT, **pipes) as clients:
        assert clients.stdout.readline()

        for seq in range(100_001, 105_001):
            publish(topic, epoch="1", frames=[_numbered(seq)])
        until(lambda: struct.unpack("Q", progress.read_bytes())[0] >= 250_000, 60)
        clients.stdin.write("report\n")
        clients.stdin.close()
        report = json.loads(clients.stdout.readline())

    assert report["frames"] == 250_000
    assert (report["gaps"], report["snapshots"], report["closed"]) == (0, 0, 0)


def _numbered(seq):
    return Frame(seq=seq, data={"n": f"{seq:08d}", "t": f"{0:020d}", "pad": "x" * 500})


class Sleeper:
    """A client with a small buffer that subscribes and then reads nothing."""

    def __init__(self, server, topic):
        self.sock = socket.socket()
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        self.sock.connect(("127.0.0.1", server.port))
        lines = [
            "GET /ws/live HTTP/1.1", f"Host: 127.0.0.1:{server.port}", "Upgrade: websocket",
            "Connection: Upgrade", "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "", "",
        ]  # fmt: skip
        self.sock.sendall("\r\n".join(lines).encode())
        until(lambda: b"hello" in self.sock.recv(65_536, socket.MSG_PEEK))
        text = f'{{"type":"subscribe","topics":["{topic}"]}}'
        self.sock.sendall(masked(text.encode()))
        until(lambda: b"snapshot" in self.sock.recv(65_536, socket.MSG_PEEK))

    def is_let_go(self):
        """Whether the server has ended the connection; looking at it reads nothing."""
        state = self.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
        return state != _ESTABLISHED


def test_client_that_never_reads_is_closed_and_costs_no_memory(server, topic):
    play(topic, 1, 1, snapshot=snapshot_at(1))
    sleepers = [Sleeper(server, topic) for _ in range(20)]
    before_mb = server.rss_mb()
    with Fan(server) as reader:
        reader.subscribe(topic)
        reader.reach(topic, 1)
        begun = time.monotonic()
        for first in range(2, 3002, 50):
            play(topic, first, first + 49, size=2000)
            reader.reach(topic, first + 49)
        took_s = time.monotonic() - begun
        grown_mb = server.rss_mb() - before_mb
        for sleeper in sleepers:
            until(sleeper.is_let_go)

        assert "snapshot" not in reader.answers[2:]

    # Unbounded, the sockets would hold 20 x 6 MB.
    assert grown_mb < 40
    assert took_s < 30
    for sleeper in sleepers:
        sleeper.sock.close()


def test_client_that_wakes_up_gets_one_snapshot_and_goes_on(valkey, topic):
    server = Server(valkey, LIVE_STUCK_S="60")
    try:
        play(topic, 1, 1, snapshot=snapshot_at(1))
        with Fan(server) as reader:
            sleeper = Sleeper(server, topic)
            reader.subscribe(topic)
            for first in range(2, 4002, 100):
                last = first + 99
                play(topic, first, last, size=2000, snapshot=snapshot_at(last))
                # One by one: a server that is behind would read many as one batch.
                reader.reach(topic, last)

            texts = _read_until(sleeper.sock, b'"seq":4001')
        kinds = [b'"snapshot"' in text[:40] for text in texts]
        assert sum(kinds) == 2
        assert b'"seq":4001' in texts[-1][:120]
    finally:
        server.close()
        sleeper.sock.close()


def _read_until(sock, mark):
    sock.settimeout(15)
    data = b""
    while mark not in data:
        data += sock.recv(1 << 20)
    # The frame with the mark may have more to come.
    time_left = time.monotonic() + 15
    _, _, rest = data.partition(b"\r\n\r\n")
    texts, left = take_apart(rest)
    while left and time.monotonic() < time_left:
        rest += sock.recv(1 << 20)
        texts, left = take_apart(rest)
    return texts


def test_restarted_and_flushed_redis_ends_with_equal_positions(valkey, server, topic):
    loaded = topic.replace("free:", "test:")
    server.knows(loaded, epoch="1", seq=10, state={"sum": 55})
    fans = [Fan(server) for _ in range(30)]
    try:
        for fan in fans:
            fan.subscribe(loaded)
            fan.reach(loaded, 10)
        seq = 10
        for number in range(4):
            if number % 2:
                valkey.client.flushall()
            else:
                valkey.restart()
            seq += 5
            # What the database knows by now; the frames in between went down with Redis.
            server.knows(loaded, epoch="1", seq=seq, state={"sum": seq * (seq + 1) // 2})
            seq += 1
            play(loaded, seq, seq, snapshot=snapshot_at(seq))
            for fan in fans:
                fan.reach(loaded, seq)
        assert {fan.places[loaded] for fan in fans} == {("1", seq)}
    finally:
        for fan in fans:
            fan.__exit__(None, None, None)


def test_flushed_counting_topic_begins_a_new_epoch(valkey, server, topic):
    publish(topic, frames=[Frame(data={"n": 1}), Frame(data={"n": 2})])
    with Fan(server) as fan:
        fan.subscribe(topic)
        fan.reach(topic, 2)
        old, _ = fan.places[topic]

        valkey.client.flushall()
        publish_all([])
        publish(topic, frames=[Frame(data={"n": 3})])
        while fan.places[topic][0] == old:
            fan.take()

        assert fan.places[topic][1] == 1


def test_idle_sockets_live_twelve_seconds(valkey, topic):
    server = Server(valkey, LIVE_PING_S="60")
    try:
        play(topic, 1, 1)
        fans = [Fan(server) for _ in range(100)]
        for fan in fans:
            fan.subscribe(topic)
            fan.reach(topic, 1)
        with pytest.raises(TimeoutError):
            fans[0].take(timeout=12)
        play(topic, 2, 2)
        for fan in fans:
            fan.reach(topic, 2)
            fan.__exit__(None, None, None)
    finally:
        server.close()
