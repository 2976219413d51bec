"""Cups: drawn at a deadline, played at settlement, and never decided twice."""

from struct import pack

import pytest

from accounts.models import User
from fantasy.enums import CupState
from fantasy.models import CupTie, PlayerScore
from fantasy.rules.lots import coin
from fantasy.services.cups import start_game_cup, start_league_cup
from fantasy.services.leagues import (
    NewLeague,
    begin_leagues,
    create_league,
    join_league,
    settle_leagues,
)
from fantasy.services.refusals import Refused
from tests.factories.fantasy import (
    make_club,
    make_entry,
    make_game,
    make_round,
    make_round_match,
)
from tests.fantasy.settled import lock, settle

pytestmark = pytest.mark.django_db


@pytest.fixture
def game():
    game = make_game()
    for _ in range(3):
        make_round(game)
    return game


@pytest.fixture
def entries(game):
    people = [User.objects.create_user(f"fan{n}@example.org", "x") for n in range(5)]
    return [make_entry(game, squad=[], owner=user) for user in people]


def league_of(entries):
    league = create_league(entries[0].pk, NewLeague(name="Friends"))
    for entry in entries[1:]:
        join_league(entry.pk, league.code)
    return league


def cup_of(league, **fields):
    return start_league_cup(league.pk, by_user_id=league.owner_id, **fields)


def play(round_, points):
    lock(round_, points)
    begin_leagues(round_.pk)
    settle(round_, points)
    settle_leagues(round_.pk)


def test_a_cup_of_five_is_won_in_three_rounds(game, entries):
    league = league_of(entries)
    cup = cup_of(league)
    points = {entry: 40 + place for place, entry in enumerate(entries)}

    for round_ in game.rounds.order_by("number"):
        play(round_, points)

    cup.refresh_from_db()
    ties = [
        cup.ties.filter(round=round_).order_by("number")
        for round_ in game.rounds.order_by("number")
    ]
    assert [len(stage) for stage in ties] == [4, 2, 1]
    assert sum(tie.away is None for tie in ties[0]) == 3
    assert {tie.reason for stage in ties[1:] for tie in stage} == {"points"}
    assert ties[2][0].winner == entries[4]
    assert cup.state == CupState.FINISHED


def test_the_same_round_again_draws_and_decides_nothing_more(game, entries):
    cup = cup_of(league_of(entries[:4]))
    first = game.rounds.get(number=1)
    play(first, {entry: 40 + place for place, entry in enumerate(entries)})
    before = list(cup.ties.order_by("pk").values())

    settle_leagues(first.pk)

    assert list(cup.ties.order_by("pk").values()) == before


def test_a_correction_does_not_decide_a_tie_again(game, entries):
    cup = cup_of(league_of(entries[:2]))
    first = game.rounds.get(number=1)
    play(first, {entries[0]: 50, entries[1]: 40})

    settle(first, {entries[0]: 10, entries[1]: 40})
    settle_leagues(first.pk)

    tie = cup.ties.get()
    assert (tie.winner, tie.reason) == (entries[0], "points")
    assert {tie.home_points, tie.away_points} == {50, 40}


def test_level_scores_go_by_goals_then_conceded_then_the_coin(game, entries):
    for _ in range(6):
        make_club(game)
    ada, bob = entries[:2]
    cup = cup_of(league_of([ada, bob]))
    first = game.rounds.get(number=1)
    team = game.players.first().team
    match = make_round_match(first, team, game.players.last().team)
    lock(first, [ada])
    # Bob fields the players 20 to 34, of whom 21 scores on the pitch and 33 on the bench.
    lock(first, [bob], packed=pack(">15H", *range(20, 35)))
    begin_leagues(first.pk)
    for number, goals in ((3, 1), (21, 2), (33, 9), (14, 9)):
        PlayerScore.objects.create(
            round=first,
            match=match,
            game_player=game.players.get(number=number),
            columns={"goals": goals, "goals_conceded": 0},
        )
    settle(first, {ada: 50, bob: 50})

    settle_leagues(first.pk)

    tie = cup.ties.get()
    assert (tie.winner, tie.reason) == (bob, "goals")


def test_what_nothing_parts_goes_by_the_coin_of_the_published_seed(game, entries):
    cup = cup_of(league_of(entries[:2]))
    first = game.rounds.get(number=1)

    play(first, dict.fromkeys(entries[:2], 44))

    tie = cup.ties.get()
    is_home = coin(cup.seed, "coin", f"{cup.public_id}:1:1")
    assert (tie.winner, tie.reason) == (tie.home if is_home else tie.away, "coin")


def test_a_cup_must_fit_into_the_rounds_that_are_left(game, entries):
    league = league_of(entries)

    with pytest.raises(Refused) as late:
        cup_of(league, start_round=2)
    with pytest.raises(Refused) as stranger:
        start_league_cup(league.pk, by_user_id=entries[1].owner_id)

    assert late.value.codes == ("too_late",)
    assert stranger.value.codes == ("not_owner",)


def test_a_league_has_one_cup_at_a_time(game, entries):
    league = league_of(entries)
    cup_of(league)

    with pytest.raises(Refused) as second:
        cup_of(league)

    assert second.value.codes == ("cup_running",)


def test_a_cup_of_the_game_has_every_entry_with_a_lineup(game, entries):
    cup = start_game_cup(game.pk, name="Cup")
    first = game.rounds.get(number=1)

    lock(first, entries[:4])
    begin_leagues(first.pk)

    sides = CupTie.objects.filter(cup=cup).values_list("home", "away")
    assert sorted(side for pair in sides for side in pair) == [e.pk for e in entries[:4]]


def test_entries_that_joined_since_do_not_lengthen_a_cup(game, entries):
    league = league_of(entries[:2])
    second, third = game.rounds.filter(number__gte=2).order_by("number")
    cup = cup_of(league, start_round=3)
    for entry in entries[2:]:
        join_league(entry.pk, league.code)
    settle(second, {entry: 10 * place for place, entry in enumerate(entries)})
    settle_leagues(second.pk)

    lock(third, entries)
    begin_leagues(third.pk)

    tie = cup.ties.get()
    assert {tie.home, tie.away} == {entries[4], entries[3]}
