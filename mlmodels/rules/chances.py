"""Probabilities of a match's outcome, and what they are computed from."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """Scores that a match is expected to end with after regular time.

    `margin_sd` is the standard deviation of home less away, for sports whose margin is normal.
    """

    home: float
    away: float
    margin_sd: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Chances:
    """Probabilities that add up to 1; `draw` is 0 where the sport has none."""

    home: float
    draw: float
    away: float

    def of(self, winner: str) -> float:
        """Return the probability of that winner; nothing is a draw."""
        if not winner:
            return self.draw
        return self.home if winner == "home" else self.away


def percents(chances: Chances) -> tuple[int, int, int]:
    """Return home, draw and away in whole per cent that add up to 100, by largest remainder."""
    parts = [100 * part for part in (chances.home, chances.draw, chances.away)]
    whole = [int(part) for part in parts]
    by_remainder = sorted(range(3), key=lambda i: (whole[i] - parts[i], i))
    for place in by_remainder[: 100 - sum(whole)]:
        whole[place] += 1
    return whole[0], whole[1], whole[2]


def certain(winner: str) -> Chances:
    """Return the chances of a match that is over."""
    return Chances(
        home=float(winner == "home"), draw=float(not winner), away=float(winner == "away")
    )
