"""The public JSON of boxscores and tables."""

from datetime import timedelta

import orjson
import pytest
from django.core.cache import cache
from django.test import Client

from config.clock import now
from matches.enums import MatchStatus
from stats.enums import TableKind
from stats.models import BoxScore, TableRow
from stats.services.fold import fold_match
from tests.factories.leagues import make_league, make_player, make_season, make_team
from tests.factories.matches import make_event, make_feed, make_live_match, make_match

pytestmark = pytest.mark.django_db

DOCUMENT = {"match": {"id": "x"}, "score": {"home": 1, "away": 0}, "folded_seq": 4}


def make_boxscore(match, document=DOCUMENT, etag="v4"):
    return BoxScore.objects.create(match=match, document=orjson.dumps(document), etag=etag)


def test_boxscore_is_the_stored_document_and_its_age(client: Client):
    match = make_live_match()
    make_boxscore(match)

    response = client.get(f"/api/v1/matches/{match.public_id}/boxscore")
    answer = response.json()

    assert 2000 <= answer.pop("data_age_ms") < 60_000
    assert answer == DOCUMENT
    assert response["Content-Type"] == "application/json"
    assert response["ETag"] == '"v4"'
    assert "max-age=1," in response["Cache-Control"] + ","
    assert int(response["Data-Age-Ms"]) >= 2000


def test_boxscore_of_a_final_match_has_no_age_and_lasts(client: Client):
    match = make_match(status=MatchStatus.FINAL, data_at=now() - timedelta(days=2))
    make_boxscore(match)

    response = client.get(f"/api/v1/matches/{match.public_id}/boxscore")

    assert response.json()["data_age_ms"] is None
    assert "Data-Age-Ms" not in response
    assert "max-age=86400" in response["Cache-Control"]


def test_boxscore_that_is_hot_and_known_costs_no_query(client: Client, django_assert_num_queries):
    match = make_live_match()
    make_boxscore(match)
    address = f"/api/v1/matches/{match.public_id}/boxscore"
    with django_assert_num_queries(1):
        first = client.get(address)

    with django_assert_num_queries(0):
        again = client.get(address, headers={"If-None-Match": first["ETag"]})

    assert (again.status_code, again.content) == (304, b"")
    assert int(again["Data-Age-Ms"]) >= 2000


def test_boxscore_of_a_new_fold_is_sent(client: Client):
    match = make_live_match()
    row = make_boxscore(match)
    address = f"/api/v1/matches/{match.public_id}/boxscore"
    first = client.get(address)

    row.document, row.etag = orjson.dumps({**DOCUMENT, "folded_seq": 5}), "v5"
    row.save()
    cache.clear()
    fresh = client.get(address, headers={"If-None-Match": first["ETag"]})

    assert (fresh.status_code, fresh.json()["folded_seq"]) == (200, 5)


def test_boxscore_gives_chosen_fields(client: Client):
    match = make_live_match()
    make_boxscore(match)

    answer = client.get(f"/api/v1/matches/{match.public_id}/boxscore?fields=score,folded_seq")

    assert answer.json() == {"score": {"home": 1, "away": 0}, "folded_seq": 4}


def test_boxscore_tells_a_match_without_one_from_no_match(client: Client):
    match = make_match()

    none_yet = client.get(f"/api/v1/matches/{match.public_id}/boxscore")
    no_match = client.get("/api/v1/matches/vz_match_00000000000000000000000000/boxscore")

    assert (none_yet.status_code, no_match.status_code) == (404, 404)
    assert none_yet.json()["detail"] == "This match has no boxscore yet."
    assert no_match.json()["detail"].startswith("Take ids from list answers")


def make_row(season, rank: int, **fields):
    team = make_team(season=season)
    return TableRow.objects.create(
        season=season, team=team, rank=rank, values={"points": 9 - rank}, form="WDL", **fields
    )


def test_standings_of_a_season_and_of_a_league_are_the_same(client: Client):
    season = make_season(make_league("Cup"), name="2026-27")
    second, first = make_row(season, 2, group="A"), make_row(season, 1, rank_before=2)
    make_row(season, 1, kind=TableKind.HOME)

    by_season = client.get(f"/api/v1/standings?season={season.public_id}").json()
    by_league = client.get(f"/api/v1/standings?league={season.league.public_id}").json()

    assert by_season == by_league
    assert by_season["season"] == {"id": season.public_id, "name": "2026-27"}
    assert by_season["kind"] == "total"
    assert "points" in by_season["columns"]
    assert by_season["results"] == [
        {
            "rank": 1,
            "rank_before": 2,
            "team": {"id": first.team.public_id, "name": first.team.name},
            "group": None,
            "values": {"points": 8},
            "form": "WDL",
            "is_tied": False,
            "is_provisional": False,
        },
        {
            "rank": 2,
            "rank_before": None,
            "team": {"id": second.team.public_id, "name": second.team.name},
            "group": "A",
            "values": {"points": 7},
            "form": "WDL",
            "is_tied": False,
            "is_provisional": False,
        },
    ]


