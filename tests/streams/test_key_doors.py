"""Partners' keys at the live doors: how they are shown, what they open, and when they let go."""

import json
from contextlib import closing, contextmanager
from datetime import timedelta
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.conf import settings
from django.db import connection
from websockets.exceptions import ConnectionClosed

from accounts.enums import KeyMode, KeyScope
from accounts.models import PartnerKey
from accounts.services import revoke_key
from config.clock import now
from matches.models import Match
from streams.live.frames import Frame
from streams.live.publish import publish
from streams.live.topics import register_snapshots
from tests.factories.accounts import bearer, make_partner, make_user
from tests.factories.matchday import make_matchday
from tests.streams.live_support import APP, Fan, Server, Stream, until
from tests.streams.test_replay_doors import ask, begin

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("publishing"),
]
register_snapshots("free:", None)
UNKNOWN = "vz_test_abcdefghi0_" + "A1b2" * 10
TOPIC = "match:vz_match_00000000000000000000000000"


@pytest.fixture(scope="module")
def server(valkey, django_db_setup):
    parts = urlsplit(settings.DATABASE_URL)
    database = urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}"))
    process = Server(
        valkey,
        app=APP,
        DATABASE_URL=database,
        DATABASE_POOL_SIZE="4",
        VEZE_TEST_RECHECK_S="1",
        LIVE_SOCKETS_PER_ADDRESS="1",
        LIVE_SOCKETS_PER_USER="2",
        LIVE_PING_S="1",
    )
    yield process
    process.close()


@pytest.fixture
def match() -> Match:
    built = make_matchday(now()).matches["finished"]
    return Match.objects.with_sides().get(pk=built.pk)


def offering(token: str) -> dict:
    return {"subprotocols": ["veze.live.1", f"veze.key.{token}"]}


@contextmanager
def turned_away(server, **options):
    """A socket that is told why it may not come in, in place of `hello`."""
    fan = Fan(server, **options)
    with closing(fan.socket):
        yield fan


def close_code(fan) -> int:
    with pytest.raises(ConnectionClosed) as closed:
        while True:
            fan.socket.recv(timeout=15)
    return closed.value.rcvd.code


@pytest.mark.parametrize("show", ["header", "subprotocol"])
def test_a_key_comes_by_header_or_subprotocol_and_is_never_said_back(server, match, show):
    key, token = make_partner()
    replay = begin(server, match, token, is_paused=True)
    options = {"additional_headers": bearer(token)} if show == "header" else offering(token)

    with Fan(server, **options) as fan:
        fan.subscribe(replay["topic"])
        snapshot = fan.take_kind("snapshot")
        said = dict(fan.socket.response.headers)

    assert snapshot["topic"] == replay["topic"]
    assert said.get("sec-websocket-protocol") == (None if show == "header" else "veze.live.1")
    assert token not in json.dumps(said)
    key.refresh_from_db()
    assert key.last_used_at is not None


def test_what_is_wrong_with_a_key_is_told_before_the_socket_closes(server):
    revoked, of_revoked = make_partner()
    revoke_key(revoked, at=now())
    expired, of_expired = make_partner()
    early = now() - timedelta(days=9)
    PartnerKey.objects.filter(pk=expired.pk).update(
        created_at=early, expires_at=early + timedelta(days=1)
    )
    wrong = {UNKNOWN: "key_unknown", of_revoked: "key_revoked", of_expired: "key_expired"}

    for token, code in wrong.items():
        for options in ({"additional_headers": bearer(token)}, offering(token)):
            with turned_away(server, **options) as fan:
                assert (fan.hello["type"], fan.hello["code"]) == ("error", code)
                assert close_code(fan) == 4401
        with Stream(server, TOPIC, headers=bearer(token)) as stream:
            assert (stream.response.status, stream.problem()["code"]) == (401, code)
        path = "matches/vz_match_00000000000000000000000000/events"
        answer, problem = ask(server, "GET", path, token=token, after=0, wait=5)
        assert (answer.status, problem["code"]) == (401, code)


