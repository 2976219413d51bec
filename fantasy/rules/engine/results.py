"""What each line-up brought once a round is over, as rows for COPY."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from fantasy.rules.engine.copying import encoded, layout
from fantasy.rules.engine.lineups import ABSENT
from fantasy.rules.engine.live import LiveRound
from fantasy.rules.engine.ranking import Ladder
from fantasy.rules.engine.shape import Bytes, Ints, Places, Shorts
from fantasy.rules.engine.weights import NO_SLOT, Counted, count

COLUMNS = (
    "entry_id",
    "round_id",
    "points",
    "hit",
    "adjusted",
    "total",
    "rank",
    "round_rank",
    "bench_points",
    "captain_number",
    "multiplier",
    "substitutions",
)
_CHUNK = 65_536
_DIGITS = 5
# The binary form of jsonb begins with its version.
_JSONB = b"\x01"
_PAIR = b"[     ,     ]"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Totals:
    points: Ints
    ranks: Ints
    round_ranks: Ints
    bench: Ints


def rows_of(live: LiveRound, round_id: int) -> Iterator[bytes]:
    """Return chunks of rows, columns as in COLUMNS; entries without a line-up have none.

    `points` are the players' alone. A round is ranked by points less hits, with adjustments.
    """
    points = live.round_points()
    earned = points - live.lineups.hit + live.lineups.given
    earned = np.where(live.lineups.present, earned, ABSENT).astype(np.int32)
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
    """Rows of one layout together: so many substitutions, with a captain or without."""
    counted = count(live.shape, live.lineups, live.form, live.positions, numbers)
    swaps = (counted.relieved != NO_SLOT).sum(axis=0)
    is_led = counted.weights.max(axis=0) > 1
    kinds = swaps * 2 + is_led
    for kind in np.unique(kinds):
        chosen = np.flatnonzero(kinds == kind)
        own = numbers[chosen]
        part = Counted(counted.weights[:, chosen], counted.relieved[:, chosen])
        values = _plain_values(live, totals, own) | {"round_id": round_id}
        values |= _told_values(live, part, own, int(kind) // 2)
        yield encoded(_layout(int(kind) // 2, has_captain=bool(kind % 2)), values, len(own))


def _layout(swaps: int, *, has_captain: bool) -> np.dtype[np.void]:
    width = len(_JSONB) + len(_json_frame(swaps))
    kinds = {
        "entry_id": ">i8",
        "round_id": ">i8",
        "captain_number": ">i4" if has_captain else "",
        "multiplier": ">i2",
        "substitutions": f"V{width}",
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


def _told_values(live: LiveRound, counted: Counted, own: Places, swaps: int) -> dict[str, Any]:
    players = live.lineups.players[:, own]
    every = np.arange(len(own))
    multiplier = np.maximum(counted.weights.max(axis=0, initial=1), 1)
    return {
        "captain_number": players[counted.weights.argmax(axis=0), every],
        "multiplier": multiplier,
        "substitutions": _json(_swapped(players, counted.relieved, live.shape.starters, swaps)),
    }


def _swapped(players: Shorts, relieved: Bytes, starters: int, swaps: int) -> Shorts:
    """Return per entry (a row) the numbers out, in, out, in ... in the order of slots."""
    order = np.argsort(relieved, axis=0, kind="stable")[:swaps]
    every = np.arange(players.shape[1])
    found = np.empty((players.shape[1], 2 * swaps), np.uint16)
    for place in range(swaps):
        reserve = order[place]
        found[:, 2 * place] = players[relieved[reserve, every], every]
        found[:, 2 * place + 1] = players[starters + reserve, every]
    return found


def _json_frame(swaps: int) -> bytes:
    return b"[" + b",".join([_PAIR] * swaps) + b"]"


def _json(numbers: Shorts) -> Any:
    """Return each row of numbers as jsonb, [[out, in], ...], all of one width."""
    swaps = numbers.shape[1] // 2
    frame = np.frombuffer(_JSONB + _json_frame(swaps), np.uint8)
    text = np.tile(frame, (len(numbers), 1))
    for place in range(2 * swaps):
        pair, side = divmod(place, 2)
        end = len(_JSONB) + 1 + pair * (len(_PAIR) + 1) + 1 + side * (_DIGITS + 1) + _DIGITS
        rest = numbers[:, place].copy()
        for digit in range(_DIGITS):
            is_told = (rest > 0) | (digit == 0)
            text[:, end - 1 - digit] = np.where(is_told, rest % 10 + ord("0"), ord(" "))
            rest //= 10
    return text.view(f"V{text.shape[1]}").reshape(-1)
