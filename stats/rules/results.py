"""What a table is made of: results, teams, decisions; and what a result is worth to a side.

*Played* is what happened on the field, *awarded* what a decision made of it.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from leagues.packs.schema import PointsRule

PLAYED, AWARDED = "played", "awarded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A match that counts in a table, over or under way.

    `score` is the played one, None for a match that was only awarded; `awarded` the decided one.
    `decided_in` is "regular", "overtime" or "shootout"; a level score with a `shootout` is decided
    by it. `double_forfeit` makes both sides lose. `awarded_points` are table points by decision,
    None: what the rules give. `at` orders results for form and streak.
    """

    home: Hashable
    away: Hashable
    score: tuple[int, int] | None
    awarded: tuple[int, int] | None = None
    shootout: tuple[int, int] | None = None
    decided_in: str = "regular"
    double_forfeit: bool = False
    awarded_points: tuple[int, int] | None = None
    at: Any = 0
    is_live: bool = False
    is_final: bool = True

    def goals(self, basis: str = AWARDED) -> tuple[int, int] | None:
        """Return the score that counts on that basis."""
        return self.score if basis == PLAYED or self.awarded is None else self.awarded


@dataclass(frozen=True, slots=True, kw_only=True)
class TableTeam:
    """A team that has a row even before it plays, with what lies outside its results.

    `fair_play` is penalty points, fewer is better. `coefficient`: more is better. `lot` is its
    place in a drawing of lots, 1 comes first.
    """

    team: Hashable
    name: str = ""
    group: str = ""
    division: str = ""
    conference: str = ""
    fair_play: int = 0
    coefficient: float = 0
    lot: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """Points and goals given (or taken, negative) by a decision."""

    team: Hashable
    points: int = 0
    goals: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A result as one side sees it; `kind` is a key of the points rule.

    `decided_points` stand in place of what the rule gives.
    """

    kind: str
    goals_for: int
    goals_against: int
    decided_points: int | None = None

    @property
    def letter(self) -> str:
        """W, D or L."""
        return {"win": "W", "draw": "D"}.get(self.kind.rpartition("_")[2], "L")

    def points(self, rule: PointsRule) -> int:
        """Return the table points that the result is worth."""
        if self.decided_points is not None:
            return self.decided_points
        return int(getattr(rule, self.kind))


def outcome(result: Result, *, at_home: bool, basis: str = AWARDED) -> Outcome | None:
    """Return one side's outcome, None when the match was not played on that basis."""
    goals = result.goals(basis)
    if goals is None:
        return None
    own, other = goals if at_home else goals[::-1]
    points = result.awarded_points if basis == AWARDED else None
    return Outcome(
        kind=_kind(result, basis, at_home),
        goals_for=own,
        goals_against=other,
        decided_points=None if points is None else points[0 if at_home else 1],
    )


def _kind(result: Result, basis: str, at_home: bool) -> str:
    goals = result.goals(basis) or (0, 0)
    by_decision = basis == AWARDED and result.awarded is not None
    if result.double_forfeit and basis == AWARDED:
        return "loss"
    decided_in = "regular" if by_decision else result.decided_in
    margin = goals[0] - goals[1]
    if not margin and result.shootout and not by_decision:
        margin, decided_in = result.shootout[0] - result.shootout[1], "shootout"
    if not margin:
        return "draw"
    word = "win" if (margin > 0) == at_home else "loss"
    return word if decided_in == "regular" else f"{decided_in}_{word}"
