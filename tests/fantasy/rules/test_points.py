"""Points of a stat line: every position's table, each season's own values, bonus by rank."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fantasy.rules.bonus import bonus_of, components_of
from fantasy.rules.loading import load_game
from fantasy.rules.points import appeared, match_columns, score_line, total

SEASONS = (
    "fpl-2020-21",
    "fpl-2021-22",
    "fpl-2022-23",
    "fpl-2023-24",
    "fpl-2024-25",
    "fpl-2025-26",
    "fpl-2026-27",
)


def points(game: str, position: str, bonus: int = 0, **columns: int) -> int:
    return total(score_line(load_game(game), position=position, columns=columns, bonus=bonus))


@pytest.mark.parametrize(
    ("position", "goal", "clean_sheet", "two_conceded", "three_saves"),
    [("GKP", 10, 4, -1, 1), ("DEF", 6, 4, -1, 0), ("MID", 5, 1, 0, 0), ("FWD", 4, 0, 0, 0)],
)
def test_points_by_position(position, goal, clean_sheet, two_conceded, three_saves):
    game = "fpl-2026-27"

    assert points(game, position, goals=1) == goal
    assert points(game, position, clean_sheets=1) == clean_sheet
    assert points(game, position, goals_conceded=2) == two_conceded
    assert points(game, position, saves=3) == three_saves
    assert points(game, position, minutes=59) == 1
    assert points(game, position, minutes=60) == 2
    assert points(game, position, assists=1) == 3
    assert points(game, position, penalties_missed=1) == -2
    assert points(game, position, own_goals=1) == -2
    assert points(game, position, yellow_cards=1) == -1
    assert points(game, position, yellow_cards=1, red_cards=1) == -3
    assert points(game, position, bonus=3) == 3


@pytest.mark.parametrize(
    ("season", "keeper_goal", "contribution"),
    list(zip(SEASONS, (6, 6, 6, 6, 10, 10, 10), (0, 0, 0, 0, 0, 2, 2), strict=True)),
)
def test_each_season_has_its_own_points(season, keeper_goal, contribution):
    assert points(season, "GKP", goals=1) == keeper_goal
    assert points(season, "DEF", cbit=10) == contribution
    assert points(season, "DEF", cbit=9, cbirt=20) == 0
    assert points(season, "MID", cbirt=12, cbit=10) == contribution
    assert points(season, "FWD", cbirt=12) == contribution
    assert points(season, "FWD", cbirt=11) == 0
    assert points(season, "GKP", cbit=30, cbirt=30) == 0


def test_lines_tell_what_each_rule_counted():
    lines = score_line(
        load_game("fpl-2026-27"),
        position="MID",
        columns={"minutes": 90, "goals": 2, "yellow_cards": 1, "assists": 0},
        bonus=3,
    )

    assert [(line.rule, line.count, line.points) for line in lines] == [
        ("minutes", 90, 2),
        ("goals", 2, 10),
        ("yellow_cards", 1, -1),
        ("bonus", 3, 3),
    ]


def test_unknown_columns_count_as_nothing():
    assert points("fpl-2026-27", "MID", minutes=None, goals=None) == 0


def test_an_assistant_manager_scores_by_results_only():
    rules = load_game("fpl-2024-25")
    won = match_columns(goals_for=2, goals_against=0, places_below=5)
    drawn = match_columns(goals_for=1, goals_against=1, places_below=4)

    assert total(score_line(rules, position="AM", columns={"minutes": 90, **won})) == 20
    assert total(score_line(rules, position="AM", columns=drawn)) == 4


@pytest.mark.parametrize(
    ("columns", "is_there"),
    [({"minutes": 1}, True), ({"yellow_cards": 1}, True), ({"red_cards": 1}, True), ({}, False)],
)
def test_a_card_shows_that_a_player_was_there(columns, is_there):
    assert appeared(load_game("fpl-2026-27"), columns) is is_there


@given(st.dictionaries(st.integers(1, 40), st.integers(-20, 120), min_size=1))
def test_bonus_goes_down_with_the_rank(values):
    rules = load_game("fpl-2026-27")

    bonus = bonus_of(rules, values)

    ranks = {p: 1 + sum(v > values[p] for v in values.values()) for p in values}
    assert bonus == {p: 4 - rank for p, rank in ranks.items() if rank <= 3}


def test_components_say_how_much_of_the_ranking_they_cover():
    rules = load_game("fpl-2026-27")
    columns = {"minutes": 90, "goals": 1, "penalties_scored": 1, "passes": 40, "pass_pct": 91.0}

    found = components_of(rules, position="FWD", columns=columns, known=("minutes", "goals"))

    # A goal from the penalty spot is worth 12, whoever scores it.
    assert {line.rule: line.points for line in found.lines} == {
        "minutes": 6,
        "goals": 24,
        "penalties_scored": -12,
        "passing": 6,
    }
    assert found.value == 24
    assert (found.known, found.coverage.partition("/")[2]) == (2, str(found.inputs))


@pytest.mark.parametrize(
    ("game", "expected"),
    [
        ("espn", 6100),
        ("espn-old", 3500),
        ("yahoo", 5720),
        ("yahoo-old", 5770),
        ("draftkings", 5975),
        ("fanduel", 5420),
    ],
)
def test_basketball_games_count_the_same_line_in_their_own_ways(game, expected):
    line = {"pts": 27, "fgm": 10, "fga": 19, "fg3m": 3, "ftm": 4, "fta": 5, "reb": 11}
    line |= {"ast": 8, "stl": 2, "blk": 1, "tov": 4, "double_double": 1, "triple_double": 0}

    assert points(game, "F", **line) == expected


def test_decimal_points_are_exact():
    # 0.1 + 0.2 of a point, which floats would not add up.
    assert points("nfl-ppr", "RB", rush_yds=1) + points("nfl-ppr", "RB", rec_yds=2) == 30


@pytest.mark.parametrize(
    ("game", "expected"), [("nfl-standard", 1400), ("nfl-half-ppr", 1700), ("nfl-ppr", 2000)]
)
def test_the_worked_example_of_receptions(game, expected):
    assert points(game, "RB", rush_yds=50, rec=6, rec_yds=30, rush_td=1) == expected
