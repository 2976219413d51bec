"""The public log of changes: order, tombstones, cursors, waiting, and what it forgets."""

import http.client
import json
import random
import threading
import time
from contextlib import closing
from datetime import timedelta
from urllib.parse import urlencode, urlsplit, urlunsplit

import pytest
from django.conf import settings
from django.contrib.admin import site
from django.db import connection, transaction
from django.test import Client

from config.clock import now
from leagues.models import Team
from leagues.services import delete_rows, merge_players
from matches.models import Match
from matches.topics import MatchIngested
from stats.topics import StatUpdate
from streams import groups
from streams.models import GroupCheckpoint, OutboxEvent
from streams.outbox import announce
from streams.relay import relay
from streams.retention import prune_outbox
from tests.factories.leagues import make_league, make_player, make_season, make_team
from tests.factories.matches import make_match
from tests.streams.live_support import Server

pytestmark = pytest.mark.django_db(transaction=True)
ADDRESS = "/api/v1/changes"


def tell(*events):
    with transaction.atomic():
        announce(*events)
    relay()


def ingested(match, seq=1):
    return MatchIngested(match_id=match.pk, seq=seq)


def get(client, **query):
    return client.get(ADDRESS, query)


def test_changes_come_in_order_with_public_ids(client: Client):
    match, other = make_match(), make_match()
    tell(ingested(match, 3), ingested(other, 1))
    tell(
        StatUpdate(
            match_id=match.pk,
            season_id=match.season_id,
            folded_seq=3,
            status="live",
            player_ids=(1,),
        )
    )

    answer = get(client).json()

    assert [(c["position"], c["topic"], c["id"], c["op"]) for c in answer["results"]] == [
        (1, "match.ingested", match.public_id, "changed"),
        (2, "match.ingested", other.public_id, "changed"),
        (3, "stat.update", match.public_id, "changed"),
    ]
    assert answer["results"][0]["data"] == {"seq": 3}
    assert answer["results"][2]["data"] == {
        "folded_seq": 3, "status": "live", "standing_changed": False
    }  # fmt: skip
    assert answer["results"][0]["at"].endswith("Z")
    assert answer["results"][0]["into"] is None
    assert answer["next"] == "3"


def test_next_goes_on_where_the_page_ended(client: Client):
    match = make_match()
    for seq in range(1, 8):
        tell(ingested(match, seq))

    first = get(client, limit=3)
    second = client.get(first["Link"].partition("<")[2].partition(">")[0])
    rest = get(client, after=second.json()["next"], limit=3).json()

    positions = [
        [c["position"] for c in answer["results"]] for answer in (first.json(), second.json(), rest)
    ]
    assert positions == [[1, 2, 3], [4, 5, 6], [7]]
    assert rest["next"] == "7"


def test_end_of_the_log_is_empty_and_unchanged(client: Client):
    tell(ingested(make_match()))
    end = get(client, after=1)

    again = client.get(ADDRESS, {"after": 1}, headers={"If-None-Match": end["ETag"]})

    assert end.json() == {"results": [], "next": "1"}
    assert (again.status_code, again.content) == (304, b"")
    tell(ingested(make_match()))
    news = client.get(ADDRESS, {"after": 1}, headers={"If-None-Match": end["ETag"]})
    assert [c["position"] for c in news.json()["results"]] == [2]


def test_kinds_is_another_name_of_topics(client: Client):
    match = make_match()
    update = {"match_id": match.pk, "season_id": match.season_id, "folded_seq": 1, "status": "live"}
    tell(ingested(match, 1), StatUpdate(**update), ingested(match, 2))

    by_kinds = get(client, kinds="stat.update")

    assert by_kinds.json() == get(client, topics="stat.update").json()
    assert [c["position"] for c in by_kinds.json()["results"]] == [2]
    assert "kinds=stat.update" in by_kinds["Link"]
    both = get(client, kinds="stat.update", topics="stat.update")
    assert both.status_code == 422
    assert [(e["parameter"], e["code"]) for e in both.json()["errors"]] == [("kinds", "both_given")]
    assert get(client, kinds="nonsense").json()["errors"][0]["code"] == "unknown_topic"


