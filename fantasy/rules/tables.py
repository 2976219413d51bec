"""Order of fantasy leagues: by points, and head to head. Equals share a rank.

Points are integers in the game's units. Source: docs/rules/fantasy.md.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

WIN_POINTS = 3
DRAW_POINTS = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An entry in a table by points: round points less hits, transfers outside chips."""

    entry: int
    points: int
    transfers: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """A place in a table: entries that nothing separates have the same rank."""

    rank: int
    entry: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """A head-to-head match that was played, with each side's score after hits.

    `away` is None where the league's average was the opponent.
    """

    home: int
    away: int | None
    home_points: int
    away_points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadToHeadRow:
    """An entry's head-to-head season; `tie_stats` are sums of the game's tie-breaking columns."""

    entry: int
    played: int = 0
    won: int = 0
    drawn: int = 0
    lost: int = 0
    points_for: int = 0
    points_against: int = 0
    tie_stats: tuple[int, ...] = field(default=())

    @property
    def points(self) -> int:
        return WIN_POINTS * self.won + DRAW_POINTS * self.drawn


def ranked(keys: Mapping[int, Any]) -> tuple[Ranked, ...]:
    """Return ranks by key, the lowest key first; equal keys share one and the next is skipped."""
    places: list[Ranked] = []
    for place, entry in enumerate(sorted(keys, key=lambda entry: (keys[entry], entry)), start=1):
        is_tied = bool(places) and keys[places[-1].entry] == keys[entry]
        places.append(Ranked(rank=places[-1].rank if is_tied else place, entry=entry))
    return tuple(places)


def classic_table(standings: Iterable[Standing]) -> tuple[Ranked, ...]:
    """Return the order by most points, then fewest transfers; whoever is still tied shares."""
    return ranked({row.entry: (-row.points, row.transfers) for row in standings})


def head_to_head_rows(
    members: Iterable[int],
    meetings: Iterable[Meeting],
    tie_stats: Mapping[int, Sequence[int]] | None = None,
) -> dict[int, HeadToHeadRow]:
    """Return each member's season; meetings of those who left count for who stayed."""
    counts = {member: [0] * 6 for member in members}
    for meeting in meetings:
        sides = (meeting.home, meeting.home_points), (meeting.away, meeting.away_points)
        for (entry, own), (_, other) in (sides, sides[::-1]):
            if entry is not None and entry in counts:
                _count(counts[entry], own, other)
    stats = tie_stats or {}
    return {
        entry: HeadToHeadRow(
            entry=entry,
            played=played,
            won=won,
            drawn=drawn,
            lost=lost,
            points_for=scored,
            points_against=conceded,
            tie_stats=tuple(stats.get(entry, ())),
        )
        for entry, (played, won, drawn, lost, scored, conceded) in counts.items()
    }


def _count(counts: list[int], own: int, other: int) -> None:
    counts[0] += 1
    counts[1 if own > other else 2 if own == other else 3] += 1
    counts[4] += own
    counts[5] += other


def head_to_head_table(
    rows: Iterable[HeadToHeadRow], *, tie_signs: Sequence[int] = ()
) -> tuple[Ranked, ...]:
    """Return the order by points, then own total, then the tie-breaking columns in turn.

    `tie_signs` has +1 for a column of which more is better, -1 for one of which less is.
    """
    return ranked(
        {
            row.entry: (
                -row.points,
                -row.points_for,
                *(-sign * value for sign, value in zip(tie_signs, row.tie_stats, strict=False)),
            )
            for row in rows
        }
    )
