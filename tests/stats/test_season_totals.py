"""A player's season: sums, and ratios made from the sums."""

from leagues.packs.loader import load_pack
from stats.rules.season_totals import season_totals, telling_columns

PACK = load_pack("basketball")


def test_totals_are_sums_and_ratios_are_made_anew() -> None:
    lines = [{"pts": 10, "fgm": 4, "fga": 8, "fg_pct": 50.0}, {"pts": 2, "fgm": 1, "fga": 12}]

    totals = season_totals(PACK, lines)

    assert (totals["pts"], totals["fgm"], totals["fga"]) == (12, 5, 20)
    assert totals["fg_pct"] == 25.0


def test_totals_have_nothing_where_no_line_has_a_number() -> None:
    totals = season_totals(PACK, [{"pts": None, "fga": 0, "fgm": 0}])

    assert totals["pts"] is None
    assert totals["fg_pct"] is None


def test_columns_without_any_number_are_left_out() -> None:
    columns = telling_columns(PACK.columns, [{"pts": 0, "ast": 3}, {"pts": None}])

    assert [column.id for column in columns] == ["ast"]