def test_latest_is_where_a_new_client_begins(client: Client):
    match = make_match()
    tell(ingested(match, 1), ingested(match, 2))

    assert get(client, after="latest").json() == {"results": [], "next": "2"}


def test_topics_narrow_the_log_and_the_cursor_goes_on(client: Client):
    match = make_match()
    update = {"match_id": match.pk, "season_id": match.season_id, "folded_seq": 1, "status": "live"}
    tell(ingested(match, 1), StatUpdate(**update), ingested(match, 2))

    answer = get(client, topics="stat.update").json()

    assert [c["position"] for c in answer["results"]] == [2]
    assert answer["next"] == "3"


def test_test_leagues_and_inner_topics_stay_inside(client: Client):
    secret = make_match(make_season(make_league(is_test=True)))
    tell(ingested(secret), ingested(make_match()))
    OutboxEvent.objects.create(topic="payment.inside", payload={"card": 1}, position=3)

    answer = get(client).json()

    assert [c["position"] for c in answer["results"]] == [2]
    assert answer["next"] == "3"
    assert get(client, topics="payment.inside").status_code == 422


def test_merged_player_leaves_a_tombstone_with_its_survivor(client: Client):
    keep, drop = make_player(), make_player()
    merge_players(keep=keep, drop=drop)
    relay()

    (tombstone,) = get(client, topics="resource.removed").json()["results"]

    assert (tombstone["op"], tombstone["id"]) == ("merged", drop.public_id)
    assert tombstone["into"] == keep.public_id


def test_rows_deleted_in_the_admin_leave_tombstones(client: Client, rf):
    team, match = make_team(), make_match()
    gone = [team.public_id, match.public_id]

    site._registry[Team].delete_queryset(rf.get("/"), Team.objects.filter(pk=team.pk))
    site._registry[Match].delete_model(rf.get("/"), match)
    relay()

    told = get(client, topics="resource.removed").json()["results"]
    assert [(c["op"], c["id"], c["into"]) for c in told] == [
        ("deleted", public_id, None) for public_id in gone
    ]
    assert not Match.objects.exists()


def test_change_of_what_is_gone_is_told_by_its_tombstone_alone(client: Client):
    match = make_match()
    tell(ingested(match))
    delete_rows(Match.objects.filter(pk=match.pk))
    relay()

    assert [c["op"] for c in get(client).json()["results"]] == ["deleted"]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ({"after": "x"}, "after"),
        ({"after": "-1"}, "after"),
        ({"after": "1" * 30}, "after"),
        ({"limit": "0"}, "limit"),
        ({"limit": "1001"}, "limit"),
        ({"topics": "nonsense"}, "topics"),
        ({"wait": "31"}, "wait"),
        ({"kinds": "x"}, "kinds"),
    ],
)
def test_mistakes_are_told(client: Client, query, parameter):
    response = get(client, **query)

    assert response.status_code == 422
    assert response["Content-Type"] == "application/problem+json"
    assert [e["parameter"] for e in response.json()["errors"]] == [parameter]


def test_page_needs_as_many_queries_for_twelve_changes_as_for_two(
    client: Client, django_assert_num_queries
):
    for count in (2, 10):
        tell(*(ingested(make_match()) for _ in range(count)))
        with django_assert_num_queries(4):
            get(client)


# What it forgets.


def age(positions, *, days):
    then = now() - timedelta(days=days)
    OutboxEvent.objects.filter(position__in=positions).update(created_at=then)


def handled(position):
    """As if every group had handled everything up to there."""
    for subscription in groups.subscriptions():
        GroupCheckpoint.objects.update_or_create(
            topic=subscription.topic, group=subscription.group, defaults={"position": position}
        )


