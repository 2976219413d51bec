"""Fixture lists keep their promises for every size of league."""

from collections import Counter
from itertools import groupby

import pytest

from leagues.rules.schedule import MOST_IN_A_ROW, ScheduleError, fixture_list


def venues_of(team: str, rounds: list[list[tuple[str, str]]]) -> list[str]:
    return [
        "home" if home == team else "away"
        for games in rounds
        for home, away in games
        if team in (home, away)
    ]


@pytest.mark.parametrize("size", [3, 4, 5, 6, 10, 18, 20])
def test_fixture_list_meets_everybody_home_and_away(size):
    teams = [f"t{number}" for number in range(size)]

    rounds = fixture_list(teams)

    meetings = Counter(game for games in rounds for game in games)
    assert meetings == {(a, b): 1 for a in teams for b in teams if a != b}
    for games in rounds:
        busy = [team for game in games for team in game]
        assert len(busy) == len(set(busy))


@pytest.mark.parametrize("size", [4, 5, 6, 12, 20])
@pytest.mark.parametrize("legs", [1, 2, 4])
def test_fixture_list_never_has_three_in_a_row_at_one_place(size, legs):
    teams = [f"t{number}" for number in range(size)]

    rounds = fixture_list(teams, legs=legs)

    for team in teams:
        venues = venues_of(team, rounds)
        assert max(len(list(run)) for _, run in groupby(venues)) <= MOST_IN_A_ROW
        assert abs(venues.count("home") - venues.count("away")) <= 1


def test_fixture_list_is_the_same_each_time():
    teams = [f"t{number}" for number in range(8)]

    assert fixture_list(teams) == fixture_list(teams)


@pytest.mark.parametrize(
    ("teams", "legs"), [(["a", "b"], 2), (["a", "a", "b"], 2), (list("abcd"), 0)]
)
def test_fixture_list_of_an_impossible_wish_is_refused(teams, legs):
    with pytest.raises(ScheduleError, match="at least three"):
        fixture_list(teams, legs=legs)
