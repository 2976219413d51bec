"""What a player may bring next: the open formula, and how it did in published seasons."""

import csv
import gzip
from collections import defaultdict
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fantasy.rules.lineups import Slot
from fantasy.rules.loading import load_game
from fantasy.rules.outlook import (
    PULL,
    ROUNDS,
    PastRound,
    chance_percent,
    expected_mean,
    expected_of,
    form_of,
    group_of,
    likes_of,
    missed_of,
    prospect_of,
    regular_minutes,
    squad_expected,
)

RULES = load_game("fpl-2026-27")
PASTS = st.lists(
    st.builds(
        PastRound,
        points=st.lists(st.integers(-4, 25), min_size=1, max_size=2).map(tuple),
        is_regular=st.booleans(),
    ),
    min_size=1,
    max_size=ROUNDS,
)


def rounds(*points: int, regular: bool = True) -> list[PastRound]:
    return [PastRound(points=(one,), is_regular=regular) for one in points]


def prospect(past, others=(), *, matches=1, percent=100, scale=1):
    likes = likes_of([("MID", past), *(("MID", one) for one in others)], scale=scale)
    like = likes[group_of("MID", past)]
    return prospect_of(past, like, matches=matches, percent=percent, scale=scale)


def test_form_is_the_mean_of_a_round_with_all_its_matches():
    past = [PastRound(points=(2, 7), is_regular=True), *rounds(3)]

    assert form_of(past) == 6
    assert form_of([]) is None


def test_rounds_without_a_full_match_are_missed():
    past = [*rounds(2, 6), *rounds(0, 1, regular=False)]

    assert missed_of(past) == 2


@pytest.mark.parametrize(
    ("missed", "of", "group"),
    [(0, 5, 0), (1, 5, 0), (2, 5, 1), (3, 5, 1), (4, 5, 2), (5, 5, 2), (1, 2, 1), (0, 0, 2)],
)
def test_players_are_like_those_who_play_as_often(missed, of, group):
    past = [*rounds(*[0] * missed, regular=False), *rounds(*[0] * (of - missed))]

    assert group_of("MID", past) == ("MID", group)


def test_own_matches_are_drawn_towards_those_of_his_like():
    past, others = rounds(10, 10, 10, 10, 10), [rounds(0, 0, 0, 0, 0)]

    found = prospect(past, others)

    # Half of all matches of the group are tens, so five of his own and five of the mean 5.
    assert found.mean == (50 + PULL * 5) / (5 + PULL)
    assert expected_of(found, scale=1).low == 0
    assert expected_of(found, scale=1).high == 10


def test_two_matches_bring_twice_as_much_and_none_nothing():
    past = rounds(1, 2, 3)

    assert prospect(past, matches=2).mean == 2 * prospect(past).mean
    assert expected_of(prospect(past, matches=2), scale=1).high == 6
    nothing = expected_of(prospect(past, matches=0), scale=1)
    assert (nothing.mean, nothing.low, nothing.high) == (0.0, 0, 0)


def test_doubtful_player_brings_as_much_less():
    past = rounds(4, 4, 4)

    found = expected_of(prospect(past, percent=75), scale=1)

    assert (found.mean, found.low, found.high) == (3.0, 0, 4)


@pytest.mark.parametrize(
    ("status", "told", "expected"),
    [
        ("available", None, 100),
        ("available", 75, 75),
        ("doubtful", None, 50),
        ("doubtful", 25, 25),
        ("out", None, 0),
        ("gone", 75, 0),
    ],
)
def test_how_likely_a_player_plays_is_told_or_goes_by_his_status(status, told, expected):
    assert chance_percent(status, told) == expected


def test_decimal_games_tell_the_range_in_whole_points_and_the_mean_exactly():
    past = rounds(1250, 3075)

    found = expected_of(prospect(past, scale=100), scale=100)

    assert found.mean == (1250 + 3075) / 2
    assert (found.low, found.high) == (1300, 3100)


def test_regular_is_who_gets_the_most_for_his_minutes():
    assert regular_minutes(RULES) == 60
    assert regular_minutes(load_game("espn")) == 0


def line_up(captain: int, numbers=range(1, 16)) -> list[Slot]:
    return [
        Slot(player=n, position="MID", slot=at, is_captain=n == captain)
        for at, n in enumerate(numbers, start=1)
    ]


def test_squad_brings_its_starters_and_its_captain_twice_less_the_hit():
    ones = {n: prospect(rounds(1, 1)) for n in range(1, 16)}

    found = squad_expected(RULES, line_up(captain=2), ones, hit=4)

    assert (found.mean, found.low, found.high) == (8.0, 8, 8)


@pytest.mark.parametrize(("chip", "expected"), [("3xc", 13), ("bboost", 16)])
def test_chips_count_in_what_a_squad_brings(chip, expected):
    ones = {n: prospect(rounds(1, 1)) for n in range(1, 16)}

    found = squad_expected(RULES, line_up(captain=2), ones, chip=RULES.chip(chip))

    assert found.mean == expected


def test_whom_a_chip_adds_counts_in_what_a_squad_brings():
    rules = load_game("fpl-2024-25")
    ones = {n: prospect(rounds(1, 1)) for n in range(1, 17)}
    slots = line_up(captain=2, numbers=range(1, 17))

    assert squad_expected(rules, slots, ones, chip=rules.chip("manager")).mean == 13


