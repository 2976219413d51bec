"""Games with other rules: no captain and free transfers, line-ups without a bench."""

import pytest

from fantasy.enums import RoundState
from fantasy.models import Lineup
from fantasy.rules.autopick import Candidate, fill_squad
from fantasy.rules.squads import Pick, captain_surcharge
from fantasy.services.deadlines import lock_due_rounds
from fantasy.services.entries import NewEntry, create_entry
from fantasy.services.games import rules_of
from fantasy.services.lineups import LineupChoice, save_lineup
from fantasy.services.refusals import Refused
from fantasy.services.transfers import Move, confirm_transfers, set_draft
from tests.factories.fantasy import make_club, make_game, make_round
from tests.factories.leagues import make_league, make_season

pytestmark = pytest.mark.django_db

CLUB = {"G": 5, "F": 5, "C": 2}


@pytest.fixture
def hoops(clock):
    def build(rules):
        season = make_season(make_league(sport="basketball"))
        game = make_game(season, rules=rules)
        make_round(game)
        make_round(game)
        for _ in range(8):
            make_club(game, club=CLUB, price=40)
        return game

    return build


def squad(game, **counts):
    """So many of each position, two of a club at most."""
    taken, picked = {}, []
    for position, count in counts.items():
        wanted = len(picked) + count
        for player in game.players.filter(position=position).order_by("number"):
            if len(picked) < wanted and taken.get(player.team_id, 0) < 2:
                taken[player.team_id] = taken.get(player.team_id, 0) + 1
                picked.append(player)
    return [player.pk for player in picked]


def test_game_without_a_captain_locks_without_armbands(hoops, clock):
    game = hoops("espn")
    players = squad(game, G=5, F=5, C=3)
    entry, saved = create_entry(game.pk, NewEntry(name="Ours", players=players), owner_id=None)
    assert saved.receipt.document["lineup"].endswith("|||")

    round_ = game.rounds.first()
    clock.stand_at(round_.deadline_at)
    lock_due_rounds()

    lineup = Lineup.objects.get(entry=entry)
    assert (lineup.captain_slot, lineup.vice_slot, len(bytes(lineup.packed))) == (None, None, 26)


def test_captain_in_a_game_without_one_is_refused(hoops):
    game = hoops("espn")
    players = squad(game, G=5, F=5, C=3)
    entry, _ = create_entry(game.pk, NewEntry(name="Ours", players=players), owner_id=None)
    held = [h.game_player_id for h in entry.holdings.order_by("slot")]

    with pytest.raises(Refused) as refused:
        save_lineup(entry.pk, LineupChoice(players=held, captain=held[0]))
    assert refused.value.codes == ("captain",)


def test_salary_game_changes_its_whole_line_up_every_round(hoops, clock):
    game = hoops("fanduel")
    players = squad(game, G=4, F=4, C=1)
    entry, _ = create_entry(game.pk, NewEntry(name="Ours", players=players), owner_id=None)
    clock.stand_at(game.rounds.first().deadline_at)
    lock_due_rounds()
    assert game.rounds.filter(state=RoundState.UPCOMING).count() == 1
    others = [
        list(game.players.filter(position=p).exclude(pk__in=players).order_by("-number"))
        for p in ("G", "F", "C")
    ]
    bought = [*others[0][:2], *others[0][5:7], *others[1][10:12], *others[1][15:17], others[2][-1]]
    sold = list(entry.holdings.order_by("game_player__position", "slot"))
    by_position = {p: [h.game_player_id for h in sold if h.game_player.position == p] for p in CLUB}
    order = [*by_position["G"], *by_position["F"], *by_position["C"]]
    moves = [Move(sold=s, bought=b.pk) for s, b in zip(order, bought, strict=True)]

    saved = confirm_transfers(entry.pk, moves)

    assert (saved.transfers_made, saved.hit, saved.bank) == (9, 0, 240)
    assert set(entry.holdings.values_list("game_player_id", flat=True)) == {b.pk for b in bought}


# A captain who costs half as much again ------------------------------------------------------


