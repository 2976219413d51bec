"""The list of leagues and the search."""

import re

import pytest
from django.test import Client

from tests.factories.leagues import make_league, make_player, make_season, make_team

pytestmark = pytest.mark.django_db


def test_leagues_are_listed_by_sport_and_test_leagues_are_not(client: Client) -> None:
    make_season(make_league("Alpha League", sport="football", priority=1), name="2026-27")
    make_season(make_league("Beta League", sport="basketball", priority=2))
    make_league("Sandbox", sport="football", is_test=True)

    html = client.get("/leagues/").content.decode()

    assert re.findall(r"<h2[^>]*>([^<]+)</h2>", html) == ["Football", "Basketball"]
    assert html.index("Alpha League") < html.index("Beta League")
    assert "2026-27" in html
    assert "Sandbox" not in html


def test_leagues_without_any_say_so(client: Client) -> None:
    assert "No leagues yet" in client.get("/leagues/").content.decode()


def test_league_list_asks_no_more_for_more_leagues(
    client: Client, django_assert_num_queries
) -> None:
    for number in range(3):
        make_season(make_league(f"League {number}", sport="football"))
        with django_assert_num_queries(2):
            client.get("/leagues/")


def test_search_finds_teams_players_and_leagues_by_a_part_of_the_name(client: Client) -> None:
    team = make_team("Ashford Rovers")
    make_player("Ash Ketch", team=team)
    make_league("Ashland League")
    make_team("Zebra Town")

    found = client.get("/search", {"q": "ash"}).context["found"]

    assert [team.name for team in found.teams] == ["Ashford Rovers"]
    assert [player.name for player in found.players] == ["Ash Ketch"]
    assert [league.name for league in found.leagues] == ["Ashland League"]


def test_search_puts_names_that_begin_with_the_words_first(client: Client) -> None:
    for name in ("Alt Rova", "Zeta Rov", "Rovers"):
        make_team(name)

    found = client.get("/search", {"q": "rov"}).context["found"]

    assert [team.name for team in found.teams] == ["Rovers", "Alt Rova", "Zeta Rov"]


@pytest.mark.parametrize("words", ["", "a", "%", "'; drop table", "x" * 200])
def test_search_survives_whatever_is_typed(client: Client, words: str) -> None:
    assert client.get("/search", {"q": words}).status_code == 200


def test_search_treats_percent_as_a_letter(client: Client) -> None:
    make_team("Rovers")

    assert client.get("/search", {"q": "%%"}).context["found"].is_empty


def test_search_answers_htmx_with_the_results_alone(client: Client) -> None:
    make_team("Rovers")

    html = client.get("/search", {"q": "rov"}, headers={"HX-Request": "true"}).content.decode()

    assert "Rovers" in html
    assert "<html" not in html


def test_search_asks_no_more_for_more_hits(client: Client, django_assert_num_queries) -> None:
    for number in range(3):
        make_player(f"Ash {number}", team=make_team(f"Ash Team {number}"))
        with django_assert_num_queries(4):
            client.get("/search", {"q": "ash"})
