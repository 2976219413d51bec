"""One match by three doors: socket, event stream and waiting list give the same bytes in order."""

import http.client
import itertools
import json
import random
import threading
import time
from contextlib import closing
from datetime import timedelta
from json import JSONDecoder
from urllib.parse import urlencode, urlsplit, urlunsplit

import pytest
from django.conf import settings
from django.db import connection, transaction

from config.clock import now
from matches.ingest.documents import FeedDocument, FeedEvent, FeedMatch, FeedTeam
from matches.models import Match, PlayEvent
from matches.services.corrections import By, retract_event
from matches.services.ingest import apply_document
from matches.services.log import delete_log
from stats.live import publish_matches
from stats.services.fold import fold_matches
from streams.redis_client import client
from tests.streams.live_support import Fan, Server, Stream, until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("publishing")]
_MARK = '"data":{"event":'


def start(valkey, **environment):
    parts = urlsplit(settings.DATABASE_URL)
    database = urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}"))
    return Server(valkey, DATABASE_URL=database, DATABASE_POOL_SIZE="2", **environment)


@pytest.fixture(scope="module")
def server(valkey, django_db_setup):
    process = start(valkey)
    yield process
    process.close()


class Teller:
    """A vendor and the worker behind it: tells play, folds it and publishes it."""

    def __init__(self):
        self.kickoff_at = now() - timedelta(minutes=10)
        self.count = 0
        self.tell()

    @property
    def match(self):
        return Match.objects.get()

    @property
    def topic(self):
        return f"match:{self.match.public_id}"

    def tell(self, *events):
        match = FeedMatch(
            ref="m1", home="h", away="a", kickoff_at=self.kickoff_at, events=list(events)
        )
        document = FeedDocument(
            source="vendor",
            sport="generic",
            league="Sunday League",
            season="2026-27",
            teams=[FeedTeam(ref="h", name="Rovers"), FeedTeam(ref="a", name="Üñited \u2028 Ωmega")],
            matches=[match],
        )
        apply_document(document, at=now())
        self.fold()

    def fold(self):
        publish_matches(fold_matches([self.match.pk]))

    def goals(self, count=1):
        first, self.count = self.count, self.count + count
        self.tell(*(self.goal(number) for number in range(first, self.count)))

    def goal(self, number, **more):
        return FeedEvent(
            type="score.home" if number % 3 else "score.away",
            clock_ms=number * 1000,
            team="h" if number % 3 else "a",
            vendor_event_id=f"g{number}",
            payload={"note": "ünïcode \n \u2028 </script>", "b": 1.5, "a": [1, {"z": None}]},
            **more,
        )

    def amend(self, number):
        self.tell(self.goal(number, rev=self.count + 100, clock_label=f"{self.count}'"))

    def retract(self, number):
        self.tell(self.goal(number, rev=self.count + 200, is_retracted=True))

    def take_back(self):
        held = PlayEvent.objects.filter(op="add").order_by("?").first()
        retract_event(held.match_id, held.lineage_id, by=By(reason="The referee changed his mind."))
        self.fold()


def event_of(text):
    """The bytes of a frame's event."""
    frame = text.decode()
    start = frame.index(_MARK) + len(_MARK)
    return frame[start : JSONDecoder().raw_decode(frame, start)[1]].encode()


def events_of(body):
    """The bytes of the events of a list; nothing but them and commas is between its brackets."""
    text = body.decode()
    head, tail = '{"results":[', '],"next":null}'
    assert text.startswith(head)
    assert text.endswith(tail)
    at, events = len(head), []
    while at < len(text) - len(tail):
        end = JSONDecoder().raw_decode(text, at)[1]
        events.append(text[at:end].encode())
        at = end + 1
    assert head + ",".join(event.decode() for event in events) + tail == text
    return events


class Poller:
    """Asks for the events after what it has, again and again."""

    def __init__(self, server, match):
        self.server, self.match = server, match
        self.epoch = None

    def ask(self, headers=None, **query):
        path = f"/api/v1/matches/{self.match.public_id}/events?{urlencode(query)}"
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=40)
        with closing(connection):
            connection.request("GET", path, headers=headers or {})
            response = connection.getresponse()
            body = response.read()
        self.epoch = response.headers.get("Log-Epoch")
        return response, body


