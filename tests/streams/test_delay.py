"""The three doors with a delay of 60 s: nothing comes earlier, everything comes then."""

import http.client
import json
import os
import time
from contextlib import closing
from urllib.parse import urlencode

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore

from accounts.models import User
from matches.models import Match
from stats.live import publish_pages
from streams.live.frames import canonical, state_hash
from streams.live.publish import Frame, forget, publish
from tests.streams.live_support import Fan, Stream
from tests.streams.test_doors import Teller, event_of, start

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("publishing")]
_LATE = {"Cookie": "delay=60"}


class Clock:
    """The one clock of this process and of the server, which stands still between moves."""

    def __init__(self, path):
        self.path = path
        self.set(time.time())

    def set(self, at):
        self.at = at
        fresh = self.path.with_suffix(".new")
        fresh.write_text(str(at))
        fresh.replace(self.path)

    def pass_s(self, seconds):
        self.set(self.at + seconds)


@pytest.fixture(scope="module")
def clock(tmp_path_factory):
    path = tmp_path_factory.mktemp("clock") / "moment"
    os.environ["VEZE_TEST_MOMENT"] = str(path)
    yield Clock(path)
    del os.environ["VEZE_TEST_MOMENT"]


@pytest.fixture(scope="module")
def server(valkey, clock, django_db_setup):
    process = start(
        valkey, VEZE_CLOCK="tests.streams.moved_clock.moment", LIVE_PING_S="1", LIVE_STUCK_S="60"
    )
    yield process
    process.close()


@pytest.fixture
def teller(clock, settings):
    settings.CLOCK = "tests.streams.moved_clock.moment"
    told = Teller()
    told.goals(3)
    clock.pass_s(300)
    return told


def late_fan(server, **headers):
    return Fan(server, additional_headers=_LATE | headers)


def heads_after_looks(fan, topic, looks=3):
    """What the next pings tell of a topic, when the hub has compared itself with Redis again."""
    for _ in range(looks):
        ping = fan.take_kind("ping")
    return ping["heads"][topic]["seq"]


def test_a_late_socket_gets_the_same_bytes_after_the_delay_and_no_sooner(server, clock, teller):
    topic = teller.topic
    with Fan(server) as fan, late_fan(server) as late:
        for socket in (fan, late):
            socket.subscribe(topic)
            assert socket.take_kind("snapshot")["seq"] == 3
        teller.goals(2)
        fan.reach(topic, 5)

        clock.pass_s(59)
        held_at = heads_after_looks(late, topic)
        clock.pass_s(1)
        late.reach(topic, 5)

        assert held_at == 3
        assert late.frames[topic] == fan.frames[topic]


def test_a_late_snapshot_is_of_then_with_its_own_hash(server, clock, teller):
    topic = teller.topic
    with Fan(server) as fan:
        fan.subscribe(topic)
        before = fan.take_kind("snapshot")
    teller.goals(2)
    clock.pass_s(10)
    teller.goals(1)
    clock.pass_s(40)

    with late_fan(server) as late:
        late.subscribe(topic)
        first = late.take_kind("snapshot")
        clock.pass_s(10)
        late.reach(topic, 5)
        held_at = heads_after_looks(late, topic)

    assert (first["seq"], first["state_hash"]) == (3, before["state_hash"])
    assert first["state_hash"] == state_hash(canonical(first["state"]))
    assert held_at == 5


def test_a_late_reader_cannot_resume_beyond_the_delay(server, clock, teller):
    topic = teller.topic
    teller.goals(4)
    clock.pass_s(30)
    epoch = str(teller.match.epoch)

    with late_fan(server) as late:
        late.subscribe(topic, resume={topic: {"epoch": epoch, "after": 6}})
        ahead = late.take_kind("snapshot", "replay")
    with late_fan(server) as late:
        late.subscribe(topic, resume={topic: {"epoch": epoch, "after": 1}})
        behind = late.take_kind("snapshot", "replay")

    assert (ahead["type"], ahead["seq"]) == ("snapshot", 3)
    assert (behind["after"], behind["seq"]) == (1, 3)


def test_a_late_stream_is_that_of_others_sixty_seconds_later(server, clock, teller):
    topic = teller.topic
    with Stream(server, topic) as stream, Stream(server, topic, headers=_LATE) as late:
        assert late.take() == stream.take()
        teller.goals(1)
        now_told = stream.take()
        clock.pass_s(59)
        # A frame that came too soon would be read in place of this one's beat.
        while late.comments < 2:
            line = late.response.readline()
            assert not line.startswith(b"data"), line
            late.comments += line == b":\n"
        clock.pass_s(1)

        assert late.take() == now_told


def poll(server, match, headers, **query):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=40)
    with closing(connection):
        path = f"/api/v1/matches/{match.public_id}/events?{urlencode(query)}"
        connection.request("GET", path, headers=headers)
        return json.loads(connection.getresponse().read())["results"]


