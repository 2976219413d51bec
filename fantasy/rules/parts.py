"""What the points of a line-up consist of: parts that add up, none of them mixed with another."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fractions import Fraction

from fantasy.rules.game import GameRules
from fantasy.rules.lineups import Slot
from fantasy.rules.settling import Settled


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """What a player brought in a round: settled, under way, and as a bonus that may yet change."""

    settled: int = 0
    live: int = 0
    bonus: int = 0

    @property
    def points(self) -> int:
        return self.settled + self.live + self.bonus


NOTHING = Brought()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Points of a line-up as it was named, and what substitutions and hand-over add to them.

    `settled`, `live` and `bonus` are of those named to play, the named captain multiplied.
    `substitutes` is what reserves brought more than those they came on for, `captain` what the
    captaincy brings since it was handed over. `hit` is taken off, `adjusted` given by hand.
    """

    settled: int
    live: int
    bonus: int
    substitutes: int
    captain: int
    hit: int = 0
    adjusted: int = 0

    @property
    def points(self) -> int:
        """Before hits."""
        return self.settled + self.live + self.bonus + self.substitutes + self.captain

    @property
    def net(self) -> int:
        return self.points - self.hit + self.adjusted


def parts_of(
    rules: GameRules,
    slots: Collection[Slot],
    settled: Settled,
    brought: Mapping[int, Brought],
    *,
    hit: int = 0,
    adjusted: int = 0,
) -> Parts:
    """Return the parts of a line-up that counts as `settled` says; their sum is its points."""
    result = settled.result
    came = {came: went for went, came in result.substitutions}
    named = [came.get(player, player) for player in result.counting]
    captain = next((slot.player for slot in slots if slot.is_captain), None)
    crowned = _crowned(rules, settled)
    times = {player: crowned if player == captain else Fraction(1) for player in named}

    def total(player: int | None) -> int:
        return brought.get(player, NOTHING).points if player is not None else 0

    of_named = [(brought.get(player, NOTHING), often) for player, often in times.items()]
    return Parts(
        settled=int(sum(one.settled * often for one, often in of_named)),
        live=int(sum(one.live * often for one, often in of_named)),
        bonus=int(sum(one.bonus * often for one, often in of_named)),
        substitutes=sum(total(new) - total(old) for new, old in came.items()),
        captain=int((crowned - 1) * (total(result.captain) - total(captain))),
        hit=hit,
        adjusted=adjusted,
    )


def _crowned(rules: GameRules, settled: Settled) -> Fraction:
    """What a captain counts in this line-up; where nobody leads, nobody has points to multiply."""
    if rules.captain is None or settled.result.captain is None:
        return Fraction(1)
    return settled.multiplier
