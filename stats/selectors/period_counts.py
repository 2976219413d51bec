"""What stands below the score by period: the few columns that a sport's pack names for it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from leagues.packs.schema import Column, SportPack
from matches.enums import MatchStatus
from matches.models import Match
from stats.rules.season_totals import Number

Totals = Mapping[str, Number]
Part = tuple[str, Totals, Totals]


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
    pack: SportPack, told: Collection[str], parts: Sequence[Part]
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """How many each side may still take of what the rules allow for this part of the match."""

    label: str
    home: int
    away: int


def allowance_left(
    pack: SportPack,
    match: Match,
    told: Collection[str],
    parts: Sequence[Part],
) -> Left | None:
    """Return what is left in a match under way; None where rules or source do not say. No query.

    A source tells of them once it has told of one. More taken than the rules allow means that this
    league has others.
    """
    rule = pack.allowance
    window = rule.window_of(match.period) if rule and match.is_live else None
    if rule is None or window is None or rule.column not in told:
        return None
    if match.status == MatchStatus.BREAK and match.period == window.periods[-1]:
        return None
    all_home, all_away = _taken(rule.column, parts)
    home, away = _taken(rule.column, [part for part in parts if part[0] in window.periods])
    if not all_home + all_away or max(home, away) > window.allowed:
        return None
    return Left(label=rule.label, home=window.allowed - home, away=window.allowed - away)


def _taken(column: str, parts: Sequence[Part]) -> tuple[int, int]:
    home = sum(int(side.get(column) or 0) for _, side, _ in parts)
    away = sum(int(side.get(column) or 0) for _, _, side in parts)
    return home, away


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
