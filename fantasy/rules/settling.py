"""A line-up once its round is over: who counted, what they brought and what the bench kept."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from fantasy.rules.game import Chip, GameRules
from fantasy.rules.lineups import LineupResult, Slot, automatic_substitutions

# In a packed line-up: nobody stands in this slot.
NOBODY = 65_535


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundForm:
    """What a round's players brought, by number in the game: points, who took part, positions.

    `may_appear` are those who have a match to come or under way: a starter among them keeps his
    place for now. Once a round is over there are none.
    """

    points: Mapping[int, int]
    appeared: Collection[int]
    positions: Mapping[int, str]
    may_appear: Collection[int] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A settled line-up. `points` are before hits; `bench_points` those that did not count."""

    points: int
    bench_points: int
    result: LineupResult

    @property
    def multiplier(self) -> Fraction:
        """What the captain counted, 1 without one."""
        captain = self.result.captain
        once = Fraction(1)
        return self.result.multipliers.get(captain, once) if captain is not None else once


def unpacked(packed: bytes) -> tuple[int, ...]:
    """Return the players' numbers slot by slot; `NOBODY` stands for none."""
    body = bytes(packed)
    return tuple(int.from_bytes(body[at : at + 2], "big") for at in range(0, len(body), 2))


def substitutions_of(
    relieved: bytes, numbers: Sequence[int], *, starters: int
) -> tuple[tuple[int, int], ...]:
    """Return who went out and who came in, by number, in the order of those who went.

    `relieved` is that of a result, `numbers` those of its line-up by slot.
    """
    pairs = sorted((slot, place) for place, slot in enumerate(bytes(relieved)) if slot)
    return tuple((numbers[slot - 1], numbers[starters + place]) for slot, place in pairs)


def slots_of(
    packed: bytes, *, captain_slot: int | None, vice_slot: int | None, positions: Mapping[int, str]
) -> tuple[Slot, ...]:
    """Return a frozen line-up as slots; empty ones are left out."""
    return tuple(
        Slot(
            player=number,
            position=positions.get(number, ""),
            slot=slot,
            is_captain=slot == captain_slot,
            is_vice=slot == vice_slot,
        )
        for slot, number in enumerate(unpacked(packed), start=1)
        if number != NOBODY
    )


def settle(
    rules: GameRules, slots: Collection[Slot], form: RoundForm, *, chip: Chip | None
) -> Settled:
    """Return what a line-up brought, by the game's substitutions and captaincy."""
    playing = (slot.player for slot in slots if slot.slot <= rules.lineup.size)
    stays = {number for number in playing if number in form.may_appear}
    result = automatic_substitutions(
        rules, tuple(slots), appeared={*form.appeared, *stays}, chip=chip
    )
    points = form.points
    brought = sum(points.get(number, 0) * times for number, times in result.multipliers.items())
    idle = [slot.player for slot in slots if slot.slot > rules.lineup.size]
    bench = sum(points.get(number, 0) for number in idle if number not in result.multipliers)
    return Settled(points=int(brought), bench_points=bench, result=result)
