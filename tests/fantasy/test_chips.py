"""Chips: one a round, in their windows, some of them final."""

import pytest

from fantasy.models import ChipPlay, Transfer
from fantasy.rules.loading import load_game
from fantasy.selectors.moves import counted_transfers
from fantasy.services.chips import cancel_chip, play_chip
from fantasy.services.refusals import Refused
from fantasy.services.transfers import confirm_transfers
from tests.factories.fantasy import make_entry
from tests.fantasy.test_deadlines import lock_next, swap

pytestmark = pytest.mark.django_db


@pytest.fixture
def entry(game, clock):
    made = make_entry(game)
    lock_next(game, clock)
    return made


def refused_codes(act) -> tuple[str, ...]:
    with pytest.raises(Refused) as refused:
        act()
    return refused.value.codes


def test_chip_is_played_with_a_receipt(entry):
    saved = play_chip(entry.pk, "bboost")

    assert saved.receipt.document["lineup"].endswith("|bboost")
    assert ChipPlay.objects.get().round.number == 2


def test_second_chip_of_a_round_is_refused(entry):
    play_chip(entry.pk, "bboost")

    assert "chip_in_force" in refused_codes(lambda: play_chip(entry.pk, "3xc"))


def test_chip_is_used_up_once_locked(game, entry, clock):
    play_chip(entry.pk, "bboost")
    lock_next(game, clock)

    assert refused_codes(lambda: play_chip(entry.pk, "bboost")) == ("chip_used",)


def test_cancelled_chip_can_be_played_again(entry):
    play_chip(entry.pk, "bboost")
    saved = cancel_chip(entry.pk)

    assert saved.receipt.document["lineup"].endswith("|")
    play_chip(entry.pk, "bboost")
    assert ChipPlay.objects.filter(cancelled_at=None).count() == 1


@pytest.mark.parametrize("chip", ["wildcard", "freehit"])
def test_confirmed_transfer_chip_is_final(entry, chip):
    play_chip(entry.pk, chip)

    assert refused_codes(lambda: cancel_chip(entry.pk)) == ("chip_final",)


def test_cancelling_nothing_is_refused(entry):
    assert refused_codes(lambda: cancel_chip(entry.pk)) == ("no_chip",)


def test_unknown_chip_is_refused(entry):
    assert refused_codes(lambda: play_chip(entry.pk, "magic")) == ("unknown_chip",)


def test_transfers_before_the_chip_in_its_round_cost_nothing_either(game, entry):
    for slot in (2, 3):
        confirm_transfers(entry.pk, [swap(game, entry, slot=slot)])
    assert play_chip(entry.pk, "wildcard").hit == 0

    confirm_transfers(entry.pk, [swap(game, entry, slot=4)])

    assert Transfer.objects.count() == 3
    assert not counted_transfers(load_game(game.rules)).exists()


def test_transfer_chip_before_the_first_deadline_is_refused(game):
    entry = make_entry(game)

    assert "chip_first_round" in refused_codes(lambda: play_chip(entry.pk, "wildcard"))
    play_chip(entry.pk, "bboost")


def test_free_hit_in_consecutive_rounds_is_refused(game, entry, clock):
    play_chip(entry.pk, "freehit")
    lock_next(game, clock)

    assert {"chip_used", "chip_gap"} & set(refused_codes(lambda: play_chip(entry.pk, "freehit")))
