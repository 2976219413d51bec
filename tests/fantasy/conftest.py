"""A game to play in: twelve clubs, players of every position, five rounds to come."""

import pytest

from fantasy.models import Game
from tests.factories.fantasy import make_club, make_game, make_round
from tests.fantasy import moments


@pytest.fixture
def game(db) -> Game:
    made = make_game(rules="fpl-2026-27")
    for number in range(1, 6):
        make_round(made, number)
    for _ in range(8):
        make_club(made)
    return made


@pytest.fixture
def clock(settings):
    """The moments of the test; put back afterwards."""
    settings.CLOCK = "tests.fantasy.moments.now"
    yield moments
    moments.forget()
