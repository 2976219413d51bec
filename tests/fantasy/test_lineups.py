"""Saving a line-up: shape, bench, armbands, and a receipt for each save."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from fantasy.services.lineups import LineupChoice, save_lineup
from fantasy.services.receipts import public_keys, verify_receipt
from fantasy.services.refusals import Refused
from tests.factories.fantasy import make_entry, pick_squad

pytestmark = pytest.mark.django_db

MOST_QUERIES = 12


@pytest.fixture
def entry(game):
    return make_entry(game)


def order(entry) -> list[int]:
    return list(entry.holdings.order_by("slot").values_list("game_player_id", flat=True))


def refusals(entry, choice) -> tuple[str, ...]:
    before = order(entry)
    with pytest.raises(Refused) as refused:
        save_lineup(entry.pk, choice)
    assert order(entry) == before
    return refused.value.codes


def test_bench_player_and_starter_change_places(entry):
    players = order(entry)
    # Slot 5 is a defender, slot 14 a midfielder.
    players[4], players[13] = players[13], players[4]

    save_lineup(entry.pk, LineupChoice(players=players, captain=players[2], vice=players[1]))

    assert order(entry) == players
    assert entry.holdings.get(is_captain=True).slot == 3
    assert entry.holdings.get(is_vice=True).slot == 2


def test_all_slots_can_turn_at_once(entry):
    players = order(entry)
    turned = [players[0], *reversed(players[1:11]), players[11], *reversed(players[12:])]

    save_lineup(entry.pk, LineupChoice(players=turned, captain=turned[9], vice=turned[8]))
    save_lineup(entry.pk, LineupChoice(players=players, captain=players[1], vice=players[2]))

    assert order(entry) == players


def test_same_line_up_again_is_saved_with_a_receipt(entry):
    players = order(entry)
    choice = LineupChoice(players=players, captain=players[1], vice=players[2])

    first, second = save_lineup(entry.pk, choice), save_lineup(entry.pk, choice)

    assert first.receipt.document["lineup"] == second.receipt.document["lineup"]
    assert (first.receipt.sequence, second.receipt.sequence) == (1, 2)


def test_receipt_tells_numbers_and_armbands(entry, game):
    players = order(entry)

    saved = save_lineup(
        entry.pk, LineupChoice(players=players, captain=players[3], vice=players[1])
    )

    numbers = ",".join(str(p.number) for p in pick_squad(game))
    line = f"veze-lineup-1|{game.public_id}|1|{entry.public_id}|{numbers}|4|2|"
    assert saved.receipt.document["lineup"] == line
    verdict = verify_receipt(saved.receipt.document, saved.receipt.signature)
    assert (verdict.signature_holds, verdict.is_known, verdict.lineup_counts) == (True, True, None)


def test_forged_receipt_is_told(entry):
    players = order(entry)
    saved = save_lineup(
        entry.pk, LineupChoice(players=players, captain=players[3], vice=players[1])
    )
    forged = {**saved.receipt.document, "bank": 9999}

    assert not verify_receipt(forged, saved.receipt.signature).signature_holds
    assert not verify_receipt(saved.receipt.document, "00" * 64).signature_holds
    assert not verify_receipt(saved.receipt.document, "no hex").signature_holds


def test_receipts_of_an_earlier_key_hold_while_it_is_named(entry, settings):
    players = order(entry)
    saved = save_lineup(
        entry.pk, LineupChoice(players=players, captain=players[3], vice=players[1])
    )
    (old,) = public_keys()
    settings.RECEIPT_KEY = "11" * 32

    assert not verify_receipt(saved.receipt.document, saved.receipt.signature).signature_holds
    settings.RECEIPT_OLD_PUBLIC_KEYS = [old]
    assert verify_receipt(saved.receipt.document, saved.receipt.signature).signature_holds


def test_wrong_shape_is_refused(entry):
    players = order(entry)
    # Both forwards on the bench for a defender and a midfielder.
    players[9], players[12] = players[12], players[9]
    players[10], players[13] = players[13], players[10]

    choice = LineupChoice(players=players, captain=players[1], vice=players[2])

    assert refusals(entry, choice) == ("formation",)


def test_goalkeeper_of_the_bench_has_his_place(entry):
    players = order(entry)
    players[11], players[12] = players[12], players[11]

    choice = LineupChoice(players=players, captain=players[1], vice=players[2])

    assert "bench_order" in refusals(entry, choice)


def test_captain_on_the_bench_is_refused(entry):
    players = order(entry)

    assert refusals(entry, LineupChoice(players=players, captain=players[13], vice=players[2])) == (
        "captain",
    )


def test_captain_and_vice_are_two_players(entry):
    players = order(entry)

    assert "vice" in refusals(
        entry, LineupChoice(players=players, captain=players[2], vice=players[2])
    )


def test_line_up_of_other_players_is_refused(entry, game):
    players = order(entry)
    stranger = game.players.exclude(pk__in=players).first().pk

    assert refusals(entry, LineupChoice(players=[*players[:-1], stranger], captain=players[1])) == (
        "not_your_squad",
    )
    assert refusals(entry, LineupChoice(players=players, captain=stranger, vice=players[2])) == (
        "not_your_player",
    )
    assert refusals(entry, LineupChoice(players=players[:-1])) == ("not_your_squad",)


def test_save_takes_a_dozen_statements_at_most(entry):
    players = order(entry)
    players[4], players[13] = players[13], players[4]

    with CaptureQueriesContext(connection) as asked:
        save_lineup(entry.pk, LineupChoice(players=players, captain=players[2], vice=players[1]))

    assert len([q for q in asked if "SAVEPOINT" not in q["sql"]]) <= MOST_QUERIES
