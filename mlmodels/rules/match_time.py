"""How much of a match is still to be played."""

import math
from collections.abc import Mapping

from leagues.packs.schema import Period, SportPack


def remaining_share(
    pack: SportPack,
    *,
    period: str,
    clock_ms: int,
    has_ended: bool = False,
    lengths_ms: Mapping[str, int] | None = None,
) -> float:
    """Return what is to come as a share of regular time, 0 to 1.

    In overtime: what is to come of it, as a share of regular time. `lengths_ms` are lengths that
    the log tells in place of the pack's. A period that may run over has `added_ms` left when its
    length is up, and from there less and less, never nothing until it has ended. 0 in a
    shoot-out, 1 for untimed sports.
    """
    told = lengths_ms or {}
    added_ms = pack.strength.added_ms if pack.strength else 0
    regular = [p for p in pack.periods if p.kind == "regular"]
    whole_ms = sum(_length(p, told) + added_ms for p in regular)
    now = pack.period(period)
    if now is not None and now.kind == "shootout":
        return 0.0
    if now is None or not sum(_length(p, told) for p in regular):
        return 1.0
    left_ms = 0.0 if has_ended else _left(_length(now, told), clock_ms, added_ms)
    later = pack.periods[pack.periods.index(now) + 1 :]
    left_ms += sum(_length(p, told) + added_ms for p in later if _follows(p, now, pack))
    return min(1.0, left_ms / whole_ms)


def _follows(period: Period, now: Period, pack: SportPack) -> bool:
    """Overtime before a shoot-out has all its periods, any other ends when it has a winner."""
    if period.kind != now.kind or period.sudden_death:
        return False
    has_shootout = any(p.kind == "shootout" for p in pack.periods)
    return period.kind == "regular" or has_shootout


def _length(period: Period, told: Mapping[str, int]) -> int:
    return told.get(period.id) or period.length_ms


def _left(length_ms: int, clock_ms: int, added_ms: int) -> float:
    if clock_ms <= length_ms:
        return length_ms - clock_ms + added_ms
    return added_ms * math.exp((length_ms - clock_ms) / added_ms) if added_ms else 0.0
