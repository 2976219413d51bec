"""Stat lines of the fantasy game: a player in a fixture, in the columns of the football pack."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from matches.ingest.documents import FeedError
from matches.ingest.reading import Node

Number = int | float

# The game's word: our column. Decimal ones come as text.
_WHOLE = MappingProxyType(
    {
        "minutes": "minutes",
        "goals_scored": "goals",
        "assists": "assists",
        "clean_sheets": "clean_sheets",
        "goals_conceded": "goals_conceded",
        "own_goals": "own_goals",
        "penalties_saved": "penalties_saved",
        "penalties_missed": "penalties_missed",
        "yellow_cards": "yellow_cards",
        "red_cards": "red_cards",
        "saves": "saves",
        "bonus": "bonus",
        "bps": "bps",
        "starts": "starts",
        "clearances_blocks_interceptions": "cbi",
        "recoveries": "recoveries",
        "tackles": "tackles",
    }
)
_DECIMAL = MappingProxyType(
    {
        "expected_goals": "xg",
        "expected_assists": "xa",
        "expected_goals_conceded": "xgc",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One player's numbers in one fixture; `is_home` None where the source does not say."""

    element: int
    is_home: bool | None
    values: Mapping[str, Number]


def from_csv(name: str, body: bytes) -> dict[int, list[Line]]:
    """Return the lines by fixture of who took part, from a row for each player and fixture."""
    try:
        rows = csv.DictReader(io.StringIO(body.decode("utf-8")))
        return _by_fixture((_row(name, place, row) for place, row in enumerate(rows, start=2)))
    except (UnicodeDecodeError, csv.Error) as error:
        raise FeedError(f"{name}: $: not CSV: {error}") from error


def _row(name: str, place: int, row: Mapping[str, str]) -> tuple[int, Line]:
    def whole(key: str) -> int:
        try:
            return int(row[key])
        except (KeyError, TypeError, ValueError):
            found = row.get(key)
            raise FeedError(
                f"{name}: row {place}: {key}: expected a whole number, found {found!r:.40}"
            ) from None

    values: dict[str, Number] = {ours: whole(k) for k, ours in _WHOLE.items() if row.get(k)}
    values |= {ours: _decimal(row[k]) for k, ours in _DECIMAL.items() if row.get(k)}
    line = Line(element=whole("element"), is_home=row.get("was_home") == "True", values=values)
    return whole("fixture"), line


def _decimal(value: object) -> float:
    try:
        return float(value) if isinstance(value, str | int | float) else 0.0
    except ValueError:
        return 0.0


def _by_fixture(rows: Iterable[tuple[int, Line]]) -> dict[int, list[Line]]:
    lines: dict[int, list[Line]] = {}
    for fixture, line in rows:
        # A row of nothing but zeros is a player who was not there; one can be booked on the bench.
        if any(line.values.values()):
            lines.setdefault(fixture, []).append(line)
    return lines


def from_live(documents: Sequence[Node]) -> dict[int, list[Line]]:
    """Return the lines by fixture of the API's `event/<gw>/live` documents.

    A player's full line covers the gameweek: with two fixtures in it, what is told of each of
    them is what earned points.
    """
    return _by_fixture(
        row
        for document in documents
        for element in document.get("elements").items()
        for row in _live_rows(element)
    )


def _live_rows(element: Node) -> list[tuple[int, Line]]:
    number = element.whole("id")
    told = list(element.get("explain", []).items())
    if len(told) == 1:
        values = _values(element.get("stats"))
        return [(told[0].whole("fixture"), Line(element=number, is_home=None, values=values))]
    rows = []
    for fixture in told:
        earned = {s.text("identifier"): s.whole("value") for s in fixture.get("stats").items()}
        values = {
            ours: earned.get(theirs, 0) for theirs, ours in _WHOLE.items() if theirs in earned
        }
        rows.append((fixture.whole("fixture"), Line(element=number, is_home=None, values=values)))
    return rows


def _values(stats: Node) -> dict[str, Number]:
    held = dict(stats.members())
    values: dict[str, Number] = {
        ours: stats.whole(theirs) for theirs, ours in _WHOLE.items() if theirs in held
    }
    return values | {
        ours: _decimal(held[theirs].value) for theirs, ours in _DECIMAL.items() if theirs in held
    }


def from_fixtures(fixtures: Iterable[Node]) -> dict[int, list[Line]]:
    """Return the lines that the fixtures' own statistics tell: goals, cards and the like."""
    lines: dict[int, list[Line]] = {}
    for fixture in fixtures:
        told: dict[tuple[int, bool], dict[str, Number]] = {}
        for stat in fixture.get("stats", []).items():
            column = _WHOLE.get(stat.text("identifier"))
            for side, is_home in (("h", True), ("a", False)):
                for entry in stat.get(side, []).items():
                    if column:
                        key = (entry.whole("element"), is_home)
                        told.setdefault(key, {})[column] = entry.whole("value")
        lines[fixture.whole("id")] = [
            Line(element=element, is_home=is_home, values=values)
            for (element, is_home), values in told.items()
        ]
    return lines
