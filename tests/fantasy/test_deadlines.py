"""The lock of a round freezes every squad, and the next round begins as the rules say."""

from collections import Counter

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from fantasy.enums import RoundState
from fantasy.models import ChipPlay, Entry, Holding, Lineup, Round
from fantasy.rules.receipts import merkle_root
from fantasy.services.chips import play_chip
from fantasy.services.deadlines import lock_due_rounds, lock_round
from fantasy.services.entries import NewEntry, create_entry
from fantasy.services.lineups import LineupChoice, save_lineup
from fantasy.services.receipts import proof_of, verify_receipt
from fantasy.services.refusals import Refused
from fantasy.services.transfers import Move, confirm_transfers
from streams.models import OutboxEvent
from tests.factories.fantasy import make_entry, pick_squad

pytestmark = pytest.mark.django_db


def lock_next(game, clock) -> Round:
    round_ = game.rounds.filter(state=RoundState.UPCOMING).first()
    clock.stand_at(round_.deadline_at)
    assert lock_due_rounds() == [round_.pk]
    round_.refresh_from_db()
    return round_


def numbers(lineup) -> list[int]:
    packed = bytes(lineup.packed)
    return [int.from_bytes(packed[at : at + 2], "big") for at in range(0, len(packed), 2)]


def swap(game, entry, *, slot=2, price=50) -> Move:
    """A move of the one in that slot for somebody of a club that has room."""
    holdings = list(entry.holdings.select_related("game_player"))
    out = next(h.game_player for h in holdings if h.slot == slot)
    clubs = Counter(h.game_player.team_id for h in holdings if h.slot != slot)
    free = game.players.filter(position=out.position)
    free = free.exclude(pk__in=[h.game_player_id for h in holdings])
    free = free.exclude(team__in=[club for club, count in clubs.items() if count >= 3])
    fresh = free.order_by("-number").first()
    if fresh.price != price:
        fresh.price = price
        fresh.save()
    return Move(sold=out.pk, bought=fresh.pk)


def test_lock_freezes_squads_in_slot_order(game, clock):
    squad = pick_squad(game)
    entry, _ = create_entry(
        game.pk, NewEntry(name="Ours", players=[p.pk for p in squad]), owner_id=None
    )

    round_ = lock_next(game, clock)

    lineup = Lineup.objects.get(entry=entry, round=round_)
    held = entry.holdings.order_by("slot").values_list("game_player__number", flat=True)
    assert numbers(lineup) == list(held)
    captain = entry.holdings.get(is_captain=True)
    assert (lineup.captain_slot, lineup.chip, lineup.hit) == (captain.slot, "", 0)
    assert (lineup.bank, lineup.value) == (250, 1000)
    assert round_.state == RoundState.LOCKED
    assert round_.locked_at == round_.deadline_at


def test_root_is_over_the_leaves_by_entry_number(game, clock):
    entries = [make_entry(game, number=number) for number in (2, 0, 1)]

    round_ = lock_next(game, clock)

    by_number = sorted(entries, key=lambda entry: entry.number)
    leaves = [bytes(Lineup.objects.get(entry=entry).leaf) for entry in by_number]
    assert round_.merkle_root == merkle_root(leaves).hex()
    assert all(proof_of(entry.pk, round_).holds for entry in entries)


def test_a_proof_reads_one_block_of_leaves_once_the_rest_is_known(game, clock, monkeypatch):
    """Whoever asks is a stranger, and a round has a million line-ups."""
    monkeypatch.setattr("fantasy.services.receipts._BLOCK", 2)
    entries = [make_entry(game, number=number) for number in (0, 1, 4, 5, 9)]
    round_ = lock_next(game, clock)
    first = proof_of(entries[0].pk, round_)

    with CaptureQueriesContext(connection) as queries:
        proofs = [proof_of(entry.pk, round_) for entry in entries]
    asked = [query["sql"] for query in queries]

    assert first.holds
    assert all(proof.holds for proof in proofs)
    assert len(asked) == 2 * len(entries)
    assert all("LIMIT" in sql for sql in asked)


def test_lock_is_announced_once(game, clock):
    make_entry(game)

    round_ = lock_next(game, clock)

    assert lock_due_rounds() == []
    assert not lock_round(round_.pk)
    event = OutboxEvent.objects.get(topic="lineup.locked")
    assert event.payload["merkle_root"] == round_.merkle_root
    assert (event.payload["number"], event.payload["entries"]) == (1, 1)


def test_round_does_not_lock_before_its_deadline(game, clock):
    round_ = game.rounds.first()
    clock.stand_at(clock.just_before(round_.deadline_at))

    assert lock_due_rounds() == []
    assert not lock_round(round_.pk)


def test_game_that_is_not_published_does_not_lock(game, clock):
    game.state = "draft"
    game.save()
    clock.stand_at(game.rounds.first().deadline_at)

    assert lock_due_rounds() == []


def test_free_transfers_of_a_new_entry_are_one_after_its_first_round(game, clock):
    entry = make_entry(game, free_transfers=3)

    lock_next(game, clock)

    entry.refresh_from_db()
    assert entry.free_transfers == 1


def test_free_transfers_are_saved_up_to_five(game, clock):
    entry = make_entry(game)
    told = []
    for _ in range(5):
        lock_next(game, clock)
        entry.refresh_from_db()
        told.append(entry.free_transfers)

    assert told == [1, 2, 3, 4, 5]


