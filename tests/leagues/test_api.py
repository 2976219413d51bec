"""The public JSON of leagues, seasons, teams and players."""

import pytest
from django.test import Client

from leagues.enums import ExternalKind
from leagues.models import ExternalId
from tests.factories.leagues import make_league, make_player, make_season, make_team

pytestmark = pytest.mark.django_db

LISTS = ["leagues", "seasons", "teams", "players"]


def make_one(kind: str):
    season = make_season()
    team = make_team(season=season)
    return {
        "leagues": season.league,
        "seasons": season,
        "teams": team,
        "players": make_player(team=team),
    }[kind]


def test_league_tells_its_current_season_and_ids(client: Client):
    league = make_league("Premier League", country="England")
    make_season(league, name="2025-26", is_current=False)
    season = make_season(league, name="2026-27")
    ExternalId.objects.create(
        source="opta", kind=ExternalKind.LEAGUE, value="8", object_id=league.pk
    )

    answer = client.get(f"/api/v1/leagues/{league.public_id}").json()

    assert answer == {
        "id": league.public_id,
        "slug": "premier-league",
        "name": "Premier League",
        "short_name": None,
        "sport": "generic",
        "country": "England",
        "priority": 500,
        "time_zone": "UTC",
        "current_season": {"id": season.public_id, "name": "2026-27"},
        "external_ids": {"opta": "8"},
    }


def test_external_ids_give_the_oldest_of_a_source_and_ignore_other_kinds(client: Client):
    team = make_team()
    for kind, value in (("team", "old"), ("team", "new"), ("player", "else")):
        ExternalId.objects.create(source="opta", kind=kind, value=value, object_id=team.pk)

    answer = client.get(f"/api/v1/teams/{team.public_id}").json()

    assert answer["external_ids"] == {"opta": "old"}


def test_player_tells_where_he_is_now(client: Client):
    team = make_team("Rovers")
    player = make_player("Jo Bloggs", team=team)

    answer = client.get(f"/api/v1/players/{player.public_id}").json()

    assert answer["teams"] == [{"id": team.public_id, "name": "Rovers", "shirt": "7"}]


@pytest.mark.parametrize("kind", LISTS)
def test_list_holds_what_the_detail_shows(client: Client, kind: str):
    row = make_one(kind)

    listed = client.get(f"/api/v1/{kind}").json()["results"]
    detail = client.get(f"/api/v1/{kind}/{row.public_id}").json()

    assert detail in listed


@pytest.mark.parametrize("kind", LISTS)
def test_list_needs_as_many_queries_for_three_rows_as_for_one(
    client: Client, kind: str, django_assert_num_queries
):
    make_one(kind)
    queries = 2 if kind in {"leagues", "players"} else 1
    with django_assert_num_queries(queries):
        client.get(f"/api/v1/{kind}")
    make_one(kind)
    make_one(kind)

    with django_assert_num_queries(queries):
        client.get(f"/api/v1/{kind}")


def test_merged_team_redirects_to_the_survivor(client: Client):
    survivor = make_team("Rovers")
    merged = make_team("Rovers FC", merged_into=survivor)

    response = client.get(f"/api/v1/teams/{merged.public_id}")
    listed = client.get("/api/v1/teams").json()["results"]

    assert response.status_code == 308
    assert response["Location"].endswith(f"/api/v1/teams/{survivor.public_id}")
    assert [team["name"] for team in listed] == ["Rovers"]


def test_test_leagues_are_not_public(client: Client):
    league = make_league("Trial", is_test=True)
    season = make_season(league)

    assert client.get("/api/v1/leagues").json()["results"] == []
    assert client.get(f"/api/v1/leagues/{league.public_id}").status_code == 404
    assert client.get(f"/api/v1/seasons/{season.public_id}").status_code == 404


def test_filters_narrow_the_lists(client: Client):
    season = make_season(make_league("One", sport="generic", country="Wales"))
    other = make_season(make_league("Two", sport="football"), is_current=False)
    team = make_team("Rovers", season=season)
    make_team("United", season=other)
    make_player("Ann Lee", team=team, position="GKP")
    make_player("Bo Diddley")

    def names(path: str) -> list[str]:
        return [row["name"] for row in client.get(f"/api/v1/{path}").json()["results"]]

    assert names("leagues?sport=football") == ["Two"]
    assert names("leagues?country=wales") == ["One"]
    assert names(f"seasons?league={season.league.public_id}") == [season.name]
    assert names("seasons?current=false") == [other.name]
    assert names(f"teams?league={season.league.public_id}") == ["Rovers"]
    assert names(f"teams?season={other.public_id}") == ["United"]
    assert names("teams?search=rov") == ["Rovers"]
    assert names(f"players?team={team.public_id}") == ["Ann Lee"]
    assert names("players?position=GKP") == ["Ann Lee"]


def test_search_knows_every_script(client: Client):
    make_player("Łukasz Fabiański")
    make_player("大谷翔平")

    found = client.get("/api/v1/players", {"search": "大谷"}).json()["results"]

    assert [player["name"] for player in found] == ["大谷翔平"]
