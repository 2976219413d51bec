"""A replay by three doors, in real time: the frames of a live match, on a topic of its own."""

import http.client
import json
import time
from contextlib import closing
from datetime import datetime
from urllib.parse import urlencode, urlsplit, urlunsplit

import pytest
from django.conf import settings
from django.db import connection

from config.clock import now
from matches.models import Match
from stats.enums import ReplayView
from stats.models import BoxScore
from stats.services.film import film_of
from streams.live.frames import state_hash
from tests.factories.accounts import bearer, make_partner
from tests.factories.matchday import make_matchday
from tests.streams.live_support import Fan, Server, Stream

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("publishing"),
]
_MARK = '"data":{"event":'


@pytest.fixture(scope="module")
def server(valkey, django_db_setup):
    parts = urlsplit(settings.DATABASE_URL)
    database = urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}"))
    app = "config.asgi:application"
    process = Server(valkey, app=app, DATABASE_URL=database, DATABASE_POOL_SIZE="4")
    yield process
    process.close()


@pytest.fixture
def match() -> Match:
    built = make_matchday(now()).matches["finished"]
    return Match.objects.with_sides().get(pk=built.pk)


@pytest.fixture
def token(transactional_db) -> str:
    """A test key."""
    return make_partner()[1]


def ask(server, method, path, body=None, *, token=None, **query):
    address = f"/api/v1/{path}" + (f"?{urlencode(query)}" if query else "")
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=40)) as wire:
        headers = {"Content-Type": "application/json", **(bearer(token) if token else {})}
        wire.request(method, address, body and json.dumps(body), headers)
        answer = wire.getresponse()
        text = answer.read()
        return answer, json.loads(text) if text else None


def begin(server, match, token, **wanted):
    body = {"match": match.public_id, **wanted}
    answer, replay = ask(server, "POST", "replays", body, token=token)
    assert answer.status == 201, replay
    return replay


def follower(server, token) -> Fan:
    return Fan(server, additional_headers=bearer(token))


def event_of(text: str) -> str:
    start = text.index(_MARK) + len(_MARK)
    return text[start : start + json.JSONDecoder().raw_decode(text[start:])[1]]


def test_three_doors_tell_a_replay_alike_and_in_its_time(server, match, token):
    film = film_of(match, view=ReplayView.CORRECTED)
    total = len(film.events)
    replay = begin(server, match, token, speed=600, is_paused=True)
    topic = replay["topic"]
    with (
        follower(server, token) as fan,
        Stream(server, topic, headers=bearer(token)) as stream,
    ):
        fan.subscribe(topic)
        fan.take_kind("snapshot")
        stream.take()
        ask(server, "PATCH", f"replays/{replay['id']}", {"is_paused": False}, token=token)
        begun_at = time.monotonic()

        polled: list[dict] = []
        while len(polled) < total:
            after = polled[-1]["seq"] if polled else 0
            path = f"replays/{replay['id']}/events"
            answer, page = ask(server, "GET", path, token=token, after=after, wait=20, epoch="1")
            assert answer.status == 200, page
            polled += page["results"]
        took_s = time.monotonic() - begun_at
        fan.reach(topic, total)
        streamed = [text.decode() for text in stream.take_until(total)]

    expected_s = replay["length_ms"] / 1000 / 600
    # A busy machine is late now and then; nobody is early.
    assert expected_s * 0.98 < took_s < expected_s * 1.02 + 0.5
    # A paused replay has told what happens at its very beginning.
    at_once = total - len(streamed)
    assert [event_of(text) for text in streamed] == [
        json.dumps(event, separators=(",", ":"), ensure_ascii=False) for event in polled[at_once:]
    ]
    assert [json.loads(text) for text in streamed] == fan.frames[topic][-len(streamed) :]
    assert [event["event_id"] for event in polled] == [e["event_id"] for e in film.events]
    truth = bytes(BoxScore.objects.get(match=match).document)
    with follower(server, token) as late:
        late.subscribe(topic)
        snapshot = late.take_kind("snapshot")
    assert (snapshot["seq"], snapshot["state_hash"]) == (total, state_hash(truth))


def test_seek_gives_all_followers_the_state_of_then(server, match, token):
    replay = begin(server, match, token, is_paused=True)
    with follower(server, token) as fan:
        fan.subscribe(replay["topic"])
        assert fan.take_kind("snapshot")["epoch"] == "1"

        ask(server, "PATCH", f"replays/{replay['id']}", {"position": "2H 15:00"}, token=token)

        there = fan.take_kind("snapshot")
        assert there["epoch"] == "2"
        assert there["state"]["score"]["home"] is not None


def test_replay_that_is_ended_is_no_topic_any_more(server, match, token):
    replay = begin(server, match, token, is_paused=True)
    with follower(server, token) as fan:
        fan.subscribe(replay["topic"])
        fan.take_kind("snapshot")

        ask(server, "DELETE", f"replays/{replay['id']}", token=token)

        assert fan.take_kind("error")["code"] == "unknown_topic"
    answer, problem = ask(
        server, "GET", f"replays/{replay['id']}/events", token=token, after=0, wait=5
    )
    assert (answer.status, problem["code"]) == (404, "not_found")


def test_moment_of_the_times_is_written_as_in_every_answer(server, match, token):
    replay = begin(server, match, token, is_paused=True)

    assert replay["created_at"].endswith("Z")
    assert datetime.fromisoformat(replay["expires_at"]) > datetime.fromisoformat(
        replay["created_at"]
    )
