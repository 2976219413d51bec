"""What goes into a fold and what comes out of it."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

Number = int | float | None
Line = dict[str, Number]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldEvent:
    """One revision of one fact; an amendment tells the whole fact anew.

    `clock_ms` counts from the period's start. `order` decides among events of the same clock,
    then `lineage`: the lineages of a match must be comparable with each other.
    """

    lineage: Any
    rev: int = 1
    op: str = "add"
    type: str
    period: str = ""
    clock_ms: int = 0
    order: int = 0
    team: str | None = None
    player: Hashable | None = None
    related: Hashable | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)
    ref: Hashable | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """Both sides' line-ups."""

    home: tuple[Hashable, ...] = ()
    away: tuple[Hashable, ...] = ()
    home_bench: tuple[Hashable, ...] = ()
    away_bench: tuple[Hashable, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SideBox:
    """One side's numbers by column, players in sheet order, then the others."""

    totals: Line
    players: dict[Hashable, Line]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a match stands, as far as a scoreboard tells it."""

    status: str
    status_reason: str
    period: str
    clock_ms: int
    score: tuple[int, int]
    shootout: tuple[int, int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """A match as its log tells it: the same for every order of arrival.

    `periods` has (period, home, away) per period played, `timeline` the lineages of all visible
    events in match order, `running_score` the score right after each scoring event, in the bucket
    (match or shootout) that it counts in.
    """

    status: str
    status_reason: str
    period: str
    clock_ms: int
    clock_running: bool
    score: tuple[int, int]
    shootout: tuple[int, int] | None
    periods: tuple[tuple[str, int, int], ...]
    home: SideBox
    away: SideBox
    timeline: tuple[Hashable, ...]
    running_score: dict[Hashable, tuple[int, int]]
