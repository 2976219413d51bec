"""The public JSON of matches and their logs."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from config.clock import now
from matches.enums import Certainty, EventOp, MatchStatus
from stats.live import event_documents
from tests.factories.leagues import make_league, make_player, make_season
from tests.factories.matches import make_event, make_live_match, make_match

pytestmark = pytest.mark.django_db


def test_fixture_is_honest_about_what_is_unknown(client: Client):
    season = make_season(make_league(time_zone="Europe/London"))
    match = make_match(season, kickoff_at=datetime(2026, 8, 1, 14, tzinfo=UTC))

    answer = client.get(f"/api/v1/matches/{match.public_id}").json()

    assert answer["kickoff_at"] == "2026-08-01T14:00:00Z"
    assert answer["kickoff_local"] == "2026-08-01T15:00:00+01:00"
    assert answer["time_zone"] == "Europe/London"
    assert answer["status"] == "scheduled"
    assert answer["home"]["id"] == match.home.public_id
    unknown = ("score", "round", "matchday", "period", "clock_ms", "venue", "data_age_ms")
    assert {name: answer[name] for name in unknown} == dict.fromkeys(unknown)


def test_live_match_tells_score_and_age(client: Client):
    match = make_live_match(period_scores=[["1H", 1, 0]])

    response = client.get(f"/api/v1/matches/{match.public_id}")
    answer = response.json()

    assert answer["score"] == {
        "home": 1,
        "away": 0,
        "shootout": None,
        "periods": [{"period": "1H", "home": 1, "away": 0}],
    }
    assert 2000 <= answer["data_age_ms"] < 60_000
    assert 2000 <= int(response["Data-Age-Ms"]) < 60_000


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"status": MatchStatus.LIVE}, "max-age=1,"),
        ({"status": MatchStatus.BREAK}, "max-age=1,"),
        ({"status": MatchStatus.SCHEDULED}, "max-age=60,"),
        ({"status": MatchStatus.SCHEDULED, "kickoff_at": now}, "max-age=1,"),
        ({"status": MatchStatus.FINISHED}, "max-age=60,"),
        ({"status": MatchStatus.FINAL}, "max-age=86400,"),
    ],
)
def test_cache_may_hold_an_answer_by_state_of_the_match(client: Client, fields, expected):
    # A kick-off is given as a function: the tests are collected long before they run.
    match = make_match(**{key: v() if callable(v) else v for key, v in fields.items()})

    response = client.get(f"/api/v1/matches/{match.public_id}")

    assert expected in response["Cache-Control"] + ","
    assert "public" in response["Cache-Control"]
    # Whoever wishes to be told later or no scores may say so in a cookie.
    assert "Cookie" in response["Vary"]


def test_etag_of_a_live_match_ignores_the_age_and_follows_the_score(client: Client):
    match = make_live_match()
    address = f"/api/v1/matches/{match.public_id}"
    first = client.get(address)

    match.data_at = now()
    match.save()
    same = client.get(address, headers={"If-None-Match": first["ETag"]})
    match.home_score = 2
    match.save()
    changed = client.get(address, headers={"If-None-Match": first["ETag"]})

    assert not first["ETag"].startswith("W/")
    assert (same.status_code, same.content) == (304, b"")
    assert same["ETag"] == first["ETag"]
    assert changed.status_code == 200


def test_filters_narrow_the_list(client: Client):
    season = make_season()
    early = make_match(season, kickoff_at=datetime(2026, 3, 1, 12, tzinfo=UTC), matchday=3)
    late = make_match(
        season,
        kickoff_at=datetime(2026, 3, 2, 23, 59, tzinfo=UTC),
        status=MatchStatus.FINAL,
        round_name="Final",
    )
    other = make_match(kickoff_at=datetime(2026, 5, 1, tzinfo=UTC), status=MatchStatus.LIVE)

    def ids(query: str) -> list[str]:
        return [row["id"] for row in client.get(f"/api/v1/matches?{query}").json()["results"]]

    assert ids("") == [early.public_id, late.public_id, other.public_id]
    assert ids("order=-kickoff_at") == [other.public_id, late.public_id, early.public_id]
    assert ids(f"season={season.public_id}") == [early.public_id, late.public_id]
    assert ids(f"league={other.season.league.public_id}") == [other.public_id]
    assert ids(f"team={early.away.public_id}") == [early.public_id]
    assert ids("status=live,final") == [late.public_id, other.public_id]
    assert ids("date_from=2026-03-02&date_to=2026-03-02") == [late.public_id]
    assert ids("round=final") == [late.public_id]
    assert ids("round=3") == [early.public_id]


def test_list_needs_as_many_queries_for_three_matches_as_for_one(
    client: Client, django_assert_num_queries
):
    make_match()
    with django_assert_num_queries(1):
        client.get("/api/v1/matches")
    make_live_match()
    make_live_match()

    with django_assert_num_queries(1):
        client.get("/api/v1/matches")


def test_pages_neither_skip_nor_repeat_while_rows_arrive(client: Client):
    season = make_season()
    kickoff_at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    # All at the same moment: the order has to be total.
    held = [make_match(season, kickoff_at=kickoff_at) for _ in range(7)]
    seen: list[str] = []
    address = "/api/v1/matches?limit=3"

    while address:
        page = client.get(address)
        seen += [row["id"] for row in page.json()["results"]]
        address = page.json()["next"]
        assert page.get("Link") == (f'<{address}>; rel="next"' if address else None)
        make_match(season, kickoff_at=kickoff_at - timedelta(days=1))

    assert seen == [match.public_id for match in held]


def test_cursor_goes_on_backwards_too(client: Client):
    held = [make_match(kickoff_at=datetime(2026, 3, day, tzinfo=UTC)) for day in range(1, 6)]
    seen: list[str] = []
    address = "/api/v1/matches?limit=2&order=-kickoff_at"

    while address:
        page = client.get(address).json()
        seen += [row["id"] for row in page["results"]]
        address = page["next"]

    assert seen == [match.public_id for match in reversed(held)]


def test_total_comes_on_request_only(client: Client):
    make_match()
    make_match()

    assert "total" not in client.get("/api/v1/matches").json()
    assert client.get("/api/v1/matches?total=true&limit=1").json()["total"] == 2


def test_events_tell_every_revision_in_order_of_arrival(client: Client):
    match = make_live_match()
    scorer, other = make_player("Ann"), make_player("Bea")
    goal = make_event(
        match,
        type="goal",
        team=match.home,
        player=scorer,
        period="1H",
        clock_ms=61_000,
        clock_label="2",
        payload={"xg": 0.7},
        certainty=Certainty.PROVISIONAL,
    )
    amended = make_event(
        match,
        type="goal",
        lineage_id=goal.lineage_id,
        rev=2,
        op=EventOp.AMEND,
        team=match.home,
        player=other,
        related_player=scorer,
        reason="wrong scorer",
    )

    first, second = client.get(f"/api/v1/matches/{match.public_id}/events").json()["results"]

    assert first == {
        "event_id": str(goal.event_id),
        "match_id": match.public_id,
        "seq": 1,
        "lineage_id": str(goal.lineage_id),
        "rev": 1,
        "op": "add",
        "supersedes": None,
        "type": "goal",
        "team_id": match.home.public_id,
        "player_id": scorer.public_id,
        "related_player_id": None,
        "period": "1H",
        "clock_ms": 61_000,
        "clock_label": "2",
        "x": None,
        "y": None,
        "value": {"xg": 0.7},
        "occurred_at": None,
        "vendor_at": None,
        "ingested_at": first["ingested_at"],
        "source": "veze",
        "certainty": "provisional",
        "pin": None,
        "reason": None,
    }
    assert second["event_id"] == str(amended.event_id)
    assert second["supersedes"] == str(goal.event_id)
    assert (second["rev"], second["op"], second["reason"]) == (2, "amend", "wrong scorer")
    assert second["player_id"] == other.public_id


def test_events_go_on_after_a_seq(client: Client):
    match = make_live_match()
    for _ in range(5):
        make_event(match)

    page = client.get(f"/api/v1/matches/{match.public_id}/events?after=2&limit=2").json()
    rest = client.get(page["next"]).json()

    assert [event["seq"] for event in page["results"]] == [3, 4]
    assert [event["seq"] for event in rest["results"]] == [5]
    assert rest["next"] is None


def test_epoch_of_events_is_read_as_it_was_checked(client: Client):
    match = make_live_match()
    path = f"/api/v1/matches/{match.public_id}/events"

    for epoch in (" ", f" {match.epoch} ", match.epoch.hex):
        assert client.get(path, {"epoch": epoch}).status_code == 200
    assert client.get(path, {"epoch": uuid.UUID(int=7)}).status_code == 410


def test_events_need_as_many_queries_for_three_as_for_one(
    client: Client, django_assert_num_queries
):
    match = make_live_match()
    make_event(match, team=match.home, player=make_player())
    with django_assert_num_queries(2):
        client.get(f"/api/v1/matches/{match.public_id}/events")
    make_event(match, team=match.away, player=make_player())
    make_event(match, team=match.away, player=make_player(), related_player=make_player())

    with django_assert_num_queries(2):
        client.get(f"/api/v1/matches/{match.public_id}/events")


def test_corrections_are_the_later_revisions(client: Client):
    match = make_live_match()
    lineage = uuid.uuid4()
    make_event(match, lineage_id=lineage)
    make_event(match)
    make_event(match, lineage_id=lineage, rev=2, op=EventOp.RETRACT, reason="vendor_removed")

    answer = client.get(f"/api/v1/matches/{match.public_id}/corrections").json()

    assert [(e["seq"], e["op"], e["reason"]) for e in answer["results"]] == [
        (3, "retract", "vendor_removed")
    ]


def test_match_of_a_test_league_is_not_public(client: Client):
    match = make_match(make_season(make_league(is_test=True)))

    for path in ("", "/events", "/corrections", "/boxscore"):
        assert client.get(f"/api/v1/matches/{match.public_id}{path}").status_code == 404
    assert client.get("/api/v1/matches").json()["results"] == []


def test_fields_choose_what_comes(client: Client):
    match = make_match()

    listed = client.get("/api/v1/matches?fields=id,status").json()
    detail = client.get(f"/api/v1/matches/{match.public_id}?fields=status").json()

    assert listed["results"] == [{"id": match.public_id, "status": "scheduled"}]
    assert detail == {"status": "scheduled"}


def test_event_is_the_document_that_live_frames_carry(client: Client):
    match = make_live_match()
    for _ in range(3):
        make_event(match, team=match.home, player=make_player(), vendor_at=now())

    listed = client.get(f"/api/v1/matches/{match.public_id}/events").json()["results"]

    assert listed == event_documents(match, after_seq=0, to_seq=3)
