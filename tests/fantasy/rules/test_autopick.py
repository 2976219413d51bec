"""Filling a squad at one press."""

import random

import pulp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fantasy.rules.autopick import Candidate, fill_squad
from fantasy.rules.loading import load_game
from fantasy.rules.squads import Pick, squad_problems

RULES = load_game("fpl-2026-27")


def pool(seed: int, clubs: int = 12) -> list[Candidate]:
    dice = random.Random(seed)
    rows = []
    for club in range(clubs):
        for position, count in {"GKP": 2, "DEF": 6, "MID": 6, "FWD": 4}.items():
            for _ in range(count):
                price = dice.choice([40, 45, 50, 60, 75, 90, 130])
                pick = Pick(player=len(rows), position=position, club=club, price=price)
                rows.append(Candidate(pick=pick, worth=dice.randrange(200)))
    return rows


@pytest.mark.parametrize("seed", range(20))
def test_fill_squad_is_legal_whatever_was_chosen_before(seed):
    candidates = pool(seed)
    held = [candidates[seed * 7 % 200].pick]

    added = fill_squad(RULES, held, candidates)

    assert added is not None
    assert squad_problems(RULES, [*held, *added]) == ()


def test_fill_squad_without_money_gives_up():
    dear = [
        Candidate(
            pick=Pick(
                player=row.pick.player, position=row.pick.position, club=row.pick.club, price=100
            ),
            worth=row.worth,
        )
        for row in pool(1)
    ]

    assert fill_squad(RULES, [], dear) is None


def test_fill_squad_takes_the_worthier_where_money_is_no_matter():
    cheap = [
        Candidate(
            pick=Pick(player=n, position=row.pick.position, club=row.pick.club, price=40),
            worth=row.worth,
        )
        for n, row in enumerate(pool(2))
    ]

    added = fill_squad(RULES, [], cheap)

    assert added is not None
    best = max(cheap, key=lambda row: (row.worth, -row.pick.player))
    assert best.pick.player in {pick.player for pick in added}


@pytest.mark.parametrize("seed", range(5))
def test_fill_squad_is_nearly_as_good_as_the_best_there_is(seed):
    candidates = pool(seed)
    worth = {row.pick.player: row.worth for row in candidates}

    added = fill_squad(RULES, [], candidates)

    assert added is not None
    assert sum(worth[pick.player] for pick in added) >= 0.97 * best_worth(candidates)


def best_worth(candidates: list[Candidate]) -> float:
    """What the squad of an integer program is worth."""
    program = pulp.LpProblem("squad", pulp.LpMaximize)
    rows = [
        (program.add_variable(f"takes_{row.pick.player}", cat=pulp.LpBinary), row)
        for row in candidates
    ]
    program += pulp.lpSum(take * row.worth for take, row in rows)
    program += pulp.lpSum(take * row.pick.price for take, row in rows) <= RULES.squad.budget_tenths
    for position in RULES.positions:
        taken = pulp.lpSum(take for take, row in rows if row.pick.position == position.id)
        program += taken == position.squad_max
    for club in {row.pick.club for row in candidates}:
        taken = pulp.lpSum(take for take, row in rows if row.pick.club == club)
        program += taken <= RULES.squad.club_cap
    program.solve(pulp.PULP_CBC_CMD(msg=False, threads=1))
    return float(pulp.value(program.objective))


SHOWDOWN = load_game("draftkings-showdown")


def players(rules, *rows: tuple[str, int, int, int]) -> list[Candidate]:
    """Who can be picked, by position, club, price and worth."""
    return [
        Candidate(pick=Pick(player=n, position=position, club=club, price=price), worth=worth)
        for n, (position, club, price, worth) in enumerate(rows)
    ]


def test_spare_places_go_to_the_best_of_any_position():
    rows = [
        (position, n % 2, 60, 10 * n + bonus)
        for bonus, position in enumerate(("G", "F", "C"))
        for n in range(8)
    ]

    added = fill_squad(SHOWDOWN, [], players(SHOWDOWN, *rows))

    assert added is not None
    assert sorted(pick.position for pick in added) == ["C", "C", "F", "F", "G", "G"]


def test_spare_places_leave_the_money_for_the_rest():
    dear = [("G", n % 2, 200, 100) for n in range(6)]
    cheap = [("C", n % 2, 30, 1) for n in range(6)]

    added = fill_squad(SHOWDOWN, [], players(SHOWDOWN, *dear, *cheap))

    assert added is not None
    assert squad_problems(SHOWDOWN, added) == ()
    assert {pick.position for pick in added} == {"G", "C"}


def test_no_position_gets_more_than_it_may_have():
    rules = load_game("espn")
    rows = [("C", n, 40, 500) for n in range(12)]
    rows += [(position, n, 40, 1) for n in range(12) for position in ("G", "F")]

    added = fill_squad(rules, [], players(rules, *rows))

    assert added is not None
    assert squad_problems(rules, added) == ()
    assert sum(pick.position == "C" for pick in added) == 5


@pytest.mark.parametrize("name", ["espn", "nfl-ppr", "nhl-espn", "draftkings-showdown"])
@given(seed=st.integers(0, 2**32), kept=st.integers(0, 2))
def test_whatever_is_filled_is_a_squad(name, seed, kept):
    rules, dice = load_game(name), random.Random(seed)
    least = rules.squad.budget_tenths // rules.squad.size
    rows = [
        # One of four is cheap, so that an empty squad can always be filled.
        (p.id, club, least // 3 + dice.randrange(1 + n * least // 2), dice.randrange(200))
        for club in range(2 if rules.squad.size == 6 else 10)
        for p in rules.positions
        for n in range(4)
    ]
    candidates = players(rules, *rows)
    held = [candidates[at].pick for at in dice.sample(range(len(candidates)), kept)]

    added = fill_squad(rules, held, candidates)

    # Who was kept may be too dear for the rest.
    assert added is not None or kept
    assert added is None or squad_problems(rules, [*held, *added]) == ()
