"""Head-to-head fixtures: fair, complete and drawn again by anybody who has the seed."""

from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from fantasy.rules.pairings import Pairing, average_points, round_robin

MEMBERS = st.lists(st.integers(1, 10_000), min_size=2, max_size=21, unique=True)
SEEDS = st.text(st.characters(codec="ascii"), max_size=12)


def sides(pairing):
    return {pairing.home, pairing.away}


@given(MEMBERS, SEEDS, st.integers(1, 45))
def test_in_every_round_everybody_plays_once(members, seed, rounds):
    played = round_robin(members, seed=seed, rounds=rounds)

    assert len(played) == rounds
    for pairings in played:
        seen = [side for pairing in pairings for side in (pairing.home, pairing.away)]
        assert sorted(side for side in seen if side is not None) == sorted(members)
        assert seen.count(None) == len(members) % 2


@given(MEMBERS, SEEDS)
def test_a_turn_has_every_meeting_once_and_the_next_exchanges_home_and_away(members, seed):
    turn = len(members) - 1 + len(members) % 2

    played = round_robin(members, seed=seed, rounds=2 * turn)

    first = [pairing for pairings in played[:turn] for pairing in pairings]
    second = [pairing for pairings in played[turn:] for pairing in pairings]
    assert max(Counter(frozenset(sides(pairing)) for pairing in first).values()) == 1
    real = {(p.home, p.away) for p in first if p.away is not None}
    assert {(p.away, p.home) for p in second if p.away is not None} == real
    assert len(real) == len(members) * (len(members) - 1) // 2


@given(MEMBERS, SEEDS, st.randoms())
def test_the_same_seed_draws_the_same_whatever_the_order_of_joining(members, seed, random):
    shuffled = list(members)
    random.shuffle(shuffled)

    assert round_robin(shuffled, seed=seed, rounds=5) == round_robin(members, seed=seed, rounds=5)


def test_another_seed_draws_another_list():
    drawn = {round_robin(range(1, 9), seed=f"seed-{n}", rounds=7) for n in range(20)}

    assert len(drawn) == 20


def test_nobody_alone_plays():
    assert round_robin([7], seed="s", rounds=3) == ((), (), ())


def test_three_members_play_each_other_and_the_average():
    played = round_robin([1, 2, 3], seed="s", rounds=3)

    idle = [pairing.home for pairings in played for pairing in pairings if pairing.away is None]
    assert sorted(idle) == [1, 2, 3]
    assert all(isinstance(pairing, Pairing) for pairings in played for pairing in pairings)
    assert all(one != other for one, other in pairwise(idle))


def test_the_average_is_rounded_half_up():
    assert [average_points(p) for p in ([], [3], [3, 4], [1, 1, 2], [-1, -2])] == [0, 3, 4, 1, -1]
