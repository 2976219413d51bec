"""Order of leagues: FAN-12 and FAN-13 as rows of the rulebook."""

from hypothesis import given
from hypothesis import strategies as st

from fantasy.rules.game import LeagueRules
from fantasy.rules.tables import (
    HeadToHeadRow,
    Meeting,
    Standing,
    classic_table,
    head_to_head_rows,
    head_to_head_table,
    level_entries,
)

FEWER_TRANSFERS = ("-transfers",)


def places(table):
    return [(row.rank, row.entry) for row in table]


def standing(entry, points, transfers=0):
    return Standing(entry=entry, points=points, stats={"transfers": transfers})


def test_classic_is_by_points_then_fewer_transfers_and_equals_share():
    rows = [standing(1, 50, 9), standing(2, 61, 4), standing(3, 50, 2), standing(4, 50, 9)]

    table = classic_table([*rows, standing(5, 12)], FEWER_TRANSFERS)

    assert places(table) == [(1, 2), (2, 3), (3, 1), (3, 4), (5, 5)]


@given(st.dictionaries(st.integers(1, 99), st.tuples(st.integers(-9, 9), st.integers(0, 3))))
def test_a_rank_is_one_more_than_those_before(rows):
    table = classic_table((standing(entry, *row) for entry, row in rows.items()), FEWER_TRANSFERS)

    for place in table:
        points, transfers = rows[place.entry]
        before = [p for p in rows.values() if (-p[0], p[1]) < (-points, transfers)]
        assert place.rank == len(before) + 1


def test_head_to_head_gives_three_for_a_win_and_one_for_a_draw():
    meetings = [
        Meeting(home=1, away=2, home_points=60, away_points=55),
        Meeting(home=3, away=None, home_points=50, away_points=58),
        Meeting(home=2, away=3, home_points=40, away_points=40),
        Meeting(home=1, away=None, home_points=41, away_points=40),
    ]

    rows = head_to_head_rows([1, 2, 3], meetings, LeagueRules())

    assert rows[1] == HeadToHeadRow(entry=1, played=2, won=2, points=6, total=101, against=95)
    assert [rows[entry].points for entry in (1, 2, 3)] == [6, 1, 1]
    assert places(head_to_head_table(rows.values(), ("+points",))) == [(1, 1), (2, 2), (3, 3)]


def test_a_game_may_give_other_points():
    meetings = [Meeting(home=1, away=2, home_points=1, away_points=0)]

    rows = head_to_head_rows([1, 2], meetings, LeagueRules(win=2, loss=1))

    assert [rows[1].points, rows[2].points] == [2, 1]


def test_meetings_with_those_who_left_count_for_who_stayed():
    left = [Meeting(home=9, away=1, home_points=1, away_points=2)]

    assert head_to_head_rows([1], left, LeagueRules())[1].won == 1


def test_head_to_head_ties_go_by_own_total_then_the_columns_of_the_game():
    totals = {1: 50, 2: 50, 3: 50, 4: 51}
    rows = [HeadToHeadRow(entry=e, won=1, played=1, points=3, total=t) for e, t in totals.items()]
    stats = {
        1: {"goals": 3, "conceded": 2},
        2: {"goals": 4, "conceded": 9},
        3: {"goals": 3, "conceded": 1},
    }
    ties = ("+points", "+goals", "-conceded")

    assert level_entries(rows) == {1, 2, 3}
    assert places(head_to_head_table(rows, ties, stats)) == [(1, 4), (2, 2), (3, 3), (4, 1)]
    assert places(head_to_head_table(rows, ties)) == [(1, 4), (2, 1), (2, 2), (2, 3)]
