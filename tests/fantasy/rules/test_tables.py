"""Order of leagues: FAN-12 and FAN-13 as rows of the rulebook."""

from hypothesis import given
from hypothesis import strategies as st

from fantasy.rules.tables import (
    HeadToHeadRow,
    Meeting,
    Ranked,
    Standing,
    classic_table,
    head_to_head_rows,
    head_to_head_table,
)


def places(table):
    return [(row.rank, row.entry) for row in table]


def test_classic_is_by_points_then_fewer_transfers_and_equals_share():
    table = classic_table(
        [
            Standing(entry=1, points=50, transfers=9),
            Standing(entry=2, points=61, transfers=4),
            Standing(entry=3, points=50, transfers=2),
            Standing(entry=4, points=50, transfers=9),
            Standing(entry=5, points=12),
        ]
    )

    assert places(table) == [(1, 2), (2, 3), (3, 1), (3, 4), (5, 5)]


@given(st.dictionaries(st.integers(1, 99), st.tuples(st.integers(-9, 9), st.integers(0, 3))))
def test_a_rank_is_one_more_than_those_before(rows):
    table = classic_table(
        Standing(entry=entry, points=points, transfers=transfers)
        for entry, (points, transfers) in rows.items()
    )

    for row in table:
        points, transfers = rows[row.entry]
        before = [p for p in rows.values() if (-p[0], p[1]) < (-points, transfers)]
        assert row.rank == len(before) + 1


def test_head_to_head_gives_three_for_a_win_and_one_for_a_draw():
    rows = head_to_head_rows(
        [1, 2, 3],
        [
            Meeting(home=1, away=2, home_points=60, away_points=55),
            Meeting(home=3, away=None, home_points=50, away_points=58),
            Meeting(home=2, away=3, home_points=40, away_points=40),
            Meeting(home=1, away=None, home_points=41, away_points=40),
        ],
    )

    assert rows[1] == HeadToHeadRow(
        entry=1, played=2, won=2, points_for=101, points_against=95, tie_stats=()
    )
    assert [rows[entry].points for entry in (1, 2, 3)] == [6, 1, 1]
    assert places(head_to_head_table(rows.values())) == [(1, 1), (2, 2), (3, 3)]


def test_meetings_with_those_who_left_count_for_who_stayed():
    left = [Meeting(home=9, away=1, home_points=1, away_points=2)]

    assert head_to_head_rows([1], left)[1].won == 1


def test_head_to_head_ties_go_by_own_total_then_the_columns_of_the_game():
    def row(entry, points_for, *stats):
        return HeadToHeadRow(entry=entry, won=1, played=1, points_for=points_for, tie_stats=stats)

    rows = [row(1, 50, 3, 2), row(2, 50, 4, 9), row(3, 50, 3, 1), row(4, 51, 0, 9)]

    assert places(head_to_head_table(rows, tie_signs=(1, -1))) == [(1, 4), (2, 2), (3, 3), (4, 1)]
    assert head_to_head_table(rows)[1:] == (
        Ranked(rank=2, entry=1),
        Ranked(rank=2, entry=2),
        Ranked(rank=2, entry=3),
    )
