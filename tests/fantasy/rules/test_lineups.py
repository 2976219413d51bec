"""Line-ups: the eight shapes, the bench, automatic substitutions and who captains."""

from collections import Counter
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fantasy.rules.lineups import (
    Slot,
    automatic_substitutions,
    is_legal_shape,
    lineup_problems,
)
from fantasy.rules.loading import load_game

RULES = load_game("fpl-2026-27")
POSITIONS = "GKP DEF DEF DEF MID MID MID MID FWD FWD FWD GKP MID DEF DEF"


def lineup(positions: str = POSITIONS, captain: int = 5, vice: int = 9) -> list[Slot]:
    """Players are called like their places, 1 to 15."""
    return [
        Slot(player=at, position=position, slot=at, is_captain=at == captain, is_vice=at == vice)
        for at, position in enumerate(positions.split(), start=1)
    ]


def codes(problems) -> list[str]:
    return [problem.code for problem in problems]


def all_but(*absent: int) -> set[int]:
    return set(range(1, 16)) - set(absent)


def test_eight_shapes_are_legal():
    shapes = [
        f"{d}-{m}-{f}"
        for d, m, f in product(range(6), range(6), range(4))
        if is_legal_shape(RULES, Counter(GKP=1, DEF=d, MID=m, FWD=f))
    ]

    assert shapes == [
        "3-4-3", "3-5-2", "4-3-3", "4-4-2", "4-5-1", "5-2-3", "5-3-2", "5-4-1"
    ]  # fmt: skip


def test_a_legal_lineup_has_no_problems():
    assert lineup_problems(RULES, lineup()) == ()


@pytest.mark.parametrize(
    ("slots", "expected"),
    [
        (lineup()[:14], ["slots"]),
        ([*lineup()[:14], lineup()[0]], ["slots"]),
        (
            lineup("GKP DEF DEF MID MID MID MID MID FWD FWD FWD GKP DEF DEF DEF"),
            ["formation"],
        ),
        (
            lineup("GKP DEF DEF DEF MID MID MID MID FWD FWD FWD DEF GKP DEF MID"),
            ["bench_order"],
        ),
        (lineup(captain=13), ["captain"]),
        (lineup(captain=0), ["captain"]),
        (lineup(vice=13), ["vice"]),
        (lineup(captain=5, vice=5), ["vice"]),
    ],
)
def test_each_fault_of_a_lineup_has_its_code(slots, expected):
    assert codes(lineup_problems(RULES, slots)) == expected


def test_a_game_without_captain_refuses_one():
    rules = load_game("fanduel")
    bare = [Slot(player=at, position=p, slot=at) for at, p in enumerate("GGGGFFFFC", start=1)]
    captained = [Slot(player=1, position="G", slot=1, is_captain=True), *bare[1:]]

    assert lineup_problems(rules, bare) == ()
    assert codes(lineup_problems(rules, captained)) == ["captain"]


@pytest.mark.parametrize(
    ("absent", "made"),
    [
        ((), ()),
        ((1,), ((1, 12),)),
        ((1, 12), ()),
        ((5,), ((5, 13),)),
        # Three defenders are the fewest: the midfielder on the bench has to wait.
        ((2,), ((2, 14),)),
        ((2, 5), ((2, 14), (5, 13))),
        ((5, 13), ((5, 14),)),
        ((2, 3, 4), ((2, 14), (3, 15))),
        ((9, 10), ((9, 13), (10, 14))),
    ],
)
def test_automatic_substitutions_leave_a_legal_shape(absent, made):
    result = automatic_substitutions(RULES, lineup(), appeared=all_but(*absent))

    assert result.substitutions == made


def test_with_bench_boost_all_play_and_nobody_is_substituted():
    result = automatic_substitutions(
        RULES, lineup(), appeared=all_but(5), chip=RULES.chip("bboost")
    )

    assert result.substitutions == ()
    assert result.counting == tuple(range(1, 16))


@pytest.mark.parametrize(
    ("absent", "chip", "captain", "multiplier"),
    [
        ((), "", 5, 2),
        ((5,), "", 9, 2),
        ((5, 9), "", None, None),
        ((), "3xc", 5, 3),
        ((5,), "3xc", 9, 3),
    ],
)
def test_the_vice_captain_takes_over(absent, chip, captain, multiplier):
    played = RULES.chip(chip) if chip else None

    result = automatic_substitutions(RULES, lineup(), appeared=all_but(*absent), chip=played)

    assert result.captain == captain
    assert result.multipliers.get(captain) == multiplier
    assert sorted(result.multipliers) == sorted(result.counting)


def test_an_assistant_manager_always_counts_once():
    rules = load_game("fpl-2024-25")
    slots = [*lineup(), Slot(player=16, position="AM", slot=16)]
    chip = rules.chip("manager")

    result = automatic_substitutions(rules, slots, appeared=all_but(5), chip=chip)

    assert lineup_problems(rules, slots, chip=chip) == ()
    assert result.multipliers[16] == 1
    assert result.substitutions == ((5, 13),)


@given(st.sets(st.integers(1, 15)), st.permutations(POSITIONS.split()[12:]))
def test_substitutions_never_harm(appeared, reserves):
    slots = lineup(" ".join([*POSITIONS.split()[:12], *reserves]))
    position = {slot.player: slot.position for slot in slots}

    result = automatic_substitutions(RULES, slots, appeared=appeared)

    assert is_legal_shape(RULES, Counter(position[player] for player in result.counting))
    assert set(range(1, 12)) & appeared <= set(result.counting)
    assert all(out not in appeared and came in appeared for out, came in result.substitutions)
    assert result.captain in {5, 9, None}
