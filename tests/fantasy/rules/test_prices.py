"""The open price formula, number by number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fantasy.rules.prices import Demand, PriceFormula, price_move

FORMULA = PriceFormula()
NUMBERS = st.integers(0, 2_000_000)
DEMANDS = st.builds(Demand, bought=NUMBERS, sold=NUMBERS, held_by=NUMBERS, entries=NUMBERS)


@pytest.mark.parametrize(
    ("bought", "sold", "held_by", "after"),
    [
        (0, 0, 1000, 75),
        (99, 0, 1000, 75),
        (100, 0, 1000, 76),
        (250, 50, 1000, 77),
        (0, 100, 1000, 74),
        (9000, 0, 1000, 78),  # never more than three steps
        (9, 0, 10, 75),  # one hundredth of all entries is his base: 9 of 100 is too little
        (10, 0, 10, 76),
    ],
)
def test_a_tenth_of_his_holders_moves_a_price_by_one_step(bought, sold, held_by, after):
    demand = Demand(bought=bought, sold=sold, held_by=held_by, entries=10_000)

    assert price_move(75, demand, FORMULA).after_tenths == after


def test_a_price_does_not_fall_below_the_floor_nor_is_lifted_to_it():
    crash = Demand(bought=0, sold=900, held_by=1000, entries=1000)

    assert price_move(36, crash, FORMULA).after_tenths == 35
    assert price_move(30, crash, FORMULA).after_tenths == 30


@given(DEMANDS, st.integers(35, 200))
def test_a_price_moves_the_way_of_its_demand_by_bounded_steps(demand, price):
    move = price_move(price, demand, FORMULA)

    assert abs(move.change_tenths) <= FORMULA.most_steps * FORMULA.step_tenths
    assert move.change_tenths * move.net >= 0


@given(DEMANDS)
def test_buying_and_selling_are_treated_alike(demand):
    other = Demand(
        bought=demand.sold, sold=demand.bought, held_by=demand.held_by, entries=demand.entries
    )

    up, down = price_move(100, demand, FORMULA), price_move(100, other, FORMULA)

    assert up.change_tenths == -down.change_tenths
