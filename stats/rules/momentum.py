"""Momentum: which side presses, minute by minute. Formula version 1, see docs/models.md.

pressure(t) = sum of w * exp(-(t - t_i) / fade) over the period's events before t, home less away,
as a share of the pack's `full`, -100 to 100. A period begins level.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from leagues.packs.counting import check_all, compiled
from leagues.packs.facts import FoldEvent
from leagues.packs.schema import Pressure, SportPack

FORMULA: Final = "1"
_MINUTE_MS: Final = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """An event as momentum sees it; `side` is the one that gains by it."""

    period: str
    clock_ms: int
    side: str
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MinutePressure:
    """Pressure at the end of a minute of a period (1 is the first), above 0 for home."""

    period: str
    minute: int
    value: float


def act_of(
    pack: SportPack, fact: FoldEvent, *, x: float | None = None, y: float | None = None
) -> Act | None:
    """Return what an event counts for, None for nothing. The pack must have a momentum rule."""
    if fact.team is None:
        return None
    weights = {"home": 0.0, "away": 0.0}
    for pressure, check in _pressures(pack).get(fact.type, ()):
        if _lies_within(pressure, x, y) and (check is None or check(fact)):
            weights[_side(pressure, fact.team)] += pressure.weight + _plus(pressure, fact)
    side = max(weights, key=lambda name: weights[name])
    weight = weights[side] - min(weights.values())
    if not weight:
        return None
    return Act(period=fact.period, clock_ms=fact.clock_ms, side=side, weight=weight)


def momentum(
    pack: SportPack, acts: Iterable[Act], *, lengths_ms: Mapping[str, int]
) -> tuple[MinutePressure, ...]:
    """Return every minute of the periods in `lengths_ms`, which says how long each was played.

    An unfinished last minute is judged at its last moment. Untimed periods have no minutes.
    """
    rule = pack.momentum
    if rule is None:
        return ()
    held: dict[str, list[Act]] = {}
    for act in acts:
        held.setdefault(act.period, []).append(act)
    points = []
    for period in pack.periods:
        for minute in range(1, math.ceil(lengths_ms.get(period.id, 0) / _MINUTE_MS) + 1):
            at_ms = min(minute * _MINUTE_MS, lengths_ms[period.id])
            pressed = _pressure_at(held.get(period.id, ()), at_ms, rule.fade_s * 1000)
            share = max(-1.0, min(1.0, pressed / rule.full))
            points.append(
                MinutePressure(period=period.id, minute=minute, value=round(100 * share, 1))
            )
    return tuple(points)


def _pressure_at(acts: Iterable[Act], at_ms: int, fade_ms: float) -> float:
    return math.fsum(
        (act.weight if act.side == "home" else -act.weight)
        * math.exp((act.clock_ms - at_ms) / fade_ms)
        for act in acts
        if act.clock_ms <= at_ms
    )


Checked = tuple[Pressure, Callable[[FoldEvent], bool] | None]


@lru_cache(maxsize=64)
def _pressures(pack: SportPack) -> Mapping[str, tuple[Checked, ...]]:
    held: dict[str, list[Checked]] = {}
    for pressure in pack.momentum.pressures if pack.momentum else ():
        check = check_all(pressure.when, compiled(pack))
        for name in pressure.events:
            held.setdefault(name, []).append((pressure, check))
    return {name: tuple(found) for name, found in held.items()}


def _side(pressure: Pressure, acting: str) -> str:
    if pressure.side == "acting":
        return acting
    return "away" if acting == "home" else "home"


def _plus(pressure: Pressure, fact: FoldEvent) -> float:
    value = fact.payload.get(pressure.plus) if pressure.plus else None
    # A vendor's nonsense counts nothing rather than ending the fold.
    if isinstance(value, int | float) and math.isfinite(value):
        return float(value)
    return 0.0


def _lies_within(pressure: Pressure, x: float | None, y: float | None) -> bool:
    for bounds, place in ((pressure.x, x), (pressure.y, y)):
        if bounds is not None and (place is None or not bounds[0] <= place <= bounds[1]):
            return False
    return True
