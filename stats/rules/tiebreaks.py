"""The order of a table: named comparators, applied one after the other to teams still level.

A head-to-head comparator looks at the matches among the level teams only. Whenever a comparator
splits them, those still level begin again at the first head-to-head comparator, because their
own matches among themselves are now fewer. What is level at the end shares its rank.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import groupby
from typing import Any

from leagues.packs.schema import PointsRule, Tiebreak
from stats.rules.records import TOTAL, Record, adjust, records
from stats.rules.results import Adjustment, Result, TableTeam

Teams = tuple[Hashable, ...]
Records = dict[Hashable, Record]
Measure = Callable[[Record], int | Fraction]

_MEASURES: dict[str, Measure] = {
    "points": lambda record: record.points,
    "wins": lambda record: record.wins,
    "goal_diff": lambda record: record.goal_diff,
    "goals_for": lambda record: record.goals_for,
    "away_goals": lambda record: record.away_goals,
    "win_pct": lambda record: record.win_share,
}


@dataclass(slots=True, kw_only=True)
class Season:
    """Everything a comparator may look at; `results` are in order of play."""

    teams: dict[Hashable, TableTeam]
    results: Sequence[Result]
    points: PointsRule
    adjustments: Sequence[Adjustment] = ()
    kind: str = TOTAL
    _full: dict[str, Records] = field(default_factory=dict)

    def full(self, basis: str) -> Records:
        """Return the records over all results."""
        if basis not in self._full:
            found = records(self.teams, self.results, self.points, basis=basis, kind=self.kind)
            adjust(found, self.adjustments)
            self._full[basis] = found
        return self._full[basis]

    def mutual(self, teams: Teams, basis: str) -> Records:
        """Return the records over the matches among these teams."""
        level = set(teams)
        among = [r for r in self.results if r.home in level and r.away in level]
        return records(teams, among, self.points, basis=basis, kind=self.kind)

    def within(self, attribute: str, basis: str) -> Records:
        """Return the records over matches against teams of the same division or conference."""

        def counts(team: Hashable, opponent: Hashable) -> bool:
            own = getattr(self.teams[team], attribute)
            other = self.teams.get(opponent)
            return bool(own) and other is not None and getattr(other, attribute) == own

        return records(
            self.teams, self.results, self.points, basis=basis, kind=self.kind, counts=counts
        )


def ordered(season: Season, teams: Teams, tiebreak: Sequence[Tiebreak]) -> list[Teams]:
    """Return the teams from first to last, those not separable together."""
    return _split(season, teams, tuple(tiebreak), 0)


def _split(season: Season, teams: Teams, tiebreak: tuple[Tiebreak, ...], at: int) -> list[Teams]:
    if len(teams) == 1 or at == len(tiebreak):
        return [teams]
    keys = _keys(season, teams, tiebreak[at])
    arranged = sorted(teams, key=keys.__getitem__)
    parts = [tuple(part) for _, part in groupby(arranged, key=keys.__getitem__)]
    if len(parts) == 1:
        return _split(season, teams, tiebreak, at + 1)
    again = _again(tiebreak, at)
    return [level for part in parts for level in _split(season, part, tiebreak, again)]


def _again(tiebreak: tuple[Tiebreak, ...], at: int) -> int:
    passed = (place for place in range(at + 1) if tiebreak[place].name.startswith("h2h_"))
    return next(passed, at + 1)


def _keys(season: Season, teams: Teams, comparator: Tiebreak) -> dict[Hashable, Any]:
    """Return a sort key per team; the least comes first."""
    name, basis = comparator.name, comparator.basis
    if name in _MEASURES:
        found, measure = season.full(basis), _MEASURES[name]
    elif name.startswith("h2h_"):
        found, measure = season.mutual(teams, basis), _MEASURES[name.removeprefix("h2h_")]
    elif name.endswith("_win_pct"):
        found = season.within(name.removesuffix("_win_pct"), basis)
        measure = _MEASURES["win_pct"]
    else:
        return {team: _outside(season.teams[team], name) for team in teams}
    return {team: -measure(found[team]) for team in teams}


def _outside(team: TableTeam, name: str) -> Any:
    # Lots separate only teams that were drawn.
    lot = float("inf") if team.lot is None else team.lot
    keys = {
        "fair_play": team.fair_play,
        "coefficient": -team.coefficient,
        "draw_of_lots": lot,
        "name": team.name.casefold(),
    }
    return keys[name]
