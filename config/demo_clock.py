"""The clock of the process that plays the demo's managers: it stands in the past while they do."""

from datetime import UTC, datetime

_moments: list[datetime] = []


def now() -> datetime:
    """Return the moment that was set, else the present one."""
    return _moments[-1] if _moments else datetime.now(UTC)


def stand_at(moment: datetime) -> None:
    """Let it be that moment until told otherwise."""
    _moments[:] = [moment]


def run_again() -> None:
    """Let it be the present again."""
    _moments.clear()
