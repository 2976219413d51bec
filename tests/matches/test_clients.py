"""Fetching: conditional, bounded in time and size, and only one kind of error."""

import gzip
import socket
import time
import zlib

import pytest

from matches import clients
from matches.clients import FetchError, fetch
from tests.matches.rude_server import answer, dripping, serving, silent


def refusal(script, **conditions):
    with serving(script) as server, pytest.raises(FetchError) as caught:
        fetch(server.url, **conditions)
    return caught.value.code, caught.value.http_status


@pytest.fixture
def short(settings):
    """Little time, little room."""
    settings.FEED_TIMEOUT_S = 1
    settings.FEED_MAX_RAW_BYTES = 4096
    settings.FEED_MAX_INFLATED_BYTES = 8192


def test_fetch_returns_body_tags_and_latency():
    script = answer(b'{"a": 1}', ETag='"v1"', Last_Modified="Sun, 22 Nov 2026 10:00:00 GMT")
    with serving(script) as server:
        fetched = fetch(server.url)

    assert (fetched.http_status, fetched.body, fetched.etag) == (200, b'{"a": 1}', '"v1"')
    assert fetched.last_modified == "Sun, 22 Nov 2026 10:00:00 GMT"
    assert 0 <= fetched.latency_ms < 10_000


def test_fetch_asks_conditionally_and_behind_the_cursor():
    with serving(answer(status="304 Not Modified")) as server:
        fetched = fetch(server.url, etag='"v1"', last_modified="yesterday", after="12-3")

    (request,) = server.requests
    assert fetched.body is None
    assert request.startswith("GET /feed.json?after=12-3 HTTP/1.1\r\n")
    assert 'If-None-Match: "v1"\r\n' in request
    assert "If-Modified-Since: yesterday\r\n" in request


def test_fetch_without_tags_asks_unconditionally():
    with serving(answer(b"{}")) as server:
        fetch(server.url)

    assert "If-" not in server.requests[0]
    assert "after" not in server.requests[0]


def test_fetch_inflates_gzip():
    body = b'{"n": 1}' * 500
    with serving(answer(gzip.compress(body), Content_Encoding="gzip")) as server:
        assert fetch(server.url).body == body


def test_fetch_reads_a_chunked_answer():
    def script(peer, _):
        peer.sendall(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
            b'5\r\n{"a":\r\n3\r\n 1}\r\n0\r\n\r\n'
        )

    with serving(script) as server:
        assert fetch(server.url).body == b'{"a": 1}'


@pytest.mark.parametrize("status", ["500 Oops", "503 Busy", "404 Gone", "403 No", "204 Empty"])
def test_fetch_of_another_status_fails_with_it(status):
    assert refusal(answer(status=status)) == ("http", int(status[:3]))


def test_fetch_follows_no_redirect():
    script = answer(status="302 Found", Location="http://127.0.0.1:9/secret")

    assert refusal(script) == ("http", 302)


def test_fetch_of_a_port_nobody_listens_on_fails():
    with serving(silent) as server:
        url = server.url

    with pytest.raises(FetchError) as caught:
        fetch(url)
    assert caught.value.code == "network"


@pytest.mark.parametrize(
    "script",
    [
        answer(status="what is this"),
        lambda peer, _: peer.sendall(b"garbage\r\n\r\n"),
        lambda peer, _: None,
        answer(b'{"cut": ', Content_Length=5000),
    ],
    ids=["no number for status", "no HTTP", "closed at once", "closed half-way"],
)
def test_fetch_of_broken_http_fails(script):
    code, http_status = refusal(script)

    assert (code, http_status) == ("network", None)


@pytest.mark.parametrize("body", [b"not gzip at all", gzip.compress(b"x" * 999)[:4] + b"zzzz"])
def test_fetch_of_broken_gzip_fails(body):
    assert refusal(answer(body, Content_Encoding="gzip")) == ("bad_gzip", None)


def test_fetch_of_a_gzip_bomb_stops_at_the_bound(settings):
    packer = zlib.compressobj(9, wbits=31)
    zeros = bytes(1 << 20)
    bomb = b"".join(packer.compress(zeros) for _ in range(40)) + packer.flush()
    assert len(bomb) < settings.FEED_MAX_RAW_BYTES
    started = time.monotonic()

    assert refusal(answer(bomb, Content_Encoding="gzip")) == ("too_large", None)
    assert time.monotonic() - started < 5


def test_fetch_of_exactly_the_bound_is_taken(short):
    body = b"x" * 4096
    with serving(answer(body)) as server:
        assert fetch(server.url).body == body
    inflated = b"y" * 8192
    with serving(answer(gzip.compress(inflated), Content_Encoding="gzip")) as server:
        assert fetch(server.url).body == inflated


