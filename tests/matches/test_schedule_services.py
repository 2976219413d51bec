"""Publishing fixtures fills an empty season once."""

from datetime import UTC, date, datetime, timedelta

import pytest

from leagues.rules.schedule import ScheduleError
from matches.models import Match
from matches.services.schedule import Calendar, plan_schedule, publish_schedule, teams_of
from tests.factories.leagues import make_league, make_season, make_team

pytestmark = pytest.mark.django_db

FIRST = datetime(2027, 8, 14, 15, tzinfo=UTC)


WEEK = timedelta(days=7)


def publish(season, **options):
    return publish_schedule(season, Calendar(first_at=FIRST, every=WEEK, **options))


def test_publish_schedule_gives_each_round_its_day():
    season = make_season()
    for _ in range(4):
        make_team(season=season)

    assert publish(season, blackouts=[date(2027, 8, 28)]) == 12

    days = list(Match.objects.order_by("matchday").values_list("kickoff_at", flat=True).distinct())
    weeks = [(day - FIRST).days // 7 for day in sorted(set(days))]
    assert weeks == [0, 1, 3, 4, 5, 6]
    assert Match.objects.filter(matchday=1).count() == 2


def test_publish_schedule_into_a_season_with_matches_is_refused():
    season = make_season()
    for _ in range(3):
        make_team(season=season)
    publish(season)

    with pytest.raises(ScheduleError, match="has matches already"):
        publish(season)

    assert Match.objects.count() == 6


def test_plan_is_what_is_published():
    season = make_season()
    for _ in range(4):
        make_team(season=season)
    calendar = Calendar(first_at=FIRST, every=WEEK)

    planned = plan_schedule(season, calendar)
    publish_schedule(season, calendar, seen_teams=teams_of(planned))

    assert set(Match.objects.values_list("matchday", "kickoff_at", "home", "away")) == {
        (one.number, one.kickoff_at, home.pk, away.pk)
        for one in planned
        for home, away in one.games
    }


def test_teams_that_changed_since_the_plan_publish_nothing():
    season = make_season()
    teams = [make_team(season=season) for _ in range(4)]
    seen = {team.pk for team in teams}
    make_team(season=season)

    with pytest.raises(ScheduleError, match="changed since you looked"):
        publish_schedule(season, Calendar(first_at=FIRST, every=WEEK), seen_teams=seen)

    assert not Match.objects.exists()


def test_kickoff_keeps_its_hour_when_clocks_change():
    season = make_season(make_league(time_zone="Europe/London"))
    for _ in range(4):
        make_team(season=season)
    calendar = Calendar(first_at=datetime(2027, 10, 24, 14, tzinfo=UTC), every=WEEK)

    first, second = [
        planned.kickoff_at.astimezone(UTC) for planned in plan_schedule(season, calendar)
    ][:2]

    assert (first.hour, second.hour) == (14, 15)


def test_unknown_time_zone_is_told():
    season = make_season(make_league(time_zone="Mars/Olympus"))
    for _ in range(3):
        make_team(season=season)

    with pytest.raises(ScheduleError, match="'Mars/Olympus', the league's time zone"):
        publish(season)