def test_a_good_key_in_an_address_is_refused_at_every_door(server):
    _key, token = make_partner()

    for query in (f"?key={token}", f"?key={token.replace('_', '%5F')}"):
        with turned_away(server, query=query) as fan:
            assert (fan.hello["type"], fan.hello["code"]) == ("error", "key_in_url")
            assert token not in json.dumps(fan.hello)
            assert close_code(fan) == 4401
    with Stream(server, TOPIC, key=token) as stream:
        problem = stream.problem()
    assert (stream.response.status, problem["code"]) == (400, "key_in_url")
    for path in ("matches/vz_match_00000000000000000000000000/events", "changes"):
        answer, problem = ask(server, "GET", path, after=0, wait=5, type=token)
        assert (answer.status, problem["code"]) == (400, "key_in_url")
        assert token not in json.dumps(problem)


@pytest.fixture
def replay(server, match):
    owner = make_user()
    begun = begin(server, match, make_partner(owner)[1], is_paused=True)
    return owner, begun


def at_each_door(server, topic, token):
    """Return how sockets, streams and lists that wait refuse to tell of a replay."""
    headers = bearer(token) if token else None
    with Fan(server, additional_headers=headers) as fan:
        fan.subscribe(topic)
        error = fan.take_kind("error")
    with Stream(server, topic, headers=headers) as stream:
        problem = stream.problem()
    path = f"replays/{topic.removeprefix('replay:')}/events"
    answer, listed = ask(server, "GET", path, token=token, after=0, wait=5)
    return [error["code"], (problem["status"], problem["code"]), (answer.status, listed["code"])]


def test_nobody_follows_a_replay_without_a_key(server, replay):
    _owner, begun = replay

    missing = (401, "unauthenticated")
    assert at_each_door(server, begun["topic"], None) == ["forbidden", missing, missing]


def test_keys_of_others_follow_no_replay(server, replay):
    _owner, begun = replay

    told = at_each_door(server, begun["topic"], make_partner()[1])

    assert told == ["forbidden", (403, "forbidden"), (404, "not_found")]


def test_live_keys_and_keys_without_the_scope_follow_no_replay(server, replay):
    owner, begun = replay
    live = make_partner(owner, mode=KeyMode.LIVE)[1]
    reader = make_partner(owner, scopes=[KeyScope.READ])[1]

    for token, code in ((live, "test_key_needed"), (reader, "scope_missing")):
        refused = (403, code)
        assert at_each_door(server, begun["topic"], token) == ["forbidden", refused, refused]


def test_a_key_for_replays_alone_reads_no_match(server):
    _key, token = make_partner(scopes=[KeyScope.REPLAY])

    with Fan(server, additional_headers=bearer(token)) as fan:
        fan.subscribe("free:closed-to-it")
        error = fan.take_kind("error")
    with Stream(server, TOPIC, headers=bearer(token)) as stream:
        problem = stream.problem()

    assert (error["code"], "'read'" in error["detail"]) == ("forbidden", True)
    assert (problem["status"], problem["code"]) == (403, "scope_missing")


def test_sockets_and_streams_of_a_revoked_key_are_closed(server):
    owner = make_user()
    revoked, token = make_partner(owner)
    _other, kept = make_partner(owner)
    publish("free:watched", frames=[Frame(data={"n": 1})])
    with (
        Fan(server, additional_headers=bearer(token)) as fan,
        Stream(server, "free:watched", headers=bearer(token)) as stream,
        Fan(server, additional_headers=bearer(kept)) as other,
    ):
        for each in (fan, other):
            each.subscribe("free:watched")
            each.take_kind("snapshot")
        stream.take()

        revoke_key(revoked, at=now())

        assert close_code(fan) == 4401
        assert json.loads(stream.take())["code"] == "rights_lost"
        publish("free:watched", frames=[Frame(data={"n": 2})])
        assert other.take_kind("event")["data"] == {"n": 2}


def test_sockets_are_counted_by_key_and_not_by_address(server):
    _first, one = make_partner()
    _second, two = make_partner()
    # An address has room for one without a key.
    with Fan(server), Fan(server, **offering(one)), Fan(server, **offering(one)):
        with turned_away(server, **offering(one)) as third:
            assert third.hello["code"] == "too_many_sockets"
            assert close_code(third) == 4429
        with Fan(server, **offering(two)) as other:
            assert other.hello["type"] == "hello"
    until(lambda: _comes_in(server, one))


def _comes_in(server, token) -> bool:
    with turned_away(server, **offering(token)) as fan:
        return fan.hello["type"] == "hello"
