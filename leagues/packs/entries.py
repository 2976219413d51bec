"""The order of a match's facts: sorted entries that any arrival order leads to."""

from bisect import bisect_left, insort
from collections.abc import Iterator
from typing import Any, NamedTuple

from leagues.packs.counting import CompiledPack, Rule
from leagues.packs.facts import FoldEvent
from leagues.packs.schema import MATCH_END, PERIOD_END, PERIOD_START, SCORE_SET, STATUS

BEFORE_PLAY = -1

# Statuses a vendor states without saying when: these do not stop play from going on.
# A tuple: what a vendor states may be unhashable.
_OPEN_STATUSES = ("scheduled", "delayed", "lineups", "postponed", "cancelled", "live")
_PHASES = {PERIOD_START: -1, PERIOD_END: 1}


class Entry(NamedTuple):
    """A current fact with its place: period index, phase in the period, clock, vendor's order."""

    period: int
    phase: int
    clock_ms: int
    order: int
    lineage: Any
    event: FoldEvent
    rule: Rule


Key = tuple[Any, ...]


def entry_of(event: FoldEvent, rule: Rule, pack: CompiledPack) -> Entry:
    """Return the event's entry.

    A period's start comes first and its end last in it, whatever their clocks; the end of the
    match comes after all periods, and after it what a vendor states of the match as a whole.
    """
    last = len(pack.period_index)
    kind = event.type
    if kind == MATCH_END:
        place = last + 1
    elif not event.period and kind == SCORE_SET:
        place = last
    elif not event.period and kind == STATUS:
        stated = event.payload.get("status")
        place = BEFORE_PLAY if stated in _OPEN_STATUSES else last + 2
    elif not event.period:
        place = 0
    else:
        place = pack.period_index.get(event.period, last)
    phase = _PHASES.get(kind, 0)
    return Entry(place, phase, event.clock_ms, event.order, event.lineage, event, rule)


class Entries:
    """A sorted list of entries that can be added and removed one by one."""

    __slots__ = ("items",)

    def __init__(self) -> None:
        self.items: list[Entry] = []

    def add(self, entry: Entry) -> None:
        """Put the entry in its place."""
        # Facts mostly arrive in match order.
        if not self.items or self.items[-1] < entry:
            self.items.append(entry)
        else:
            insort(self.items, entry)

    def remove(self, entry: Entry) -> None:
        """Take the entry out."""
        del self.items[bisect_left(self.items, entry[:5])]

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.items)

    def of_period(self, index: int) -> list[Entry]:
        """Return the entries of one period, in order."""
        low, high = self._bounds(index)
        return self.items[low:high]

    def has_period(self, index: int) -> bool:
        """Return whether anything was told of the period."""
        low, high = self._bounds(index)
        return low < high

    def last_in_period(self, index: int) -> Entry | None:
        """Return the period's last entry in play, its end left out."""
        low = bisect_left(self.items, (index,))
        at = bisect_left(self.items, (index, 1))
        return self.items[at - 1] if at > low else None

    def _bounds(self, index: int) -> tuple[int, int]:
        return bisect_left(self.items, (index,)), bisect_left(self.items, (index + 1,))