@pytest.fixture
def showdown(clock):
    game = make_game(make_season(make_league(sport="basketball")), rules="draftkings-showdown")
    make_round(game)
    for _ in range(2):
        make_club(game, club={"G": 2, "F": 2, "C": 2}, price=60)
    return game


def six(game, **dearer):
    """Five of one club and one of the other, from the first on at these prices."""
    rows = list(game.players.order_by("number"))
    chosen = [*rows[:5], rows[6]]
    for row, price in zip(chosen, dearer.get("prices", ()), strict=False):
        row.price = price
        row.save()
    return [row.pk for row in chosen]


def enter(game, players, **given):
    new = NewEntry(name="Ours", players=players, **given)
    return create_entry(game.pk, new, owner_id=None)[0]


def leader(entry):
    return entry.holdings.get(is_captain=True).game_player_id


def test_new_squad_is_led_by_the_dearest_whom_the_bank_can_pay(showdown):
    players = six(showdown, prices=[150, 70])

    entry = enter(showdown, players)

    # 500 less 460 leaves 40: enough for half of 70, not for half of 150.
    assert (entry.bank, leader(entry)) == (40, players[1])


def test_nobody_joins_without_money_for_a_captain(showdown):
    players = six(showdown, prices=[80] * 6)

    with pytest.raises(Refused) as refused:
        enter(showdown, players)

    assert refused.value.codes == ("captain_budget",)
    assert str(refused.value) == "A captain costs more than his price; you are 2.0 short."


def test_armband_goes_to_nobody_the_bank_cannot_pay(showdown):
    players = six(showdown, prices=[150, 70])
    entry = enter(showdown, players, is_ordered=True, captain=players[2])

    with pytest.raises(Refused) as refused:
        save_lineup(entry.pk, LineupChoice(players=players, captain=players[0]))

    assert (refused.value.codes, leader(entry)) == (("captain_budget",), players[2])
    save_lineup(entry.pk, LineupChoice(players=players, captain=players[1]))
    assert leader(entry) == players[1]


def test_half_a_tenth_more_of_a_captain_costs_a_whole_one(showdown):
    players = six(showdown, prices=[75, 77, 77, 77, 78, 78])

    # 462 leave 38, which is what half of 75 costs; half of 77 would be 39.
    assert leader(enter(showdown, players)) == players[0]


def test_transfers_leave_the_money_for_the_captain(showdown):
    players = six(showdown, prices=[90, 60, 60, 60, 60, 60])
    entry = enter(showdown, players, is_ordered=True, captain=players[0])
    dear = (
        showdown.players.exclude(pk__in=players)
        .filter(team=entry.holdings.get(game_player=players[5]).game_player.team)
        .first()
    )
    dear.price = 160
    dear.save()
    moves = [Move(sold=players[5], bought=dear.pk)]

    # 110 less 100 leave 10, and 45 are the captain's.
    assert [p.code for p in set_draft(entry.pk, moves).problems] == ["captain_budget"]
    with pytest.raises(Refused) as refused:
        confirm_transfers(entry.pk, moves)

    assert refused.value.codes == ("captain_budget",)
    entry.refresh_from_db()
    assert entry.bank == 110


def test_filled_squad_has_money_for_its_captain(showdown):
    rules = rules_of(showdown)
    make_club(showdown, club={"G": 5}, price=80)
    make_club(showdown, club={"G": 5}, price=80)
    make_club(showdown, club={"G": 5}, price=70)
    candidates = [
        Candidate(
            pick=Pick(player=row.pk, position=row.position, club=row.team_id, price=row.price),
            worth=row.price,
        )
        for row in showdown.players.all()
    ]

    added = fill_squad(rules, [], candidates)

    entry = enter(showdown, [pick.player for pick in added])
    # Six of 80 would leave 20, and half of 80 is what the dearest costs more.
    assert entry.bank >= captain_surcharge(rules, 80) == 40
    assert leader(entry) in showdown.players.filter(price=80).values_list("pk", flat=True)
