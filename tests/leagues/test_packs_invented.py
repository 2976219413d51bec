"""A sport nobody has heard of, made of TOML alone, plays a whole match."""

from pathlib import Path

from leagues.packs.engine import FoldEvent, MatchFold, Sheet
from leagues.packs.loader import load_pack
from leagues.packs.vectors import check_pack
from tests.factories.packs import LANTERN_ID, write_lanternball

MINUTE = 60_000


def test_invented_sport_plays_a_match_from_line_ups_to_the_last_flame(tmp_path: Path):
    pack = load_pack(LANTERN_ID, path=write_lanternball(tmp_path))
    match = MatchFold(
        pack,
        Sheet(home=("ada", "bo"), away=("cy", "di"), home_bench=("eve",), away_bench=("fay",)),
    )

    def tell(lineage: int, type_: str, period: str = "", minute: float = 0, **more: object) -> None:
        match.apply(
            FoldEvent(
                lineage=lineage,
                order=lineage,
                type=type_,
                period=period,
                clock_ms=int(minute * MINUTE),
                **more,
            )
        )

    assert check_pack(pack) == []
    assert match.result().status == "lineups"

    tell(1, "period_start", "DUSK")
    tell(2, "light", "DUSK", 4, team="home", player="ada", payload={"worth": 2})
    tell(3, "light", "DUSK", 9, team="away", player="di", related="cy")
    assert (match.result().status, match.result().score) == ("live", (2, 1))

    # The officials look again: it was Bo, and it was worth one.
    tell(2, "light", "DUSK", 4, rev=2, op="amend", team="home", player="bo")
    tell(4, "period_end", "DUSK", 21)
    assert (match.result().status, match.result().score) == ("break", (1, 1))

    tell(5, "period_start", "NIGHT")
    tell(6, "swap", "NIGHT", 10, team="home", player="ada", related="eve")
    tell(7, "banish", "NIGHT", 15, team="away", player="di")
    tell(8, "dim", "NIGHT", 16, team="home", player="eve")
    tell(8, "dim", rev=2, op="retract")
    tell(9, "period_end", "NIGHT", 20)
    tell(10, "light", "FLAMES", team="home", player="eve")
    tell(11, "match_end")

    result = match.result()
    assert (result.status, result.score, result.shootout) == ("finished_pens", (1, 1), (1, 0))
    assert result.periods == (("DUSK", 1, 1), ("NIGHT", 0, 0))
    players = result.home.players | result.away.players
    assert {name: line["minutes"] for name, line in players.items()} == {
        "ada": 30,
        "bo": 40,
        "eve": 10,
        "cy": 40,
        "di": 35,
        "fay": 0,
    }
    assert {name: line["lights"] for name, line in players.items() if line["lights"]} == {
        "bo": 1,
        "di": 1,
    }
    assert result.timeline == (1, 2, 3, 4, 5, 6, 7, 9, 10, 11)