def test_a_late_list_that_waits_hears_nothing_early(server, clock, teller):
    match = teller.match
    teller.goals(1)
    clock.pass_s(59)
    early = poll(server, match, _LATE, after=3, wait=3)
    at_once = poll(server, match, _LATE, after=0)
    clock.pass_s(1)
    then = poll(server, match, _LATE, after=3, wait=20)

    assert early == []
    assert [event["seq"] for event in at_once] == [1, 2, 3]
    assert then == poll(server, match, {}, after=3)


def test_late_changes_wait_for_their_moment(server, clock, teller):
    def changes(headers, **query):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=40)
        with closing(connection):
            path = f"/api/v1/changes?{urlencode(query)}"
            connection.request("GET", path, headers=headers)
            return json.loads(connection.getresponse().read())

    from streams.relay import relay

    relay()
    head = changes(_LATE, after="latest")["next"]
    teller.goals(1)
    relay()
    clock.pass_s(59)
    early = changes(_LATE, after=head, wait=2)
    fresh = changes({}, after=head)
    clock.pass_s(1)

    assert early == {"results": [], "next": head}
    assert changes(_LATE, after=head, wait=20)["results"] == fresh["results"] != []


def test_a_late_page_gets_its_fragments_late(server, clock, teller):
    topic = f"page:{teller.topic}"
    with Fan(server) as fan, late_fan(server) as late:
        for socket in (fan, late):
            socket.subscribe(topic)
            socket.take_kind("snapshot")
        teller.goals(1)
        publish_pages([teller.match.pk])
        patch = fan.take_kind("patch")
        clock.pass_s(59)
        held_at = heads_after_looks(late, topic)
        clock.pass_s(1)
        late_patch = late.take_kind("patch")

    assert held_at < patch["seq"]
    assert late_patch == patch


def test_a_page_opened_late_shows_what_was_shown_then(server, clock, teller):
    topic = f"page:{teller.topic}"
    match = teller.match
    score = f"{match.home_score}-{match.away_score}"
    teller.goals(1)
    clock.pass_s(30)

    with Fan(server) as fan, late_fan(server) as late:
        fan.subscribe(topic)
        fresh = fan.take_kind("snapshot")["state"]["k"]["score"]
        late.subscribe(topic)
        then = late.take_kind("snapshot")["state"]["k"]["score"]

    assert f'data-flash="{score}"' in then
    assert f'data-flash="{score}"' not in fresh


def test_redis_forgets_and_late_readers_are_still_told_late(server, clock, teller):
    topic = teller.topic
    teller.goals(1)
    clock.pass_s(30)
    forget([topic])

    with late_fan(server) as late:
        late.subscribe(topic)
        first = late.take_kind("snapshot")
        clock.pass_s(60)
        late.reach(topic, 4)

    assert len(first["state"]["home"]) > 0
    assert first["state"]["folded_seq"] == 3


def test_topics_that_nobody_rebuilds_come_late_too(server, clock, teller):
    topic = "league:nobody-rebuilds-it"
    publish(topic, frames=[Frame(data={"n": 1})])
    clock.pass_s(100)
    with late_fan(server) as late:
        late.subscribe(topic)
        late.take_kind("snapshot")
        publish(topic, frames=[Frame(data={"n": 2})])
        clock.pass_s(59)
        held_at = heads_after_looks(late, topic)
        clock.pass_s(1)
        late.reach(topic, 2)

    assert held_at == 1


def test_a_profile_counts_for_sockets(server, clock, teller):
    user = User.objects.create_user("fan@example.org", "x", spoiler_delay_s=60)
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    teller.goals(1)
    headers = {
        "Cookie": f"sessionid={session.session_key}; delay=0",
        "Origin": f"http://127.0.0.1:{server.port}",
    }

    with Fan(server, additional_headers=headers) as late:
        late.subscribe(teller.topic)

        assert late.take_kind("snapshot")["seq"] == 3
    assert [e["seq"] for e in poll(server, teller.match, headers, after=0)] == [1, 2, 3]


def test_hidden_scores_come_by_no_door(server, clock, teller):
    match = Match.objects.get()
    hiding = {"Cookie": "hide_scores=1"}
    with Fan(server, additional_headers=hiding) as fan:
        for topic in (teller.topic, f"page:{teller.topic}", "page:scores"):
            fan.subscribe(topic)
            assert fan.take_kind("error", "snapshot")["code"] == "scores_hidden"
    with Stream(server, teller.topic, headers=hiding) as stream:
        assert stream.problem()["status"] == 403
    assert poll(server, match, hiding, after=0, wait=1) == []

    asked = {"Cookie": f"hide_scores=1; shown={match.public_id}"}
    with Fan(server, additional_headers=asked) as fan:
        fan.subscribe(teller.topic)
        assert fan.take_kind("error", "snapshot")["seq"] == 3
    assert len(poll(server, match, asked, after=0, wait=1)) == 3


def test_the_bytes_of_late_events_are_those_of_the_log(server, clock, teller):
    with Stream(server, teller.topic, headers=_LATE) as late:
        late.take()
        teller.goals(3)
        clock.pass_s(60)
        frames = late.take_until(6)

    held = poll(server, teller.match, {}, after=3)
    assert [json.loads(event_of(frame)) for frame in frames] == held
