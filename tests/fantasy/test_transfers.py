"""Transfers: a basket first, then all or none of it, by the rules of money, quotas and clubs."""

from collections import Counter

import pytest
from django.db import transaction
from django.db.utils import IntegrityError

from fantasy.enums import Availability, RoundState
from fantasy.models import Holding, Transfer, TransferDraft
from fantasy.services.lineups import LineupChoice, save_lineup
from fantasy.services.refusals import Refused
from fantasy.services.transfers import (
    Move,
    clear_draft,
    confirm_transfers,
    draft_of,
    set_draft,
)
from tests.factories.fantasy import make_entry, make_game_player
from tests.fantasy.test_deadlines import lock_next, swap

pytestmark = pytest.mark.django_db


@pytest.fixture
def entry(game, clock):
    """An entry in its second round, with one free transfer and 25.0 in the bank."""
    made = make_entry(game)
    lock_next(game, clock)
    made.refresh_from_db()
    return made


def refusals(*arguments, **options) -> tuple[str, ...]:
    with pytest.raises(Refused) as refused:
        confirm_transfers(*arguments, **options)
    assert all(refusal.message for refusal in refused.value.refusals)
    return refused.value.codes


def held(entry, slot):
    return entry.holdings.select_related("game_player").get(slot=slot).game_player


def test_confirmed_transfer_exchanges_player_and_money(game, entry):
    move = swap(game, entry, slot=2, price=62)

    saved = confirm_transfers(entry.pk, [move])

    assert held(entry, 2).pk == move.bought
    assert entry.holdings.get(slot=2).is_captain
    assert entry.holdings.get(slot=2).bought_price == 62
    assert (saved.bank, saved.transfers_made, saved.hit) == (238, 1, 0)
    made = Transfer.objects.get()
    assert (made.paid, made.sold_for, made.bought_for) == (50, 50, 62)


def over_the_cap(entry) -> list[Holding]:
    """Real transfers have brought a fourth of the squad to one club: those of it, by slot."""
    holdings = list(entry.holdings.select_related("game_player").order_by("slot"))
    club = holdings[0].game_player.team_id
    of_it = [h for h in holdings if h.game_player.team_id == club]
    others = [h for h in holdings if h.game_player.team_id != club]
    for holding in others[: 4 - len(of_it)]:
        holding.game_player.team_id = club
        holding.game_player.save()
        of_it.append(holding)
    return of_it


def test_squad_that_a_real_transfer_took_over_the_cap_may_be_fielded(game, entry, clock):
    over_the_cap(entry)
    players = [h.game_player_id for h in entry.holdings.order_by("slot")]

    save_lineup(entry.pk, LineupChoice(players=players, captain=players[3], vice=players[2]))
    round_ = lock_next(game, clock)

    assert round_.lineups.filter(entry=entry).exists()


def test_next_transfer_has_to_bring_every_club_to_the_cap(game, entry):
    of_club = over_the_cap(entry)
    elsewhere = next(h for h in entry.holdings.order_by("-slot") if h not in of_club)
    of_it = next(h for h in of_club if h.slot > 1)

    assert refusals(entry.pk, [swap(game, entry, slot=elsewhere.slot)]) == ("club_cap",)
    confirm_transfers(entry.pk, [swap(game, entry, slot=of_it.slot)])

    clubs = Counter(entry.holdings.values_list("game_player__team", flat=True))
    assert max(clubs.values()) == 3


def test_second_transfer_of_a_round_costs_four_points(game, entry):
    confirm_transfers(entry.pk, [swap(game, entry, slot=2)])

    saved = confirm_transfers(entry.pk, [swap(game, entry, slot=3)])

    assert (saved.transfers_made, saved.hit) == (2, 4)


def test_new_squad_changes_without_limit_before_its_first_deadline(game):
    entry = make_entry(game)

    saved = confirm_transfers(
        entry.pk, [swap(game, entry, slot=2), swap(game, entry, slot=6), swap(game, entry, slot=1)]
    )

    assert (saved.transfers_made, saved.hit) == (0, 0)
    assert not Transfer.objects.exists()


def test_transfers_above_the_hard_cap_are_refused(game, entry):
    game.players.update(price=50)
    for _ in range(10):
        confirm_transfers(entry.pk, [swap(game, entry, slot=2)])
        confirm_transfers(entry.pk, [swap(game, entry, slot=3)])

    assert refusals(entry.pk, [swap(game, entry, slot=4)]) == ("transfer_cap",)
    assert Transfer.objects.count() == 20


def test_wildcard_lifts_the_hard_cap_and_the_cost(game, entry):
    game.players.update(price=50)
    confirm_transfers(entry.pk, [swap(game, entry, slot=2)], chip="wildcard")
    for _ in range(24):
        saved = confirm_transfers(entry.pk, [swap(game, entry, slot=2)])

    assert (saved.transfers_made, saved.hit) == (25, 0)


def test_refused_transfer_leaves_the_chip_unplayed(game, entry):
    move = swap(game, entry, slot=2, price=500)

    assert refusals(entry.pk, [move], chip="wildcard") == ("over_budget",)
    assert not entry.chip_plays.exists()


