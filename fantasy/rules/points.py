"""From a player's stat line of one match to points, one line for each rule that gave some.

Pure and in whole numbers, units of `1 / points_scale`. A round with two matches is two stat
lines, scored apart and summed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fantasy.rules.game import GameRules, PointRule
from leagues.packs.forms import Bound

Columns = Mapping[str, int | float | None]
_OF_RESULT = "match."


@dataclass(frozen=True, slots=True, kw_only=True)
class PointLine:
    """Points by one rule: `count` is the column's value they come from."""

    rule: str
    label: str
    count: int | float
    points: int


def score_line(
    rules: GameRules, *, position: str, columns: Columns, bonus: int = 0
) -> tuple[PointLine, ...]:
    """Return what each rule gave for a stat line, rules without points left out.

    Absent and unknown columns count as 0. `bonus` is what `bonus_of` gave in the same match.
    """
    lines = [
        PointLine(
            rule=rule.id, label=rule.label, count=columns.get(rule.column) or 0, points=points
        )
        for rule in rules.points
        if (points := rule_points(rule, position=position, columns=columns))
    ]
    if bonus:
        lines.append(PointLine(rule="bonus", label="Bonus", count=bonus, points=bonus))
    return tuple(lines)


def total(lines: Iterable[PointLine]) -> int:
    """Return the sum of the lines."""
    return sum(line.points for line in lines)


def rule_points(rule: PointRule, *, position: str, columns: Columns) -> int:
    """Return what one rule gives a player of that position."""
    worth = rule.each.get(position, 0)
    if not worth or not all(holds(bound, columns) for bound in rule.when):
        return 0
    value = columns.get(rule.column) or 0
    if rule.steps:
        return next((step.points for step in reversed(rule.steps) if value >= step.at), 0)
    # Down for gains and losses alike: 5 yards lost are no loss of one per 10.
    times = int(value / rule.per) if rule.per > 1 else round(value)
    return worth * times


def holds(bound: Bound, columns: Columns) -> bool:
    """A column lies within limits; an absent one is 0."""
    value = columns.get(bound.column) or 0
    return (bound.min is None or value >= bound.min) and (bound.max is None or value <= bound.max)


def appeared(rules: GameRules, columns: Columns) -> bool:
    """A player took part in the match: he played, or was booked without playing."""
    return any(holds(bound, columns) for bound in rules.lineup.appeared)


def is_of_result(column: str) -> bool:
    """The column is one of `match_columns`, not of a player's own line."""
    return column.startswith(_OF_RESULT)


def match_columns(
    *, goals_for: int, goals_against: int, places_below: int = 0, underdog_places: int = 5
) -> dict[str, int]:
    """Return the `match.` columns of one side, for whoever scores by the result.

    `places_below`: how many places of the table the side stood below its opponent.
    """
    underdog = places_below >= underdog_places
    return {
        "match.win": int(goals_for > goals_against),
        "match.draw": int(goals_for == goals_against),
        "match.loss": int(goals_for < goals_against),
        "match.goals_for": goals_for,
        "match.goals_against": goals_against,
        "match.clean_sheet": int(not goals_against),
        "match.underdog_win": int(underdog and goals_for > goals_against),
        "match.underdog_draw": int(underdog and goals_for == goals_against),
    }
