"""Momentum as a rule: weights from the pack, fading, sides, bounds."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leagues.packs.facts import FoldEvent
from leagues.packs.loader import load_pack
from stats.rules.momentum import Act, act_of, momentum

FOOTBALL, BASKETBALL = load_pack("football"), load_pack("basketball")
HOCKEY = load_pack("ice_hockey")
acts = st.lists(
    st.builds(
        Act,
        period=st.just("1H"),
        clock_ms=st.integers(0, 2_700_000),
        side=st.sampled_from(["home", "away"]),
        weight=st.floats(0.01, 2),
    ),
    max_size=40,
)
HALF = {"1H": 2_700_000}


def fact(kind: str, **payload) -> FoldEvent:
    return FoldEvent(lineage=1, type=kind, period="1H", team="home", payload=payload)


@pytest.mark.parametrize(
    ("pack", "event", "place", "weight"),
    [
        (FOOTBALL, fact("shot", xg=0.25), {}, 0.45),
        (FOOTBALL, fact("shot", xg=0.25, big_chance=True), {}, 0.75),
        (FOOTBALL, fact("shot", xg=0.25), {"x": 90, "y": 50}, 0.55),
        (FOOTBALL, fact("corner"), {}, 0.15),
        (FOOTBALL, fact("pass", accurate=True, end_x=70), {"x": 50, "y": 50}, 0.05),
        (FOOTBALL, fact("pass", accurate=True, end_x=70), {"x": 68, "y": 50}, None),
        (FOOTBALL, fact("pass", accurate=False, end_x=70), {"x": 50, "y": 50}, None),
        (FOOTBALL, fact("dribble"), {"x": 90, "y": 10}, None),
        (FOOTBALL, fact("yellow_card"), {}, None),
        (FOOTBALL, fact("shot", xg=math.inf), {}, 0.2),
        (BASKETBALL, fact("three_made"), {}, 3),
        (BASKETBALL, fact("steal"), {}, 0.5),
        (HOCKEY, fact("shot_on_goal"), {}, 0.3),
    ],
)
def test_an_event_weighs_what_the_pack_says(pack, event, place, weight):
    act = act_of(pack, event, **place)

    assert (act and act.weight) == (weight and pytest.approx(weight))


def test_a_giveaway_helps_the_others():
    act = act_of(HOCKEY, fact("giveaway"))

    assert (act.side, act.weight) == ("away", 0.05)


def test_pressure_fades_to_a_third_in_three_minutes_and_ends_with_the_period():
    shot = Act(period="1H", clock_ms=60_000, side="home", weight=0.6)

    values = momentum(FOOTBALL, [shot], lengths_ms={"1H": 240_000, "2H": 60_000})

    assert [(v.period, v.minute, v.value) for v in values] == [
        ("1H", 1, 50.0),
        ("1H", 2, 35.8),
        ("1H", 3, 25.7),
        ("1H", 4, 18.4),
        ("2H", 1, 0.0),
    ]


@given(acts)
def test_pressure_stays_in_bounds_and_turns_with_the_sides(held):
    turned = [
        Act(
            period=act.period,
            clock_ms=act.clock_ms,
            side="away" if act.side == "home" else "home",
            weight=act.weight,
        )
        for act in held
    ]

    values = [point.value for point in momentum(FOOTBALL, held, lengths_ms=HALF)]

    assert len(values) == 45
    assert all(-100 <= value <= 100 for value in values)
    assert [-v for v in values] == [p.value for p in momentum(FOOTBALL, turned, lengths_ms=HALF)]


@given(acts, st.randoms())
def test_order_of_arrival_does_not_matter(held, rng):
    mixed = rng.sample(held, len(held))

    assert momentum(FOOTBALL, mixed, lengths_ms=HALF) == momentum(FOOTBALL, held, lengths_ms=HALF)
