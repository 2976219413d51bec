"""`fantasy:ENTRY`: where an entry stands, by socket and event stream, whenever that changes."""

import json
import random
from urllib.parse import urlsplit, urlunsplit

import orjson
import pytest
from django.conf import settings
from django.db import connection

from fantasy.enums import GameState
from fantasy.live import entry_topic, tell_entries
from fantasy.models import Entry, Game, PlayerScore
from fantasy.selectors.overall import entry_documents
from fantasy.services.live import refresh_round
from streams.live.frames import canonical, state_hash
from streams.live.publish import head_positions
from tests.fantasy.live_rounds import make_live_round, play
from tests.streams.live_support import Fan, Server, Stream, until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("publishing")]


@pytest.fixture(scope="module")
def server(valkey, django_db_setup):
    parts = urlsplit(settings.DATABASE_URL)
    database = urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}"))
    environment = {"DATABASE_URL": database, "DATABASE_POOL_SIZE": "2", "VEZE_TEST_LINGER_S": "1"}
    process = Server(valkey, **environment)
    yield process
    process.close()


@pytest.fixture
def round_():
    rng = random.Random(7)
    made = make_live_round(rng, entries=3, plain=True, past=True, rules="fpl-2026-27")
    play(rng, made, share=0.5)
    refresh_round(made.pk)
    return made


def score(round_):
    """Let every player have one point more, and what follows be told."""
    for row in PlayerScore.objects.filter(round=round_):
        row.points += 1
        row.save()
    refresh_round(round_.pk)
    tell_entries([round_.pk])


def standing(entry: Entry) -> dict:
    return entry_documents(entry.game, [entry.public_id])[entry.public_id]


def test_standing_is_told_at_once_and_whenever_it_changes(server, round_):
    entry = round_.game.entries.select_related("game").first()
    topic, before = entry_topic(entry.public_id), standing(entry)
    with Fan(server) as fan, Stream(server, topic) as stream:
        fan.subscribe(topic)
        shown = fan.take_kind("snapshot")
        streamed = json.loads(stream.take())

        score(round_)
        after = standing(entry)
        by_socket = until(lambda: fan.socket.recv(20))
        by_stream = stream.take()

    assert shown["state"] == streamed["state"] == before
    assert shown["state_hash"] == state_hash(canonical(before))
    assert before["is_live"]
    assert after["points"] > before["points"]
    assert after["total"] - before["total"] == after["points"] - before["points"]
    assert by_socket.encode() == by_stream
    told = orjson.loads(by_stream)
    assert (told["type"], told["topic"], told["data"]) == ("event", topic, {"entry": after})


def test_standing_that_did_not_change_is_no_news(server, round_):
    entry = round_.game.entries.first()
    topic = entry_topic(entry.public_id)
    with Fan(server) as fan:
        fan.subscribe(topic)
        fan.take_kind("snapshot")
        score(round_)
        fan.reach(topic, 1)

        tell_entries([round_.pk])
        tell_entries([round_.pk])

        assert head_positions([topic])[0][1] == 1


def test_entry_that_nobody_follows_any_more_is_forgotten_and_read_anew(server, round_):
    entry = round_.game.entries.select_related("game").first()
    topic = entry_topic(entry.public_id)
    with Fan(server) as fan:
        fan.subscribe(topic)
        fan.take_kind("snapshot")
        fan.send(type="unsubscribe", topics=[topic])
        # The hub lets go of a topic a while after its last reader.
        until(lambda: tell_entries([round_.pk]) or head_positions([topic]) == [None])
        score(round_)
        assert head_positions([topic]) == [None]

        fan.subscribe(topic)
        assert fan.take_kind("snapshot")["state"] == standing(entry)


def test_who_hides_scores_is_refused_and_what_is_not_there_is_unknown(server, round_):
    topic = entry_topic(round_.game.entries.first().public_id)
    with Fan(server) as fan, Fan(server, additional_headers={"Cookie": "hide_scores=1"}) as hiding:
        fan.subscribe(entry_topic("vz_entry_01ARZ3NDEKTSV4RRFFQ69G5FAV"))
        hiding.subscribe(topic)
        assert fan.take_kind("error")["code"] == "unknown_topic"
        assert hiding.take_kind("error", "snapshot")["code"] == "scores_hidden"
    Game.objects.update(state=GameState.DRAFT)
    with Fan(server) as fan:
        fan.subscribe(topic)
        assert fan.take_kind("error", "snapshot")["code"] == "unknown_topic"


def test_standings_of_many_entries_cost_as_many_queries_as_of_one(
    round_, django_assert_num_queries
):
    entries = list(round_.game.entries.values_list("public_id", flat=True))

    with django_assert_num_queries(4) as one:
        entry_documents(round_.game, entries[:1])
    with django_assert_num_queries(len(one)):
        assert len(entry_documents(round_.game, entries)) == 3
