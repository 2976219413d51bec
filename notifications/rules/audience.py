"""Who hears what and when: presets of a pack, quiet hours in the user's zone."""

from collections.abc import Collection, Sequence
from datetime import datetime, time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from leagues.packs.schema import NoticeRule

ALL = "all"
CHOSEN = "chosen"


def kinds_of(
    notices: Sequence[NoticeRule], preset: str, chosen: Collection[str] = ()
) -> frozenset[str]:
    """Return the ids of a sport's notices that a preset has, or those chosen one by one."""
    if preset == CHOSEN:
        return frozenset(chosen)
    return frozenset(n.id for n in notices if preset == ALL or preset in n.presets)


def is_quiet(at: datetime, *, since: time | None, until: time | None, zone: str) -> bool:
    """Whether a moment lies in the quiet hours, which may go beyond midnight.

    Equal ends are a whole day; an unknown zone is UTC.
    """
    if since is None or until is None:
        return False
    try:
        local = at.astimezone(ZoneInfo(zone or "UTC")).time()
    except (ZoneInfoNotFoundError, ValueError, OSError):
        local = at.astimezone(ZoneInfo("UTC")).time()
    if since < until:
        return since <= local < until
    return local >= since or local < until
