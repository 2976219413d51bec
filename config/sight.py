"""What the reader of this request may be told: nothing newer than a moment, and which scores.

A reader who watches a recording or a late stream asks for a delay; who will watch later asks for
hidden scores. Both are kept here for the length of a request, and `matches.models` obeys: whoever
loads a match gets it as its reader may see it, and nobody has to think of it.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from config.clock import now

MAX_DELAY_S: Final = 180
# Few different delays, so that readers with the same one share their frames.
DELAY_STEP_S: Final = 5
DELAY_COOKIE: Final = "delay"
HIDE_COOKIE: Final = "hide_scores"
SHOWN_COOKIE: Final = "shown"
MOST_SHOWN: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """How a reader wants to be spared; `shown` are public ids whose scores were asked for."""

    delay_s: int = 0
    hides_scores: bool = False
    shown: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return self.delay_s > 0 or self.hides_scores


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """A wish at work: `until` is the newest moment that may be told, None: the present.

    `memo` holds what was looked up once for all that this request reads.
    """

    wish: Wish
    until: datetime | None
    memo: dict[str, Any] = field(default_factory=dict)

    def hides(self, public_id: str | None) -> bool:
        """Whether the scores of a match or of a season's table are hidden."""
        return self.wish.hides_scores and public_id not in self.wish.shown


_sight: ContextVar[Sight | None] = ContextVar("sight", default=None)


def sight() -> Sight | None:
    """Return how the present reader sees; None for one who may be told everything."""
    return _sight.get()


def told_now() -> datetime:
    """Return the moment that the present reader lives in: the present, less his delay."""
    seen = _sight.get()
    return now() if seen is None or seen.until is None else seen.until


@contextmanager
def seeing(wish: Wish) -> Iterator[None]:
    """Let everything that is read inside be as a reader with this wish may see it."""
    token = _sight.set(_sight_of(wish) if wish else None)
    try:
        yield
    finally:
        _sight.reset(token)


@contextmanager
def scores_shown() -> Iterator[None]:
    """Let scores be read inside whatever the reader hides elsewhere, not sooner than he wants."""
    seen = _sight.get()
    with seeing(Wish(delay_s=seen.wish.delay_s) if seen else Wish()):
        yield


def _sight_of(wish: Wish) -> Sight:
    until = now() - timedelta(seconds=wish.delay_s) if wish.delay_s else None
    return Sight(wish=wish, until=until)


def release_at(happened_at: datetime, wish: Wish) -> datetime:
    """Return from when on a reader may be told of it: for messages that are sent, not asked for."""
    return happened_at + timedelta(seconds=wish.delay_s)


def whole_delay_s(seconds: object) -> int:
    """Return a delay within bounds, rounded up to the step; 0 for what is no number."""
    text = str(seconds)
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        return 0
    return min(-(-int(text) // DELAY_STEP_S) * DELAY_STEP_S, MAX_DELAY_S)


def wish_of(user: Any, cookies: Mapping[str, str]) -> Wish:
    """Return what a visitor wants: a user's profile counts everywhere, else the browser's cookies.

    Which scores were asked for is always the browser's.
    """
    shown = frozenset(filter(None, cookies.get(SHOWN_COOKIE, "").split(".")[:MOST_SHOWN]))
    if user is not None and user.is_authenticated:
        delay_s, hides_scores = user.spoiler_delay_s, user.hides_scores
    else:
        delay_s, hides_scores = cookies.get(DELAY_COOKIE, 0), HIDE_COOKIE in cookies
    return Wish(delay_s=whole_delay_s(delay_s), hides_scores=hides_scores, shown=shown)
