"""Whatever a manager does: no sequence of moves breaks quotas, the club cap or the budget."""

import random
from collections import Counter

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fantasy.models import Entry, Holding
from fantasy.rules.lineups import lineup_problems
from fantasy.rules.squads import Pick, squad_problems
from fantasy.services.chips import cancel_chip, play_chip
from fantasy.services.deadlines import lock_due_rounds
from fantasy.services.games import rules_of
from fantasy.services.lineups import LineupChoice, save_lineup
from fantasy.services.refusals import Refused
from fantasy.services.squads import next_round, open_squad
from fantasy.services.transfers import Move, confirm_transfers, sale_price
from tests.factories.fantasy import make_entry
from tests.fantasy.test_added_players import make_managed_game

pytestmark = pytest.mark.django_db

ACTS = ("transfer", "transfer", "transfer", "order", "chip", "cancel", "price", "lock")
steps = st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 2**32)), max_size=14)
managed = st.lists(
    st.tuples(st.sampled_from([*ACTS, "manager", "manager", "lock"]), st.integers(0, 2**32)),
    max_size=14,
)


@pytest.fixture
def managed_game(db):
    return make_managed_game()


class UndoError(Exception):
    """Ends an example and takes back what it wrote."""


def squad_of(entry_id) -> list[Holding]:
    rows = Holding.objects.filter(entry=entry_id).select_related("game_player")
    return list(rows.order_by("slot"))


def wealth(game, entry_id) -> int:
    rules = rules_of(game)
    held = sum(sale_price(rules, holding) for holding in squad_of(entry_id))
    return held + Entry.objects.get(pk=entry_id).bank


def act(game, entry_id, name, chance, clock):
    held = squad_of(entry_id)
    if name == "transfer":
        going = chance.sample(held, chance.randint(1, 3))
        moves = [
            Move(
                sold=holding.game_player_id,
                bought=chance.choice(
                    list(game.players.filter(position=holding.game_player.position))
                ).pk,
            )
            for holding in going
        ]
        confirm_transfers(entry_id, moves, chip=chance.choice(["", "", "wildcard", "freehit"]))
    elif name == "order":
        players = [holding.game_player_id for holding in held]
        one, two = chance.sample(range(15), 2)
        players[one], players[two] = players[two], players[one]
        captain, vice = chance.sample(players, 2)
        save_lineup(entry_id, LineupChoice(players=players, captain=captain, vice=vice))
    elif name == "chip":
        play_chip(entry_id, chance.choice(["wildcard", "freehit", "bboost", "3xc"]))
    elif name == "manager":
        managers = list(game.players.filter(position__in=["AM", "MID"], price__lte=15))
        play_chip(entry_id, "manager", player=chance.choice(managers).pk)
    elif name == "cancel":
        cancel_chip(entry_id)
    elif name == "price":
        player = chance.choice(list(game.players.all()))
        player.price = max(min(35, player.price), player.price + chance.choice([-3, -1, 1, 2, 5]))
        player.save(update_fields=["price"])
    elif (round_ := next_round(game.pk)) is not None:
        clock.stand_at(round_.deadline_at)
        lock_due_rounds()


def assert_legal(game, entry_id):
    rules, chip = rules_of(game), None
    if next_round(game.pk) is not None:
        squad = open_squad(entry_id)
        chip = squad.chip
        assert not lineup_problems(rules, squad.slots, chip=chip)
    held = [holding.game_player for holding in squad_of(entry_id)]
    picks = [Pick(player=p.pk, position=p.position, club=p.team_id, price=0) for p in held]
    assert not squad_problems(rules, picks, chip=chip)
    assert [p.position for p in held[15:]] == (["AM"] if chip and chip.adds else [])
    assert max(Counter(pick.club for pick in picks).values()) <= 3
    assert Entry.objects.get(pk=entry_id).bank >= 0
    assert 0 <= Entry.objects.get(pk=entry_id).free_transfers <= 5


bounded = settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@bounded
@given(steps=steps)
def test_any_sequence_of_moves_keeps_the_rules(game, clock, steps):
    play(game, clock, steps)


@bounded
@given(steps=managed)
def test_any_sequence_of_moves_keeps_the_rules_with_a_manager(managed_game, clock, steps):
    play(managed_game, clock, [("lock", 0), *steps])


def play(game, clock, steps):
    clock.forget()
    with pytest.raises(UndoError), transaction.atomic():
        entry = make_entry(game)
        for name, seed in steps:
            before = wealth(game, entry.pk), squad_of(entry.pk)
            try:
                with transaction.atomic():
                    act(game, entry.pk, name, random.Random(seed), clock)
            except Refused:
                assert (wealth(game, entry.pk), squad_of(entry.pk)) == before
            # Money is only exchanged for players, a deadline gives back what a Free Hit took.
            if name not in {"price", "lock"}:
                assert wealth(game, entry.pk) == before[0]
            assert_legal(game, entry.pk)
        raise UndoError