def kept():
    return list(OutboxEvent.objects.order_by("position").values_list("position", flat=True))


def test_old_and_handled_events_are_forgotten(settings):
    settings.OUTBOX_KEEP_DAYS = 30
    tell(*(ingested(make_match()) for _ in range(6)))
    handled(6)
    age([1, 2, 3], days=31)
    age([4], days=29)

    assert prune_outbox() == 3
    assert kept() == [4, 5, 6]
    assert prune_outbox() == 0


def test_nothing_is_forgotten_beyond_a_groups_checkpoint():
    tell(*(ingested(make_match()) for _ in range(6)))
    age(range(1, 7), days=99)
    assert prune_outbox() == 0  # no group has a checkpoint yet

    handled(5)
    GroupCheckpoint.objects.filter(group="stats").update(position=2)

    assert prune_outbox() == 2
    assert kept() == [3, 4, 5, 6]


def test_newest_event_stays_for_positions_are_counted_from_it():
    tell(*(ingested(make_match()) for _ in range(3)))
    age([1, 2, 3], days=99)
    handled(3)

    prune_outbox()
    tell(ingested(make_match()))

    assert kept() == [3, 4]


def test_young_event_before_an_old_one_keeps_the_log_whole():
    tell(*(ingested(make_match()) for _ in range(5)))
    handled(5)
    age([1, 3, 4], days=99)

    prune_outbox()

    assert kept() == [2, 3, 4, 5]


def test_events_without_a_position_are_never_forgotten():
    tell(ingested(make_match()), ingested(make_match()))
    handled(2)
    OutboxEvent.objects.create(topic="match.ingested", payload={"match_id": 1, "seq": 1})
    OutboxEvent.objects.update(created_at=now() - timedelta(days=99))

    prune_outbox()

    assert OutboxEvent.objects.filter(position=None).count() == 1


def test_position_that_was_forgotten_is_gone_with_an_explanation(client: Client):
    tell(*(ingested(make_match()) for _ in range(5)))
    handled(5)
    age([1, 2, 3], days=99)
    prune_outbox()

    lost, edge, oldest = get(client, after=2), get(client, after=3), get(client)

    assert (lost.status_code, lost.json()["code"]) == (410, "position_lost")
    assert "position 4" in lost.json()["detail"]
    assert "after=latest" in lost.json()["detail"]
    assert client.get(urlsplit(lost.json()["type"]).path).status_code == 200
    assert [c["position"] for c in edge.json()["results"]] == [4, 5]
    assert edge.json() == oldest.json()


def test_position_that_never_was_is_gone_too(client: Client):
    tell(ingested(make_match()))

    response = get(client, after=9)

    assert (response.status_code, response.json()["code"]) == (410, "position_lost")


# Against a real process.


@pytest.fixture(scope="module")
def server(valkey, django_db_setup):
    parts = urlsplit(settings.DATABASE_URL)
    database = urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}"))
    process = Server(valkey, DATABASE_URL=database)
    yield process
    process.close()


def ask(server, headers=None, **query):
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=40)) as connected:
        connected.request("GET", f"{ADDRESS}?{urlencode(query)}", headers=headers or {})
        response = connected.getresponse()
        return response, response.read()


@pytest.mark.usefixtures("publishing")
def test_waiting_ends_with_the_next_change(server):
    match = make_match()
    tell(ingested(match))
    answer = []
    waiting = threading.Thread(target=lambda: answer.append(ask(server, after=1, wait=20)))
    begun = time.monotonic()
    waiting.start()
    time.sleep(0.7)  # it waits
    assert not answer
    tell(ingested(match, 2))
    waiting.join(25)
    took_s = time.monotonic() - begun

    response, body = answer[0]
    assert response.status == 200
    assert [c["position"] for c in json.loads(body)["results"]] == [2]
    assert body == ask(server, after=1)[1]
    # It did not wait in vain: there is no other way to be answered sooner.
    assert took_s < 20