def test_player_who_rose_is_sold_at_half_of_the_rise(game, entry):
    player = held(entry, 2)
    player.price = 53
    player.save()

    saved = confirm_transfers(entry.pk, [swap(game, entry, slot=2)])

    assert saved.bank == 250 + 51 - 50


def test_too_dear_a_player_is_refused_to_the_tenth(game, entry):
    assert refusals(entry.pk, [swap(game, entry, slot=2, price=301)]) == ("over_budget",)

    assert confirm_transfers(entry.pk, [swap(game, entry, slot=2, price=300)]).bank == 0


def test_fourth_player_of_a_club_is_refused(game, entry):
    club = held(entry, 1).team
    fourth = make_game_player(game, club, held(entry, 9).position)

    assert "club_cap" in refusals(entry.pk, [Move(sold=held(entry, 9).pk, bought=fourth.pk)])


def test_squad_pushed_over_the_cap_stays_until_it_changes(game, entry, clock):
    club = held(entry, 1).team
    other = entry.holdings.exclude(game_player__team=club).order_by("slot").last().game_player
    other.team = club
    other.save()

    lock_next(game, clock)

    assert entry.lineups.count() == 2
    unrelated = entry.holdings.exclude(game_player__team=club).first()
    assert "club_cap" in refusals(entry.pk, [swap(game, entry, slot=unrelated.slot)])
    slot = entry.holdings.get(game_player=other).slot
    confirm_transfers(entry.pk, [swap(game, entry, slot=slot)])


def test_another_position_breaks_the_quota(game, entry):
    fresh = make_game_player(game, held(entry, 15).team, "FWD")

    assert "position_quota" in refusals(entry.pk, [Move(sold=held(entry, 2).pk, bought=fresh.pk)])


@pytest.mark.parametrize(
    ("sold", "bought", "codes"),
    [
        ("free", "free", ("not_held",)),
        ("mine", "mine too", ("already_held",)),
        ("mine", "nobody", ("unknown_player",)),
        ("mine", "gone", ("player_gone",)),
    ],
)
def test_player_who_cannot_be_moved_is_refused(game, entry, sold, bought, codes):
    free = swap(game, entry, slot=2).bought
    gone = make_game_player(game, held(entry, 2).team, "DEF", status=Availability.GONE)
    who = {
        "mine": held(entry, 2).pk,
        "mine too": held(entry, 3).pk,
        "free": free,
        "nobody": 0,
        "gone": gone.pk,
    }

    assert refusals(entry.pk, [Move(sold=who[sold], bought=who[bought])]) == codes


def test_nothing_is_bought_twice(game, entry):
    first = swap(game, entry, slot=2)
    again = Move(sold=held(entry, 3).pk, bought=first.bought)

    assert refusals(entry.pk, [first, again]) == ("duplicate_player",)


def test_empty_confirmation_is_refused(entry):
    assert refusals(entry.pk, []) == ("no_transfers",)


def test_transfer_of_the_last_deadline_is_refused(game, entry):
    assert refusals(entry.pk, [swap(game, entry)], for_round=1) == ("deadline_passed",)


def test_two_positions_exchanged_across_moves_find_their_own_slots(game, entry):
    defender, forward = swap(game, entry, slot=2), swap(game, entry, slot=10)
    crossed = [
        Move(sold=defender.sold, bought=forward.bought),
        Move(sold=forward.sold, bought=defender.bought),
    ]

    confirm_transfers(entry.pk, crossed)

    assert held(entry, 2).pk == defender.bought
    assert held(entry, 10).pk == forward.bought


def test_draft_tells_what_it_would_do_and_changes_nothing(game, entry):
    move = swap(game, entry, slot=2, price=62)

    deal = set_draft(entry.pk, [move])

    assert (deal.bank, deal.made, deal.free_left, deal.hit) == (238, 1, 0, 0)
    assert deal.problems == ()
    assert held(entry, 2).pk == move.sold
    assert draft_of(entry.pk, game.rounds.get(number=2).pk) == (move,)


def test_draft_may_break_rules_and_says_which(game, entry):
    deal = set_draft(entry.pk, [swap(game, entry, slot=2, price=900)])

    assert [problem.code for problem in deal.problems] == ["over_budget"]
    assert deal.bank == 250 + 50 - 900


def test_draft_is_undone_for_nothing(game, entry):
    set_draft(entry.pk, [swap(game, entry)])

    clear_draft(entry.pk)

    assert not TransferDraft.objects.exists()
    assert confirm_transfers(entry.pk, [swap(game, entry)]).transfers_made == 1


def test_draft_is_gone_once_confirmed_or_locked(game, entry, clock):
    set_draft(entry.pk, [swap(game, entry)])
    confirm_transfers(entry.pk, [swap(game, entry)])
    assert not TransferDraft.objects.exists()

    set_draft(entry.pk, [swap(game, entry)])
    lock_next(game, clock)

    assert not TransferDraft.objects.exists()


def test_confirmed_transfers_are_never_changed(game, entry):
    confirm_transfers(entry.pk, [swap(game, entry)])

    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        Transfer.objects.update(sold_for=1)


def test_game_without_a_round_to_come_takes_no_transfers(game, entry):
    move = swap(game, entry)
    game.rounds.filter(state=RoundState.UPCOMING).update(state=RoundState.VOID)

    assert refusals(entry.pk, [move]) == ("no_round",)
