"""Win probability and momentum read from stored logs."""

import pytest

from matches.enums import EventOp, MatchStatus
from matches.models import Match
from mlmodels.selectors import win_probability_line
from stats.selectors.pressure import momentum_of
from tests.factories.leagues import make_league, make_season
from tests.factories.matches import make_event, make_match

pytestmark = pytest.mark.django_db


@pytest.fixture
def match() -> Match:
    season = make_season(make_league(sport="football"))
    return make_match(season, status=MatchStatus.LIVE)


def tell(match: Match, kind: str, period: str, minute: int, **fields):
    if kind in ("period_start", "period_end", "match_end"):
        fields.setdefault("team", None)
    event = make_event(match, type=kind, period=period, clock_ms=minute * 60_000, **fields)
    Match.objects.filter(pk=match.pk).update(folded_seq=event.seq)
    match.folded_seq = event.seq
    return event


def parts(point) -> tuple[float, float, float]:
    return point.chances.home, point.chances.draw, point.chances.away


def test_line_goes_with_the_match_and_ends_in_certainty(match: Match):
    tell(match, "period_start", "1H", 0)
    goal = tell(match, "goal", "1H", 20, team=match.home)
    red = tell(match, "red_card", "1H", 30, team=match.home)
    tell(match, "period_end", "1H", 45)
    tell(match, "period_start", "2H", 0)
    tell(match, "goal", "2H", 40, team=match.away)
    tell(match, "period_end", "2H", 48)
    end = tell(match, "match_end", "", 0)
    match.status, match.home_score, match.away_score = MatchStatus.FINISHED, 1, 1

    line = win_probability_line(match)

    by_seq = {point.seq: point for point in line}
    assert [point.seq for point in line] == list(range(1, 9))
    assert by_seq[goal.seq].chances.home > by_seq[1].chances.home + 0.2
    assert by_seq[red.seq].chances.home < by_seq[goal.seq].chances.home
    assert by_seq[6].chances.draw > 0.7
    assert parts(by_seq[end.seq]) == (0, 1, 0)
    assert all(sum(parts(point)) == pytest.approx(1, abs=1e-9) for point in line)


def test_line_follows_a_correction(match: Match):
    tell(match, "period_start", "1H", 0)
    goal = tell(match, "goal", "1H", 20, team=match.home)
    tell(match, "corner", "1H", 25, team=match.home)
    with_goal = win_probability_line(match)[-1]

    tell(
        match,
        "goal",
        "1H",
        20,
        team=match.home,
        lineage_id=goal.lineage_id,
        rev=2,
        op=EventOp.RETRACT,
    )

    line = win_probability_line(match)
    assert [point.seq for point in line] == [1, 3]
    assert line[-1].chances.home < with_goal.chances.home


def test_line_tells_no_more_than_the_fold(match: Match):
    tell(match, "period_start", "1H", 0)
    tell(match, "corner", "1H", 10, team=match.home)
    match.folded_seq = 1

    assert win_probability_line(match) == ()


def test_line_begins_with_the_league_s_own_scores(match: Match):
    for day in range(30):
        make_match(
            match.season,
            kickoff_at=match.kickoff_at.replace(year=2001, month=1, day=day + 1),
            status=MatchStatus.FINISHED,
            home_score=0,
            away_score=4,
        )
    tell(match, "period_start", "1H", 0)
    tell(match, "corner", "1H", 1, team=match.home)

    assert win_probability_line(match)[0].chances.away > 0.9


def test_there_is_no_line_without_clock_times(match: Match):
    tell(match, "score.set", "1H", 0, payload={"home": 1, "away": 0}, team=None)
    other = make_match(make_season(make_league(sport="generic")), status=MatchStatus.LIVE)
    make_event(other)

    assert win_probability_line(match) == ()
    assert win_probability_line(other) == ()


def test_a_shoot_out_goal_is_no_goal(match: Match):
    tell(match, "period_start", "1H", 0)
    tell(match, "corner", "2H", 40, team=match.home)
    tell(match, "period_start", "P", 0)
    tell(match, "shootout_goal", "P", 0, team=match.home)

    last = win_probability_line(match)[-1]

    assert parts(last) == (0.5, 0, 0.5)


def test_line_and_momentum_cost_few_queries(match: Match, django_assert_num_queries):
    match = Match.objects.with_sides().get(pk=match.pk)
    for minute in range(1, 40):
        tell(match, "shot", "1H", minute, team=match.home)

    with django_assert_num_queries(3):
        assert len(win_probability_line(match)) == 39
    with django_assert_num_queries(1):
        assert len(momentum_of(match)) == 39


def test_momentum_is_above_zero_while_home_presses(match: Match):
    tell(match, "period_start", "1H", 0)
    tell(match, "shot", "1H", 2, team=match.home, payload={"xg": 0.3, "big_chance": True})
    tell(match, "corner", "1H", 6, team=match.away)
    tell(match, "period_end", "1H", 7)

    values = {point.minute: point.value for point in momentum_of(match)}

    assert list(values) == [1, 2, 3, 4, 5, 6, 7]
    assert values[1] == 0
    assert values[2] == pytest.approx(100 * 0.8 / 1.2, abs=0.1)
    assert values[2] > values[3] > values[5] > values[6]


def test_momentum_of_a_sport_without_it_is_empty():
    other = make_match(make_season(make_league(sport="generic")), status=MatchStatus.LIVE)

    assert momentum_of(other) == ()
