"""Managers at the same time: nobody gets more than the rules allow, nobody is half saved."""

import threading
from concurrent.futures import ThreadPoolExecutor
from queue import Queue

import pytest
from django.db import connection, connections
from django.db.models import F

from fantasy.enums import RoundState
from fantasy.models import ChipPlay, Entry, Game, Holding, Lineup, Receipt, Round, Transfer
from fantasy.rules.receipts import leaf_of, merkle_root
from fantasy.services import squads, transfers
from fantasy.services.chips import play_chip
from fantasy.services.deadlines import lock_due_rounds
from fantasy.services.entries import NewEntry, create_entry
from fantasy.services.lineups import LineupChoice, save_lineup
from fantasy.services.receipts import line_of
from fantasy.services.refusals import Refused
from fantasy.services.transfers import Move, confirm_transfers
from tests.factories.fantasy import (
    make_club,
    make_entry,
    make_game,
    make_game_player,
    make_round,
    pick_squad,
)
from tests.fantasy import moments
from tests.race.processes import (
    is_somebody_waiting_for_a_lock,
    race,
    racers,
    until,
    without_row_locks,
)

pytestmark = pytest.mark.django_db(transaction=True)

WRITERS = 8


@pytest.fixture
def game(settings):
    settings.CLOCK = "tests.fantasy.moments.now"
    made = make_game(rules="fpl-2026-27")
    for number in (1, 2, 3):
        make_round(made, number)
    for _ in range(8):
        make_club(made)
    yield made
    moments.forget()


@pytest.fixture
def entry(game):
    """An entry in its second round that can pay for one dear player, not for two."""
    made = make_entry(game)
    moments.stand_at(game.rounds.get(number=1).deadline_at)
    lock_due_rounds()
    return made


def dear_moves(game, entry) -> list[Move]:
    """Two transfers, each of which takes the whole bank."""
    clubs = list(entry.holdings.values_list("game_player__team_id", flat=True))
    team = next(p.team for p in game.players.order_by("-number") if p.team_id not in clubs)
    sold = list(entry.holdings.filter(slot__in=(2, 3)).order_by("slot"))
    return [
        Move(
            sold=holding.game_player_id,
            bought=make_game_player(game, team, "DEF", price=50 + 250).pk,
        )
        for holding in sold
    ]


def refusal_of(act) -> tuple[str, ...]:
    """The codes by which the act was refused, none when it was not."""
    try:
        act()
    except Refused as refused:
        return refused.codes
    return ()


def buyer(entry, move, *, locked, gate=None, patch=None):
    def work():
        if not locked:
            without_row_locks()
        if gate:
            exchange = transfers._exchange

            def wait_and_exchange(*arguments):
                gate.wait()
                exchange(*arguments)

            patch.setattr(transfers, "_exchange", wait_and_exchange)
        assert refusal_of(lambda: confirm_transfers(entry.pk, [move])) in {(), ("over_budget",)}

    return work


def buy_at_once(game, entry, gate, monkeypatch, *, locked):
    """Confirm two transfers at once, each for all the money; tell how it ended."""
    first, second = dear_moves(game, entry)
    slow = buyer(entry, first, locked=locked, gate=gate, patch=monkeypatch)
    with racers(slow) as (waiting,):
        gate.await_arrival()
        with racers(buyer(entry, second, locked=locked)) as (quick,):
            until(lambda: is_somebody_waiting_for_a_lock() or quick.has_ended())
            gate.open()
            ends = (waiting.join(), quick.join())
    return ends, Transfer.objects.count(), Entry.objects.get(pk=entry.pk).bank


def test_two_confirmations_at_once_spend_the_bank_once(game, entry, gate, monkeypatch):
    assert buy_at_once(game, entry, gate, monkeypatch, locked=True) == ((0, 0), 1, 0)


def test_without_the_lock_only_the_database_keeps_the_bank_from_being_spent_twice(
    game, entry, gate, monkeypatch
):
    # Both think that they have the money; one of them breaks on a constraint, unexplained.
    assert buy_at_once(game, entry, gate, monkeypatch, locked=False) == ((1, 0), 1, 0)


def test_many_confirmations_at_once_stay_below_the_hard_cap(game, entry):
    game.players.update(price=50)
    clubs = list(entry.holdings.values_list("game_player__team_id", flat=True))
    free = [p.pk for p in game.players.filter(position="DEF").exclude(team__in=clubs)]

    def churn(number):
        def work():
            for _ in range(8):
                held = list(
                    Holding.objects.filter(entry=entry, game_player__position="DEF").values_list(
                        "game_player_id", flat=True
                    )
                )
                bought = next(p for p in free[number::4] if p not in held)
                move = Move(sold=held[number], bought=bought)
                refusal_of(lambda move=move: confirm_transfers(entry.pk, [move]))

        return work

    assert race(*[churn(number) for number in range(4)]) == [0] * 4

    assert Transfer.objects.count() <= 20
    assert Holding.objects.filter(entry=entry).count() == 15


def test_one_user_joins_once_however_often_at_once(game, django_user_model):
    user = django_user_model.objects.create_user("fan@example.org")
    squad = [p.pk for p in pick_squad(game)]

    def join():
        new = NewEntry(name="Ours", players=squad)
        codes = refusal_of(lambda: create_entry(game.pk, new, owner_id=user.pk))
        assert codes in {(), ("has_entry",)}

    assert race(*[join] * 4) == [0] * 4
    assert Entry.objects.count() == 1


