"""How good probabilities were: proper scores and calibration. Smaller scores are better."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from mlmodels.rules.chances import Chances

# Outcomes in their natural order, as the ranked score needs them.
_ORDER = ("home", "", "away")
_LEAST = 1e-12
_BINS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Means over `n` matches: log loss in nats, Brier score over all outcomes, ranked score."""

    n: int
    log_loss: float
    brier: float
    rps: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Stated probabilities from `low` on: how many, their mean, and how often it came true."""

    low: float
    n: int
    stated: float
    observed: float


def scores(judged: Sequence[tuple[Chances, str]]) -> Scores:
    """Return the mean scores of (chances, winner) pairs; a winner of nothing is a draw.

    Brier: sum of squares over the outcomes, 0 to 2. RPS: squares of the cumulated differences,
    halved for three outcomes, so 0 to 1. Raises ZeroDivisionError without a pair.
    """
    n = len(judged)
    return Scores(
        n=n,
        log_loss=math.fsum(-math.log(max(_LEAST, c.of(won))) for c, won in judged) / n,
        brier=math.fsum(_brier(c, won) for c, won in judged) / n,
        rps=math.fsum(_rps(c, won) for c, won in judged) / n,
    )


def _brier(chances: Chances, won: str) -> float:
    return math.fsum((chances.of(side) - (side == won)) ** 2 for side in _ORDER)


def _rps(chances: Chances, won: str) -> float:
    if chances.draw == 0 and won:
        return (chances.home - (won == "home")) ** 2
    first = chances.home - (won == "home")
    second = first + chances.draw - (won == "")
    return (first**2 + second**2) / 2


def calibration(judged: Iterable[tuple[Chances, str]]) -> tuple[Bin, ...]:
    """Return ten bins over the stated probabilities of all outcomes; empty bins are left out."""
    held: dict[int, list[tuple[float, bool]]] = {}
    for chances, won in judged:
        for side in _ORDER:
            if side or chances.draw:
                stated = chances.of(side)
                place = min(_BINS - 1, int(stated * _BINS))
                held.setdefault(place, []).append((stated, side == won))
    return tuple(
        Bin(
            low=place / _BINS,
            n=len(pairs),
            stated=round(math.fsum(stated for stated, _ in pairs) / len(pairs), 4),
            observed=round(sum(came for _, came in pairs) / len(pairs), 4),
        )
        for place, pairs in sorted(held.items())
    )


def as_json(value: Scores | Bin) -> dict[str, Any]:
    """Return the numbers for a registry row, rounded to what they are good for."""
    return {k: round(v, 5) if isinstance(v, float) else v for k, v in asdict(value).items()}
