"""Publishing fixtures fills an empty season once."""

from datetime import UTC, date, datetime, timedelta

import pytest

from leagues.rules.schedule import ScheduleError
from matches.models import Match
from matches.services.schedule import publish_schedule
from tests.factories.leagues import make_season, make_team

pytestmark = pytest.mark.django_db

FIRST = datetime(2027, 8, 14, 15, tzinfo=UTC)


def publish(season, **options):
    return publish_schedule(season, first_at=FIRST, every=timedelta(days=7), **options)


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
