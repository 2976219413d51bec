"""Who plays whom in a head-to-head league: the circle method, drawn from a published seed.

With an odd number of members one of them plays the league's average in each round. After each
has met each the list starts again with home and away exchanged.
Source: docs/rules/fantasy-leagues.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from fantasy.rules.lots import drawn_order


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """One match of a head-to-head league; `away` None is the league's average."""

    home: int
    away: int | None


def round_robin(
    members: Sequence[int], *, seed: str, rounds: int
) -> tuple[tuple[Pairing, ...], ...]:
    """Return the pairings of so many rounds, round after round.

    In every round each member plays once, and until a turn is over nobody meets anybody twice.
    """
    circle: list[int | None] = list(drawn_order(seed, members, "pairings"))
    if len(circle) < 2:
        return ((),) * rounds
    if len(circle) % 2:
        circle.append(None)
    turn = len(circle) - 1
    return tuple(
        tuple(
            _pairing(left, right, is_swapped=(number % turn + number // turn) % 2 == 1)
            for left, right in _facing(circle, number % turn)
        )
        for number in range(rounds)
    )


def _facing(circle: list[int | None], step: int) -> list[tuple[int | None, int | None]]:
    """Return who faces whom when all but the first have moved on by `step` places."""
    moving = circle[1:]
    moved = [circle[0], *moving[step:], *moving[:step]]
    half = len(moved) // 2
    return [(moved[place], moved[-1 - place]) for place in range(half)]


def _pairing(left: int | None, right: int | None, *, is_swapped: bool) -> Pairing:
    home, away = (right, left) if is_swapped else (left, right)
    if home is None:
        home, away = away, None
    if home is None:
        raise ValueError("two averages cannot meet")
    return Pairing(home=home, away=away)


def average_points(points: Sequence[int]) -> int:
    """Return the mean, rounded half up; 0 of nobody."""
    return (2 * sum(points) + len(points)) // (2 * len(points)) if points else 0
