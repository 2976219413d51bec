"""The frozen line-ups of a round as arrays: a row per slot, a column per entry."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fantasy.rules.engine.shape import NOBODY, Bits, Bytes, Ints, Shorts

# The total of a number that plays no part in the round.
ABSENT = np.iinfo(np.int32).min


@dataclass(slots=True, eq=False, kw_only=True)
class Lineups:
    """Columns are the entries' numbers in the game; who has no line-up is not `present`.

    `players` (slots x entries) holds players' numbers. `captain` and `vice` are slots from 0.
    `multiplier` is what the captain counts, the unit where nobody is; `boosted` benches count.
    `base` is what an entry has apart from its players: the season before, less the round's `hit`,
    and points `given` by hand. `entry` holds ids. `country` is a place in `countries`, 0 for none.
    """

    players: Shorts
    captain: Bytes
    vice: Bytes
    multiplier: Bytes
    boosted: Bits
    base: Ints
    hit: Ints
    given: Ints
    entry: npt.NDArray[np.int64]
    country: Bytes
    present: Bits
    countries: tuple[str, ...] = ("",)

    @classmethod
    def empty(cls, *, slots: int, entries: int) -> "Lineups":
        """Line-ups that nobody has handed in yet."""
        return cls(
            players=np.full((slots, entries), NOBODY, np.uint16),
            captain=np.zeros(entries, np.uint8),
            vice=np.zeros(entries, np.uint8),
            multiplier=np.ones(entries, np.uint8),
            boosted=np.zeros(entries, np.bool_),
            base=np.zeros(entries, np.int32),
            hit=np.zeros(entries, np.int32),
            given=np.zeros(entries, np.int32),
            entry=np.zeros(entries, np.int64),
            country=np.zeros(entries, np.uint8),
            present=np.zeros(entries, np.bool_),
        )

    @property
    def entries(self) -> int:
        return len(self.base)
