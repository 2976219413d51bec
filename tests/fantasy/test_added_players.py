"""A chip that adds a player: the assistant manager of 2024-25, from the play to his leaving."""

import pytest

from fantasy.enums import Availability
from fantasy.models import ChipPlay, Entry, Holding, Lineup, Transfer
from fantasy.rules.autopick import Candidate, fill_squad
from fantasy.rules.settling import unpacked
from fantasy.rules.squads import Pick
from fantasy.services.chips import cancel_chip, play_chip
from fantasy.services.entries import NewEntry, create_entry
from fantasy.services.games import rules_of
from fantasy.services.lineups import LineupChoice, save_lineup
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
from tests.fantasy.test_deadlines import lock_next

pytestmark = pytest.mark.django_db


@pytest.fixture
def game(db):
    return make_managed_game()


def make_managed_game():
    """Rounds 23 to 29 of 2024-25: eight clubs, each with a manager of 1.0."""
    made = make_game(rules="fpl-2024-25")
    for number in range(23, 30):
        make_round(made, number)
    for _ in range(8):
        make_game_player(made, make_club(made), "AM", price=10)
    return made


@pytest.fixture
def entry(game, clock):
    """In round 24, the first one in which the chip can be played."""
    made = make_entry(game)
    lock_next(game, clock)
    return made


def managers(game) -> list:
    """Those whose club is not full yet, the last clubs first."""
    return list(game.players.filter(position="AM").order_by("-number"))


def in_place(entry) -> Holding | None:
    return Holding.objects.filter(entry=entry, slot=16).select_related("game_player").first()


def bank(entry) -> int:
    return Entry.objects.get(pk=entry.pk).bank


def refusal(act) -> tuple[str, str]:
    with pytest.raises(Refused) as refused:
        act()
    (one,) = refused.value.refusals
    return one.code, one.field


def swap(game, slot, entry) -> Move:
    out = Holding.objects.select_related("game_player").get(entry=entry, slot=slot).game_player
    held = entry.holdings.values("game_player")
    coming = game.players.filter(position=out.position, price=out.price, team=out.team)
    return Move(sold=out.pk, bought=coming.exclude(pk__in=held).first().pk)


def test_manager_joins_with_the_chip_for_his_price(game, entry):
    wanted, before = managers(game)[0], bank(entry)

    saved = play_chip(entry.pk, "manager", player=wanted.pk)

    assert (in_place(entry).game_player, in_place(entry).bought_price) == (wanted, 10)
    assert (bank(entry), saved.bank, saved.transfers_made, saved.hit) == (
        *(before - 10, before - 10),
        *(0, 0),
    )
    assert not Transfer.objects.exists()


def test_receipt_signs_the_sixteenth_place(game, entry):
    wanted = managers(game)[0]

    saved = play_chip(entry.pk, "manager", player=wanted.pk)

    numbers = saved.receipt.document["lineup"].split("|")[4].split(",")
    assert (len(numbers), numbers[15]) == (16, str(wanted.number))
    assert saved.receipt.document["lineup"].endswith("|manager")


def test_manager_plays_three_rounds_and_is_sold_with_the_last(game, entry, clock):
    wanted, before = managers(game)[0], bank(entry)
    play_chip(entry.pk, "manager", player=wanted.pk)

    told = []
    for _ in range(4):
        round_ = lock_next(game, clock)
        lineup = Lineup.objects.get(entry=entry, round=round_)
        numbers = unpacked(lineup.packed)
        told.append(
            (round_.number, lineup.chip, len(numbers), numbers[-1] == wanted.number, lineup.bank)
        )

    assert told == [
        (24, "manager", 16, True, before - 10),
        (25, "manager", 16, True, before - 10),
        (26, "manager", 16, True, before - 10),
        (27, "", 15, False, before),
    ]
    assert in_place(entry) is None
    assert bank(entry) == before


@pytest.mark.parametrize(("now", "fetched"), [(10, 10), (13, 11), (8, 8)])
def test_manager_is_sold_like_a_player(game, entry, clock, now, fetched):
    wanted, before = managers(game)[0], bank(entry)
    play_chip(entry.pk, "manager", player=wanted.pk)
    game.players.filter(pk=wanted.pk).update(price=now)

    for _ in range(3):
        lock_next(game, clock)

    assert bank(entry) == before - 10 + fetched


def test_without_a_choice_the_chip_is_refused(entry):
    assert refusal(lambda: play_chip(entry.pk, "manager")) == ("player_needed", "player")
    assert not ChipPlay.objects.exists()


def test_unknown_manager_is_refused(entry):
    unknown = 2**31

    assert refusal(lambda: play_chip(entry.pk, "manager", player=unknown)) == (
        "unknown_player",
        "player",
    )


