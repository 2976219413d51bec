"""Server-sent events against a real server process and a real Valkey."""

import http.client
import json
import signal
import socket
import time
from urllib.parse import urlsplit, urlunsplit

import pytest
from asgiref.testing import ApplicationCommunicator
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection

from streams.live.frames import Frame, Snapshot
from streams.live.hub import hub
from streams.live.publish import publish, set_snapshot
from streams.live.topics import register_snapshots
from tests.streams.live_support import Fan, Server, Stream, until

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("publishing")]
for _prefix in ("free:", "test:", "closed:"):
    register_snapshots(_prefix, None)


def play(topic, first, last, *, size=0, epoch="1", **options):
    frames = [Frame(seq=seq, data={"n": seq, "pad": "x" * size}) for seq in range(first, last + 1)]
    publish(topic, frames=frames, epoch=epoch, **options)


def snapshot_at(seq):
    return Snapshot(epoch="1", seq=seq, state={"sum": seq * (seq + 1) // 2})


def seqs(events):
    return [json.loads(event)["seq"] for event in events]


def test_stream_begins_with_a_snapshot_and_goes_on_with_frames(server, topic):
    play(topic, 1, 3, snapshot=snapshot_at(3))

    with Stream(server, topic) as stream:
        snapshot = json.loads(stream.take())
        play(topic, 4, 5)
        events = stream.take_until(5)

    assert (snapshot["type"], snapshot["seq"], snapshot["state"]) == ("snapshot", 3, {"sum": 6})
    assert len(snapshot["state_hash"]) == 64
    assert seqs(events) == [4, 5]


def test_stream_says_that_nobody_may_hold_it_back(server, topic):
    play(topic, 1, 1)

    with Stream(server, topic) as stream:
        headers = stream.response.headers

        assert stream.response.status == 200
        assert headers["Content-Type"] == "text/event-stream"
        assert headers["Cache-Control"] == "no-store, no-transform"
        assert headers["X-Accel-Buffering"] == "no"
        assert headers["X-Request-ID"]
        assert headers["RateLimit"].startswith('"live"')
        assert "Content-Length" not in headers


def test_stream_and_socket_get_the_same_bytes(server, topic):
    play(topic, 1, 2, snapshot=snapshot_at(2))

    with Stream(server, topic) as stream, Fan(server) as fan:
        fan.subscribe(topic)
        fan.reach(topic, 2)
        for seq in range(3, 40):
            play(topic, seq, seq)
        texts = [fan.socket.recv(5).encode() for _ in range(37)]
        events = stream.take_until(39)

    assert events[1:] == [text for text in texts if b'"ping"' not in text]


@pytest.mark.parametrize("by", ["header", "cursor", "place"])
def test_reader_comes_back_with_what_it_has(server, topic, by):
    play(topic, 1, 5, snapshot=snapshot_at(5))
    with Stream(server, topic) as stream:
        stream.take()
        play(topic, 6, 8)
        stream.take_until(7)
        had = stream.last_id
    play(topic, 9, 12)

    resume = {
        "header": {"headers": {"Last-Event-ID": had}},
        "cursor": {"after": had},
        "place": {"after": "7", "epoch": "1"},
    }[by]
    with Stream(server, topic, **resume) as stream:
        events = stream.take_until(12)

    assert seqs(events) == [8, 9, 10, 11, 12]
    assert {json.loads(event)["type"] for event in events} == {"event"}


def test_reader_that_has_everything_waits_for_the_next_frame(server, topic):
    play(topic, 1, 5, snapshot=snapshot_at(5))

    with Stream(server, topic, after="5", epoch="1") as stream:
        play(topic, 6, 6)
        events = stream.take_until(6)

    assert seqs(events) == [6]


@pytest.mark.parametrize("resume", [{"after": "3", "epoch": "0"}, {"after": "999", "epoch": "1"}])
def test_reader_whose_place_is_lost_gets_a_snapshot(server, topic, resume):
    play(topic, 1, 5, snapshot=snapshot_at(5))

    with Stream(server, topic, **resume) as stream:
        snapshot = json.loads(stream.take())

    assert (snapshot["type"], snapshot["seq"]) == ("snapshot", 5)
    assert snapshot["state_hash"]


def test_one_id_holds_the_places_of_all_topics(server, topic):
    topics = [f"{topic}:{name}" for name in "abc"]
    for number, name in enumerate(topics, 2):
        play(name, 1, number, snapshot=snapshot_at(number))
    with Stream(server, *topics) as stream:
        snapshots = [json.loads(stream.take()) for _ in topics]
        assert {told["topic"]: told["seq"] for told in snapshots} == dict(
            zip(topics, (2, 3, 4), strict=True)
        )
        play(topics[1], 4, 4)
        stream.take()
        had = stream.last_id
    for name in topics:
        play(name, 3, 5)

    with Stream(server, *topics, headers={"Last-Event-ID": had}) as stream:
        events = [json.loads(stream.take()) for _ in range(3 + 1 + 1)]

    places = {name: [e["seq"] for e in events if e["topic"] == name] for name in topics}
    assert places == {topics[0]: [3, 4, 5], topics[1]: [5], topics[2]: [5]}


def test_cursor_holds_for_the_topics_that_stay(server, topic):
    old, new = f"{topic}:old", f"{topic}:new"
    for name in (old, new):
        play(name, 1, 3, snapshot=snapshot_at(3))
    with Stream(server, old) as stream:
        stream.take()
        had = stream.last_id
    play(old, 4, 4)

    with Stream(server, new, old, after=had) as stream:
        events = [json.loads(stream.take()) for _ in range(2)]

    assert {(e["topic"], e["type"], e["seq"]) for e in events} == {
        (new, "snapshot", 3),
        (old, "event", 4),
    }


@pytest.mark.parametrize(
    ("parameters", "parameter", "code"),
    [
        ({}, "topics", "required"),
        ({"topics": "nonsense"}, "topics", "unknown_topic"),
        ({"topics": "match:1,../etc"}, "topics", "unknown_topic"),
        ({"topics": ",".join(f"free:{n}" for n in range(51))}, "topics", "too_many_topics"),
        ({"topics": "test:nobody"}, "topics", "unknown_topic"),
        ({"topics": "free:1", "after": "x"}, "after", "invalid_cursor"),
        ({"topics": "free:1", "after": "7"}, "after", "invalid_cursor"),
        ({"topics": "free:1", "after": "x", "epoch": "1"}, "after", "invalid"),
        ({"topics": "free:1,free:2", "after": "1", "epoch": "1,1"}, "after", "invalid"),
        ({"topics": "free:1", "topic": "1"}, "topic", "unknown_parameter"),
    ],
)
def test_mistakes_are_told_before_the_stream_begins(server, parameters, parameter, code):
    topics = parameters.pop("topics", "")
    with Stream(server, topics, **parameters) as stream:
        assert stream.response.status == 422
        problem = stream.problem()

    assert problem["code"] == "invalid"
    assert [(e["parameter"], e["code"]) for e in problem["errors"]] == [(parameter, code)]
    assert problem["errors"][0]["detail"]
    assert problem["request_id"] == stream.response.headers["X-Request-ID"]


def test_topic_that_a_stranger_may_not_see_is_forbidden(server):
    with Stream(server, "closed:1") as stream:
        assert (stream.response.status, stream.problem()["code"]) == (403, "forbidden")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_pages_of_other_origins_may_not_open_streams(server, headers):
    with Stream(server, "free:1", headers=headers) as stream:
        assert (stream.response.status, stream.problem()["code"]) == (403, "forbidden")


def test_own_pages_and_listed_origins_may_open_streams(valkey, topic):
    server = Server(valkey, CORS_ALLOWED_ORIGINS="https://partner.example")
    try:
        for origin in (f"http://127.0.0.1:{server.port}", "https://partner.example"):
            with Stream(server, topic, headers={"Origin": origin}) as stream:
                assert stream.response.status == 200
                told = stream.response.headers["Access-Control-Allow-Origin"]
                assert (told == origin) == ("partner" in origin)
                assert "origin" in stream.response.headers["Vary"].lower()
    finally:
        server.close()


def test_address_has_one_limit_for_sockets_and_streams(valkey, topic):
    server = Server(valkey, LIVE_SOCKETS_PER_ADDRESS="2")
    try:
        with Fan(server), Stream(server, topic) as second:
            assert second.response.status == 200
            with Stream(server, topic) as third:
                assert (third.response.status, third.problem()["code"]) == (429, "rate_limited")
                assert int(third.response.headers["Retry-After"]) > 0
        until(lambda: _status(server, topic) == 200)
    finally:
        server.close()


def _status(server, *topics):
    with Stream(server, *topics) as stream:
        return stream.response.status


def test_address_has_a_limit_for_topics_that_nobody_watches(valkey, topic):
    server = Server(valkey)
    try:
        with Stream(server, topic) as watched:
            assert watched.response.status == 200
            fresh = (
                _status(server, *(f"{topic}-{turn}-{n}" for n in range(50))) for turn in range(12)
            )
            assert 429 in list(fresh)
            assert _status(server, topic) == 200
    finally:
        server.close()


def test_beginning_streams_counts_as_requests(valkey, topic):
    server = Server(valkey, API_LIVE_READS_PER_MINUTE="3")
    try:
        valkey.client.flushall()
        statuses = [_status(server, topic) for _ in range(8)]
    finally:
        server.close()

    # A minute may turn meanwhile.
    assert statuses[:3] == [200] * 3
    assert 429 in statuses


def test_quiet_stream_has_a_heartbeat(server, topic):
    play(topic, 1, 1, snapshot=snapshot_at(1))

    with Stream(server, topic) as stream:
        stream.take()
        time.sleep(2.5)  # the server's ping interval is two seconds
        play(topic, 2, 2)
        stream.take()

        assert stream.comments >= 1


def test_other_methods_are_refused_with_what_is_allowed(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=15)
    connection.request("POST", "/api/v1/stream?topics=free:1")
    response = connection.getresponse()

    assert response.status == 405
    assert "GET" in response.headers["Allow"]
    connection.close()


def test_terminated_server_ends_streams_and_readers_go_on_elsewhere(valkey, topic):
    first, second = Server(valkey), Server(valkey)
    try:
        play(topic, 1, 3, snapshot=snapshot_at(3))
        with Stream(first, topic) as stream:
            stream.take()
            play(topic, 4, 6)
            stream.take_until(5)
            had = stream.last_id
            first.process.send_signal(signal.SIGTERM)
            rest = list(iter(stream.take, b""))
            assert first.process.wait(10) == 0
        play(topic, 7, 8)
        with Stream(second, topic, headers={"Last-Event-ID": had}) as stream:
            events = stream.take_until(8)

        assert seqs(rest) in ([], [6])
        assert seqs(events) == [6, 7, 8]
    finally:
        first.close()
        second.close()


def test_plain_daphne_serves_the_same_stream(valkey, topic):
    server = Server(valkey, plain=True)
    try:
        play(topic, 1, 2, snapshot=snapshot_at(2))
        with Stream(server, topic) as stream:
            snapshot = json.loads(stream.take())
            play(topic, 3, 300)
            events = stream.take_until(300)
        with Stream(server, "nonsense") as refused:
            assert refused.response.status == 422
    finally:
        server.close()

    assert (snapshot["seq"], seqs(events)) == (2, list(range(3, 301)))


def test_flushed_redis_gives_streams_a_snapshot_of_what_the_loader_knows(valkey, server, topic):
    loaded = topic.replace("free:", "test:")
    server.knows(loaded, epoch="1", seq=10, state={"sum": 55})
    with Stream(server, loaded) as stream:
        assert seqs([stream.take()]) == [10]
        valkey.client.flushall()
        server.knows(loaded, epoch="1", seq=14, state={"sum": 105})
        play(loaded, 15, 15, snapshot=snapshot_at(15))
        events = stream.take_until(15)

    kinds = [json.loads(event)["type"] for event in events]
    assert kinds[0] == "snapshot"
    assert seqs(events)[-1] == 15


class Sleeper:
    """A reader with a small buffer that opens a stream and then reads nothing."""

    def __init__(self, server, topic):
        self.sock = socket.socket()
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        self.sock.connect(("127.0.0.1", server.port))
        host = f"127.0.0.1:{server.port}"
        self.sock.sendall(
            f"GET /api/v1/stream?topics={topic} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
        )
        until(lambda: b"snapshot" in self.sock.recv(65_536, socket.MSG_PEEK))

    def is_let_go(self):
        established = 1
        return self.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] != established


def test_readers_that_never_read_delay_nobody_and_cost_no_memory(server, topic):
    play(topic, 1, 1, snapshot=snapshot_at(1))
    sleepers = [Sleeper(server, topic) for _ in range(20)]
    before_mb = server.rss_mb()
    slowest_s = 0.0
    with Stream(server, topic) as reader:
        reader.take()
        for first in range(2, 3002, 50):
            begun = time.monotonic()
            play(topic, first, first + 49, size=2000)
            events = reader.take_until(first + 49)
            slowest_s = max(slowest_s, time.monotonic() - begun)
            assert seqs(events) == list(range(first, first + 50))
    grown_mb = server.rss_mb() - before_mb
    for sleeper in sleepers:
        until(sleeper.is_let_go)
        sleeper.sock.close()

    # Unbounded, the streams would hold 20 x 6 MB.
    assert grown_mb < 40
    assert slowest_s < 3


def test_reader_that_wakes_up_gets_one_snapshot_and_goes_on(valkey, topic):
    server = Server(valkey, LIVE_STUCK_S="60")
    try:
        play(topic, 1, 1, snapshot=snapshot_at(1))
        with Stream(server, topic) as reader:
            sleeper = Sleeper(server, topic)
            for first in range(2, 4002, 100):
                last = first + 99
                play(topic, first, last, size=2000, snapshot=snapshot_at(last))
                # One by one: a server that is behind would read many as one batch.
                reader.take_until(last)
            events = _events_until(sleeper.sock, b'"seq":4001')

        kinds = [json.loads(event)["type"] for event in events]
        jumps = [b - a for a, b in zip(seqs(events), seqs(events)[1:], strict=False)]
        assert kinds.count("snapshot") == 2
        assert seqs(events)[-1] == 4001
        assert sum(jump != 1 for jump in jumps) <= 1
    finally:
        server.close()
        sleeper.sock.close()


def _events_until(sock, mark):
    sock.settimeout(15)
    raw = b""
    while mark not in raw or not raw.endswith(b"\n\n\r\n"):
        raw += sock.recv(1 << 20)
    _, _, rest = raw.partition(b"\r\n\r\n")
    body = b""
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        body, rest = body + rest[: int(size, 16)], rest[int(size, 16) + 2 :]
    return [line[6:] for line in body.split(b"\n") if line.startswith(b"data: ")]


def test_snapshot_ahead_of_the_frames_shows_itself_once(server, topic):
    play(topic, 1, 2, snapshot=snapshot_at(2))
    with Stream(server, topic) as stream:
        stream.take()
        set_snapshot(topic, epoch="1", seq=9, state={"sum": 45})
        play(topic, 10, 10)
        events = stream.take_until(10)

    assert seqs(events)[-2:] == [9, 10]


@pytest.mark.django_db(transaction=True)
def test_reader_who_signs_out_is_told_and_let_go(valkey, topic, client):
    parts = urlsplit(settings.DATABASE_URL)
    database = urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}"))
    server = Server(valkey, DATABASE_URL=database, VEZE_TEST_RECHECK_S="1")
    user = get_user_model().objects.create_user(email="a@example.org", password="a long phrase")
    client.force_login(user)
    cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
    closed = topic.replace("free:", "closed:")
    play(closed, 1, 1, snapshot=snapshot_at(1))
    try:
        with Stream(server, closed, headers={"Cookie": cookie}) as stream:
            assert json.loads(stream.take())["seq"] == 1
            client.logout()
            told = json.loads(stream.take())
            end = stream.take()
        with Stream(server, closed, headers={"Cookie": cookie}) as stream:
            again = stream.response.status
    finally:
        server.close()

    assert (told["type"], told["code"], end, again) == ("error", "rights_lost", b"", 403)


