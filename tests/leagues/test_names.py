"""When two names mean the same player."""

import pytest

from leagues.rules.names import MAYBE_SAME, SURELY_SAME, player_likeness


def test_short_name_of_one_is_the_name_of_the_other():
    one, other = ("Mohamed Elneny", ""), ("Mohamed Naser Elsayed Elneny", "Mohamed Elneny")

    assert player_likeness(one, other) == player_likeness(other, one) == 1.0


def test_initial_alone_is_a_question():
    one, other = ("John Silva", "J. Silva"), ("José Silva", "J. Silva")

    assert MAYBE_SAME <= player_likeness(one, other) < SURELY_SAME


@pytest.mark.parametrize(
    ("name", "is_same"), [("Héctor Bellerín Moruno", True), ("Rob Holding", False)]
)
def test_shirt_settles_names_that_resemble_each_other(name: str, is_same: bool):
    found = player_likeness(("Héctor Bellerín", ""), (name, ""), same_shirt=True)

    assert (found >= SURELY_SAME) is is_same
