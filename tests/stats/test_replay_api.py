"""Replays in the API: begin, follow, pause, seek, end, and what is refused."""

import hashlib
import json
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client

from config.clock import now
from config.sight import HIDE_COOKIE
from matches.models import Match
from stats import live
from stats.enums import ReplayView
from stats.models import BoxScore
from stats.services import replays
from stats.services.film import film_of
from streams.live import store
from streams.live.publish import head_positions
from streams.redis_client import client as redis
from tests.factories.accounts import make_user, partner_client
from tests.factories.matchday import make_matchday
from tests.factories.matches import make_match

pytestmark = pytest.mark.django_db
_START = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)


class Clock:
    """A clock that moves only when it is told to."""

    at = _START

    @classmethod
    def pass_s(cls, seconds):
        cls.at += timedelta(seconds=seconds)


def clock_now():
    return Clock.at


@pytest.fixture
def still(settings):
    """Stop the platform's clock."""
    Clock.at = _START
    settings.CLOCK = "tests.stats.test_replay_api.clock_now"
    return Clock


@pytest.fixture
def match(still) -> Match:
    built = make_matchday(now()).matches["finished"]
    return Match.objects.with_sides().get(pk=built.pk)


@pytest.fixture
def client(still, db) -> Client:
    """A partner's program with a test key."""
    return partner_client()


def begin(client: Client, match: Match, **wanted):
    return client.post(
        "/api/v1/replays", {"match": match.public_id, **wanted}, content_type="application/json"
    )


def change(client: Client, replay: dict, **wanted):
    return client.patch(f"/api/v1/replays/{replay['id']}", wanted, content_type="application/json")


def frames_of(topic: str):
    stored = redis().xrange(store.keys_of(topic)[1])
    return [(seq, json.loads(body)) for seq, body in store.parse_frames(stored)]


def play_on(replay: dict, still, *, at_most_s: float = 10_000) -> float:
    """Drive a replay as a hub does until all has come; return the seconds it took."""
    passed, topic = 0.0, replay["topic"]
    while passed < at_most_s:
        wait_s = live.drive_replay(topic)
        showing = replays.showing_of(replays.find_replay(replay["id"]))
        if showing.count == len(showing.film.events):
            return passed
        still.pass_s(wait_s)
        passed += wait_s
    return passed


def problem(response):
    body = response.json()
    return response.status_code, [(e["pointer"], e["code"]) for e in body["errors"]]


def test_replay_begins_with_the_first_facts_and_no_score(client: Client, match: Match):
    response = begin(client, match, speed=60)

    assert response.status_code == 201
    replay = response.json()
    assert replay["topic"] == f"replay:{replay['id']}"
    assert (replay["state"], replay["speed"], replay["position_ms"]) == ("playing", 60.0, 0)
    assert (replay["period"], replay["clock_ms"], replay["seq"]) == ("1H", 0, 1)
    assert response["Cache-Control"] == "no-store"
    (first,) = frames_of(replay["topic"])
    assert first[1]["event"]["type"] == "period_start"
    assert first[1]["match"]["score"] == {"home": 0, "away": 0}


def test_ninety_minutes_at_sixty_take_ninety_seconds(client: Client, match: Match, still):
    replay = begin(client, match, speed=60).json()

    took_s = play_on(replay, still)

    expected_s = replay["length_ms"] / 60_000
    assert took_s == pytest.approx(expected_s, rel=0.02)
    # 46 and 50 minutes were played, with a break of a second.
    assert replay["length_ms"] == (46 + 50) * 60_000 + 1000


def test_fastest_replay_keeps_its_pace_too(client: Client, match: Match, still):
    replay = begin(client, match, speed=600).json()

    took_s = play_on(replay, still)

    assert took_s == pytest.approx(replay["length_ms"] / 600_000, rel=0.02)