async def test_routing_leads_to_the_stream_and_past_it(topic):
    from config.asgi import application

    publish(topic, frames=[Frame(data={"n": 1})])
    try:
        refused = ApplicationCommunicator(application, _scope("/api/v1/stream", "topics="))
        start, body = await refused.receive_output(5), await refused.receive_output(5)
        assert (start["status"], json.loads(body["body"])["code"]) == (422, "invalid")

        stream = ApplicationCommunicator(application, _scope("/api/v1/stream", f"topics={topic}"))
        start, hello = await stream.receive_output(5), await stream.receive_output(5)
        event = await stream.receive_output(5)
        assert start["status"] == 200
        assert hello["body"].startswith(b"retry: ")
        assert hello["more_body"] is event["more_body"] is True
        assert b'"type":"snapshot"' in event["body"]
        await stream.send_input({"type": "http.disconnect"})
        await stream.wait()
        assert not hub().outlets
    finally:
        await hub().close()


def _scope(path, query):
    return {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(b"host", b"testserver")],
        "client": ["127.0.0.1", 50_000],
        "server": ["127.0.0.1", 80],
    }


def test_process_that_serves_no_streams_says_so(client):
    for accept in ("text/event-stream", "application/json", "*/*"):
        response = client.get("/api/v1/stream?topics=free:1", headers={"Accept": accept})

        assert (response.status_code, response.json()["code"]) == (503, "unavailable")
        assert response["Content-Type"] == "application/problem+json"
        assert response["Retry-After"]


def test_stream_that_begins_while_redis_is_away_follows_when_it_is_back(valkey, server, topic):
    loaded = topic.replace("free:", "test:")
    server.knows(loaded, epoch="1", seq=4, state={"sum": 10})
    valkey.stop()
    try:
        stream = Stream(server, loaded)
    finally:
        valkey.start()
    with stream:
        assert stream.response.status == 200
        assert seqs([stream.take()]) == [4]
        play(loaded, 5, 5, snapshot=snapshot_at(5))
        events = stream.take_until(5)

    assert seqs(events)[-1] == 5
