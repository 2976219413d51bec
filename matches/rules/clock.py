"""The match clock between two tellings of the vendor, and from when on its word is old (LIVE-7)."""

from datetime import datetime
from typing import Final

from leagues.packs.schema import SportPack

DELAYED_S: Final = 30
SILENT_S: Final = 120


def clock_now_ms(clock_ms: int, running_since: datetime | None, at: datetime) -> int:
    """Return the clock at `at`, in ms since the period's start: it stands unless it runs."""
    if running_since is None:
        return clock_ms
    return clock_ms + max(0, int((at - running_since).total_seconds() * 1000))


def is_half_way(pack: SportPack, period_id: str) -> bool:
    """Return whether half of the regular periods are over at the end of this one."""
    regular = [period.id for period in pack.periods if period.kind == "regular"]
    return len(regular) % 2 == 0 and period_id == regular[len(regular) // 2 - 1]


def age_ms(data_at: datetime | None, at: datetime) -> int | None:
    """Return how old data of that moment is; None where there is none."""
    return None if data_at is None else max(0, round((at - data_at).total_seconds() * 1000))