@pytest.mark.parametrize("view", [view.value for view in ReplayView])
def test_followed_to_the_end_it_has_every_event_once_and_the_hash_of_the_match(
    client: Client, match: Match, still, view
):
    truth = hashlib.sha256(bytes(BoxScore.objects.get(match=match).document)).hexdigest()
    hashes = []
    for speed in (300, 600):
        replay = begin(client, match, speed=speed, view=view).json()
        play_on(replay, still)
        told = frames_of(replay["topic"])
        film = film_of(match, view=ReplayView(view))
        assert [seq for seq, _ in told] == list(range(1, len(film.events) + 1))
        assert [data["event"]["event_id"] for _, data in told] == [
            event["event_id"] for event in film.events
        ]
        held = redis().hget(store.keys_of(replay["topic"])[0], "snap_hash").decode()
        hashes += [held, client.get(f"/api/v1/replays/{replay['id']}").json()["state_hash"]]

    assert hashes == [truth] * 4


def rows_of_all_tables():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' "
            # When a key was used is no row of a match.
            "AND tablename NOT LIKE 'django_%' AND tablename <> 'accounts_partnerkey' ORDER BY 1"
        )
        tables = [name for (name,) in cursor.fetchall()]
        rows = {}
        for table in tables:
            cursor.execute(
                f"SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM \"{table}\" t"
            )
            rows[table] = cursor.fetchone()[0]
    return rows


def test_replay_touches_neither_rows_nor_audience_of_the_match(client: Client, match: Match, still):
    topics = [f"match:{match.public_id}", f"page:match:{match.public_id}", "page:scores"]
    topics += [f"team:{match.home.public_id}", f"league:{match.season.league.public_id}"]
    before, heads = rows_of_all_tables(), head_positions(topics)
    with redis().pubsub() as ears:
        # Of this database: Redis would tell what other workers' tests publish in theirs.
        ears.psubscribe(f"{settings.CHANNEL_LAYERS['default']['CONFIG']['prefix']}__*")
        ears.get_message(timeout=5)
        replay = begin(client, match, speed=600).json()
        change(client, replay, position="2H 10:00")
        change(client, replay, is_paused=True)
        change(client, replay, position=0, is_paused=False, speed=60)
        play_on(replay, still)
        client.delete(f"/api/v1/replays/{replay['id']}")
        heard = set()
        while message := ears.get_message(timeout=0.2):
            heard.add(message["channel"].decode())

    assert heard == {store.channel_of(replay["topic"])}
    assert rows_of_all_tables() == before
    assert head_positions(topics) == heads


def test_pause_stands_still_and_goes_on_from_there(client: Client, match: Match, still):
    replay = begin(client, match, speed=60).json()
    still.pass_s(20)

    paused = change(client, replay, is_paused=True).json()
    still.pass_s(300)
    later = client.get(f"/api/v1/replays/{replay['id']}").json()
    change(client, replay, is_paused=False)
    still.pass_s(1)

    assert (paused["state"], paused["position_ms"]) == ("paused", 20 * 60_000)
    assert later["position_ms"] == 20 * 60_000
    assert client.get(f"/api/v1/replays/{replay['id']}").json()["position_ms"] == 21 * 60_000


def test_new_speed_does_not_move_the_position(client: Client, match: Match, still):
    replay = begin(client, match, speed=60).json()
    still.pass_s(10)

    faster = change(client, replay, speed=600).json()
    still.pass_s(1)

    assert (faster["position_ms"], faster["epoch"]) == (10 * 60_000, "1")
    assert client.get(f"/api/v1/replays/{replay['id']}").json()["position_ms"] == 20 * 60_000


def test_seek_begins_an_epoch_with_the_state_of_then(client: Client, match: Match, still):
    replay = begin(client, match).json()

    there = change(client, replay, position="2H 15:00").json()
    back = change(client, replay, position="13:00").json()

    assert (there["epoch"], there["period"], there["clock_ms"]) == ("2", "2H", 15 * 60_000)
    assert (back["epoch"], back["period"], back["clock_ms"]) == ("3", "1H", 13 * 60_000)
    assert head_positions([replay["topic"]]) == [("3", back["seq"])]
    state = json.loads(redis().hget(store.keys_of(replay["topic"])[0], "snap"))
    assert (state["score"]["home"], state["match"]["status"]) == (1, "live")


