"""Games with other rules: no captain and free transfers, line-ups without a bench."""

import pytest

from fantasy.enums import RoundState
from fantasy.models import Lineup
from fantasy.services.deadlines import lock_due_rounds
from fantasy.services.entries import NewEntry, create_entry
from fantasy.services.lineups import LineupChoice, save_lineup
from fantasy.services.refusals import Refused
from fantasy.services.transfers import Move, confirm_transfers
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
