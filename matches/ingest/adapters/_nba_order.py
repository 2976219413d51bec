"""The league's order of free throws and substitutions, which decides the plus-minus.

A free throw counts for those who were on when the foul was called, although its shooter's team
may substitute before it is taken. So it is placed right after its foul.
"""

from collections.abc import Iterable
from dataclasses import replace

from matches.ingest.documents import FeedEvent

_FREE_THROWS = frozenset(("free_throw_made", "free_throw_missed"))
_FOULS = frozenset(("foul", "technical_foul"))


def free_throws_at_fouls(events: Iterable[FeedEvent]) -> list[FeedEvent]:
    """Return the events, in the vendor's order, with free throws placed after their fouls.

    The vendor's orders must leave room: at least 20 from one event to the next.
    """
    placed = []
    foul: FeedEvent | None = None
    follows = 0
    for event in events:
        if event.type in _FOULS:
            foul, follows = event, 0
        if event.type in _FREE_THROWS and foul is not None and _is_same_time(event, foul):
            follows += 1
            placed.append(replace(event, order=foul.order + follows))
        else:
            placed.append(event)
    return placed


def _is_same_time(event: FeedEvent, foul: FeedEvent) -> bool:
    return (event.period, event.clock_ms) == (foul.period, foul.clock_ms)