def test_frames_published_by_two_processes_come_once(client: Client, match: Match, still):
    replay = begin(client, match, speed=60).json()
    still.pass_s(50)

    for _ in range(3):
        live.drive_replay(replay["topic"])

    seqs = [seq for seq, _ in frames_of(replay["topic"])]
    assert seqs == list(range(1, len(seqs) + 1))


def test_replay_goes_on_where_redis_forgot_its_frames(client: Client, match: Match, still):
    replay = begin(client, match, speed=60).json()
    still.pass_s(50)
    live.drive_replay(replay["topic"])
    redis().delete(*store.keys_of(replay["topic"]))

    live.drive_replay(replay["topic"])

    showing = client.get(f"/api/v1/replays/{replay['id']}").json()
    assert head_positions([replay["topic"]]) == [("1", showing["seq"])]


def test_list_has_the_events_that_have_come(client: Client, match: Match, still):
    replay = begin(client, match, speed=60).json()
    still.pass_s(13)

    first = client.get(f"/api/v1/replays/{replay['id']}/events?limit=2")
    rest = client.get(first.json()["next"])

    assert first["Log-Epoch"] == "1"
    assert [event["type"] for event in first.json()["results"]] == ["period_start", "shot"]
    assert [event["type"] for event in rest.json()["results"]] == ["goal"]
    assert rest.json()["next"] is None


def test_list_has_the_fields_that_are_asked_for(client: Client, match: Match, still):
    replay = begin(client, match, speed=60).json()
    address = f"/api/v1/replays/{replay['id']}"

    assert client.get(f"{address}/events?fields=seq,type").json()["results"] == [
        {"seq": 1, "type": "period_start"}
    ]
    assert client.get(f"{address}?fields=seq").json() == {"seq": 1}
    assert problem(client.get(f"{address}/events?fields=nonsense"))[0] == 422
    assert problem(client.get(f"{address}?wait=1")) == (422, [("/query/wait", "unknown_parameter")])


def test_list_of_another_epoch_is_a_lost_position(client: Client, match: Match):
    replay = begin(client, match).json()
    change(client, replay, position="30:00")

    response = client.get(f"/api/v1/replays/{replay['id']}/events?after=1&epoch=1")

    assert (response.status_code, response.json()["code"]) == (410, "position_lost")


def test_log_told_anew_ends_the_replay(client: Client, match: Match):
    replay = begin(client, match).json()
    Match.objects.filter(pk=match.pk).update(epoch="00000000-0000-4000-8000-000000000001")

    response = client.get(f"/api/v1/replays/{replay['id']}")

    assert (response.status_code, response.json()["code"]) == (410, "position_lost")


@pytest.mark.parametrize(
    ("wanted", "mistake"),
    [
        ({"speed": 0.5}, ("/speed", "min_value")),
        ({"speed": 601}, ("/speed", "max_value")),
        ({"speed": "60"}, ("/speed", "invalid")),
        ({"speed": True}, ("/speed", "invalid")),
        ({"from": "3H"}, ("/from", "invalid")),
        ({"from": -1}, ("/from", "invalid")),
        ({"from": []}, ("/from", "invalid")),
        ({"view": "raw"}, ("/view", "invalid_choice")),
        ({"sped": 60}, ("/sped", "unknown_field")),
        ({"is_paused": "maybe"}, ("/is_paused", "invalid")),
    ],
)
def test_mistakes_are_named(client: Client, match: Match, wanted, mistake):
    assert problem(begin(client, match, **wanted)) == (422, [mistake])


def test_unknown_match_is_named(client: Client, still):
    wanted = {"match": "vz_match_0"}
    response = client.post("/api/v1/replays", wanted, content_type="application/json")

    assert problem(response) == (422, [("/match", "unknown_match")])


def test_match_without_a_log_cannot_be_replayed(client: Client, still):
    assert problem(begin(client, make_match())) == (422, [("/match", "no_log")])


