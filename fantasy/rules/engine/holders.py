"""Who has a player: for each slot the entries in the order of their players."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from fantasy.rules.engine.shape import Places, Shorts


@dataclass(frozen=True, slots=True, eq=False)
class Holders:
    """`entries[slot, starts[slot, p]:starts[slot, p + 1]]` have player `p` in that slot."""

    entries: npt.NDArray[np.uint32]
    starts: Places

    @classmethod
    def of(cls, players: Shorts, count: int) -> Self:
        """Sort each slot once; `count` players."""
        slots, width = players.shape
        entries = np.empty((slots, width), np.uint32)
        starts = np.zeros((slots, count + 1), np.int64)
        for slot in range(slots):
            # Stable, so that entries of one player ascend: what is read next lies nearby.
            entries[slot] = np.argsort(players[slot], kind="stable")
            held = np.bincount(players[slot], minlength=count)[:count]
            np.cumsum(held, out=starts[slot, 1:])
        return cls(entries, starts)

    def of_player(self, player: int, slot: int) -> npt.NDArray[np.uint32]:
        """Return the entries with that player in that slot, ascending."""
        return self.entries[slot, self.starts[slot, player] : self.starts[slot, player + 1]]
