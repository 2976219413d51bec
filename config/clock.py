"""The one clock of the platform: time is read here and nowhere else.

Replays, tests and the demo move it by the setting `CLOCK`, a dotted path to a callable that returns
an aware UTC datetime.
"""

from datetime import datetime
from functools import lru_cache

from django.conf import settings
from django.core.signals import setting_changed
from django.utils import timezone
from django.utils.module_loading import import_string


@lru_cache(maxsize=1)
def _source() -> object:
    path = getattr(settings, "CLOCK", None)
    return import_string(path) if path else timezone.now


def now() -> datetime:
    """Return the present moment, aware and in UTC."""
    return _source()()  # type: ignore[operator, no-any-return]


def ago(moment: datetime | None, at: datetime | None = None) -> str:
    """Return how long before now, or `at`, that was, as people who curate say it."""
    if moment is None:
        return "never"
    seconds = max(0, int(((at or now()) - moment).total_seconds()))
    if seconds < 120:
        return f"{seconds} s"
    if seconds < 7200:
        return f"{seconds // 60} min"
    return f"{seconds // 3600} h" if seconds < 172_800 else f"{seconds // 86_400} days"


def _forget(*, setting: str, **_: object) -> None:
    if setting == "CLOCK":
        _source.cache_clear()


setting_changed.connect(_forget)
