"""The open price formula, number by number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fantasy.rules.game import PriceRules
from fantasy.rules.prices import Demand, price_move

RULES = PriceRules(policy="weekly", floor=35, ceiling=160, step=1, threshold_pct=5.0, most_steps=3)
NUMBERS = st.integers(0, 2_000_000)
DEMANDS = st.builds(Demand, bought=NUMBERS, sold=NUMBERS, entries=NUMBERS)


@pytest.mark.parametrize(
    ("bought", "sold", "after"),
    [
        (0, 0, 75),
        (49, 0, 75),  # of 1,000 squads, one in twenty makes a step
        (50, 0, 76),
        (150, 50, 77),
        (0, 50, 74),
        (0, 99, 74),
        (900, 0, 78),  # never more than three steps
        (0, 900, 72),
    ],
)
def test_a_twentieth_of_all_squads_moves_a_price_by_one_step(bought, sold, after):
    demand = Demand(bought=bought, sold=sold, entries=1000)

    assert price_move(75, demand, RULES).after_tenths == after


def test_a_price_stays_within_its_bounds_and_is_not_pulled_back_by_them():
    crash, rush = (
        Demand(bought=0, sold=900, entries=1000),
        Demand(bought=900, sold=0, entries=1000),
    )

    assert [price_move(p, crash, RULES).after_tenths for p in (36, 35, 30)] == [35, 35, 30]
    assert [price_move(p, rush, RULES).after_tenths for p in (159, 160, 170)] == [160, 160, 170]
    assert price_move(30, rush, RULES).after_tenths == 33


def test_a_threshold_may_have_a_tenth_of_a_percent():
    rules = PriceRules(policy="weekly", threshold_pct=0.5)

    moved = price_move(75, Demand(bought=5, sold=0, entries=1000), rules)

    assert (moved.after_tenths, moved.threshold_permille, moved.net) == (76, 5, 5)


@given(DEMANDS, st.integers(35, 160))
def test_a_price_moves_the_way_of_its_demand_by_bounded_steps(demand, price):
    move = price_move(price, demand, RULES)

    assert abs(move.change_tenths) <= RULES.most_steps * RULES.step
    assert move.change_tenths * move.net >= 0
    assert RULES.floor <= move.after_tenths <= RULES.ceiling


@given(DEMANDS)
def test_buying_and_selling_are_treated_alike(demand):
    other = Demand(bought=demand.sold, sold=demand.bought, entries=demand.entries)

    up, down = price_move(100, demand, RULES), price_move(100, other, RULES)

    assert up.change_tenths == -down.change_tenths
