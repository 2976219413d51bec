"""Live win probability: sums, order and ends, whatever the pack's distribution."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leagues.packs.loader import load_pack
from leagues.packs.schema import StrengthRule
from mlmodels.rules.chances import Chances, Expectation
from mlmodels.rules.match_time import remaining_share
from mlmodels.rules.win_probability import Situation, win_probability

FOOTBALL, HOCKEY = load_pack("football"), load_pack("ice_hockey")
BASKETBALL, GRIDIRON = load_pack("basketball"), load_pack("american_football")
RULES = [pack.strength for pack in (FOOTBALL, HOCKEY, BASKETBALL, GRIDIRON)]

rules = st.sampled_from(RULES)
means = st.floats(0.05, 6.0)
shares = st.floats(0.0, 1.0)
leads = st.integers(-8, 8)


def expected(rule: StrengthRule, home: float, away: float) -> Expectation:
    scale = 1 if rule.distribution == "poisson" else 25
    return Expectation(home=home * scale, away=away * scale, margin_sd=rule.typical_margin_sd)


@given(rules, means, means, shares, leads, st.integers(0, 3), st.integers(0, 3), st.booleans())
def test_chances_add_up_to_one(rule, home, away, remaining, lead, off, other_off, overtime):
    situation = Situation(
        home_score=max(lead, 0),
        away_score=max(-lead, 0),
        remaining=remaining,
        home_off=off,
        away_off=other_off,
        is_overtime=overtime,
    )

    chances = win_probability(situation, expected(rule, home, away), rule)

    parts = (chances.home, chances.draw, chances.away)
    assert math.isclose(sum(parts), 1, abs_tol=1e-9)
    assert all(0 <= part <= 1 + 1e-12 for part in parts)


@given(rules, means, means, shares, st.integers(0, 6), st.integers(0, 6))
def test_a_goal_never_lowers_the_chances_of_who_scores_it(rule, home, away, remaining, ours, their):
    of = expected(rule, home, away)
    before = Situation(home_score=ours, away_score=their, remaining=remaining)
    after = Situation(home_score=ours + 1, away_score=their, remaining=remaining)

    had, has = (win_probability(situation, of, rule) for situation in (before, after))

    assert has.home >= had.home - 1e-9
    assert has.away <= had.away + 1e-9


@given(means, means, shares, leads)
def test_a_man_sent_off_never_helps_his_side(home, away, remaining, lead):
    rule = FOOTBALL.strength
    score = {"home_score": max(lead, 0), "away_score": max(-lead, 0), "remaining": remaining}
    of = expected(rule, home, away)

    full = win_probability(Situation(**score), of, rule)
    short = win_probability(Situation(**score, home_off=1), of, rule)

    assert short.home <= full.home + 1e-9
    assert short.away >= full.away - 1e-9


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.distribution)
@pytest.mark.parametrize("lead", [1, -1])
def test_nothing_left_to_play_is_certain(rule, lead):
    situation = Situation(home_score=max(lead, 0), away_score=max(-lead, 0), remaining=0)

    chances = win_probability(situation, expected(rule, 1.5, 1.1), rule)

    assert (chances.home, chances.draw, chances.away) == (max(lead, 0), 0, max(-lead, 0))


def test_level_at_the_end_is_what_the_sport_makes_of_it():
    level = Situation(home_score=1, away_score=1, remaining=0)
    of = Expectation(home=2.0, away=1.0, margin_sd=13)

    found = {
        pack.id: win_probability(level, of, pack.strength) for pack in (FOOTBALL, HOCKEY, GRIDIRON)
    }

    assert found["football"].draw == 1
    # Whoever scores next: two goals to one.
    assert found["ice_hockey"].home == pytest.approx(2 / 3)
    assert found["american_football"].draw == pytest.approx(0.05)


def test_level_after_overtime_is_even_where_a_shoot_out_decides():
    level = Situation(remaining=0, is_overtime=True)
    stays = Situation(remaining=0, is_overtime=True, level_stays=True)
    of = Expectation(home=2.0, away=1.0)

    decided, drawn = (win_probability(s, of, FOOTBALL.strength) for s in (level, stays))

    assert (decided.home, decided.draw, decided.away) == (0.5, 0, 0.5)
    assert drawn.draw == 1


def test_worked_example_of_the_page():
    """The numbers of docs/models.md."""
    of = Expectation(home=1.6, away=1.1)
    rule = FOOTBALL.strength

    before = win_probability(Situation(), of, rule)
    late = win_probability(Situation(home_score=1, remaining=0.25), of, rule)
    ten_men = win_probability(Situation(home_score=1, remaining=0.25, home_off=1), of, rule)

    assert rounded(before) == (0.490, 0.249, 0.262)
    assert rounded(late) == (0.830, 0.148, 0.022)
    assert rounded(ten_men) == (0.762, 0.199, 0.039)


def rounded(chances: Chances) -> tuple[float, ...]:
    return tuple(round(part, 3) for part in (chances.home, chances.draw, chances.away))


@given(st.sampled_from([FOOTBALL, HOCKEY, BASKETBALL]), st.data())
def test_time_only_runs_out(pack, data):
    periods = [period for period in pack.periods if period.kind == "regular"]
    clocks = data.draw(st.lists(st.integers(0, 3_600_000), min_size=2, max_size=20))

    left = [
        remaining_share(pack, period=period.id, clock_ms=clock)
        for period in periods
        for clock in sorted(clocks)
    ]

    assert left[0] <= 1
    assert all(later <= earlier + 1e-12 for earlier, later in pairwise(left))


def test_added_time_is_never_over_until_the_period_is():
    late = {"period": "2H", "clock_ms": 2_700_000 + 600_000}

    assert remaining_share(FOOTBALL, **late) > 0
    assert remaining_share(FOOTBALL, **late, has_ended=True) == 0
    assert remaining_share(FOOTBALL, period="1H", clock_ms=0) == 1
    assert remaining_share(FOOTBALL, period="1H", clock_ms=2_800_000, has_ended=True) == 0.5


def test_half_of_overtime_leaves_the_other_half_only_before_a_shoot_out():
    assert remaining_share(FOOTBALL, period="E1", clock_ms=900_000, has_ended=True) > 0.15
    assert remaining_share(BASKETBALL, period="OT1", clock_ms=300_000, has_ended=True) == 0


def test_lengths_that_the_log_tells_count():
    told = {f"Q{number}": 600_000 for number in (1, 2, 3, 4)}

    share = remaining_share(BASKETBALL, period="Q3", clock_ms=300_000, lengths_ms=told)

    assert share == pytest.approx(15 / 40)


def test_a_sport_without_clock_never_gets_nearer_its_end():
    assert remaining_share(load_pack("generic"), period="MATCH", clock_ms=5_000_000) == 1