def test_captain_of_a_showdown_counts_one_and_a_half_times():
    rules = load_game("draftkings-showdown")
    twos = {n: prospect(rounds(2000, 2000), scale=1000) for n in range(1, 7)}

    found = squad_expected(rules, line_up(captain=1, numbers=range(1, 7)), twos)

    assert (found.mean, found.low, found.high) == (13_000.0, 13_000, 13_000)


def test_unknown_players_bring_nothing_to_a_squad():
    assert squad_expected(RULES, line_up(captain=1), {}).mean == 0


@given(past=PASTS, others=st.lists(PASTS, max_size=4), matches=st.integers(0, 3))
def test_chances_add_up_and_their_mean_is_the_mean(past, others, matches):
    found = prospect(past, others, matches=matches)
    weights = found.chances.weights

    mean = sum((found.chances.first + at) * weight for at, weight in enumerate(weights))
    assert weights.sum() == pytest.approx(1)
    assert mean == pytest.approx(found.mean, abs=1e-6)


@given(past=PASTS, others=st.lists(PASTS, max_size=4), percent=st.integers(0, 100))
def test_eight_of_ten_rounds_lie_in_the_range(past, others, percent):
    found = prospect(past, others, percent=percent)
    told = expected_of(found, scale=1)
    below = sum(found.chances.weights[: told.low - found.chances.first])
    up_to = sum(found.chances.weights[: told.high - found.chances.first + 1])

    assert told.low <= told.high
    assert below < 0.1 + 1e-6
    assert up_to > 0.9 - 1e-6


@given(past=PASTS, better=st.integers(1, 10), others=st.lists(PASTS, max_size=4))
def test_more_points_never_make_less_expected(past, better, others):
    likes = likes_of([("MID", past), *(("MID", one) for one in others)], scale=1)
    like = likes[group_of("MID", past)]
    more = [
        PastRound(points=(one.points[0] + better, *one.points[1:]), is_regular=one.is_regular)
        for one in past
    ]

    before = expected_mean(past, like, matches=1, percent=100)

    assert expected_mean(more, like, matches=1, percent=100) > before


@given(pasts=st.lists(PASTS, min_size=1, max_size=6))
def test_all_players_of_a_group_together_bring_what_they_brought(pasts):
    """The pull moves players towards each other, and the whole nowhere."""
    regular = [[PastRound(points=p.points, is_regular=True) for p in past] for past in pasts]
    like = likes_of([("MID", past) for past in regular], scale=1)["MID", 0]
    matches = [sum(len(p.points) for p in past) for past in regular]
    brought = sum(sum(sum(p.points) for p in past) for past in regular)

    assert like.mean == Fraction(brought, sum(matches))
    if len(set(matches)) == 1:
        means = [expected_mean(past, like, matches=1, percent=100) for past in regular]
        assert sum(means) / len(means) == pytest.approx(float(like.mean))


def season(shared_data, name):
    """Each player's (points, minutes) by round, and his position, as published."""
    played: dict[str, dict[int, list[tuple[int, int]]]] = defaultdict(lambda: defaultdict(list))
    positions: dict[str, str] = {}
    with gzip.open(shared_data / "fpl" / name / "player_gw.csv.gz", "rt") as file:
        for row in csv.DictReader(file):
            figures = int(row["total_points"]), int(row["minutes"])
            played[row["element"]][int(row["gw"])].append(figures)
            positions[row["element"]] = row["position"]
    return played, positions


def past_of(played, number):
    last = (played.get(gw, ()) for gw in range(max(1, number - ROUNDS), number))
    return [
        PastRound(
            points=tuple(points for points, _ in one),
            is_regular=any(minutes >= 60 for _, minutes in one),
        )
        for one in last
        if one
    ]


@pytest.mark.parametrize("name", ["2022-23", "2023-24", "2024-25"])
def test_published_seasons_end_within_the_range_as_often_as_it_says(shared_data, name):
    played, positions = season(shared_data, name)
    told = within = plain = pulled = 0.0
    for number in range(2, 39):
        pasts = {who: past_of(rows, number) for who, rows in played.items()}
        likes = likes_of(((positions[who], past) for who, past in pasts.items()), scale=1)
        for who, past in pasts.items():
            result = played[who].get(number, ())
            if len(result) != 1 or not past:
                continue
            like = likes[group_of(positions[who], past)]
            mean = expected_mean(past, like, matches=1, percent=100)
            own = [points for one in past for points in one.points]
            plain += (result[0][0] - sum(own) / len(own)) ** 2
            pulled += (result[0][0] - mean) ** 2
            if mean < 3:
                continue
            found = expected_of(prospect_of(past, like, matches=1, percent=100, scale=1), scale=1)
            told += 1
            within += found.low <= result[0][0] <= found.high
    print(f"{name}: {told:.0f} told, {within / told:.1%} within, error {pulled / plain:.3f}")

    # The range says eight of ten; being drawn to one's like beats the bare mean.
    assert 0.78 <= within / told <= 0.86
    assert pulled < 0.95 * plain
