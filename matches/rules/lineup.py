"""Where the players of a team sheet stand: rows of a pitch from a formation or from positions."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from leagues.packs.schema import SportPack

_FORMATION = re.compile(r"[1-9](-[1-9])+")
# A sport with more roles than this has no lines that fit on a phone; its line-ups are lists.
_MOST_LINES = 6
_FEWEST_STARTERS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Something that happened to a player in the match."""

    icon: str
    label: str
    clock: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A player on a team sheet, with what the match did to him."""

    name: str
    slug: str
    shirt: str
    position: str
    order: int
    is_starter: bool
    is_captain: bool
    marks: tuple[Mark, ...] = ()


def in_order(pack: SportPack, places: Sequence[Place]) -> tuple[Place, ...]:
    """Return the places by the pack's order of positions, then as the sheet has them."""
    rank = {position.id: position.order for position in pack.positions}
    return tuple(sorted(places, key=lambda place: (rank.get(place.position, 99), place.order)))


def pitch_rows(
    pack: SportPack, starters: Sequence[Place], formation: str
) -> tuple[tuple[Place, ...], ...]:
    """Return the starters in lines from the own goal forward, or nothing if no pitch fits.

    A formation such as 4-2-3-1 leaves out the first player, who stands alone.
    """
    if len(starters) < _FEWEST_STARTERS:
        return ()
    ordered = in_order(pack, starters)
    if _FORMATION.fullmatch(formation):
        lines = [1, *(int(part) for part in formation.split("-"))]
        if sum(lines) == len(ordered):
            return _cut(ordered, lines)
    if len(pack.positions) > _MOST_LINES:
        return ()
    known = [position.id for position in pack.positions]
    rows = [tuple(p for p in ordered if p.position == position) for position in known]
    placed = sum(len(row) for row in rows)
    return tuple(row for row in rows if row) if placed == len(ordered) else ()


def _cut(places: Sequence[Place], lines: Sequence[int]) -> tuple[tuple[Place, ...], ...]:
    rows, start = [], 0
    for length in lines:
        rows.append(tuple(places[start : start + length]))
        start += length
    return tuple(rows)
