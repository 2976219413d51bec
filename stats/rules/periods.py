"""A match cut by its periods: what each side counted in each of them, folded from the log.

A column is told by period only where its periods add up to what is told of the whole match: what
a source says of the match alone, a time on the pitch or a decision has no parts.
"""

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from leagues.packs.engine import Fold, FoldEvent, Sheet, fold
from leagues.packs.forms import Ratio, ScoreOf, WeightedSum
from leagues.packs.schema import OVERRIDE, SCORE_SET, STAT_SET, Column, Period, SportPack

_OF_THE_MATCH = frozenset((OVERRIDE, SCORE_SET, STAT_SET))
# Decimal values are kept in millionths.
_EXACT = 1e-6

Totals = Mapping[str, int | float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodPart:
    """One period on its own, as if nothing else had been played."""

    period: Period
    fold: Fold


def period_parts(
    pack: SportPack, sheet: Sheet, events: Iterable[FoldEvent]
) -> tuple[PeriodPart, ...]:
    """Return the periods in which something was told, in playing order.

    Of each fact the newest revision counts, in the period that this one names.
    """
    newest: dict[Hashable, FoldEvent] = {}
    for event in events:
        held = newest.get(event.lineage)
        if held is None or event.rev > held.rev:
            newest[event.lineage] = event
    by_period: dict[str, list[FoldEvent]] = {}
    for event in newest.values():
        if event.op != "retract" and event.type not in _OF_THE_MATCH:
            by_period.setdefault(event.period, []).append(event)
    return tuple(
        PeriodPart(period=period, fold=fold(pack, sheet, by_period[period.id]))
        for period in pack.periods
        if period.id in by_period
    )


def told_by_period(
    pack: SportPack, home: Totals, away: Totals, parts: Sequence[PeriodPart]
) -> frozenset[str]:
    """Return the team columns whose periods add up to the totals of the whole match."""
    told: set[str] = set()
    for column in pack.columns:
        if not column.for_team:
            continue
        if isinstance(column.rule, Ratio):
            is_told = {column.rule.num, column.rule.den} <= told
        else:
            is_told = _has_parts(column) and all(
                _adds_up(whole.get(column.id), [side.get(column.id) for side in sides])
                for whole, sides in (
                    (home, [part.fold.home.totals for part in parts]),
                    (away, [part.fold.away.totals for part in parts]),
                )
            )
        if is_told:
            told.add(column.id)
    return frozenset(told)


def _has_parts(column: Column) -> bool:
    return column.rule is None or isinstance(column.rule, WeightedSum | ScoreOf)


def _adds_up(whole: int | float | None, parts: Sequence[int | float | None]) -> bool:
    if whole is None:
        return False
    return abs(whole - math.fsum(part or 0 for part in parts)) < _EXACT
