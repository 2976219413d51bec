"""The facts behind a player's numbers: what they moved adds up to what the fold says."""

from datetime import timedelta
from pathlib import Path

import orjson
import pytest
from hypothesis import given

from leagues.packs.engine import FoldEvent, Sheet, fold
from leagues.packs.forms import WhilePresent
from leagues.packs.loader import load_pack
from leagues.packs.schema import SportPack
from leagues.packs.sources import Share, Sources
from matches.ingest import adapters
from matches.rules.simulation.vendor import VendorFeed
from matches.rules.simulation.world import make_world
from tests.leagues.test_packs_properties import FAST, SHEET, logs, pack  # noqa: F401 - a fixture
from tests.matches.vendor import KICKOFF

FOOTBALL = load_pack("football")
FRAME = (
    FoldEvent(lineage=1, type="period_start", period="1H"),
    FoldEvent(lineage=2, type="period_end", period="1H", clock_ms=46 * 60_000),
    FoldEvent(lineage=3, type="period_start", period="2H"),
    FoldEvent(lineage=4, type="period_end", period="2H", clock_ms=48 * 60_000),
    FoldEvent(lineage=5, type="match_end"),
)
ELEVEN = Sheet(home=("keeper", "back", "forward"), away=("rival",), home_bench=("sub",))


def fact(lineage: int, type_: str, minute: int, player: str, **more: object) -> FoldEvent:
    period, clock = ("1H", minute) if minute <= 45 else ("2H", minute - 45)
    values = {"team": "home", **more}
    return FoldEvent(
        lineage=lineage,
        type=type_,
        period=period,
        clock_ms=clock * 60_000,
        player=player,
        **values,  # type: ignore[arg-type]
    )


def behind(player: str, column: str, *facts: FoldEvent) -> list[tuple[int, object]]:
    shares = Sources(FOOTBALL, ELEVEN, (*FRAME, *facts)).of(player, column)
    return [(share.event.lineage, share.amount) for share in shares]


def test_counted_column_has_the_facts_that_counted():
    facts = (
        fact(10, "goal", 12, "forward", related="back"),
        fact(11, "shot", 20, "forward", payload={"outcome": "saved"}),
        fact(12, "goal", 70, "forward"),
    )

    assert behind("forward", "goals", *facts) == [(10, 1), (12, 1)]
    assert behind("forward", "shots", *facts) == [(10, 1), (11, 1), (12, 1)]
    assert behind("back", "assists", *facts) == [(10, 1)]


def test_corrected_fact_stands_behind_whom_it_names_now():
    facts = (
        fact(10, "goal", 12, "forward"),
        fact(10, "goal", 12, "back", rev=2, op="amend"),
        fact(11, "goal", 30, "forward"),
        fact(11, "goal", 30, "forward", rev=2, op="retract"),
    )

    assert behind("forward", "goals", *facts) == []
    assert behind("back", "goals", *facts) == [(10, 1)]


def test_minutes_come_from_coming_and_going():
    swap = fact(10, "substitution", 60, "forward", related="sub")

    assert behind("forward", "minutes", swap) == [(1, None), (10, None)]
    assert behind("sub", "minutes", swap) == [(10, None), (4, None)]
    assert behind("keeper", "minutes", swap) == [(1, None), (4, None)]


def test_goals_conceded_are_those_scored_while_on():
    facts = (
        fact(10, "goal", 12, "rival", team="away"),
        fact(11, "substitution", 60, "forward", related="sub"),
        fact(12, "goal", 80, "rival", team="away"),
    )

    assert behind("forward", "goals_conceded", *facts) == [(10, 1)]
    assert behind("sub", "goals_conceded", *facts) == [(12, 1)]
    assert behind("keeper", "goals_conceded", *facts) == [(10, 1), (12, 1)]


def test_clean_sheet_comes_from_what_its_conditions_come_from():
    assert behind("keeper", "clean_sheets") == [(1, None), (4, None)]


def test_stated_number_comes_from_the_statement_alone():
    facts = (
        fact(10, "goal", 12, "forward"),
        fact(11, "stat.set", 0, "forward", payload={"values": {"goals": 2, "minutes": 90}}),
        fact(12, "admin.override", 0, "forward", payload={"values": {"goals": 3}}),
    )

    assert behind("forward", "goals", *facts) == [(12, 3)]
    assert behind("forward", "minutes", *facts) == [(11, 90)]


def test_unknown_players_and_columns_have_nothing_behind_them():
    assert behind("nobody", "goals") == []
    assert behind("forward", "no such column") == []


def check_sums(sport: SportPack, sheet: Sheet, log: list[FoldEvent]) -> int:
    result, sources = fold(sport, sheet, log), Sources(sport, sheet, log)
    checked = 0
    for side in (result.home, result.away):
        for player, line in side.players.items():
            both = player in result.home.players and player in result.away.players
            for column in sport.columns:
                adds_up = column.rule is None or isinstance(column.rule, WhilePresent)
                shares: tuple[Share, ...] = sources.of(player, column.id)
                if both or not column.for_player or not adds_up:
                    continue
                amounts = [share.amount for share in shares]
                if amounts != [None]:
                    total = sum(amount or 0 for amount in amounts)
                    assert total == pytest.approx(line[column.id]), (player, column.id)
                    checked += bool(amounts)
    return checked


@FAST
@given(log=logs())
def test_shares_add_up_to_the_folds_numbers_for_any_log(
    pack: SportPack,  # noqa: F811
    log: list[FoldEvent],
) -> None:
    newest = {event.lineage: event for event in log}

    check_sums(pack, SHEET, list(newest.values()))


@pytest.mark.parametrize("sport", ["football", "basketball", "ice_hockey", "american_football"])
def test_shares_add_up_to_the_numbers_of_simulated_matches(sport: str, tmp_path: Path) -> None:
    pack_of = load_pack(sport)
    world = make_world(
        pack_of,
        source="vendor",
        league="league",
        season="2026-27",
        teams=4,
        rounds=2,
        rounds_played=2,
        seed="sources",
        anchor=KICKOFF,
        kickoff_every=timedelta(0),
    )
    feed = VendorFeed(world, seed="sources")
    pages = [feed.document(KICKOFF), feed.document(KICKOFF, after="0-0")]
    documents = [adapters.get("veze").parse({"feed": orjson.dumps(page)}) for page in pages]
    checked = 0
    for match in (m for document in documents for m in document.matches):
        sides = {match.home: "home", match.away: "away"}
        log = [
            FoldEvent(
                lineage=event.vendor_event_id,
                type=event.type,
                period=event.period,
                clock_ms=event.clock_ms,
                order=event.order,
                team=sides.get(event.team or ""),
                player=event.player,
                related=event.related_player,
                payload=event.payload,
            )
            for event in match.events
            if not event.is_retracted
        ]
        checked += check_sums(pack_of, Sheet(), log)
    assert checked > 100