def test_manager_of_another_game_is_unknown(entry):
    stranger = make_game_player(make_game(), make_club(make_game()), "AM")

    assert refusal(lambda: play_chip(entry.pk, "manager", player=stranger.pk)) == (
        "unknown_player",
        "player",
    )


def test_player_is_no_manager(game, entry):
    player = game.players.filter(position="MID").last()

    assert refusal(lambda: play_chip(entry.pk, "manager", player=player.pk)) == (
        "wrong_position",
        "player",
    )


def test_manager_who_left_is_refused(game, entry):
    wanted = managers(game)[0]
    game.players.filter(pk=wanted.pk).update(status=Availability.GONE)

    assert refusal(lambda: play_chip(entry.pk, "manager", player=wanted.pk)) == (
        "player_gone",
        "player",
    )


def test_manager_who_is_too_dear_is_refused(game, entry):
    Entry.objects.filter(pk=entry.pk).update(bank=9)
    wanted = managers(game)[0]

    assert refusal(lambda: play_chip(entry.pk, "manager", player=wanted.pk)) == (
        "over_budget",
        "budget",
    )
    assert (bank(entry), in_place(entry)) == (9, None)


def test_manager_counts_to_the_club_cap(game, entry):
    full = entry.holdings.first().game_player.team_id
    wanted = game.players.get(position="AM", team=full)

    assert refusal(lambda: play_chip(entry.pk, "manager", player=wanted.pk)) == (
        "club_cap",
        f"club:{full}",
    )


def test_game_without_managers_says_so(game, entry):
    game.players.filter(position="AM").delete()

    assert refusal(lambda: play_chip(entry.pk, "manager")) == ("chip_not_offered", "chip")


def test_other_chips_take_no_player(game, entry):
    wanted = managers(game)[0]

    assert refusal(lambda: play_chip(entry.pk, "bboost", player=wanted.pk)) == (
        "chip_adds_nobody",
        "player",
    )


def test_no_other_chip_is_played_while_he_is_there(game, entry, clock):
    play_chip(entry.pk, "manager", player=managers(game)[0].pk)

    told = []
    for _ in range(3):
        told.append(refusal(lambda: play_chip(entry.pk, "bboost")))
        lock_next(game, clock)

    assert told == [("chip_in_force", "chip")] * 3
    play_chip(entry.pk, "bboost")


def test_chip_is_final(game, entry, clock):
    play_chip(entry.pk, "manager", player=managers(game)[0].pk)

    assert refusal(lambda: cancel_chip(entry.pk)) == ("chip_final", "chip")
    lock_next(game, clock)
    assert refusal(lambda: cancel_chip(entry.pk)) == ("no_chip", "chip")


def test_manager_is_changed_by_a_transfer(game, entry, clock):
    first, second = managers(game)[:2]
    game.players.filter(pk=second.pk).update(price=15)
    before = bank(entry)
    play_chip(entry.pk, "manager", player=first.pk)
    lock_next(game, clock)

    saved = confirm_transfers(entry.pk, [Move(sold=first.pk, bought=second.pk)])

    assert (in_place(entry).game_player, saved.transfers_made) == (second, 1)
    lock_next(game, clock)
    lock_next(game, clock)
    assert in_place(entry) is None
    assert bank(entry) == before


def test_manager_and_player_cannot_change_places(game, entry):
    first = managers(game)[0]
    play_chip(entry.pk, "manager", player=first.pk)
    player = game.players.filter(position="MID", team=first.team_id).first()

    with pytest.raises(Refused) as refused:
        confirm_transfers(entry.pk, [Move(sold=first.pk, bought=player.pk)])

    assert set(refused.value.codes) == {"position_quota"}


def test_manager_without_the_chip_cannot_be_bought(game, entry):
    first = managers(game)[0]
    out = entry.holdings.get(slot=15).game_player

    with pytest.raises(Refused) as refused:
        confirm_transfers(entry.pk, [Move(sold=out.pk, bought=first.pk)])

    assert set(refused.value.codes) == {"position_quota"}


def test_transfers_and_chip_are_paid_together(game, entry):
    out = entry.holdings.get(slot=15).game_player
    cheap = make_game_player(game, managers(game)[1].team, out.position, price=45)
    Entry.objects.filter(pk=entry.pk).update(bank=5)
    wanted = managers(game)[0]

    saved = confirm_transfers(
        entry.pk, [Move(sold=out.pk, bought=cheap.pk)], chip="manager", player=wanted.pk
    )

    assert (saved.bank, saved.transfers_made, in_place(entry).game_player) == (0, 1, wanted)
    assert bank(entry) == 0


