"""Points of each row and bonus of each fixture against the official ones."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from fantasy.rules.bonus import bonus_of
from fantasy.rules.game import GameRules
from fantasy.rules.official.report import Check
from fantasy.rules.official.season import Row, Season, dicts, number, points_of
from fantasy.rules.points import score_line


def check_points(season: Season) -> Check:
    """Compare what the rules give for each row with `total_points`."""
    check = Check()
    known = {position.id for position in season.rules.positions}
    for row in season.rows:
        if row.points is None:
            check.note("rows without total_points were left out")
            continue
        got = points_of(season.rules, row)
        where: dict[str, Any] = {
            "gw": row.gw,
            "element": row.element,
            "fixture": row.fixture,
            "name": row.name,
        }
        if got != row.points:
            where["lines"] = _lines(season.rules, row)
        if row.position not in known:
            where["position"] = f"{row.position or 'none'} is no position of this game"
        check.tell(got, row.points, **where)
    if season.absent_columns:
        check.note(f"not in the data: {', '.join(season.absent_columns)}")
    return check


def _lines(rules: GameRules, row: Row) -> dict[str, int]:
    lines = score_line(rules, position=row.position, columns=row.columns, bonus=row.bonus)
    return {line.rule: line.points for line in lines}


def check_bonus(season: Season, fixtures: Iterable[Mapping[str, Any]]) -> Check:
    """Compare the bonus that follows from bps with the official one, fixture by fixture.

    Both the rows and the fixture's own statistics are asked, where they are there.
    """
    check = Check()
    sources = defaultdict(list)
    for fixture, told in _of_rows(season.rows).items():
        sources[fixture].append(("player_gw", *told))
    for fixture, told in _of_fixtures(fixtures).items():
        sources[fixture].append(("fixtures", *told))
    weeks = {row.fixture: row.gw for row in season.rows}
    for fixture, stated in sorted(sources.items()):
        wrong = [
            (source, got, want)
            for source, values, want in stated
            if (got := bonus_of(season.rules, values)) != want
        ]
        source, got, want = wrong[0] if wrong else ("", {}, {})
        check.count(
            not wrong,
            got=_texts(got),
            want=_texts(want),
            gw=weeks.get(fixture, 0),
            fixture=fixture,
            source=source,
        )
    return check


def _texts(bonus: Mapping[int, int]) -> dict[str, int]:
    return {str(element): points for element, points in sorted(bonus.items())}


_Told = tuple[dict[int, int], dict[int, int]]


def _of_rows(rows: Iterable[Row]) -> dict[int, _Told]:
    """Return bps and bonus by fixture, for fixtures that were played."""
    found: dict[int, _Told] = defaultdict(lambda: ({}, {}))
    for row in rows:
        if row.bps is None or not (row.minutes or row.bps):
            continue
        values, bonus = found[row.fixture]
        values[row.element] = row.bps
        if row.bonus:
            bonus[row.element] = row.bonus
    return dict(found)


def _of_fixtures(fixtures: Iterable[Mapping[str, Any]]) -> dict[int, _Told]:
    found = {}
    for fixture in fixtures:
        stats = {
            str(stat.get("identifier")): _of_sides(stat) for stat in dicts(fixture.get("stats"))
        }
        if stats.get("bps"):
            found[number(fixture.get("id"))] = (stats["bps"], stats.get("bonus", {}))
    return found


def _of_sides(stat: Mapping[str, Any]) -> dict[int, int]:
    listed = [*dicts(stat.get("h")), *dicts(stat.get("a"))]
    return {number(item.get("element")): number(item.get("value")) for item in listed}
