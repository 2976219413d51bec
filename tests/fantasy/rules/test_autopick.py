"""Filling a squad at one press."""

import random

import pytest

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
