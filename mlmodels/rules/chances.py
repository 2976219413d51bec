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


def certain(winner: str) -> Chances:
    """Return the chances of a match that is over."""
    return Chances(
        home=float(winner == "home"), draw=float(not winner), away=float(winner == "away")
    )
