"""The form "longest": the greatest value among a player's events."""

from pathlib import Path
from typing import Any

import pytest

from leagues.packs.engine import FoldEvent, MatchFold
from leagues.packs.loader import load_pack
from leagues.packs.schema import PackError, SportPack
from tests.factories.packs import LANTERN, LANTERN_ID, write_lanternball

COLUMN = '\n[[columns]]\nid = "furthest"\nform = "longest"\nof = ["try"]\nkey = "range_m"\n'


def _pack(folder: Path, column: str = COLUMN) -> SportPack:
    text = LANTERN.split("[[vectors]]", maxsplit=1)[0] + column
    return load_pack(LANTERN_ID, path=write_lanternball(folder, text))


def _try(lineage: int, range_m: Any, player: str = "h1", **more: Any) -> FoldEvent:
    payload = {"range_m": range_m}
    facts = {"team": "home", "player": player, "payload": payload, **more}
    return FoldEvent(lineage=lineage, type="try", period="DUSK", **facts)


def _furthest(match: MatchFold, player: str = "h1") -> Any:
    return match.result().home.players[player]["furthest"]


def test_longest_is_the_greatest_value_of_the_player(tmp_path):
    match = MatchFold(_pack(tmp_path))
    match.apply_all([_try(1, 12), _try(2, 31), _try(3, 7), _try(4, 50, player="h2")])
    assert (_furthest(match), _furthest(match, "h2")) == (31, 50)


def test_longest_may_be_negative_and_is_none_without_a_value(tmp_path):
    match = MatchFold(_pack(tmp_path))
    match.apply_all([_try(1, -3), _try(2, -9), _try(3, "far", player="h2")])
    assert (_furthest(match), _furthest(match, "h2")) == (-3, None)


def test_longest_falls_back_when_it_is_corrected(tmp_path):
    match = MatchFold(_pack(tmp_path))
    match.apply_all([_try(1, 12), _try(2, 31)])
    match.apply(_try(2, 9, rev=2, op="amend"))
    assert _furthest(match) == 12
    match.apply(_try(1, 12, rev=2, op="retract"))
    assert _furthest(match) == 9


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('["try"]', '["tri"]'), "did you mean 'try'"),
        (('"range_m"', '"range"'), "is no number of 'try'; did you mean 'range_m'"),
        (('["try"]', "[]"), "is empty"),
        (("id =", 'scope = ["team"]\nid ='), "belongs to a player"),
    ],
)
def test_longest_of_what_is_not_there_is_refused(tmp_path, change, message):
    with pytest.raises(PackError, match=message):
        _pack(tmp_path, COLUMN.replace(*change))