def read_by_socket(server, topic, last, found, rng):
    place = None
    while place is None or place["after"] < last:
        with Fan(server) as fan:
            fan.subscribe(topic, resume={topic: place} if place else None)
            for _ in range(rng.randrange(1, 30)):
                text = fan.socket.recv(20).encode()
                message = json.loads(text)
                if message["type"] == "ping":
                    continue
                texts = [text] if message["type"] == "event" else []
                if message["type"] == "replay":
                    texts = _frames_of(text)
                for frame in texts:
                    found.append((json.loads(frame)["seq"], frame))
                if message["type"] == "snapshot":
                    found.append((message["seq"], None))
                place = {"epoch": message["epoch"], "after": message["seq"]}
                if place["after"] >= last:
                    break


def _frames_of(replay):
    text = replay.decode()
    at = text.index('"frames":[') + len('"frames":[')
    frames = []
    while text[at] != "]":
        end = JSONDecoder().raw_decode(text, at)[1]
        frames.append(text[at:end].encode())
        at = end + (text[end] == ",")
    return frames


def read_by_stream(server, topic, last, found, rng):
    had, seq = None, -1
    while seq < last:
        headers = {"Last-Event-ID": had} if had else {}
        with Stream(server, topic, headers=headers, timeout=30) as stream:
            for _ in range(rng.randrange(1, 30)):
                text = stream.take()
                message = json.loads(text)
                seq, had = message["seq"], stream.last_id
                found.append((seq, text if message["type"] == "event" else None))
                if seq >= last:
                    break


def read_by_polls(server, match, last, found, rng):
    poller, after = Poller(server, match), 0
    while after < last:
        query = {"epoch": poller.epoch} if poller.epoch and rng.random() < 0.5 else {}
        response, body = poller.ask(after=after, wait=10, limit=200, **query)
        assert response.status == 200, body
        assert poller.epoch == str(match.epoch)
        for event in events_of(body):
            after = json.loads(event)["seq"]
            found.append((after, event))
        time.sleep(rng.random() / 50)  # when it asks again is the point


def together(works):
    failures = []

    def guarded(work, arguments):
        try:
            work(*arguments)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(work, rest)) for work, *rest in works]
    for thread in threads:
        thread.start()
    return threads, failures


def in_order(found):
    """Whether seqs follow each other; a snapshot may leap."""
    for (before, _), (seq, text) in itertools.pairwise(found):
        assert seq == before + 1 or (text is None and seq >= before), (before, seq)


def test_three_doors_give_the_same_bytes_in_the_same_order(valkey, server):
    rng = random.Random(11)
    teller = Teller()
    teller.goals(5)
    match, topic, last = teller.match, teller.topic, 150
    socket_found, stream_found, poll_found = ([[] for _ in range(2)] for _ in range(3))
    threads, failures = together(
        [
            (read_by_socket, server, topic, last, f, random.Random(n))
            for n, f in enumerate(socket_found)
        ]
        + [
            (read_by_stream, server, topic, last, f, random.Random(n))
            for n, f in enumerate(stream_found)
        ]
        + [
            (read_by_polls, server, match, last, f, random.Random(n))
            for n, f in enumerate(poll_found)
        ]
    )
    number = 0
    while (seq := teller.match.head_seq) < last and not failures:
        number += 1
        act = rng.choice(
            [teller.goals, teller.goals, teller.amend, teller.retract, teller.take_back]
        )
        if act in {teller.amend, teller.retract}:
            act(rng.randrange(teller.count))
        elif act == teller.goals:
            act(rng.randrange(1, min(5, last - seq + 1)))
        else:
            act()
        if number % 15 == 0:
            valkey.client.flushall()
        time.sleep(rng.random() / 50)  # as a match does, it goes on while readers come and go
    for thread in threads:
        thread.join(60)
    assert not failures, failures

    _, body = Poller(server, match).ask(after=0, limit=200)
    told = dict(enumerate(events_of(body), 1)) if last <= 200 else {}
    ops = {json.loads(event)["op"] for event in told.values()}
    assert ops == {"add", "amend", "retract"}
    texts = {}
    for found in (*socket_found, *stream_found):
        in_order(found)
        frames = [(seq, text) for seq, text in found if text is not None]
        assert len(frames) > last / 2
        for seq, text in frames:
            assert event_of(text) == told[seq]
            # The whole frame too, whoever got it and however.
            assert texts.setdefault(seq, text) == text
    for found in poll_found:
        assert found == [(seq, told[seq]) for seq in range(1, last + 1)]


