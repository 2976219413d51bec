"""Folded numbers against official ones: matched and total by column, with every miss named."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from leagues.packs.engine import Fold, FoldEvent, Sheet, fold
from leagues.packs.loader import load_pack
from matches.ingest.documents import FeedDocument, FeedEvent, FeedMatch, FeedSheet


@dataclass(slots=True)
class Tally:
    """How often a column agreed, and where it did not: (who, folded, official)."""

    matched: int = 0
    total: int = 0
    misses: list[tuple[Hashable, Any, Any]] = field(default_factory=list)

    def add(self, who: Hashable, folded: Any, official: Any) -> None:
        """Count one comparison."""
        self.total += 1
        if folded == official:
            self.matched += 1
        else:
            self.misses.append((who, folded, official))


Report = dict[str, Tally]


def compare(
    report: Report,
    official: Mapping[Hashable, Mapping[str, Any]],
    folded: Mapping[Hashable, Mapping[str, Any]],
    columns: Iterable[str],
    match: str = "",
) -> Report:
    """Add to the report each column of each official row; who is not in the fold has zeros."""
    for column in columns:
        tally = report.setdefault(column, Tally())
        for who, row in official.items():
            tally.add((match, who), folded.get(who, {}).get(column, 0), row[column])
    return report


def show(title: str, report: Report, misses: int = 8) -> None:
    """Print the report; pytest shows it with -s or -rP."""
    print(f"\n{title}")
    for column, tally in report.items():
        print(f"  {column:24} {tally.matched:6} / {tally.total}")
        for who, folded, official in tally.misses[:misses]:
            print(f"      {who}: folded {folded}, official {official}")


def fold_match(document: FeedDocument, match: FeedMatch) -> Fold:
    """Return the fold of a match straight from its document, players by the vendor's ids."""
    sides = {match.home: "home", match.away: "away"}
    starters, bench = _lineups(match.sheets, sides)
    sheet = Sheet(
        home=starters["home"],
        away=starters["away"],
        home_bench=bench["home"],
        away_bench=bench["away"],
    )
    events = [_fold_event(index, event, sides) for index, event in enumerate(match.events)]
    return fold(load_pack(document.sport), sheet, events)


def _lineups(
    sheets: Iterable[FeedSheet], sides: Mapping[str, str]
) -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]:
    starters: dict[str, tuple[str, ...]] = {"home": (), "away": ()}
    bench: dict[str, tuple[str, ...]] = {"home": (), "away": ()}
    for sheet in sheets:
        side = sides[sheet.team]
        starters[side] = tuple(spot.player for spot in sheet.spots if spot.is_starter)
        bench[side] = tuple(spot.player for spot in sheet.spots if not spot.is_starter)
    return starters, bench


def _fold_event(index: int, event: FeedEvent, sides: Mapping[str, str]) -> FoldEvent:
    return FoldEvent(
        lineage=index,
        op="retract" if event.is_retracted else "add",
        type=event.type,
        period=event.period,
        clock_ms=event.clock_ms,
        order=event.order,
        team=sides[event.team] if event.team else None,
        player=event.player,
        related=event.related_player,
        payload=event.payload,
    )


def players_of(folded: Fold) -> dict[Hashable, Mapping[str, Any]]:
    """Return both sides' player lines by id."""
    return {**folded.home.players, **folded.away.players}
