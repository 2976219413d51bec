"""Teams of several vendors: when two names mean the same team."""

import pytest

from leagues.models import League, Season, Team
from leagues.services import resolve_teams
from matches.ingest.documents import FeedTeam

pytestmark = pytest.mark.django_db


@pytest.fixture
def season() -> Season:
    league = League.objects.create(name="Test League", slug="test-league", sport="football")
    return Season.objects.create(league=league, name="2030-31")


@pytest.mark.parametrize(
    ("held", "told"),
    [
        (("Arsenal FC", "Arsenal"), ("Arsenal", "")),
        (("Manchester City", "Man City"), ("Manchester City FC", "Manchester City")),
        (("Atlético", ""), ("ATLETICO", "")),
    ],
)
def test_team_is_known_by_either_of_its_names(season, held, told):
    (first,) = resolve_teams(
        "one", season, [FeedTeam(ref="1", name=held[0], short_name=held[1])]
    ).values()

    (second,) = resolve_teams(
        "two", season, [FeedTeam(ref="x", name=told[0], short_name=told[1])]
    ).values()

    assert second == first


def test_two_teams_of_one_city_stay_two(season):
    teams = [
        FeedTeam(ref="1", name="City Reds", short_name="City"),
        FeedTeam(ref="2", name="City Blues", short_name="City"),
    ]

    keys = resolve_teams("one", season, teams)

    assert len(set(keys.values())) == 2


def test_same_teams_told_twice_are_made_once(season):
    teams = [FeedTeam(ref="1", name="Reds"), FeedTeam(ref="2", name="Blues")]

    assert resolve_teams("one", season, teams) == resolve_teams("one", season, teams)
    assert Team.objects.count() == 2
