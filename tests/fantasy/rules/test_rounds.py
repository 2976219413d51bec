"""Cutting a season into rounds, and where deadlines may go."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from fantasy.rules.game import RoundRules
from fantasy.rules.rounds import (
    Fixture,
    after_deadline,
    deadline_of,
    moved_deadline,
    plan_rounds,
)

SATURDAY = datetime(2026, 8, 15, 14, tzinfo=UTC)
BY_MATCHDAY = RoundRules(count=38)
BY_WEEK = RoundRules(count=26, by="week")
LONDON = ZoneInfo("Europe/London")


def fixture(match, day, *, matchday=None, hours=0.0):
    return Fixture(
        match=match, matchday=matchday, kickoff_at=SATURDAY + timedelta(days=day, hours=hours)
    )


def cut(fixtures, rules=BY_MATCHDAY, zone=LONDON):
    return {plan.number: plan.matches for plan in plan_rounds(fixtures, rules, zone=zone)}


def test_round_starts_with_the_first_kick_off_of_its_matchday():
    fixtures = [fixture(1, 1, matchday=1), fixture(2, 0, matchday=1), fixture(3, 7, matchday=2)]

    first, second = plan_rounds(fixtures, BY_MATCHDAY, zone=LONDON)

    assert (first.starts_at, first.matches) == (SATURDAY, (2, 1))
    assert second.starts_at == SATURDAY + timedelta(days=7)


def test_match_moved_back_makes_a_double_round():
    fixtures = [fixture(n, 7 * day, matchday=day + 1) for n, day in enumerate((0, 0, 1, 1))]
    fixtures.append(fixture(9, 10, matchday=1))

    assert cut(fixtures) == {1: (0, 1), 2: (2, 3, 9)}


def test_match_brought_forward_counts_in_the_round_before():
    fixtures = [fixture(n, 7 * day, matchday=day + 1) for n, day in enumerate((0, 0, 1, 1, 2, 2))]
    fixtures.append(fixture(9, 3, matchday=3))

    assert cut(fixtures) == {1: (0, 1, 9), 2: (2, 3), 3: (4, 5)}


def test_week_begins_on_monday_in_the_zone_of_the_game():
    sunday_night = fixture(1, 1, hours=9.5)

    by_zone = {
        name: len(cut([fixture(0, 0), sunday_night], BY_WEEK, ZoneInfo(name)))
        for name in ("UTC", "Europe/London")
    }

    # 23:30 UTC on Sunday is Monday in London's summer.
    assert by_zone == {"UTC": 1, "Europe/London": 2}


def test_season_without_matchdays_is_cut_by_weeks():
    assert cut([fixture(1, 0), fixture(2, 8)]) == {1: (1,), 2: (2,)}


def test_deadline_comes_ninety_minutes_before():
    assert deadline_of(SATURDAY, BY_MATCHDAY) == SATURDAY - timedelta(minutes=90)


@pytest.mark.parametrize(
    ("hours_before", "moved_by", "is_moved"),
    [(25, -5, True), (23, -5, False), (1, -0.5, False), (23, 5, True), (72, -80, False)],
)
def test_deadline_moves_earlier_only_while_there_is_a_day(hours_before, moved_by, is_moved):
    new = SATURDAY + timedelta(hours=moved_by)

    moved = moved_deadline(SATURDAY, new, at=SATURDAY - timedelta(hours=hours_before))

    assert moved == (new if is_moved else SATURDAY)


def test_only_what_kicks_off_after_the_deadline_counts():
    kickoffs = {n: SATURDAY + timedelta(hours=n) for n in range(4)}

    counting = after_deadline((0, 1, 2, 3), kickoffs, deadline_at=SATURDAY + timedelta(hours=2))

    assert counting == (2, 3)
