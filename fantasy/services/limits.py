"""How often an entry may save: counted in Redis, the same for pages and API.

The last minutes before a deadline have a bucket of their own and a larger one: nobody is to be
locked out by a limiter. When the counter does not answer, saves go on.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog
from django_ratelimit.core import get_usage
from redis.exceptions import RedisError

LINEUP: Final = "lineup"
TRANSFERS: Final = "transfers"
# Leagues that an entry makes: each is a row for good, and a public one stands in everybody's list.
LEAGUES: Final = "leagues"
# Codes that an entry tries: whoever guesses on would find somebody's league in the end.
CODES: Final = "codes"
_PER_HOUR: Final = {LINEUP: 30, TRANSFERS: 60, LEAGUES: 10, CODES: 30}
_HOUR_S: Final = 3600
_LAST: Final = timedelta(minutes=5)
_IN_THE_LAST: Final = {LINEUP: 60, TRANSFERS: 60, LEAGUES: 10, CODES: 30}
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """Whether one more save is allowed; else `retry_after_s` says when."""

    limit: int
    remaining: int
    retry_after_s: int

    @property
    def is_over(self) -> bool:
        return self.retry_after_s > 0


def spend(kind: str, entry_id: int, *, deadline_at: datetime | None, at: datetime) -> Allowance:
    """Count one save of that kind by the entry and say whether it is allowed."""
    is_late = deadline_at is not None and deadline_at - _LAST <= at < deadline_at
    limit = _IN_THE_LAST[kind] if is_late else _PER_HOUR[kind]
    window_s = int(_LAST.total_seconds()) if is_late else _HOUR_S
    group = f"veze-fantasy-{kind}{'-late' if is_late else ''}"
    try:
        usage = get_usage(
            None,
            group=group,
            key=lambda _group, _request: str(entry_id),
            rate=(limit, window_s),
            increment=True,
        )
    except (RedisError, OSError) as error:
        _log.warning("limiter_unavailable", bucket=group, error=str(error)[:200])
        usage = None
    if not usage or not usage["limit"]:
        return Allowance(limit=limit, remaining=limit, retry_after_s=0)
    over = usage["count"] > limit
    return Allowance(
        limit=limit,
        remaining=max(0, limit - usage["count"]),
        retry_after_s=max(1, usage["time_left"]) if over else 0,
    )