@pytest.mark.usefixtures("publishing")
def test_waiting_from_the_latest_ends_with_the_next_change(server):
    match = make_match()
    tell(ingested(match))
    answer = []
    waiting = threading.Thread(target=lambda: answer.append(ask(server, after="latest", wait=20)))
    begun = time.monotonic()
    waiting.start()
    time.sleep(0.7)  # it waits
    assert not answer
    tell(ingested(match, 2))
    waiting.join(25)

    response, body = answer[0]
    assert response.status == 200
    assert [c["position"] for c in json.loads(body)["results"]] == [2]
    assert "after=2" in response.headers["Link"]
    assert time.monotonic() - begun < 20


@pytest.mark.usefixtures("publishing")
def test_waiting_for_a_kind_lets_the_others_pass(server):
    match = make_match()
    update = {"match_id": match.pk, "season_id": match.season_id, "folded_seq": 1, "status": "live"}
    tell(ingested(match))
    answer = []
    asked = {"after": 1, "wait": 20, "kinds": "stat.update"}
    waiting = threading.Thread(target=lambda: answer.append(ask(server, **asked)))
    waiting.start()
    tell(ingested(match, 2))
    tell(StatUpdate(**update))
    waiting.join(25)

    assert [c["topic"] for c in json.loads(answer[0][1])["results"]] == ["stat.update"]


@pytest.mark.usefixtures("publishing")
def test_waiting_in_vain_from_the_latest_ends_with_the_place_to_go_on(server):
    tell(ingested(make_match()))

    response, body = ask(server, after="latest", wait=1)
    unchanged, _ = ask(
        server, headers={"If-None-Match": response.headers["ETag"]}, after="latest", wait=1
    )

    assert json.loads(body) == {"results": [], "next": "1"}
    assert unchanged.status == 304


@pytest.mark.usefixtures("publishing")
def test_waiting_in_vain_ends_with_the_place_to_go_on(server):
    secret = make_match(make_season(make_league(is_test=True)))
    tell(ingested(make_match()))
    answer = []
    waiting = threading.Thread(target=lambda: answer.append(ask(server, after=1, wait=2)))
    begun = time.monotonic()
    waiting.start()
    time.sleep(0.5)  # it waits
    tell(ingested(secret))
    waiting.join(20)

    assert json.loads(answer[0][1]) == {"results": [], "next": "2"}
    assert time.monotonic() - begun >= 2
    tag = answer[0][0].headers["ETag"]
    unchanged, _ = ask(server, headers={"If-None-Match": tag}, after=1, wait=1)
    assert unchanged.status == 304
    assert ask(server, after=1, wait=31)[0].status == 422


@pytest.mark.usefixtures("publishing")
def test_client_that_keeps_its_place_misses_nothing(server):
    """Writers commit out of order and crash before they relay; readers forget all but the place."""
    rng = random.Random(3)
    matches = [make_match() for _ in range(5)]
    total = 0
    heard, after, is_over = [], "0", threading.Event()

    def read():
        nonlocal after
        while True:
            was_over = is_over.is_set()
            limit = rng.randrange(1, 20)
            response, body = ask(server, after=after, limit=limit, wait=rng.choice([0, 1]))
            assert response.status == 200, body
            if rng.random() < 0.2:
                continue  # it crashed before it had stored the place
            answer = json.loads(body)
            heard.extend((c["position"], c["data"]["seq"]) for c in answer["results"])
            after = answer["next"]
            if was_over and not answer["results"]:
                return

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(40):
        count = rng.randrange(1, 6)
        with transaction.atomic():
            announce(*(ingested(rng.choice(matches), total + n) for n in range(count)))
        total += count
        if rng.random() < 0.5:
            relay()
    relay()
    is_over.set()
    reader.join(60)

    assert [position for position, _ in heard] == list(range(1, total + 1))
    assert [seq for _, seq in heard] == list(range(total))
