"""A season of the original game in our words: what each player did in each match."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fantasy.rules.game import GameRules
from fantasy.rules.official.folder import SeasonFiles
from fantasy.rules.points import appeared, score_line, total


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A player's row of one match. `points` None: the data do not say what he got."""

    gw: int
    fixture: int
    element: int
    name: str
    position: str
    columns: Mapping[str, int]
    minutes: int
    points: int | None
    bonus: int
    bps: int | None
    price: int | None


@dataclass(slots=True, kw_only=True)
class Season:
    """Rows with what can be asked of them; prices are those at a gameweek's deadline."""

    rules: GameRules
    rows: tuple[Row, ...]
    absent_columns: tuple[str, ...] = ()
    positions: dict[int, str] = field(default_factory=dict)
    _weeks: set[int] = field(default_factory=set)
    _points: dict[tuple[int, int], int] = field(default_factory=dict)
    _appeared: set[tuple[int, int]] = field(default_factory=set)
    _prices: dict[int, dict[int, int]] = field(default_factory=dict)

    def add_up(self) -> None:
        """Score every row by the game's rules and note who took part."""
        prices: dict[int, dict[int, int]] = defaultdict(dict)
        for row in self.rows:
            key = (row.element, row.gw)
            self._weeks.add(row.gw)
            self.positions.setdefault(row.element, row.position)
            self._points[key] = self._points.get(key, 0) + points_of(self.rules, row)
            if appeared(self.rules, row.columns):
                self._appeared.add(key)
            if row.price is not None:
                prices[row.element][row.gw] = row.price
        self._prices = {element: dict(sorted(held.items())) for element, held in prices.items()}

    def knows(self, gw: int) -> bool:
        """The data say what happened in that gameweek, or the game says that nothing did."""
        return gw in self._weeks or gw in self.rules.rounds.void

    def points(self, element: int, gw: int) -> int:
        """Return a player's points of a gameweek by our rules, 0 without a match."""
        return self._points.get((element, gw), 0)

    def took_part(self, element: int, gw: int) -> bool:
        """A player appeared in one of the gameweek's matches."""
        return (element, gw) in self._appeared

    def price(self, element: int, gw: int) -> int | None:
        """Return the price at the deadline, None where his club had no match."""
        return self._prices.get(element, {}).get(gw)

    def price_range(self, element: int, gw: int, *, since: int | None = None) -> tuple[int, int]:
        """Return the least and greatest price he can have had from `since` to that deadline.

        Exact at the deadline of a gameweek in which his club plays; elsewhere what was known last
        before and first after bounds it. (0, 0) for a player of whom no price is known at all.
        """
        held = self._prices.get(element, {})
        if since is None and gw in held:
            return held[gw], held[gw]
        weeks = list(held)
        first = max(0, bisect_right(weeks, gw if since is None else since) - 1)
        last = bisect_right(weeks, gw - 1) + 1
        known = [held[week] for week in weeks[first:last]] or list(held.values())[-1:]
        return (min(known), max(known)) if known else (0, 0)


def points_of(rules: GameRules, row: Row) -> int:
    """Return a row's points by our rules; the bonus is the one the row names."""
    return total(score_line(rules, position=row.position, columns=row.columns, bonus=row.bonus))


def read_rows(rules: GameRules, files: SeasonFiles) -> Season:
    """Return the season of these files, scored."""
    header = set(files.rows[0]) if files.rows else set()
    names, absent = _columns(rules, header)
    typed = _typed_positions(rules, files.players)
    season = Season(
        rules=rules,
        rows=tuple(_row(rules, raw, names, typed) for raw in files.rows),
        absent_columns=absent,
        positions=dict(typed),
    )
    season.add_up()
    return season


def _columns(
    rules: GameRules, header: set[str]
) -> tuple[dict[str, tuple[str, ...]], tuple[str, ...]]:
    """Return which of the file's columns make each of ours, and those of ours it cannot make."""
    wanted = {rule.column for rule in rules.points}
    wanted |= {bound.column for rule in rules.points for bound in rule.when}
    wanted |= {bound.column for bound in rules.lineup.appeared}
    names = {}
    for column in sorted(wanted):
        sums = rules.official.columns.get(column, ((column,),))
        usable = next((parts for parts in sums if header.issuperset(parts)), None)
        if usable:
            names[column] = usable
    return names, tuple(sorted(wanted - names.keys()))


_TYPES = ("", "GK", "DEF", "MID", "FWD", "AM")


def _typed_positions(rules: GameRules, players: Iterable[Mapping[str, str]]) -> dict[int, str]:
    found = {}
    for player in players:
        kind = number(player.get("element_type"))
        name = _TYPES[kind] if kind < len(_TYPES) else ""
        found[number(player.get("id"))] = rules.official.positions.get(name, name)
    return found


def _row(
    rules: GameRules,
    raw: Mapping[str, str],
    names: Mapping[str, tuple[str, ...]],
    typed: Mapping[int, str],
) -> Row:
    element = number(raw.get("element"))
    stated = raw.get("position") or ""
    position = rules.official.positions.get(stated, stated) or typed.get(element, "")
    return Row(
        gw=number(raw.get("gw") or raw.get("GW") or raw.get("round")),
        fixture=number(raw.get("fixture")),
        element=element,
        name=raw.get("name") or "",
        position=position,
        columns={ours: sum(number(raw[part]) for part in parts) for ours, parts in names.items()},
        minutes=number(raw.get("minutes")),
        points=optional_number(raw.get("total_points")),
        bonus=number(raw.get("bonus")),
        bps=optional_number(raw.get("bps")),
        price=optional_number(raw.get("value")),
    )


def dicts(value: object) -> list[Mapping[str, Any]]:
    """Return the objects of a list as the files write it, none where there is no list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def number(value: object) -> int:
    """Return a whole number as the files write it, 0 for an empty field."""
    return optional_number(value) or 0


def optional_number(value: object) -> int | None:
    """Return a whole number, None for an empty field or one that holds none."""
    text = str(value if value is not None else "").strip()
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return int(float(text))
    except (ValueError, OverflowError):
        return None