def test_poll_is_answered_when_something_happens(server):
    teller = Teller()
    teller.goals(3)
    poller = Poller(server, teller.match)
    poller.ask(after=0, wait=1)  # the topic is loaded
    answer = []
    waiting = threading.Thread(target=lambda: answer.append(poller.ask(after=3, wait=20)))
    begun = time.monotonic()
    waiting.start()
    time.sleep(0.5)  # it waits, and is not answered before there is something
    assert not answer
    teller.goals(2)
    waiting.join(25)
    took_s = time.monotonic() - begun

    (response, body), (_, listed) = answer[0], Poller(server, teller.match).ask(after=3)
    assert body == listed
    assert [json.loads(event)["seq"] for event in events_of(body)] == [4, 5]
    # It did not wait in vain.
    assert took_s < 20
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["ETag"]
    assert response.headers["RateLimit"].startswith('"live"')
    assert response.headers["Log-Epoch"] == str(teller.match.epoch)
    assert response.headers["Content-Type"] == "application/json"


def test_poll_in_vain_is_an_empty_list_and_costs_no_connection(server):
    teller = Teller()
    teller.goals(2)
    pollers = [Poller(server, teller.match) for _ in range(30)]
    pollers[0].ask(after=0, wait=1)
    answers = []
    threads = [
        threading.Thread(target=lambda p=poller: answers.append(p.ask(after=2, wait=5)))
        for poller in pollers
    ]
    for thread in threads:
        thread.start()
    # Thirty requests wait, and pages still have both connections of the pool.
    time.sleep(1)
    other, _ = Poller(server, teller.match).ask(after=0)
    waiting = 30 - len(answers)
    for thread in threads:
        thread.join(20)

    assert other.status == 200
    assert waiting == 30
    assert {(r.status, body) for r, body in answers} == {(200, b'{"results":[],"next":null}')}


@pytest.mark.parametrize(
    "query",
    [
        {"type": "score.away"},
        {"fields": "seq,type,value"},
        {"limit": "3"},
        {"limit": "2", "type": "score.home"},
        {},
    ],
)
def test_poll_answers_as_the_list_does(server, query):
    teller = Teller()
    teller.goals(1)
    match = teller.match
    poller = Poller(server, match)
    poller.ask(after=1, wait=1)
    answer = []
    waiting = threading.Thread(target=lambda: answer.append(poller.ask(after=1, wait=20, **query)))
    waiting.start()
    time.sleep(0.3)  # it waits
    teller.goals(6)
    waiting.join(20)

    response, body = answer[0]
    _, listed = Poller(server, match).ask(after=1, **query)
    bodies = [json.loads(part) for part in (body, listed)]
    assert bodies[0]["results"] == bodies[1]["results"]
    assert (bodies[0]["next"] is None) == (bodies[1]["next"] is None)
    if bodies[1]["next"] is None:
        assert body == listed
    assert response.headers["Log-Epoch"] == str(match.epoch)


def test_poll_tells_the_age_of_the_data_of_a_live_match(server):
    teller = Teller()
    teller.goals(1)
    Match.objects.update(status="live", data_at=now() - timedelta(seconds=90))

    in_vain, _ = Poller(server, teller.match).ask(after=1, wait=1)

    assert 90_000 <= int(in_vain.headers["Data-Age-Ms"]) < 100_000


