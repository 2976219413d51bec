"""Knock-out cups: the draw, byes and who goes through, all open to be checked.

The draw and the last resort, a coin, follow from the cup's published seed (`lots`).
Source: docs/rules/fantasy-leagues.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fantasy.rules.lots import coin, drawn_order
from fantasy.rules.tables import tie_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Tie:
    """One meeting of a cup round; `away` None is a bye. `number` counts from 1 in its round."""

    number: int
    home: int
    away: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """What one side of a tie did: its score after hits, and the tie-breaking columns."""

    points: int
    stats: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether the home side goes through, and by what: points, a column, coin, bye."""

    is_home: bool
    reason: str


def rounds_needed(entrants: int) -> int:
    """Return how many rounds so many entrants need until one is left."""
    return max(0, entrants - 1).bit_length()


def draw(entrants: Sequence[int], *, seed: str, stage: int) -> tuple[Tie, ...]:
    """Return the ties of a stage; `stage` is 1 for the first.

    Byes are given in the first stage only, to the first ones drawn, so that from the second on
    the number is a power of two.
    """
    order = drawn_order(seed, entrants, "draw", stage)
    if len(order) < 2:
        return ()
    byes = 2 ** rounds_needed(len(order)) - len(order)
    playing = order[byes:]
    sides: list[tuple[int, int | None]] = [(entry, None) for entry in order[:byes]]
    sides += list(zip(playing[::2], playing[1::2], strict=True))
    return tuple(
        Tie(number=number, home=home, away=away)
        for number, (home, away) in enumerate(sides, start=1)
    )


def decide(
    home: Showing,
    away: Showing | None,
    *,
    seed: str,
    tie_id: str,
    ties: Sequence[str] = (),
) -> Verdict:
    """Return who goes through: the higher score, the game's columns ("+x", "-y"), the coin.

    Heads is the home side's; the lot is that of the seed and the tie's id.
    """
    if away is None:
        return Verdict(is_home=True, reason="bye")
    if home.points != away.points:
        return Verdict(is_home=home.points > away.points, reason="points")
    for tie in ties:
        own, other = tie_key([tie], home.stats), tie_key([tie], away.stats)
        if own != other:
            return Verdict(is_home=own < other, reason=tie[1:])
    return Verdict(is_home=coin(seed, "coin", tie_id), reason="coin")
