"""Exact ranks out of totals: equal totals share a rank, the ranks after them are left out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import numpy.typing as npt

from fantasy.rules.engine.lineups import ABSENT
from fantasy.rules.engine.shape import Ints, Places

# Beyond it a histogram would hold mostly zeros; totals are sorted instead.
_MOST_BUCKETS = 4_194_304
_HIGHEST = np.iinfo(np.int32).max


@dataclass(frozen=True, slots=True, eq=False)
class Ladder:
    """How many stand above each total.

    `above[total - floor]`, where `floor` lies one below the lowest total; or, where totals lie far
    apart, `ascending` totals.
    """

    floor: int
    above: Ints
    ascending: Ints | None = None

    @classmethod
    def of(cls, totals: Ints) -> Self:
        """Count totals into a histogram; those that are ABSENT are left out."""
        lowest = int(totals.min(initial=_HIGHEST))
        held = totals if lowest != ABSENT else totals[totals != ABSENT]
        if not len(held):
            return cls(0, np.zeros(1, np.int32))
        floor = int(held.min()) - 1
        width = int(held.max()) - floor + 1
        if width > _MOST_BUCKETS:
            return cls(floor, np.zeros(0, np.int32), np.sort(held))
        counts = np.bincount(held - np.int32(floor), minlength=width)
        return cls(floor, (len(held) - np.cumsum(counts)).astype(np.int32))

    @property
    def size(self) -> int:
        """How many are ranked."""
        return int(self.above[0]) if self.ascending is None else len(self.ascending)

    def rank(self, total: int) -> int:
        """Return the rank of one with that total, whether or not anybody has it."""
        if self.ascending is not None:
            below = np.searchsorted(self.ascending, total, side="right")
            return len(self.ascending) - int(below) + 1
        place = min(max(total - self.floor, 0), len(self.above) - 1)
        return self.above.item(place) + 1

    def ranks(self, totals: Ints) -> Ints:
        """Return the ranks of totals that were counted, 0 for those that are ABSENT."""
        if self.ascending is not None:
            below = np.searchsorted(self.ascending, totals, side="right")
            ranks = (len(self.ascending) - below + 1).astype(np.int32)
        else:
            ranks = self.above[np.maximum(totals, self.floor) - np.int32(self.floor)] + np.int32(1)
        if len(totals) and totals.min() == ABSENT:
            ranks[totals == ABSENT] = 0
        return ranks

    def total_at(self, rank: int) -> int:
        """Return the lowest total whose rank is at most `rank`."""
        if self.ascending is not None:
            return int(self.ascending[max(len(self.ascending) - rank, 0)])
        # `above` falls from place to place.
        return self.floor + int(np.searchsorted(-self.above, 1 - rank))


def top(totals: Ints, ladder: Ladder, count: int) -> Places:
    """Return the numbers of the first `count` entries; equal ones in the order of their numbers."""
    return window(totals, ladder, 0, count)


def window(totals: Ints, ladder: Ladder, start: int, count: int) -> Places:
    """Return the numbers of the entries in the places `start` (from 0) up to `start + count`.

    Places are by total, equal ones by number. The totals are gone through, never sorted.
    """
    count = min(count, ladder.size - start)
    if count <= 0:
        return np.zeros(0, np.int64)
    high, low = ladder.total_at(start + 1), ladder.total_at(start + count)
    skipped = start - ladder.rank(high) + 1
    first = np.flatnonzero(totals == high)[skipped : skipped + count]
    if high == low:
        return first
    between = np.flatnonzero((totals < high) & (totals > low))
    between = between[np.lexsort((between, -totals[between].astype(np.int64)))]
    last = np.flatnonzero(totals == low)[: count - len(first) - len(between)]
    return np.concatenate((first, between, last))


def ranks_within(points: Ints, ties: Ints | None = None) -> Ints:
    """Return the competition ranks of one group, say a league; fewer in `ties` is better."""
    keys = _keys(points, ties)
    descending = np.sort(-keys)
    return (np.searchsorted(descending, -keys, side="left") + 1).astype(np.int32)


def ranks_by_group(groups: Ints, points: Ints, ties: Ints | None = None) -> Ints:
    """Return for each membership its competition rank in its group, all groups at once.

    A membership is a row of `groups` (a league's place in some order), its points and its tie.
    """
    if not len(groups):
        return np.zeros(0, np.int32)
    keys = _keys(points, ties)
    keys -= keys.min()
    span = int(keys.max()) + 1
    if int(groups.max()) * span + span >= 2**62:
        keys = np.unique(keys, return_inverse=True)[1]
        span = int(keys.max()) + 1
    combined = groups.astype(np.int64) * span + (span - 1 - keys)
    order = np.argsort(combined, kind="stable")
    ordered, leagues = combined[order], groups[order]
    places = np.arange(len(order))
    begins = np.r_[True, leagues[1:] != leagues[:-1]]
    is_first = np.r_[True, ordered[1:] != ordered[:-1]]
    first_of_group = np.maximum.accumulate(np.where(begins, places, 0))
    first_of_level = np.maximum.accumulate(np.where(is_first, places, 0))
    ranks = np.empty(len(order), np.int32)
    ranks[order] = first_of_level - first_of_group + 1
    return ranks


def _keys(points: Ints, ties: Ints | None) -> Places:
    if ties is None:
        return points.astype(np.int64)
    return points.astype(np.int64) * 2**20 - np.minimum(ties, 2**20 - 1)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Standings:
    """Totals of a round at one moment, by entries' numbers, and what can be asked of them.

    `carried` is what of the totals comes from earlier rounds that are not settled; None: nothing.
    """

    totals: Ints
    ladder: Ladder
    country: npt.NDArray[np.uint8]
    countries: tuple[str, ...]
    carried: Ints | None = None
    # Made when first asked for.
    ladders: dict[int, Ladder] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        totals: Ints,
        country: npt.NDArray[np.uint8],
        countries: Sequence[str] = ("",),
        carried: Ints | None = None,
    ) -> Self:
        """Count the histogram."""
        return cls(
            totals=totals,
            ladder=Ladder.of(totals),
            country=country,
            countries=tuple(countries),
            carried=carried if carried is not None and carried.any() else None,
        )

    def total(self, number: int) -> int | None:
        """Return an entry's total, None where it plays no part in the round."""
        if not 0 <= number < len(self.totals):
            return None
        total = self.totals.item(number)
        return None if total == ABSENT else total

    def carried_by(self, number: int) -> int:
        """Return what of an entry's total comes from earlier rounds that are not settled."""
        if self.carried is None or not 0 <= number < len(self.carried):
            return 0
        return self.carried.item(number)

    def rank(self, number: int) -> int | None:
        """Return an entry's rank among all."""
        total = self.total(number)
        return None if total is None else self.ladder.rank(total)

    def rank_in_country(self, number: int) -> int | None:
        """Return an entry's rank among those of its country, None where it told none."""
        total = self.total(number)
        code = 0 if total is None else self.country.item(number)
        return self._ladder(code).rank(total) if total is not None and code else None

    def top(self, count: int, *, country: str = "") -> Places:
        """Return the numbers of the first `count`, of all or of a country."""
        return self.window(0, count, country=country)

    def size(self, *, country: str = "") -> int:
        """Return how many are ranked, of all or of a country."""
        if not country:
            return self.ladder.size
        code = self._code(country)
        return self._ladder(code).size if code else 0

    def window(self, start: int, count: int, *, country: str = "") -> Places:
        """Return the numbers of those in the places from `start` (from 0) on, as `window` does."""
        if not country:
            return window(self.totals, self.ladder, start, count)
        code = self._code(country)
        if not code:
            return np.zeros(0, np.int64)
        members = np.flatnonzero((self.country == code) & (self.totals != ABSENT))
        return members[window(self.totals[members], self._ladder(code), start, count)]

    def place(self, number: int, *, country: str = "") -> int | None:
        """Return an entry's place (from 0), of all or of a country; None where it has none."""
        total = self.total(number)
        code = self._code(country) if country else 0
        if total is None or (country and (not code or self.country.item(number) != code)):
            return None
        level = self.totals[:number] == total
        if code:
            level &= self.country[:number] == code
        ladder = self._ladder(code) if code else self.ladder
        return ladder.rank(total) - 1 + int(np.count_nonzero(level))

    def ranks_of(self, numbers: Places, *, country: str = "") -> Ints:
        """Return the ranks of entries that play, among all or among those of their country."""
        ladder = self._ladder(self._code(country)) if country else self.ladder
        return ladder.ranks(self.totals[numbers])

    def _code(self, country: str) -> int:
        """The number of a country, 0 for one that nobody is from."""
        return self.countries.index(country) if country in self.countries else 0

    def _ladder(self, code: int) -> Ladder:
        if code not in self.ladders:
            self.ladders[code] = Ladder.of(self.totals[self.country == code])
        return self.ladders[code]

    def of_members(self, numbers: Places, offsets: Ints | int = 0) -> Ints:
        """Return points of a league's members: totals less what they had when it began.

        Entries that play no part in the round keep ABSENT.
        """
        totals = self.totals[numbers]
        return np.where(totals == ABSENT, ABSENT, totals - offsets).astype(np.int32)
