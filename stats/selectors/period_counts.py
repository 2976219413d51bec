"""What stands below the score by period: the few columns that a sport's pack names for it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from leagues.packs.schema import Column, SportPack
from stats.rules.season_totals import Number

Totals = Mapping[str, Number]


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodCount:
    """One column by period, in the order of `PeriodCounts.shorts`; None before it is played."""

    column: Column
    home: tuple[Number, ...]
    away: tuple[Number, ...]
    home_total: Number
    away_total: Number


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodCounts:
    """The columns by period, with the periods' short names."""

    shorts: tuple[str, ...]
    rows: tuple[PeriodCount, ...]


def period_counts(
    pack: SportPack, told: Collection[str], parts: Sequence[tuple[str, Totals, Totals]]
) -> PeriodCounts | None:
    """Return the pack's columns as far as they are `told` by period; None where none is.

    `parts` are period, home and away totals. No query.
    """
    wanted = [name for name in pack.score.by_period if name in told]
    if not wanted:
        return None
    known = {period: (home, away) for period, home, away in parts}
    shown = [p for p in pack.periods if p.kind == "regular" or p.id in known]
    nothing: tuple[Totals, Totals] = ({}, {})
    sides = [known.get(period.id, nothing) for period in shown]
    return PeriodCounts(
        shorts=tuple(period.short for period in shown),
        rows=tuple(
            _row(column, sides) for name in wanted if (column := pack.column(name)) is not None
        ),
    )


def _row(column: Column, sides: Sequence[tuple[Totals, Totals]]) -> PeriodCount:
    home = tuple(side[0].get(column.id) for side in sides)
    away = tuple(side[1].get(column.id) for side in sides)
    return PeriodCount(
        column=column,
        home=home,
        away=away,
        home_total=sum(number or 0 for number in home),
        away_total=sum(number or 0 for number in away),
    )
