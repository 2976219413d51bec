"""Order of fantasy leagues: by points, and head to head. Equals share a rank.

Points are integers in the game's units. What parts the level is told by the game as "+name" for
more of it and "-name" for less. Source: docs/rules/fantasy-leagues.md.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fantasy.rules.game import LeagueRules

NO_STATS: Mapping[str, int] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An entry in a table by points, hits taken off; `stats` may part the level."""

    entry: int
    points: int
    stats: Mapping[str, int] = field(default_factory=dict)


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
    """An entry's head-to-head season; `total` is what its own rounds brought."""

    entry: int
    played: int = 0
    won: int = 0
    drawn: int = 0
    lost: int = 0
    points: int = 0
    total: int = 0
    against: int = 0


def ranked(keys: Mapping[int, Any]) -> tuple[Ranked, ...]:
    """Return ranks by key, the lowest key first; equal keys share one and the next is skipped."""
    places: list[Ranked] = []
    for place, entry in enumerate(sorted(keys, key=lambda entry: (keys[entry], entry)), start=1):
        is_tied = bool(places) and keys[places[-1].entry] == keys[entry]
        places.append(Ranked(rank=places[-1].rank if is_tied else place, entry=entry))
    return tuple(places)


def tie_key(ties: Iterable[str], stats: Mapping[str, int]) -> tuple[int, ...]:
    """Return what orders the level, the better one first; what is not known counts nothing."""
    return tuple(
        -stats.get(tie[1:], 0) if tie.startswith("+") else stats.get(tie[1:], 0) for tie in ties
    )


def classic_table(standings: Iterable[Standing], ties: Sequence[str]) -> tuple[Ranked, ...]:
    """Return the order by most points, then what parts the level; who is still tied shares."""
    return ranked({row.entry: (-row.points, *tie_key(ties, row.stats)) for row in standings})


def head_to_head_rows(
    members: Iterable[int], meetings: Iterable[Meeting], rules: LeagueRules
) -> dict[int, HeadToHeadRow]:
    """Return each member's season; meetings with those who left count for who stayed."""
    counts = {member: [0, 0, 0, 0, 0] for member in members}
    for meeting in meetings:
        sides = (meeting.home, meeting.home_points), (meeting.away, meeting.away_points)
        for (entry, own), (_, other) in (sides, sides[::-1]):
            if entry is not None and entry in counts:
                _count(counts[entry], own, other)
    return {
        entry: HeadToHeadRow(
            entry=entry,
            played=won + drawn + lost,
            won=won,
            drawn=drawn,
            lost=lost,
            points=won * rules.win + drawn * rules.draw + lost * rules.loss,
            total=total,
            against=against,
        )
        for entry, (won, drawn, lost, total, against) in counts.items()
    }


def _count(counts: list[int], own: int, other: int) -> None:
    counts[0 if own > other else 1 if own == other else 2] += 1
    counts[3] += own
    counts[4] += other


def head_to_head_table(
    rows: Iterable[HeadToHeadRow],
    ties: Sequence[str],
    stats: Mapping[int, Mapping[str, int]] | None = None,
) -> tuple[Ranked, ...]:
    """Return the order by points, then what parts the level: `points` is the entry's own total.

    `stats` are sums of the columns that the game names, by entry; only those of level entries are
    needed.
    """
    by_entry = stats or {}
    return ranked(
        {
            row.entry: (
                -row.points,
                *tie_key(ties, {"points": row.total, **by_entry.get(row.entry, NO_STATS)}),
            )
            for row in rows
        }
    )


def level_entries(rows: Iterable[HeadToHeadRow]) -> frozenset[int]:
    """Return the entries that points and own total do not part from all others."""
    alike: dict[tuple[int, int], list[int]] = {}
    for row in rows:
        alike.setdefault((row.points, row.total), []).append(row.entry)
    return frozenset(entry for group in alike.values() if len(group) > 1 for entry in group)
