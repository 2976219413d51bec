"""Standings: the worked examples of docs/rules/standings.md, every comparator, and laws."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leagues.packs.schema import PointsRule, TableRules, Tiebreak, Zone
from leagues.packs.sections import COMPARATORS, TABLE_COLUMNS
from stats.rules.standings import Adjustment, Result, Row, TableTeam, table


def rules(*tiebreak: str, points: PointsRule | None = None, **more: Any) -> TableRules:
    parsed = [words.partition(" ") for words in tiebreak or ("points",)]
    return TableRules(
        points=points or PointsRule(),
        tiebreak=tuple(Tiebreak(name=name, basis=basis or "awarded") for name, _, basis in parsed),
        **more,
    )


def results(text: str) -> list[Result]:
    """Results as "A 2-0 B, ..." in order of play."""
    found = []
    for at, words in enumerate(text.split(",")):
        home, score, away = words.split()
        goals = tuple(int(goal) for goal in score.split("-"))
        found.append(Result(home=home, away=away, score=(goals[0], goals[1]), at=at))
    return found


def order(rows: list[Row]) -> list[tuple[int, str]]:
    return [(row.rank, row.team) for row in rows]


def value(rows: list[Row], column: str) -> dict[str, Any]:
    return {row.team: row.values[column] for row in rows}


# The worked examples


def test_example_1_goal_difference():
    rows = table(results("A 2-0 B, B 3-0 C, C 1-0 A"), rules("points", "goal_diff", "goals_for"))

    assert order(rows) == [(1, "B"), (2, "A"), (3, "C")]
    columns = ("wins", "draws", "losses", "goals_for", "goals_against", "goal_diff", "points")
    assert [tuple(row.values[c] for c in columns) for row in rows] == [
        (1, 0, 1, 3, 2, 1, 3),
        (1, 0, 1, 2, 1, 1, 3),
        (1, 0, 1, 1, 3, -2, 3),
    ]


HEAD_TO_HEAD = ("points", "h2h_points", "h2h_goal_diff", "goal_diff")


@pytest.mark.parametrize(
    ("among", "expected"),
    [
        ("A 3-0 B, B 1-0 C, C 2-1 A", ["A", "C", "B", "D"]),
        ("A 1-0 B, B 1-0 C, C 1-0 A", ["C", "A", "B", "D"]),
    ],
)
def test_example_2_head_to_head_asked_again(among: str, expected: list[str]):
    rows = table(results(f"{among}, A 1-0 D, B 1-0 D, C 5-0 D"), rules(*HEAD_TO_HEAD))

    assert order(rows) == list(enumerate(expected, start=1))


def test_example_3_not_separable():
    rows = table(results("A 1-1 B, C 0-1 A, C 0-1 B"), rules("points", "goal_diff"))

    assert order(rows) == [(1, "A"), (1, "B"), (3, "C")]
    assert [row.is_tied for row in rows] == [True, True, False]


def test_example_4_points_taken_away():
    rows = table(results("A 2-0 B, C 1-0 B"), rules("points"), [Adjustment(team="A", points=-4)])

    assert order(rows) == [(1, "C"), (2, "B"), (3, "A")]
    assert value(rows, "points") == {"C": 3, "B": 0, "A": -1}
    assert {row.team: row.adjusted_points for row in rows} == {"C": 0, "B": 0, "A": -4}


AWARDED = [
    Result(home="A", away="B", score=(0, 2), awarded=(3, 0), at=1),
    *results("B 1-0 C, C 1-0 A"),
]


def test_example_5_awarded_match():
    awarded = table(AWARDED, rules("points", "h2h_points"))
    played = table(AWARDED, rules("points", "h2h_points played"))

    assert order(awarded) == [(1, "A"), (1, "B"), (1, "C")]
    assert order(played) == [(1, "B"), (2, "C"), (3, "A")]
    assert value(played, "points") == {"A": 3, "B": 3, "C": 3}
    assert value(played, "goals_for")["A"] == 3


OVERTIME = PointsRule(win=2, overtime_win=2, overtime_loss=1, shootout_win=2, shootout_loss=1)


@pytest.mark.parametrize(("columns", "losses"), [(("overtime_losses",), 0), ((), 1)])
def test_example_6_overtime(columns: tuple[str, ...], losses: int):
    match = Result(home="A", away="B", score=(3, 2), decided_in="overtime")

    rows = table([match], rules("points", points=OVERTIME, columns=columns))

    assert value(rows, "points") == {"A": 2, "B": 1}
    assert value(rows, "losses") == {"A": 0, "B": losses}
    assert value(rows, "overtime_losses") == {"A": 0, "B": 1}
    assert value(rows, "wins") == {"A": 1, "B": 0}


def test_example_7_games_behind():
    group = [TableTeam(team=team, name=team, group="1") for team in "ABCD"]
    text = "A 1-0 B, A 1-0 C, A 1-0 D, B 1-0 C, B 1-0 D, C 1-0 D"

    before = table(results(text), rules("win_pct"), teams=group)
    after = table(results(f"{text}, A 1-0 X"), rules("win_pct"), teams=group)

    assert value(before, "games_behind") == {"A": 0, "B": 1, "C": 2, "D": 3}
    behind = {row.team: row.values["games_behind"] for row in after if row.group}
    assert behind == {"A": 0, "B": 1.5, "C": 2.5, "D": 3.5}


# Comparators: each alone decides between A and B, level on points


def team(name: str, **more: Any) -> TableTeam:
    return TableTeam(team=name, name=name, **more)


@pytest.mark.parametrize(
    ("comparator", "played", "first"),
    [
        ("points", "B 1-0 C", "B"),
        ("wins", "A 0-0 C, A 0-0 D, A 0-0 C, B 1-0 C, B 0-1 D, B 0-1 D", "B"),
        ("goal_diff", "A 2-1 C, B 2-0 C", "B"),
        ("goals_for", "A 2-1 C, B 3-2 C", "B"),
        ("away_goals", "A 2-1 C, C 1-2 B", "B"),
        ("h2h_points", "B 1-0 A, A 9-0 C", "B"),
        ("h2h_goal_diff", "A 1-0 B, B 3-0 A, A 9-0 C", "B"),
        ("h2h_goals_for", "A 0-1 B, A 9-0 C", "B"),
        ("h2h_away_goals", "A 1-2 B, B 0-1 A, A 9-0 C", "B"),
        ("win_pct", "A 1-0 C, A 0-1 C, B 1-0 C", "B"),
        ("division_win_pct", "A 0-1 C, B 1-0 C, A 1-0 D, B 0-1 D", "B"),
        ("conference_win_pct", "A 0-1 D, B 1-0 D, A 1-0 C, B 0-1 C", "B"),
        ("fair_play", "A 0-0 B", "B"),
        ("coefficient", "A 0-0 B", "B"),
        ("draw_of_lots", "A 0-0 B", "B"),
        ("name", "B 0-0 A", "A"),
    ],
)
def test_comparator_alone_puts_first(comparator: str, played: str, first: str):
    level = {"group": "1", "division": "north", "conference": "west"}
    teams = [
        team("A", **level, fair_play=5, coefficient=1.5, lot=2),
        team("B", **level, fair_play=3, coefficient=2.5, lot=1),
        team("C", group="2", division="north", conference="east"),
        team("D", group="2", division="south", conference="west"),
    ]

    rows = table(results(played), rules(comparator), teams=teams)

    among = [(row.team, row.rank) for row in rows if row.team in "AB"]
    assert among[0][0] == first
    assert among[0][1] < among[1][1]


def test_every_named_comparator_is_known_to_the_table():
    for name in COMPARATORS:
        assert order(table(results("A 1-0 B"), rules(name)))


def test_every_column_a_pack_may_name_is_in_the_row():
    row = table(results("A 1-0 B"), rules())[0]

    assert set(row.values) == set(TABLE_COLUMNS)


def test_lots_separate_only_teams_that_were_drawn():
    teams = [team("A", lot=2), team("B", lot=1), team("C"), team("D")]

    assert order(table([], rules("draw_of_lots"), teams=teams)) == [
        (1, "B"),
        (2, "A"),
        (3, "C"),
        (3, "D"),
    ]


# Outcomes


def test_shootout_decides_a_level_score_and_its_goals_do_not_count():
    match = Result(home="A", away="B", score=(1, 1), shootout=(3, 4))

    rows = table([match], rules(points=OVERTIME))

    assert value(rows, "points") == {"B": 2, "A": 1}
    assert value(rows, "goals_for") == {"B": 1, "A": 1}
    assert value(rows, "shootout_wins") == {"B": 1, "A": 0}
    assert [row.form for row in rows] == ["W", "L"]


def test_double_forfeit_has_two_losers():
    match = Result(home="A", away="B", score=None, awarded=(0, 0), double_forfeit=True)

    rows = table([match], rules())

    assert value(rows, "losses") == {"A": 1, "B": 1}
    assert value(rows, "points") == {"A": 0, "B": 0}


def test_match_awarded_without_being_played_does_not_count_where_only_play_does():
    walkover = Result(home="A", away="B", score=None, awarded=(3, 0))

    rows = table([walkover], rules("points played", "name"))

    assert order(rows) == [(1, "A"), (2, "B")]
    assert value(table([walkover], rules("goal_diff played")), "points") == {"A": 3, "B": 0}
    assert [row.is_tied for row in table([walkover], rules("goal_diff played"))] == [True, True]


def test_goals_given_by_decision_count_in_the_difference():
    rows = table(results("A 1-1 B"), rules("goal_diff"), [Adjustment(team="B", goals=2)])

    assert value(rows, "goal_diff") == {"B": 2, "A": 0}


# Tables


def test_home_and_away_tables_count_one_side_and_no_decisions():
    played = results("A 2-0 B, B 1-0 A")
    decisions = [Adjustment(team="A", points=-9)]
    first = rules(zones=(Zone(first=1, last=1, label="Champion", kind="champion"),))

    home = table(played, first, decisions, kind="home")
    away = table(played, first, decisions, kind="away")

    assert value(home, "points") == {"A": 3, "B": 3}
    assert value(away, "points") == {"A": 0, "B": 0}
    assert value(away, "goals_for") == {"A": 0, "B": 0}
    assert {row.zone for row in home} == {None}


def test_groups_are_ranked_apart_with_their_own_zones():
    champion = Zone(first=1, last=1, label="Champion", kind="champion")
    teams = [team(name, group=group) for name, group in zip("ABCD", "1122", strict=True)]

    rows = table(results("B 1-0 A, C 1-0 D"), rules(zones=(champion,)), teams=teams)

    assert [(row.group, row.rank, row.team) for row in rows] == [
        ("1", 1, "B"),
        ("1", 2, "A"),
        ("2", 1, "C"),
        ("2", 2, "D"),
    ]
    assert [row.zone for row in rows] == [champion, None, champion, None]


def test_team_without_a_match_has_a_row():
    rows = table([], rules(), teams=[team("A")])

    assert [(row.rank, row.form, row.values["pct"], row.values["streak"]) for row in rows] == [
        (1, "", None, "")
    ]


def test_form_and_streak_are_of_the_newest_matches_whatever_order_they_come_in():
    played = results("A 1-0 B, A 0-1 B, A 0-0 B, A 1-0 B, A 1-0 B, A 2-0 B")

    row = table(played[::-1], rules())[0]

    assert (row.form, row.values["streak"]) == ("LDWWW", "W3")


def test_live_match_counts_and_remembers_the_rank_at_kick_off():
    played = results("A 2-0 B, C 1-0 B")
    live = Result(home="B", away="A", score=(5, 0), at=9, is_live=True, is_final=False)

    rows = table([*played, live], rules("points", "goal_diff"))

    assert [(row.team, row.rank, row.rank_before) for row in rows] == [
        ("B", 1, 3),
        ("C", 2, 2),
        ("A", 3, 1),
    ]
    assert {row.team: row.is_provisional for row in rows} == {"A": True, "B": True, "C": False}


def test_finished_match_that_is_not_final_keeps_the_row_provisional():
    match = Result(home="A", away="B", score=(1, 0), is_final=False)

    rows = table([match], rules())

    assert [(row.is_provisional, row.rank_before) for row in rows] == [(True, None), (True, None)]


# Laws


@st.composite
def seasons(draw: st.DrawFn) -> list[Result]:
    goals = st.integers(0, 3)
    pairs = st.tuples(goals, goals)
    size = draw(st.integers(0, 14))
    found = []
    for at in range(size):
        home, away = draw(st.permutations("ABCDE"))[:2]
        score = draw(pairs)
        found.append(
            Result(
                home=home,
                away=away,
                score=score,
                awarded=draw(st.sampled_from((None, None, (3, 0), (0, 3)))),
                shootout=draw(st.sampled_from((None, (3, 4)))) if score[0] == score[1] else None,
                decided_in=draw(st.sampled_from(("regular", "overtime"))),
                at=at,
                is_live=draw(st.booleans()),
            )
        )
    return found


comparators = st.lists(st.sampled_from(COMPARATORS), min_size=1, max_size=6, unique=True)
FAST = settings(max_examples=80, deadline=None)


@FAST
@given(season=seasons(), names=comparators, data=st.data())
def test_table_is_the_same_for_every_order_of_results(
    season: list[Result], names: list[str], data: st.DataObject
):
    shuffled = data.draw(st.permutations(season))

    assert table(shuffled, rules(*names)) == table(season, rules(*names))


@FAST
@given(season=seasons(), taken=st.integers(-9, 9))
def test_points_given_out_are_the_points_in_the_table(season: list[Result], taken: int):
    rows = table(season, rules(), [Adjustment(team="A", points=taken)], teams=[team("A")])

    given_out = sum(
        row.values["wins"] * 3 + row.values["draws"] + row.adjusted_points for row in rows
    )
    assert sum(row.values["points"] for row in rows) == given_out
    assert sum(row.values["goal_diff"] for row in rows) == 0
    assert sum(row.values["played"] for row in rows) == 2 * len(season)
    assert sum(row.values["wins"] for row in rows) == sum(row.values["losses"] for row in rows)


@FAST
@given(season=seasons(), names=comparators)
def test_ranks_follow_the_first_comparator_and_skip_after_a_tie(
    season: list[Result], names: list[str]
):
    rows = table(season, rules("points", *names))

    points = [row.values["points"] for row in rows]
    assert points == sorted(points, reverse=True)
    for place, row in enumerate(rows, start=1):
        shared = [other for other in rows if other.rank == row.rank]
        assert row.rank <= place < row.rank + len(shared)
        assert row.is_tied == (len(shared) > 1)


# Real seasons


def goals_of(match: dict[str, Any]) -> tuple[int, int]:
    home, away = match["score"]["ft"]
    return home, away


@pytest.mark.parametrize("season", ["2022-23", "2023-24"])
@pytest.mark.parametrize("league", ["en.1", "de.1", "es.1", "fr.1", "it.1"])
def test_real_season_equals_a_plain_count(shared_data: Path, season: str, league: str):
    path = shared_data / "openfootball" / season / f"{league}.json.gz"
    matches = json.loads(gzip.decompress(path.read_bytes()))["matches"]
    counted: dict[str, list[int]] = {}
    for match in matches:
        home, away = goals_of(match)
        for name, own, other in ((match["team1"], home, away), (match["team2"], away, home)):
            line = counted.setdefault(name, [0, 0, 0])
            line[0] += 3 if own > other else int(own == other)
            line[1] += own - other
            line[2] += own
    expected = sorted(counted.items(), key=lambda item: (*(-n for n in item[1]), item[0]))

    rows = table(
        [
            Result(home=m["team1"], away=m["team2"], score=goals_of(m), at=m["date"])
            for m in matches
        ],
        rules("points", "goal_diff", "goals_for", "name"),
    )

    columns = ("points", "goal_diff", "goals_for")
    assert [(r.team, [r.values[c] for c in columns]) for r in rows] == expected
    assert [row.rank for row in rows] == list(range(1, len(expected) + 1))
