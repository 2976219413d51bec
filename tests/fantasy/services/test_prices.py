"""Prices that move: once a round, explained, and only where the game says so."""

import dataclasses

import pytest

from fantasy.models import PriceChange, Transfer
from fantasy.rules import loading
from fantasy.rules.game import PriceRules
from fantasy.services import prices
from fantasy.services.prices import move_prices
from tests.factories.fantasy import make_entry, make_game, make_game_player, make_round
from tests.factories.leagues import make_team
from tests.fantasy.settled import lock

pytestmark = pytest.mark.django_db


@pytest.fixture
def weekly(monkeypatch):
    """The classic game with a formula; a pack's file would say the same."""

    def load(game_id):
        rules = PriceRules(policy="weekly", threshold_pct=20.0)
        return dataclasses.replace(loading.load_game(game_id), prices=rules)

    monkeypatch.setattr(prices, "load_game", load)


@pytest.fixture
def round_():
    game = make_game()
    return make_round(game)


def make_transfers(round_, out, into, how_many, **fields):
    entries = [make_entry(round_.game, squad=[]) for _ in range(how_many)]
    Transfer.objects.bulk_create(
        Transfer(
            entry=entry,
            round=round_,
            player_out=out,
            player_in=into,
            paid=50,
            sold_for=50,
            bought_for=50,
            **fields,
        )
        for entry in entries
    )


def pair(round_):
    team = make_team(season=round_.game.season)
    return [make_game_player(round_.game, team, "MID", price=50) for _ in range(2)]


def test_a_round_moves_prices_once_and_says_why(round_, weekly):
    sold, bought = pair(round_)
    make_transfers(round_, sold, bought, 2)
    make_transfers(round_, sold, bought, 8, chip="wildcard")
    lock(round_, round_.game.entries.all())

    assert (move_prices(round_.pk), move_prices(round_.pk)) == (2, 0)

    sold.refresh_from_db()
    bought.refresh_from_db()
    assert (sold.price, bought.price, bought.start_price) == (49, 51, 50)
    change = PriceChange.objects.get(game_player=bought)
    assert (change.from_price, change.to_price) == (50, 51)
    assert change.inputs == {
        "bought": 2,
        "sold": 0,
        "net": 2,
        "entries": 10,
        "threshold_permille": 200,
        "steps": 1,
    }


def test_fixed_prices_stay(round_):
    sold, bought = pair(round_)
    make_transfers(round_, sold, bought, 5)
    lock(round_, round_.game.entries.all())

    assert move_prices(round_.pk) == 0
    assert not PriceChange.objects.exists()
