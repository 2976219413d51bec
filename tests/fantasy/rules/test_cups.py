"""Cups: who meets whom and who goes through, as FAN-14 says."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fantasy.rules.cups import Showing, Verdict, decide, draw, rounds_needed

ENTRANTS = st.lists(st.integers(1, 10_000), min_size=2, max_size=200, unique=True)
TIES = ("+goals", "-conceded")


def showing(points, goals, conceded):
    return Showing(points=points, stats={"goals": goals, "conceded": conceded})


@pytest.mark.parametrize(
    ("entrants", "rounds"), [(0, 0), (1, 0), (2, 1), (3, 2), (4, 2), (5, 3), (1024, 10)]
)
def test_a_cup_halves_its_field(entrants, rounds):
    assert rounds_needed(entrants) == rounds


@given(ENTRANTS, st.text(max_size=8))
def test_a_cup_ends_with_one_after_the_rounds_it_needs(entrants, seed):
    left, stage = list(entrants), 0
    while len(left) > 1:
        stage += 1
        ties = draw(left, seed=seed, stage=stage)
        sides = [side for tie in ties for side in (tie.home, tie.away) if side is not None]
        assert sorted(sides) == sorted(left)
        assert stage == 1 or all(tie.away is not None for tie in ties)
        left = [tie.home for tie in ties]

    assert stage == rounds_needed(len(entrants))


@given(ENTRANTS, st.randoms())
def test_the_draw_does_not_depend_on_the_order_of_entrants(entrants, random):
    shuffled = list(entrants)
    random.shuffle(shuffled)

    assert draw(shuffled, seed="s", stage=1) == draw(entrants, seed="s", stage=1)


@pytest.mark.parametrize(
    ("home", "away", "verdict"),
    [
        (Showing(points=50), None, Verdict(is_home=True, reason="bye")),
        (Showing(points=50), Showing(points=49), Verdict(is_home=True, reason="points")),
        (
            showing(50, 2, 4),
            showing(50, 3, 9),
            Verdict(is_home=False, reason="goals"),
        ),
        (
            showing(50, 3, 4),
            showing(50, 3, 9),
            Verdict(is_home=True, reason="conceded"),
        ),
    ],
)
def test_a_tie_goes_by_points_then_most_scored_then_fewest_conceded(home, away, verdict):
    assert decide(home, away, seed="s", tie_id="t", ties=TIES) == verdict


def test_the_coin_can_be_tossed_again_by_anybody():
    for number in range(20):
        verdict = decide(
            showing(1, 1, 1),
            showing(1, 1, 1),
            seed="public",
            tie_id=f"vz_tie_{number}",
            ties=TIES,
        )

        digest = hashlib.sha256(f"public:coin:vz_tie_{number}".encode()).digest()
        assert verdict == Verdict(is_home=digest[0] % 2 == 0, reason="coin")


def test_the_coin_is_fair():
    same = Showing(points=1)
    heads = sum(
        decide(same, same, seed="fair", tie_id=str(number)).is_home for number in range(2000)
    )

    assert 900 < heads < 1100
