"""How often each slot of each line-up counts: substitutions, the captain and who stands in for him.

The same rule as `fantasy.rules.lineups.automatic_substitutions`, for many entries at once.
"""

from typing import NamedTuple

import numpy as np

from fantasy.rules.engine.lineups import Lineups
from fantasy.rules.engine.shape import Bits, Bytes, Form, Ints, Places, Shape, Shorts

# In `Counted.relieved`: this reserve came on for nobody.
NO_SLOT = 255


class Counted(NamedTuple):
    """A column per entry. `weights` (a row per slot): 0 does not count, the shape's unit once, the
    captain his multiplier. `relieved` (a row per reserve): the slot whose starter he came on for.
    """

    weights: Bytes
    relieved: Bytes


def count(
    shape: Shape, lineups: Lineups, form: Form, positions: Bytes, columns: Places | slice
) -> Counted:
    """Return what counts in those columns of the line-ups.

    `positions` holds a position per player. `form` and `positions` end with a row for nobody,
    which numbers beyond them mean.
    """
    players = np.minimum(lineups.players[:, columns], len(positions) - 1)
    boosted = lineups.boosted[columns]
    weights = np.empty(players.shape, np.uint8)
    weights[: shape.starters] = shape.unit
    weights[shape.starters : shape.squad] = boosted * np.uint8(shape.unit)
    weights[shape.squad :] = shape.unit
    relieved = np.full((shape.squad - shape.starters, players.shape[1]), NO_SLOT, np.uint8)
    if shape.substitutes:
        away = ~form.stays[players[: shape.starters]] & ~boosted
        touched = np.flatnonzero(away.any(axis=0))
        # With a place left empty no shape is legal, before or after.
        nobody = len(positions) - 1
        touched = touched[(players[: shape.starters, touched] != nobody).all(axis=0)]
        if len(touched):
            bench = _Bench(shape, players[:, touched], form, positions)
            relieved[:, touched] = bench.relieve(away[:, touched])
            weights[:, touched] = bench.weights
    _crown(shape, weights, players, form.stays, lineups, columns)
    return Counted(weights, relieved)


class _Bench:
    """Substitutions of squads (a column each) of which somebody is absent."""

    def __init__(self, shape: Shape, squads: Shorts, form: Form, positions: Bytes) -> None:
        self.shape = shape
        self.where = positions[squads]
        self.free: Bits = form.enters[squads[shape.starters : shape.squad]]
        self.weights = np.full(squads.shape, shape.unit, np.uint8)
        self.weights[shape.starters : shape.squad] = 0
        starters = self.where[: shape.starters]
        # How many of each position play, a row per position.
        self.fielded: Ints = np.stack(
            [(starters == p).sum(axis=0, dtype=np.int32) for p in range(len(shape.most))]
        )
        self.fewest, self.most = np.array(shape.fewest), np.array(shape.most)

    def relieve(self, away: Bits) -> Bytes:
        """Take absent starters in the order of slots, for each the first who may come on."""
        relieved = np.full(self.free.shape, NO_SLOT, np.uint8)
        for slot in range(self.shape.starters):
            waiting = np.flatnonzero(away[slot])
            for place in range(len(relieved)):
                if not len(waiting):
                    break
                done = self._bring_on(place, slot, waiting)
                relieved[place, done] = slot
                waiting = waiting[self.weights[slot, waiting] > 0]
        return relieved

    def _bring_on(self, place: int, slot: int, waiting: Places) -> Places:
        """Let the reserve come on for that slot where he may; return where he did."""
        reserve = self.shape.starters + place
        ready = waiting[self.free[place, waiting]]
        leaves, enters = self.where[slot, ready], self.where[reserve, ready]
        is_legal = leaves == enters
        is_legal |= (self.fielded[leaves, ready] > self.fewest[leaves]) & (
            self.fielded[enters, ready] < self.most[enters]
        )
        done: Places = ready[is_legal]
        leaves, enters = leaves[is_legal], enters[is_legal]
        self.weights[slot, done] = 0
        self.weights[reserve, done] = self.shape.unit
        self.free[place, done] = False
        self.fielded[leaves, done] -= 1
        self.fielded[enters, done] += 1
        return done


def _crown(
    shape: Shape,
    weights: Bytes,
    players: Shorts,
    stays: Bits,
    lineups: Lineups,
    columns: Places | slice,
) -> None:
    """Let the captain count his multiplier, or the vice-captain where the captain is absent."""
    captain, vice = lineups.captain[columns], lineups.vice[columns]
    every = np.arange(players.shape[1])
    leads = captain
    if shape.has_vice:
        leads = np.where(stays[players[captain, every]], captain, vice)
    crowned = every[stays[players[leads, every]]]
    held = weights[leads[crowned], crowned] > 0
    weights[leads[crowned], crowned] = held * lineups.multiplier[columns][crowned]
