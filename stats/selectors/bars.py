"""Both teams' totals side by side."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from leagues.packs.forms import Ratio
from leagues.packs.schema import Column, SportPack
from stats.models import BoxScore
from stats.rules.season_totals import Number, telling_columns

_LEADING_BARS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One column of both teams side by side; `detail` is what a ratio is made of."""

    column: Column
    home: Number
    away: Number
    home_detail: str = ""
    away_detail: str = ""

    @property
    def better(self) -> str:
        """The side that is ahead in what the column counts, or nothing."""
        if self.column.better == "none" or self.home is None or self.away is None:
            return ""
        if self.home == self.away:
            return ""
        more = "home" if self.home > self.away else "away"
        less = "away" if more == "home" else "home"
        return more if self.column.better == "high" else less

    @property
    def shares(self) -> tuple[float, float]:
        """Each side's part of the sum, 0 to 1; zeros where there is nothing to share."""
        home, away = max(self.home or 0, 0), max(self.away or 0, 0)
        whole = home + away
        return (home / whole, away / whole) if whole else (0.0, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class BarGroup:
    """A titled group of bars."""

    label: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """The first few bars, then the others by group."""

    leading: tuple[Bar, ...] = ()
    groups: tuple[BarGroup, ...] = ()

    @property
    def all(self) -> tuple[Bar, ...]:
        return self.leading + tuple(bar for group in self.groups for bar in group.bars)


def stat_bars(pack: SportPack, box: BoxScore | None) -> Bars:
    """Return both teams' totals in the pack's order; columns without any number are left out.

    What a ratio is made of stands beside the ratio, not in a bar of its own. No query.
    """
    if box is None:
        return Bars()
    home, away = box.home_totals, box.away_totals
    columns, visible = _columns(pack, box)
    return _grouped(pack, [_bar(column, home, away, visible) for column in columns])


def period_bars(
    pack: SportPack,
    box: BoxScore | None,
    home: Mapping[str, Number],
    away: Mapping[str, Number],
    told: Collection[str],
) -> Bars:
    """Return the bars of the whole match with both teams' totals of one period.

    Columns that are not `told` by period are left out. No query.
    """
    if box is None:
        return Bars()
    columns, visible = _columns(pack, box)
    return _grouped(
        pack, [_bar(column, home, away, visible) for column in columns if column.id in told]
    )


def _columns(pack: SportPack, box: BoxScore) -> tuple[list[Column], set[str]]:
    """Return the columns that have a bar, and all that are shown in any way."""
    totals = (box.home_totals, box.away_totals)
    shown = [c for c in telling_columns(pack.columns, totals) if c.for_team]
    parts = {p for c in shown if isinstance(c.rule, Ratio) for p in (c.rule.num, c.rule.den)}
    return [c for c in shown if c.id not in parts], {column.id for column in shown}


def _grouped(pack: SportPack, bars: Sequence[Bar]) -> Bars:
    groups: dict[str, list[Bar]] = {}
    for bar in bars[_LEADING_BARS:]:
        groups.setdefault(bar.column.group, []).append(bar)
    return Bars(
        leading=tuple(bars[:_LEADING_BARS]),
        groups=tuple(
            BarGroup(label=pack.column_groups.get(group, ""), bars=tuple(found))
            for group, found in groups.items()
        ),
    )


def _bar(
    column: Column, home: Mapping[str, Number], away: Mapping[str, Number], visible: set[str]
) -> Bar:
    rule = column.rule
    details = ["", ""]
    if isinstance(rule, Ratio) and column.format == "pct1" and rule.num in visible:
        details = [f"{side.get(rule.num) or 0}/{side.get(rule.den) or 0}" for side in (home, away)]
    return Bar(
        column=column,
        home=home.get(column.id),
        away=away.get(column.id),
        home_detail=details[0],
        away_detail=details[1],
    )
