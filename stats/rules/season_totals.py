"""A player's season: the sum of his lines, ratios made anew from the sums."""

import math
from collections.abc import Iterable, Mapping, Sequence

from leagues.packs.forms import Ratio
from leagues.packs.schema import Column, SportPack

Number = int | float | None


def season_totals(pack: SportPack, lines: Sequence[Mapping[str, Number]]) -> dict[str, Number]:
    """Return every player column over the lines; None where no line has a number."""
    columns = [column for column in pack.columns if column.for_player]
    totals: dict[str, Number] = {
        column.id: _sum(line.get(column.id) for line in lines) for column in columns
    }
    for column in columns:
        if isinstance(column.rule, Ratio):
            totals[column.id] = _ratio(column.rule, totals)
    return totals


def telling_columns(
    columns: Iterable[Column], lines: Iterable[Mapping[str, Number]]
) -> tuple[Column, ...]:
    """Return the shown columns in which anybody has a number other than zero."""
    held = list(lines)
    return tuple(
        column for column in columns if column.show and any(line.get(column.id) for line in held)
    )


def _sum(values: Iterable[Number]) -> Number:
    known = [value for value in values if value is not None]
    if any(isinstance(value, float) for value in known):
        # Exact, so that the order of the matches makes no difference.
        return math.fsum(known)
    return sum(known) if known else None


def _ratio(rule: Ratio, totals: Mapping[str, Number]) -> Number:
    part, whole = totals.get(rule.num), totals.get(rule.den)
    if part is None or not whole:
        return None
    return round(rule.scale * part / whole, rule.decimals)