def test_standings_at_home(client: Client):
    season = make_season()
    make_row(season, 1)
    home = make_row(season, 1, kind=TableKind.HOME)

    answer = client.get(f"/api/v1/standings?season={season.public_id}&kind=home").json()

    assert [row["team"]["id"] for row in answer["results"]] == [home.team.public_id]


def test_standings_that_move_are_kept_a_second_only(client: Client):
    season = make_season()
    make_row(season, 1, is_provisional=True)

    response = client.get(f"/api/v1/standings?season={season.public_id}")

    assert "max-age=1," in response["Cache-Control"] + ","


def test_standings_need_as_many_queries_for_three_rows_as_for_one(
    client: Client, django_assert_num_queries
):
    season = make_season()
    make_row(season, 1)
    with django_assert_num_queries(2):
        client.get(f"/api/v1/standings?season={season.public_id}")
    make_row(season, 2)
    make_row(season, 3)

    with django_assert_num_queries(2):
        client.get(f"/api/v1/standings?season={season.public_id}")


@pytest.mark.parametrize(
    ("query", "parameter", "code"),
    [
        ("", "season", "required"),
        ("kind=total", "season", "required"),
        ("season=7", "season", "invalid_id"),
        ("season=vz_season_00000000000000000000000000&kind=best", "kind", "invalid_choice"),
    ],
)
def test_standings_of_nothing_name_the_parameter(client: Client, query, parameter, code):
    response = client.get(f"/api/v1/standings?{query}")

    assert response.status_code == 422
    assert [(e["parameter"], e["code"]) for e in response.json()["errors"]] == [(parameter, code)]


def test_coverage_tells_what_each_season_has(client: Client, django_assert_num_queries):
    league = make_league()
    old = make_season(league, name="2025-26", is_current=False)
    now_played = make_season(league, name="2026-27")
    make_match(old, status=MatchStatus.FINAL)
    match = make_live_match(now_played)
    make_event(match)
    make_feed(now_played, live_interval_ms=500)
    make_feed(now_played, live_interval_ms=2000)

    with django_assert_num_queries(2):
        answer = client.get(f"/api/v1/leagues/{league.public_id}/coverage").json()

    newest, oldest = answer["results"]
    assert newest == {
        "season": {"id": now_played.public_id, "name": "2026-27"},
        "is_current": True,
        "features": {
            "fixtures": "live",
            "results": "none",
            "events": "live",
            "lineups": "none",
            "player_stats": "none",
            "standings": "none",
        },
        "expected_delay_s": 0.5,
    }
    assert oldest["features"]["results"] == "final_only"
    assert oldest["expected_delay_s"] is None


def test_coverage_of_no_league_is_a_problem(client: Client):
    nobody = "vz_league_00000000000000000000000000"

    assert client.get(f"/api/v1/leagues/{nobody}/coverage").json()["code"] == "not_found"


def test_boxscore_of_the_past_comes_from_the_log(client: Client):
    match = make_live_match(home_score=None, away_score=None)
    for side in (match.home, match.home, match.away):
        make_event(match, type="score", team=side, period="MATCH")
    fold_match(match.pk)
    address = f"/api/v1/matches/{match.public_id}/boxscore"

    def at(query: str) -> tuple:
        answer = client.get(address + query).json()
        return answer["folded_seq"], answer["score"]["home"], answer["score"]["away"]

    assert at("?as_of=0") == (0, None, None)
    assert at("?as_of=1") == (1, 1, 0)
    assert at("?as_of=2") == at("?as_of=2.0") == (2, 2, 0)
    assert at("?as_of=3") == at("?as_of=99") == at("?as_of=") == at("") == (3, 2, 1)
    assert client.get(address + "?as_of=2&fields=folded_seq").json() == {"folded_seq": 2}


def test_boxscore_of_now_and_as_of_now_are_the_same(client: Client):
    match = make_live_match(data_at=None)
    scorer = make_player("Ann", team=match.home)
    make_event(match, type="score", team=match.home, player=scorer, period="MATCH")
    fold_match(match.pk)
    address = f"/api/v1/matches/{match.public_id}/boxscore"

    assert client.get(f"{address}?as_of=1").content == client.get(address).content


@pytest.mark.parametrize("seq", ["-1", "last", "1.5", "9" * 20])
def test_boxscore_as_of_no_place_in_the_log_is_refused(client: Client, seq: str):
    match = make_live_match()

    response = client.get(f"/api/v1/matches/{match.public_id}/boxscore?as_of={seq}")

    assert response.status_code == 422
    assert response.json()["errors"][0]["parameter"] == "as_of"