def test_match_of_a_test_league_is_not_known(client: Client, match: Match):
    league = match.season.league
    league.is_test = True
    league.save()

    assert problem(begin(client, match)) == (422, [("/match", "unknown_match")])


def test_body_that_is_no_object_is_refused(client: Client, still):
    response = client.post("/api/v1/replays", "[1]", content_type="application/json")

    assert response.status_code == 422


def test_one_replay_too_many_of_an_owner_has_to_wait(client: Client, match: Match, settings):
    settings.REPLAYS_PER_HOLDER = 2
    kept = [begin(client, match).json() for _ in range(2)]

    refused = begin(client, match)

    assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
    assert int(refused["Retry-After"]) > 0
    assert client.delete(f"/api/v1/replays/{kept[0]['id']}").status_code == 204
    assert begin(client, match).status_code == 201


def test_replays_that_are_over_leave_room(client: Client, match: Match, settings, still):
    settings.REPLAYS_AT_ONCE = 1
    begin(client, match)
    assert begin(client, match).status_code == 429

    still.pass_s(replays.KEPT_FOR.total_seconds() + 1)

    assert begin(client, match).status_code == 201


def test_whoever_hides_scores_may_replay(client: Client, match: Match, still):
    client.cookies[HIDE_COOKIE] = "1"

    replay = begin(client, match, speed=600).json()
    play_on(replay, still)

    truth = hashlib.sha256(bytes(BoxScore.objects.get(match=match).document)).hexdigest()
    assert client.get(f"/api/v1/replays/{replay['id']}").json()["state_hash"] == truth


def test_keys_of_one_owner_share_replays_and_those_of_others_know_nothing(match: Match):
    owner = make_user()
    first, second, other = partner_client(owner), partner_client(owner), partner_client()
    replay = begin(first, match, is_paused=True).json()
    address = f"/api/v1/replays/{replay['id']}"

    assert [r["id"] for r in second.get("/api/v1/replays").json()["results"]] == [replay["id"]]
    assert change(second, replay, speed=2).json()["speed"] == 2.0
    assert other.get("/api/v1/replays").json() == {"results": []}
    for response in (
        other.get(address),
        other.get(f"{address}/events"),
        change(other, replay, speed=3),
        other.delete(address),
    ):
        assert (response.status_code, response.json()["code"]) == (404, "not_found")
    assert first.get(address).json()["speed"] == 2.0


def test_list_has_the_newest_first_and_what_is_over_no_more(client: Client, match: Match, still):
    kept = []
    for _ in range(3):
        kept.append(begin(client, match, is_paused=True).json()["id"])
        still.pass_s(1)
    client.delete(f"/api/v1/replays/{kept.pop(1)}")

    response = client.get("/api/v1/replays")

    assert [replay["id"] for replay in response.json()["results"]] == kept[::-1]
    assert response["Cache-Control"] == "no-store"


def test_list_leaves_out_whose_log_was_told_anew(client: Client, match: Match):
    begin(client, match)
    Match.objects.filter(pk=match.pk).update(epoch="00000000-0000-4000-8000-000000000001")

    assert client.get("/api/v1/replays").json() == {"results": []}


def test_clock_of_a_replay_moves_at_its_speed(client: Client, match: Match, still):
    replay = begin(client, match, speed=60).json()
    still.pass_s(10)

    later = client.get(f"/api/v1/replays/{replay['id']}").json()

    moved = datetime.fromisoformat(later["clock"]) - datetime.fromisoformat(replay["clock"])
    assert datetime.fromisoformat(replay["clock"]) == match.kickoff_at
    assert moved == timedelta(minutes=10)


def test_replay_that_ended_is_not_found(client: Client, match: Match):
    replay = begin(client, match).json()
    client.delete(f"/api/v1/replays/{replay['id']}")

    for response in (
        client.get(f"/api/v1/replays/{replay['id']}"),
        client.get(f"/api/v1/replays/{replay['id']}/events"),
        change(client, replay, speed=2),
    ):
        assert (response.status_code, response.json()["code"]) == (404, "not_found")
    assert live.drive_replay(replay["topic"]) > 0
