"""Totals of all entries of a round, kept true event by event."""

from dataclasses import dataclass, field

import numpy as np

from fantasy.rules.engine.holders import Holders
from fantasy.rules.engine.lineups import ABSENT, Lineups
from fantasy.rules.engine.shape import Bytes, Form, Ints, Places, Shape
from fantasy.rules.engine.weights import count

# So many entries are worked on at once where a round is counted anew.
_CHUNK = 65_536
# One in so many has a player in the same slot: that is a crowd.
_CROWD = 12


@dataclass(slots=True, eq=False, kw_only=True)
class LiveRound:
    """The line-ups of a round, who holds whom, and the totals under the present form.

    `positions` holds each player's position, by his number. `apply` is told the whole form and
    works on what is new in it, so that a form may be told twice, and one may be left out. `carried`
    is what entries have in earlier rounds that are not settled yet; it is in `lineups.base`, too.
    """

    shape: Shape
    lineups: Lineups
    positions: Bytes
    form: Form = field(init=False)
    holders: Holders = field(init=False)
    weights: Bytes = field(init=False)
    totals: Ints = field(init=False)
    carried: Ints = field(init=False)

    def __post_init__(self) -> None:
        """Count the round before its start."""
        self.carried = np.zeros(self.lineups.entries, np.int32)
        self.positions = np.append(self.positions, np.uint8(0))
        self.holders = Holders.of(self.lineups.players, self.players)
        self.form = _with_nobody(Form.before_the_start(self.players))
        self.weights = np.empty(self.lineups.players.shape, np.uint8)
        self.totals = np.empty(self.lineups.entries, np.int32)
        for start in range(0, self.lineups.entries, _CHUNK):
            self._recount(slice(start, start + _CHUNK))

    @property
    def players(self) -> int:
        return len(self.positions) - 1

    def apply(self, form: Form) -> Places:
        """Bring all totals to this form; return the players' numbers that count otherwise now."""
        new = _with_nobody(form)
        old, self.form = self.form, new
        moved = np.flatnonzero(new.points != old.points)
        for player in moved:
            self._add(int(player), int(new.points[player]) - int(old.points[player]))
        came = np.flatnonzero(new.stays != old.stays)
        ready = np.flatnonzero(new.enters != old.enters)
        if len(came) or len(ready):
            columns = self._concerned(came, ready)
            for start in range(0, len(columns), _CHUNK):
                self._recount(columns[start : start + _CHUNK])
        return np.union1d(np.union1d(moved, came), ready)

    def carry(self, points: Ints) -> bool:
        """Let entries go on from these points of rounds before; return whether any are others.

        Numbers beyond the end of `points` bring nothing, those beyond the round's are left out.
        """
        carried = np.zeros(self.lineups.entries, np.int32)
        known = min(len(points), len(carried))
        carried[:known] = points[:known]
        more = np.where(self.lineups.present, carried - self.carried, 0).astype(np.int32)
        if not more.any():
            return False
        self.carried = carried
        self.lineups.base += more
        self.totals += more
        return True

    def earned(self) -> Ints:
        """Return what each entry has in the round: points, less its hit, and what was given."""
        return self.round_points() - self.lineups.hit + self.lineups.given

    def round_points(self) -> Ints:
        """Return what each entry's players brought, without its hit and what was given by hand."""
        return np.where(self.lineups.present, self.totals - self.lineups.base, 0).astype(np.int32)

    def bench_points(self) -> Ints:
        """Return the points that sat on each entry's bench and did not count."""
        found = np.zeros(self.lineups.entries, np.int32)
        for slot in range(self.shape.starters, self.shape.squad):
            found += np.where(self.weights[slot] == 0, self._points_in(slot), 0)
        return found * np.int32(self.shape.unit)

    def _points_in(self, slot: int) -> Ints:
        players = np.minimum(self.lineups.players[slot], self.players)
        points: Ints = self.form.points[players]
        return points

    def _add(self, player: int, points: int) -> None:
        for slot in range(self.shape.slots):
            holders = self.holders.of_player(player, slot)
            if len(holders) * _CROWD > self.lineups.entries:
                # To go through everybody in order is quicker than to pick so many out.
                counted = (self.lineups.players[slot] == player).view(np.uint8)
                counted *= self.weights[slot]
                self.totals += np.multiply(counted, points, dtype=np.int32)
            elif len(holders):
                counted = np.multiply(self.weights[slot][holders], points, dtype=np.int32)
                self.totals[holders] += counted

    def _concerned(self, came: Places, ready: Places) -> Places:
        """Those whose starters or bench the news is about."""
        is_concerned = np.zeros(self.lineups.entries, np.bool_)
        starters = range(self.shape.starters)
        bench = range(self.shape.starters, self.shape.squad)
        for slots, players in ((starters, came), (bench, ready)):
            for slot in slots:
                for player in players:
                    is_concerned[self.holders.of_player(int(player), slot)] = True
        return np.flatnonzero(is_concerned)

    def _recount(self, columns: Places | slice) -> None:
        weights, _ = count(self.shape, self.lineups, self.form, self.positions, columns)
        self.weights[:, columns] = weights
        totals = self.lineups.base[columns].copy()
        players = np.minimum(self.lineups.players[:, columns], self.players)
        for slot in range(self.shape.slots):
            totals += weights[slot] * self.form.points[players[slot]]
        self.totals[columns] = np.where(self.lineups.present[columns], totals, ABSENT)


def _with_nobody(form: Form) -> Form:
    """Add a last player, who is nobody: he stays, does nothing and never comes on."""
    return Form(
        points=np.append(form.points, np.int32(0)),
        stays=np.append(form.stays, True),
        enters=np.append(form.enters, False),
    )
