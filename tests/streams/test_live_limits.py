"""How many sockets, streams and waiting requests one user or one address may have."""

from contextlib import ExitStack

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.test import Client
from websockets.exceptions import ConnectionClosed

from streams.live.frames import Frame, Snapshot
from streams.live.publish import publish
from streams.live.topics import register_snapshots
from tests.streams.live_support import Fan, Stream, until
from tests.streams.rude_clients import Wire
from tests.streams.test_doors import Poller, Teller, start

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("publishing"),
]
register_snapshots("free:", None)


@pytest.fixture(scope="module")
def server(valkey, django_db_setup):
    """A server that lets an address have one socket, a user three, and an address two waits."""
    process = start(
        valkey,
        LIVE_SOCKETS_PER_ADDRESS="1",
        LIVE_SOCKETS_PER_USER="3",
        LIVE_WAITS_PER_ADDRESS="2",
    )
    yield process
    process.close()


@pytest.fixture
def topic(topic):
    snapshot = Snapshot(epoch="1", seq=1, state={})
    publish(topic, epoch="1", frames=[Frame(seq=1, data={})], snapshot=snapshot)
    return topic


def cookie_of(email):
    client = Client()
    user = get_user_model().objects.create_user(email=email, password="a long phrase")
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    return f"{name}={client.cookies[name].value}"


def fan_of(server, cookie):
    headers = {"Cookie": cookie}
    return Fan(server, origin=f"http://127.0.0.1:{server.port}", additional_headers=headers)


def test_user_has_a_limit_over_sockets_and_streams_of_his_own(server, topic):
    mine, another = cookie_of("a@example.org"), cookie_of("b@example.org")
    with ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(fan_of(server, mine))
        stack.enter_context(Stream(server, topic, headers={"Cookie": mine}))

        refused = stack.enter_context(fan_of(server, mine))
        with pytest.raises(ConnectionClosed) as closed:
            refused.take()
        stream = stack.enter_context(Stream(server, topic, headers={"Cookie": mine}))
        told = stream.problem()
        others = stack.enter_context(fan_of(server, another))
        stranger = stack.enter_context(Fan(server))

    assert (refused.hello["code"], closed.value.rcvd.code) == ("too_many_sockets", 4429)
    assert refused.hello["detail"] == "You have too many open sockets."
    assert (stream.response.status, told["code"]) == (429, "rate_limited")
    assert others.hello["limits"]["sockets_per_user"] == 3
    assert stranger.hello["type"] == "hello"


def test_place_of_a_user_is_free_when_a_socket_is_gone(server):
    mine = cookie_of("c@example.org")
    for _ in range(5):
        until(lambda: _comes_in(server, mine))


def _comes_in(server, cookie):
    with fan_of(server, cookie) as fan:
        return fan.hello["type"] == "hello"


def waiting(server, teller):
    """A request that waits for what comes after the first event."""
    place = f"/api/v1/matches/{teller.match.public_id}/events?after=1&wait=20"
    return Wire(server, f"GET {place} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode())


def _refused(server, teller):
    response, _ = Poller(server, teller.match).ask(after=1, wait=1)
    return response.headers if response.status == 429 else None


def test_address_has_a_limit_of_waiting_requests(server):
    teller = Teller()
    teller.goals(1)
    Poller(server, teller.match).ask(after=0, wait=1)
    with waiting(server, teller) as first, waiting(server, teller) as second:
        refused = until(lambda: _refused(server, teller))
        teller.goals(1)
        answers = [wire.read_until(b'"results":[{')[:12] for wire in (first, second)]
    until(lambda: _refused(server, teller) is None)

    assert refused["Retry-After"] == "5"
    assert answers == [b"HTTP/1.1 200"] * 2


def test_place_of_a_request_that_hung_up_or_went_half_is_free(server):
    teller = Teller()
    teller.goals(1)
    Poller(server, teller.match).ask(after=0, wait=1)
    with waiting(server, teller) as gone, waiting(server, teller) as half:
        until(lambda: _refused(server, teller))
        gone.sock.close()
        half.sock.shutdown(1)

        until(lambda: _refused(server, teller) is None, 10)
