"""Charts of a match: the shared axis, the momentum strip, the marks of shots."""

import math

import pytest

from leagues.packs.facts import FoldEvent
from leagues.packs.loader import load_pack
from stats.rules.axis import time_axis
from stats.rules.momentum import MinutePressure
from stats.rules.shots import shot_kind, spot_of
from stats.rules.strip import HALF, WIDTH, Score, momentum_strip

FOOTBALL = load_pack("football")
HALF_MS = 45 * 60_000


def shot(type_: str, **payload: object) -> FoldEvent:
    return FoldEvent(
        lineage="a",
        type=type_,
        period="1H",
        clock_ms=0,
        order=1,
        team="home",
        player=None,
        related=None,
        payload=payload,
        ref=1,
    )


def test_axis_has_all_regular_periods_before_the_start():
    axis = time_axis(FOOTBALL, {}, width=100)

    assert [(band.id, band.left, band.width) for band in axis.bands] == [
        ("1H", 0, 50),
        ("2H", 50, 50),
    ]


def test_axis_grows_by_added_time_and_by_overtime():
    axis = time_axis(FOOTBALL, {"1H": HALF_MS * 2, "E1": 60_000}, width=210)

    assert [band.id for band in axis.bands] == ["1H", "2H", "E1"]
    assert axis.bands[0].width == pytest.approx(2 * axis.bands[1].width)
    assert axis.x("1H", HALF_MS * 3) == axis.bands[0].right
    assert axis.x("P", 0) is None


def test_axis_believes_told_lengths():
    quarters = load_pack("basketball")
    told = {"Q1": 600_000, "Q2": 600_000, "Q3": 600_000, "Q4": 600_000}

    axis = time_axis(quarters, {}, width=400, told_ms=told)

    assert axis.x("Q2", 300_000) == 150
    assert len(axis.bands) == 4


def test_strip_draws_home_above_and_away_below_the_line():
    axis = time_axis(FOOTBALL, {"1H": 120_000}, width=WIDTH)
    points = (
        MinutePressure(period="1H", minute=1, value=50),
        MinutePressure(period="1H", minute=2, value=-100),
    )

    strip = momentum_strip(
        axis, points, [Score(period="1H", clock_ms=HALF_MS, side="home", words="Goal")]
    )

    assert strip is not None
    assert f"v{-HALF / 2:.1f}h" in strip.home
    assert f"v{HALF:.1f}h" in strip.away
    assert [(pin.x, pin.side) for pin in strip.pins] == [(WIDTH / 2, "home")]
    assert (strip.home_minutes, strip.away_minutes) == (1, 1)


def test_strip_is_not_drawn_where_nobody_pressed():
    axis = time_axis(FOOTBALL, {}, width=WIDTH)

    assert momentum_strip(axis, [MinutePressure(period="1H", minute=1, value=0)], []) is None


@pytest.mark.parametrize(
    ("fact", "outcome"),
    [
        (shot("goal"), "scored"),
        (shot("shot", outcome="saved"), "saved"),
        (shot("shot", outcome="blocked"), "blocked"),
        (shot("shot", outcome="post"), "off"),
        (shot("shot"), "off"),
        (shot("penalty_missed", outcome="saved"), "saved"),
        (shot("pass"), None),
    ],
)
def test_shot_has_the_shape_of_its_outcome(fact: FoldEvent, outcome: str | None):
    kind = shot_kind(FOOTBALL, fact)

    assert (kind.outcome if kind else None) == outcome


def test_mark_stands_where_the_shot_was_attacking_upwards():
    rule = FOOTBALL.shot_map
    fact = shot("goal", xg=0.25)
    kind = shot_kind(FOOTBALL, fact)

    spot = spot_of(rule, kind, fact, x=100, y=0)
    own_half = spot_of(rule, kind, fact, x=10, y=50)

    assert (spot.x, spot.y) == (0, 0)
    assert (own_half.x, own_half.y) == (34, 52.5)


def test_area_of_a_mark_is_in_proportion_to_its_chance():
    rule = FOOTBALL.shot_map
    radii = []
    for xg in (0.2, 0.8):
        fact = shot("goal", xg=xg)
        radii.append(spot_of(rule, shot_kind(FOOTBALL, fact), fact, x=90, y=50).radius)

    assert radii[1] ** 2 / radii[0] ** 2 == pytest.approx(4, rel=0.02)


@pytest.mark.parametrize("xg", [-1, 7, "much", True, math.inf, None])
def test_nonsense_is_no_chance(xg: object):
    fact = shot("goal", xg=xg)

    spot = spot_of(FOOTBALL.shot_map, shot_kind(FOOTBALL, fact), fact, x=90, y=50)

    assert spot.expected is None
