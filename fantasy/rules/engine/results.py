"""What each line-up brought once a round is over, as rows for COPY."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from fantasy.rules.engine.copying import encoded, layout
from fantasy.rules.engine.lineups import ABSENT
from fantasy.rules.engine.live import LiveRound
from fantasy.rules.engine.ranking import Ladder
from fantasy.rules.engine.shape import Bytes, Ints, Places
from fantasy.rules.engine.weights import Counted, count

COLUMNS = (
    "round_id",
    "entry_id",
    "points",
    "hit",
    "adjusted",
    "total",
    "rank",
    "round_rank",
    "bench_points",
    "captain_number",
    "multiplier",
    "relieved",
)
_CHUNK = 65_536


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Totals:
    points: Ints
    ranks: Ints
    round_ranks: Ints
    bench: Ints


def rows_of(live: LiveRound, round_id: int) -> Iterator[bytes]:
    """Return chunks of rows, columns as in COLUMNS; entries without a line-up have none.

    `points` are the players' alone. A round is ranked by points less hits, with adjustments. Rows
    come in the order of entries, but for a chunk's entries without a captain, who come last in it.
    """
    points = live.round_points()
    earned = np.where(live.lineups.present, live.earned(), ABSENT).astype(np.int32)
    totals = _Totals(
        points=points,
        ranks=Ladder.of(live.totals).ranks(live.totals),
        round_ranks=Ladder.of(earned).ranks(earned),
        bench=live.bench_points(),
    )
    numbers = np.flatnonzero(live.lineups.present)
    for start in range(0, len(numbers), _CHUNK):
        yield from _rows(live, round_id, totals, numbers[start : start + _CHUNK])


def _rows(live: LiveRound, round_id: int, totals: _Totals, numbers: Places) -> Iterator[bytes]:
    """Rows of one layout together: with a captain or without."""
    counted = count(live.shape, live.lineups, live.form, live.positions, numbers)
    unit = live.shape.unit
    is_led = counted.weights.max(axis=0, initial=unit) > unit
    for has_captain in (True, False):
        chosen = np.flatnonzero(is_led == has_captain)
        if not len(chosen):
            continue
        own = numbers[chosen]
        part = Counted(counted.weights[:, chosen], counted.relieved[:, chosen])
        values = _plain_values(live, totals, own) | {"round_id": round_id}
        values |= _told_values(live, part, own)
        row = _layout(live.shape.squad - live.shape.starters, has_captain=has_captain)
        yield encoded(row, values, len(own))


def _layout(reserves: int, *, has_captain: bool) -> np.dtype[np.void]:
    kinds = {
        "round_id": ">i8",
        "entry_id": ">i8",
        "captain_number": ">i4" if has_captain else "",
        "multiplier": ">i2",
        "relieved": f"V{reserves}",
    }
    return layout([(name, kinds.get(name, ">i4")) for name in COLUMNS])


def _plain_values(live: LiveRound, totals: _Totals, own: Places) -> dict[str, Any]:
    return {
        "entry_id": live.lineups.entry[own],
        "points": totals.points[own],
        "hit": live.lineups.hit[own],
        "adjusted": live.lineups.given[own],
        "total": live.totals[own],
        "rank": totals.ranks[own],
        "round_rank": totals.round_ranks[own],
        "bench_points": totals.bench[own],
    }


def _told_values(live: LiveRound, counted: Counted, own: Places) -> dict[str, Any]:
    unit = live.shape.unit
    multiplier = np.maximum(counted.weights.max(axis=0, initial=unit), unit)
    return {
        "captain_number": live.lineups.players[counted.weights.argmax(axis=0), own],
        "multiplier": multiplier,
        "relieved": _slots_from_one(counted.relieved),
    }


def _slots_from_one(relieved: Bytes) -> Any:
    """Return each entry's column as bytes; NO_SLOT, the highest byte, becomes 0."""
    slots = np.ascontiguousarray(relieved.T) + np.uint8(1)
    return slots.view(f"V{len(relieved)}").reshape(-1) if len(relieved) else np.void(b"")
