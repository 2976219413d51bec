"""A season's tables made anew from its results: repeatable, with what admins decided."""

from datetime import timedelta

import pytest

from config.clock import now
from leagues.models import Season
from matches.enums import MatchStatus
from matches.models import Match
from stats import receivers
from stats.enums import TableKind
from stats.models import TableAdjustment, TableRow
from stats.services.tables import refresh_tables
from stats.topics import StatUpdate
from streams.groups import Delivery
from tests.factories.leagues import make_league, make_season, make_team
from tests.factories.matches import make_match
from tests.race.processes import race

pytestmark = pytest.mark.django_db


@pytest.fixture
def season() -> Season:
    return make_season(make_league(sport="football"))


@pytest.fixture
def teams(season):
    return {name: make_team(name, season=season) for name in ("Ash", "Brook", "Cove")}


def result(season, home, away, home_score, away_score, **fields) -> Match:
    return make_match(
        season,
        home=home,
        away=away,
        **{
            "status": MatchStatus.FINISHED,
            "kickoff_at": now() - timedelta(days=1),
            "home_score": home_score,
            "away_score": away_score,
            **fields,
        },
    )


def points(season, kind=TableKind.TOTAL) -> list[tuple]:
    rows = TableRow.objects.filter(season=season, kind=kind).order_by("rank", "team__name")
    return [(row.rank, row.team.name, row.values["points"]) for row in rows]


def test_tables_of_a_season_without_results_list_every_team(season, teams):
    refresh_tables(season.pk)

    assert [(name, value) for _, name, value in points(season)] == [
        ("Ash", 0),
        ("Brook", 0),
        ("Cove", 0),
    ]
    assert TableRow.objects.count() == 3 * len(TableKind)


def test_tables_count_results_at_home_and_away(season, teams):
    result(season, teams["Ash"], teams["Brook"], 2, 0)
    result(season, teams["Brook"], teams["Cove"], 1, 1)

    refresh_tables(season.pk)

    assert points(season) == [(1, "Ash", 3), (2, "Cove", 1), (3, "Brook", 1)]
    assert {n: p for _, n, p in points(season, TableKind.HOME)} == {
        "Ash": 3,
        "Brook": 1,
        "Cove": 0,
    }
    assert {n: p for _, n, p in points(season, TableKind.AWAY)} == {
        "Ash": 0,
        "Brook": 0,
        "Cove": 1,
    }


def test_tables_count_live_matches_as_they_stand(season, teams):
    result(season, teams["Ash"], teams["Brook"], 1, 0)
    live = result(season, teams["Cove"], teams["Brook"], 4, 0, status=MatchStatus.LIVE)

    refresh_tables(season.pk)

    first = TableRow.objects.get(season=season, kind=TableKind.TOTAL, rank=1)
    assert (first.team.name, first.is_provisional) == ("Cove", True)
    assert first.rank_before > 1
    Match.objects.filter(pk=live.pk).update(status=MatchStatus.POSTPONED)
    refresh_tables(season.pk)
    assert points(season)[0] == (1, "Ash", 3)


@pytest.mark.parametrize(
    "status", [MatchStatus.SCHEDULED, MatchStatus.POSTPONED, MatchStatus.CANCELLED]
)
def test_tables_leave_out_what_was_not_played(season, teams, status):
    result(season, teams["Ash"], teams["Brook"], 3, 0, status=status)

    refresh_tables(season.pk)

    assert {value for *_, value in points(season)} == {0}


def test_tables_count_an_awarded_score_instead_of_the_played_one(season, teams):
    result(season, teams["Ash"], teams["Brook"], 3, 0, awarded_home=0, awarded_away=3)

    refresh_tables(season.pk)

    assert points(season)[0] == (1, "Brook", 3)


def test_tables_take_points_away_by_decision(season, teams):
    result(season, teams["Ash"], teams["Brook"], 3, 0)
    TableAdjustment.objects.create(
        season=season, team=teams["Ash"], points=-6, reason="Unpaid wages"
    )

    refresh_tables(season.pk)

    assert points(season)[-1] == (3, "Ash", -3)


def test_tables_made_twice_are_the_same_rows(season, teams):
    result(season, teams["Ash"], teams["Brook"], 3, 0)
    refresh_tables(season.pk)
    columns = ("pk", "rank", "values", "form", "rank_before")
    before = list(TableRow.objects.order_by("pk").values_list(*columns))

    refresh_tables(season.pk)

    assert list(TableRow.objects.order_by("pk").values_list(*columns)) == before


def test_tables_forget_a_team_that_left(season, teams):
    refresh_tables(season.pk)
    season.season_teams.filter(team=teams["Cove"]).delete()

    refresh_tables(season.pk)

    assert {name for _, name, _ in points(season)} == {"Ash", "Brook"}


def test_tables_of_another_season_stay(season, teams):
    other = make_season(make_league(sport="football"))
    stranger = make_team("Stranger", season=other)
    refresh_tables(other.pk)

    refresh_tables(season.pk)

    assert TableRow.objects.filter(team=stranger).count() == len(TableKind)


def test_receiver_makes_tables_only_when_a_standing_changed(season, teams):
    def delivery(*, standing_changed: bool) -> Delivery:
        news = StatUpdate(
            match_id=1,
            season_id=season.pk,
            folded_seq=1,
            status="live",
            standing_changed=standing_changed,
        )
        return Delivery(position=1, event=news, trace={})

    receivers.refresh_tables([delivery(standing_changed=False)] * 3)
    assert TableRow.objects.count() == 0

    receivers.refresh_tables([delivery(standing_changed=True)] * 3)
    assert TableRow.objects.count() == 3 * len(TableKind)


@pytest.mark.django_db(transaction=True)
def test_tables_made_by_many_at_once_are_right(season, teams):
    for _ in range(3):
        result(season, teams["Ash"], teams["Brook"], 2, 0, kickoff_at=now() - timedelta(days=_ + 1))

    assert race(*[lambda: refresh_tables(season.pk)] * 4) == [0] * 4

    assert points(season)[0] == (1, "Ash", 9)
    assert TableRow.objects.count() == 3 * len(TableKind)