def test_chip_played_often_at_once_adds_one_player(game, entry):
    Game.objects.update(rules="fpl-2024-25")
    Round.objects.update(number=F("number") + 22)
    clubs = entry.holdings.values("game_player__team")
    (club,) = game.season.teams.exclude(pk__in=clubs)[:1]
    manager = make_game_player(game, club, "AM", price=10)
    before = Entry.objects.get().bank

    def play():
        codes = refusal_of(lambda: play_chip(entry.pk, "manager", player=manager.pk))
        assert codes in {(), ("chip_in_force", "chip_used")}

    assert race(*[play] * 4) == [0] * 4
    assert Holding.objects.filter(entry=entry).count() == 16
    assert ChipPlay.objects.count() == 1
    assert Entry.objects.get().bank == before - 10


def other_order(entry) -> LineupChoice:
    """A line-up that differs from the one that is held: in order and armbands."""
    players = list(entry.holdings.order_by("slot").values_list("game_player_id", flat=True))
    players[4], players[13] = players[13], players[4]
    return LineupChoice(players=players, captain=players[9], vice=players[8])


def save_while_the_round_locks(game, entry, gate, monkeypatch, *, locked):
    """Begin a save in time, let the deadline pass before it ends; was the receipt kept?"""
    round_ = game.rounds.get(number=2)
    choice = other_order(entry)

    def slow_save():
        if not locked:
            monkeypatch.setattr(
                squads, "_HOLD_ROUND", squads._HOLD_ROUND.removesuffix(" FOR SHARE")
            )
        from fantasy.services import lineups

        write = lineups.write_slots

        def wait_and_write(*arguments):
            gate.wait()
            write(*arguments)

        monkeypatch.setattr(lineups, "write_slots", wait_and_write)
        moments.stand_at(moments.just_before(round_.deadline_at))
        save_lineup(entry.pk, choice)

    def lock():
        moments.stand_at(round_.deadline_at)
        assert lock_due_rounds() == [round_.pk]

    with racers(slow_save) as (saving,):
        gate.await_arrival()
        with racers(lock) as (locking,):
            until(lambda: is_somebody_waiting_for_a_lock() or locking.has_ended())
            gate.open()
            assert (saving.join(), locking.join()) == (0, 0)
    lineup = Lineup.objects.select_related("entry", "round__game").get(round=round_)
    return Receipt.objects.latest("sequence").document["lineup"] == line_of(lineup)


def test_save_that_began_in_time_is_in_the_locked_line_up(game, entry, gate, monkeypatch):
    assert save_while_the_round_locks(game, entry, gate, monkeypatch, locked=True)


def test_without_the_lock_a_receipt_would_lie(game, entry, gate, monkeypatch):
    assert not save_while_the_round_locks(game, entry, gate, monkeypatch, locked=False)


def storm_around_the_lock(game, count):
    """Let so many entries save at once while the deadline passes in the middle.

    Returns what was saved and who was refused, by entry.
    """
    round_ = game.rounds.get(number=1)
    squad = pick_squad(game)
    entries = [make_entry(game, squad) for _ in range(count)]
    choice = other_order(entries[0])
    moments.stand_at(moments.just_before(round_.deadline_at))
    done: Queue = Queue()
    half_way, refused, saved = threading.Event(), set(), {}

    def save(entry):
        def act():
            # Whoever comes after the lock means this round all the same, not the next one.
            saved[entry.pk] = save_lineup(entry.pk, choice, for_round=round_.number).receipt

        codes = refusal_of(act)
        if codes:
            assert codes == ("deadline_passed",)
            refused.add(entry.pk)
        done.put(entry.pk)
        if done.qsize() >= count // 2:
            half_way.set()

    def lock():
        half_way.wait(60)
        moments.stand_at(round_.deadline_at)
        try:
            return until(lock_due_rounds, "the lock")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(WRITERS + 1) as pool:
        locking = pool.submit(lock)
        for _ in pool.map(save, entries):
            pass
        assert locking.result() == [round_.pk]
        # Each thread has a connection of its own to give back.
        barrier = threading.Barrier(WRITERS + 1)
        list(pool.map(lambda _: (barrier.wait(60), connection.close()), range(WRITERS + 1)))
    return entries, saved, refused


def assert_saved_or_refused(game, count):
    entries, saved, refused = storm_around_the_lock(game, count)

    round_ = game.rounds.get(number=1)
    assert round_.state == RoundState.LOCKED
    assert saved.keys() | refused == {entry.pk for entry in entries}
    assert saved
    assert refused
    lineups = Lineup.objects.filter(round=round_).select_related("entry", "round__game")
    lineups = list(lineups.order_by("entry__number"))
    assert len(lineups) == count
    lines = {lineup.entry_id: line_of(lineup) for lineup in lineups}
    before = {lines[pk].split("|", 4)[4] for pk in refused}
    after = {lines[pk].split("|", 4)[4] for pk in saved}
    # All were refused with one and the same line-up, all saved with another one.
    assert (len(before), len(after)) == (1, 1)
    assert before != after
    assert all(receipt.document["lineup"] == lines[pk] for pk, receipt in saved.items())
    assert Receipt.objects.count() == len(saved)
    root = merkle_root([leaf_of(lines[lineup.entry_id]) for lineup in lineups])
    assert root.hex() == round_.merkle_root


def test_saves_around_the_lock_count_or_are_refused(game):
    assert_saved_or_refused(game, 60)


@pytest.mark.slow
def test_two_thousand_saves_around_the_lock_count_or_are_refused(game):
    assert_saved_or_refused(game, 2000)