def test_line_up_is_saved_with_the_manager_in_his_place(game, entry):
    play_chip(entry.pk, "manager", player=managers(game)[0].pk)
    players = list(entry.holdings.order_by("slot").values_list("game_player", flat=True))
    players[12], players[13] = players[13], players[12]

    save_lineup(entry.pk, LineupChoice(players=players, captain=players[1], vice=players[2]))

    assert list(entry.holdings.order_by("slot").values_list("game_player", flat=True)) == players
    players[14], players[15] = players[15], players[14]
    choice = LineupChoice(players=players, captain=players[1], vice=players[2])
    assert refusal(lambda: save_lineup(entry.pk, choice)) == ("chip_slot", "slot:16")


def test_line_up_of_fifteen_leaves_the_manager_in_his_place(game, entry):
    wanted = managers(game)[0]
    play_chip(entry.pk, "manager", player=wanted.pk)
    players = list(entry.holdings.order_by("slot").values_list("game_player", flat=True))[:15]
    players[12], players[13] = players[13], players[12]

    save_lineup(entry.pk, LineupChoice(players=players, captain=players[1], vice=players[2]))

    held = list(entry.holdings.order_by("slot").values_list("game_player", flat=True))
    assert held == [*players, wanted.pk]


def test_transfer_of_a_player_leaves_the_manager_in_his_place(game, entry):
    wanted = managers(game)[0]
    play_chip(entry.pk, "manager", player=wanted.pk)

    confirm_transfers(entry.pk, [swap(game, 2, entry)])

    assert in_place(entry).game_player == wanted


def test_free_hit_before_him_gives_back_a_squad_without_manager(game, entry, clock):
    play_chip(entry.pk, "freehit")
    confirm_transfers(entry.pk, [swap(game, 2, entry)])
    kept = ChipPlay.objects.get().kept
    lock_next(game, clock)

    play_chip(entry.pk, "manager", player=managers(game)[0].pk)

    held = Holding.objects.filter(entry=entry, slot__lte=15).order_by("slot")
    assert list(held.values_list("game_player", flat=True)) == [h[0] for h in kept["holdings"]]


def test_squad_over_the_cap_is_put_right_before_the_chip(game, entry):
    moved = entry.holdings.get(slot=15).game_player
    full = entry.holdings.get(slot=1).game_player.team_id
    game.players.filter(pk=moved.pk).update(team=full)
    wanted = managers(game)[0]

    assert refusal(lambda: play_chip(entry.pk, "manager", player=wanted.pk)) == (
        "club_cap",
        f"club:{full}",
    )


def test_hits_and_free_transfers_go_on_under_the_chip(game, entry, clock):
    play_chip(entry.pk, "manager", player=managers(game)[0].pk)
    for slot in (2, 3):
        confirm_transfers(entry.pk, [swap(game, slot, entry)])

    round_ = lock_next(game, clock)

    lineup = Lineup.objects.get(entry=entry, round=round_)
    assert (lineup.transfers_made, lineup.hit, lineup.chip) == (2, 4, "manager")
    assert Entry.objects.get(pk=entry.pk).free_transfers == 1


def test_entries_lock_side_by_side_each_with_its_own_chip(game, entry, clock):
    plain, boosted = make_entry(game), make_entry(game)
    play_chip(entry.pk, "manager", player=managers(game)[0].pk)
    lock_next(game, clock)
    play_chip(boosted.pk, "bboost")

    round_ = lock_next(game, clock)

    told = dict(Lineup.objects.filter(round=round_).values_list("entry", "chip"))
    assert told == {entry.pk: "manager", plain.pk: "", boosted.pk: "bboost"}


def test_pressed_button_fills_a_squad_without_manager(game):
    rules = rules_of(game)
    candidates = [
        Candidate(
            pick=Pick(player=row.pk, position=row.position, club=row.team_id, price=row.price),
            worth=99 if row.position == "AM" else 1,
        )
        for row in game.players.all()
    ]

    added = fill_squad(rules, [], candidates)

    assert len(added) == 15
    assert "AM" not in {pick.position for pick in added}


def test_first_squad_has_no_manager(game):
    squad = [*pick_squad(game)[:14], managers(game)[0]]
    new = NewEntry(name="Rovers", players=[row.pk for row in squad])

    with pytest.raises(Refused) as refused:
        create_entry(game.pk, new, owner_id=None)

    assert set(refused.value.codes) == {"position_quota"}


def test_chip_that_can_be_cancelled_gives_the_price_back(game, entry, monkeypatch):
    before = bank(entry)
    play_chip(entry.pk, "manager", player=managers(game)[0].pk)
    monkeypatch.setattr("fantasy.services.chips.cancel_problems", lambda *_: ())

    cancel_chip(entry.pk)

    assert (in_place(entry), bank(entry)) == (None, before)
    assert not ChipPlay.objects.filter(cancelled_at=None).exists()
