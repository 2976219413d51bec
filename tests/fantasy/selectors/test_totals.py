"""Totals of entries come from the last settled round that they were in."""

import pytest

from fantasy.enums import RoundState
from fantasy.models import LineupResult
from fantasy.selectors.totals import settled_totals, with_totals
from tests.factories.fantasy import make_entry, make_game, make_round

pytestmark = pytest.mark.django_db


@pytest.fixture
def game():
    return make_game()


def bring(entry, round_, total):
    LineupResult.objects.create(entry=entry, round=round_, points=0, total=total, rank=1)


def test_total_is_that_of_the_last_settled_round_an_entry_was_in(game):
    first, second = (make_round(game, state=RoundState.SETTLED) for _ in range(2))
    third = make_round(game, state=RoundState.PROVISIONAL)
    steady, paused, new = (make_entry(game, []) for _ in range(3))
    for entry in (steady, paused):
        bring(entry, first, 40)
    bring(steady, second, 95)
    bring(steady, third, 999)

    wanted = {steady.pk: 95, paused.pk: 40, new.pk: 0}
    assert settled_totals(game.entries.all(), game_id=game.pk) == wanted
    assert dict(with_totals(game.entries.all()).values_list("pk", "total_points")) == wanted


def test_nobody_has_a_total_before_a_round_is_settled(game):
    make_round(game)
    entry = make_entry(game, [])

    assert settled_totals(game.entries.all(), game_id=game.pk) == {entry.pk: 0}


def test_totals_of_another_game_do_not_count(game):
    other = make_game()
    round_ = make_round(other, state=RoundState.SETTLED)
    make_round(game, state=RoundState.SETTLED)
    entry = make_entry(game, [])
    bring(make_entry(other, []), round_, 70)

    assert settled_totals(game.entries.all(), game_id=game.pk) == {entry.pk: 0}
