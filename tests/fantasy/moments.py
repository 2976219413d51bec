"""A clock that tests of deadlines move."""

from datetime import UTC, datetime, timedelta

_moment: list[datetime] = []


def now() -> datetime:
    """Return the moment that was set, else the real one."""
    return _moment[-1] if _moment else datetime.now(UTC)


def stand_at(moment: datetime) -> None:
    """Let it be that moment from now on."""
    _moment[:] = [moment]


def forget() -> None:
    """Let the clock run again."""
    _moment.clear()


def just_before(moment: datetime) -> datetime:
    return moment - timedelta(microseconds=1)