def test_poll_for_a_type_waits_past_other_events(server):
    teller = Teller()
    teller.goals(1)
    poller = Poller(server, teller.match)
    poller.ask(after=1, wait=1)
    answer = []
    waiting = threading.Thread(
        target=lambda: answer.append(poller.ask(after=1, wait=20, type="score.away"))
    )
    waiting.start()
    time.sleep(0.3)  # it waits
    for _ in range(4):
        teller.goals(1)
    waiting.join(20)

    assert [json.loads(event)["seq"] for event in events_of(answer[0][1])] == [4]


def test_log_that_was_told_anew_ends_the_wait_with_its_epoch(server):
    teller = Teller()
    teller.goals(4)
    poller = Poller(server, teller.match)
    poller.ask(after=0, wait=1)
    old = poller.epoch
    answer = []
    waiting = threading.Thread(
        target=lambda: answer.append(poller.ask(after=4, wait=20, epoch=old))
    )
    waiting.start()
    time.sleep(0.3)  # it waits
    with transaction.atomic():
        delete_log(Match.objects.select_for_update().get())
    teller.goals(2)
    waiting.join(20)

    response, body = answer[0]
    assert (response.status, json.loads(body)["code"]) == (410, "position_lost")
    assert poller.ask(after=0, wait=1)[0].status == 200
    assert poller.epoch == str(teller.match.epoch) != old


@pytest.mark.parametrize(
    "query",
    [
        {"wait": "31"},
        {"wait": "x"},
        {"wait": "1", "after": "x"},
        {"wait": "1", "epoch": "x"},
        {"wait": "1", "limit": "0"},
        {"wait": "1", "fields": "nonsense"},
        {"wait": "1", "unknown": "1"},
    ],
)
def test_mistakes_of_a_poll_are_those_of_the_list(server, query):
    teller = Teller()

    response, body = Poller(server, teller.match).ask(**query)

    assert response.status == 422
    assert json.loads(body)["errors"][0]["parameter"] in query


def test_poll_for_a_match_that_strangers_may_not_see_is_not_found(server):
    teller = Teller()
    teller.goals(2)
    league = teller.match.season.league
    league.is_test = True
    league.save()

    response, body = Poller(server, teller.match).ask(after=0, wait=5)

    assert (response.status, json.loads(body)["code"]) == (404, "not_found")


@pytest.mark.slow
def test_polls_are_answered_before_the_server_ends(valkey):
    server = start(valkey)
    try:
        teller = Teller()
        teller.goals(2)
        poller = Poller(server, teller.match)
        poller.ask(after=0, wait=1)
        answer = []
        waiting = threading.Thread(target=lambda: answer.append(poller.ask(after=2, wait=30)))
        waiting.start()
        time.sleep(0.3)  # it waits
        server.process.terminate()
        waiting.join(10)

        assert answer[0][0].status == 200
        assert server.process.wait(10) == 0
    finally:
        server.close()


@pytest.mark.slow
def test_waiting_costs_requests_of_the_limit(valkey):
    server = start(valkey, API_LIVE_READS_PER_MINUTE="3")
    try:
        teller = Teller()
        teller.goals(1)
        until(lambda: Poller(server, teller.match).ask(after=0, wait=1)[0].status == 429)
    finally:
        server.close()


@pytest.mark.parametrize("kind", ["match", "team", "league", "page:match", "page:league", "page"])
def test_what_does_not_exist_is_no_topic_at_any_door(server, kind):
    topic = f"{kind}:vz_nobody"
    with Fan(server) as fan:
        fan.subscribe(topic)
        error = fan.take_kind("error")
    with Stream(server, topic) as stream:
        problem = stream.problem()

    assert (error["code"], error["topic"]) == ("unknown_topic", topic)
    assert problem["errors"][0]["code"] == "unknown_topic"


def test_league_and_teams_are_topics_before_anything_was_told(server):
    match = Teller().match
    client().flushdb()
    topics = [f"team:{match.home.public_id}", f"league:{match.season.league.public_id}"]
    for topic in (*topics, f"page:{topics[1]}"):
        with Fan(server) as fan:
            fan.subscribe(topic)
            assert fan.take_kind("snapshot")["topic"] == topic