def test_more_transfers_than_free_ones_cost_points(game, clock):
    entry = make_entry(game)
    lock_next(game, clock)
    for slot in (2, 3, 6):
        confirm_transfers(entry.pk, [swap(game, entry, slot=slot)])

    round_ = lock_next(game, clock)

    lineup = Lineup.objects.get(entry=entry, round=round_)
    assert (lineup.transfers_made, lineup.free_transfers, lineup.hit) == (3, 1, 8)
    entry.refresh_from_db()
    assert entry.free_transfers == 1


def test_wildcard_costs_nothing_and_keeps_free_transfers(game, clock):
    entry = make_entry(game)
    lock_next(game, clock)
    Entry.objects.update(free_transfers=3)
    play_chip(entry.pk, "wildcard")
    for slot in (2, 3, 6, 7):
        confirm_transfers(entry.pk, [swap(game, entry, slot=slot)])

    round_ = lock_next(game, clock)

    lineup = Lineup.objects.get(entry=entry, round=round_)
    assert (lineup.transfers_made, lineup.hit, lineup.chip) == (4, 0, "wildcard")
    entry.refresh_from_db()
    assert entry.free_transfers == 3


def test_free_hit_gives_back_the_squad_of_before_the_round(game, clock):
    entry = make_entry(game)
    lock_next(game, clock)
    before = rows(entry)
    confirm_transfers(entry.pk, [swap(game, entry, slot=3, price=60)])
    play_chip(entry.pk, "freehit")
    confirm_transfers(entry.pk, [swap(game, entry, slot=6, price=70)])
    as_played = rows(entry)

    round_ = lock_next(game, clock)

    assert rows(entry) == before
    lineup = Lineup.objects.get(entry=entry, round=round_)
    assert numbers(lineup) == [number for _, number, *_ in as_played]
    assert (lineup.bank, lineup.hit) == (220, 0)
    entry.refresh_from_db()
    assert entry.bank == 250


def rows(entry):
    fields = ("slot", "game_player__number", "bought_price", "is_captain", "is_vice")
    return list(entry.holdings.order_by("slot").values_list(*fields))


def test_value_counts_half_of_a_rise(game, clock):
    entry = make_entry(game)
    player = entry.holdings.get(slot=2).game_player
    player.price = 57
    player.save()

    round_ = lock_next(game, clock)

    assert Lineup.objects.get(entry=entry, round=round_).value == 1003


def test_entry_that_joins_later_has_no_line_up_of_earlier_rounds(game, clock):
    lock_next(game, clock)
    squad = [p.pk for p in pick_squad(game)]
    entry, _ = create_entry(game.pk, NewEntry(name="Late", players=squad), owner_id=None)

    second = lock_next(game, clock)

    assert [lineup.round_id for lineup in Lineup.objects.filter(entry=entry)] == [second.pk]


def test_receipt_of_the_newest_save_is_in_the_root(game, clock):
    squad = [p.pk for p in pick_squad(game)]
    entry, first = create_entry(game.pk, NewEntry(name="Ours", players=squad), owner_id=None)
    held = list(entry.holdings.order_by("slot").values_list("game_player_id", flat=True))
    saved = save_lineup(entry.pk, LineupChoice(players=held, captain=held[3], vice=held[4]))
    lock_next(game, clock)

    newest = verify_receipt(saved.receipt.document, saved.receipt.signature)
    older = verify_receipt(first.receipt.document, first.receipt.signature)

    assert (newest.signature_holds, newest.is_newest, newest.lineup_counts) == (True, True, True)
    assert (older.signature_holds, older.is_newest, older.lineup_counts) == (True, False, False)


def test_receipt_shows_when_a_line_up_was_changed_behind_the_manager(game, clock):
    squad = [p.pk for p in pick_squad(game)]
    entry, saved = create_entry(game.pk, NewEntry(name="Ours", players=squad), owner_id=None)
    Holding.objects.filter(entry=entry, is_captain=True).update(is_captain=False)
    lock_next(game, clock)

    verdict = verify_receipt(saved.receipt.document, saved.receipt.signature)

    assert (verdict.is_newest, verdict.lineup_counts) == (True, False)
    assert "ANOTHER" in verdict.message


def test_save_after_the_deadline_is_refused_even_before_the_lock(game, clock):
    entry = make_entry(game)
    round_ = game.rounds.first()
    held = [h.game_player_id for h in entry.holdings.order_by("slot")]
    choice = LineupChoice(players=held, captain=held[2], vice=held[1])
    clock.stand_at(clock.just_before(round_.deadline_at))
    save_lineup(entry.pk, choice)

    clock.stand_at(round_.deadline_at)

    with pytest.raises(Refused) as refused:
        save_lineup(entry.pk, choice)
    assert refused.value.codes == ("deadline_passed",)


def test_save_meant_for_a_locked_round_is_refused(game, clock):
    entry = make_entry(game)
    held = [h.game_player_id for h in entry.holdings.order_by("slot")]
    lock_next(game, clock)

    with pytest.raises(Refused) as refused:
        save_lineup(
            entry.pk, LineupChoice(players=held, captain=held[2], vice=held[1]), for_round=1
        )
    assert refused.value.codes == ("deadline_passed",)


def test_chips_of_the_round_are_in_the_line_up(game, clock):
    entry = make_entry(game)
    lock_next(game, clock)
    play_chip(entry.pk, "3xc")
    assert ChipPlay.objects.get().number == 1

    round_ = lock_next(game, clock)

    assert Lineup.objects.get(entry=entry, round=round_).chip == "3xc"