def test_fetch_of_more_than_the_bound_fails(short):
    assert refusal(answer(b"x" * 4097)) == ("too_large", None)
    assert refusal(answer(gzip.compress(b"y" * 8193), Content_Encoding="gzip")) == (
        "too_large",
        None,
    )


def test_fetch_of_an_endless_answer_stops_at_the_bound(short):
    def script(peer, closing):
        peer.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        while not closing.is_set():
            peer.sendall(b"x" * 1024)

    assert refusal(script)[0] == "too_large"


def test_fetch_of_silence_stops_in_time(short):
    started = time.monotonic()

    assert refusal(silent)[0] == "network"
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("length", ["Content-Length: 4000\r\n", ""])
def test_fetch_of_a_dripping_body_stops_in_time(short, length):
    head = f"HTTP/1.1 200 OK\r\nConnection: close\r\n{length}\r\n".encode()
    started = time.monotonic()

    assert refusal(dripping(head))[0] == "slow"
    assert time.monotonic() - started < 5


def test_fetch_of_a_body_that_stalls_stops_in_time(short):
    def script(peer, closing):
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
        closing.wait()

    assert refusal(script)[0] == "network"


@pytest.mark.parametrize("url", ["ftp://vendor.example/x", "file:///etc/passwd", "http://", "x"])
def test_fetch_of_another_scheme_is_refused(url):
    with pytest.raises(FetchError) as caught:
        fetch(url)

    assert caught.value.code == "bad_url"


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "2130706433",
        "[::1]",
        "[fe80::1]",
        "[fd00::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b:1::7f00:1]",
        "[::127.0.0.1]",
        "[fec0::1]",
        "[2002:7f00:1::]",
    ],
)
def test_fetch_of_a_private_host_is_refused_where_the_settings_say_so(settings, host):
    settings.FEED_ALLOW_PRIVATE_HOSTS = False

    with pytest.raises(FetchError) as caught:
        fetch(f"http://{host}:9/feed.json")

    assert caught.value.code == "private_host"


@pytest.fixture
def network(monkeypatch, settings):
    """Names that mean what a list says, a new answer for every question, and nobody behind them.

    `asked` are the names looked up, `reached` the addresses that were connected to.
    """
    settings.FEED_ALLOW_PRIVATE_HOSTS = False
    clients.checked_session.cache_clear()

    class Network:
        answers: list[list[str]] = []
        asked: list[str] = []
        reached: list[str] = []

    def look_up(host, port, *_, **__):
        Network.asked.append(host)
        found = Network.answers[min(len(Network.asked), len(Network.answers)) - 1]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (found, port)) for found in found]

    def connect(address, *_, **__):
        Network.reached.append(address[0])
        raise OSError("nobody there")

    Network.answers, Network.asked, Network.reached = [], [], []
    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr("urllib3.util.connection.create_connection", connect)
    yield Network
    clients.checked_session.cache_clear()


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_address_that_was_checked_is_the_one_connected_to(network, scheme):
    network.answers = [["93.184.216.34"], ["127.0.0.1"]]

    with pytest.raises(FetchError) as caught:
        fetch(f"{scheme}://rebound.example/feed.json")

    assert caught.value.code == "network"
    assert (network.asked, network.reached) == (["rebound.example"], ["93.184.216.34"])


def test_name_that_turns_private_is_refused_at_the_next_connection(network):
    network.answers = [["93.184.216.34"], ["169.254.169.254"]]

    codes = []
    for _ in range(2):
        with pytest.raises(FetchError) as caught:
            fetch("http://rebound.example/feed.json")
        codes.append(caught.value.code)

    assert codes == ["network", "private_host"]
    assert network.reached == ["93.184.216.34"]


def test_name_with_one_private_address_is_refused_whole(network):
    network.answers = [["93.184.216.34", "10.0.0.7"]]

    with pytest.raises(FetchError) as caught:
        fetch("http://half.example/feed.json")

    assert (caught.value.code, network.reached) == ("private_host", [])


def test_next_address_of_a_name_is_tried(network):
    network.answers = [[f"93.184.216.{n}" for n in range(9)]]

    with pytest.raises(FetchError):
        fetch("http://many.example/feed.json")

    assert network.reached == ["93.184.216.0", "93.184.216.1", "93.184.216.2"]


def test_without_the_check_the_name_is_looked_up_by_the_connection_itself(network, settings):
    """The control: what is connected to is a name, which may mean anything by then."""
    settings.FEED_ALLOW_PRIVATE_HOSTS = True
    network.answers = [["127.0.0.1"]]

    with pytest.raises(FetchError):
        fetch("http://rebound.example/feed.json")

    assert (network.asked, network.reached) == ([], ["rebound.example"])
