"""The drawing of momentum: bars above zero for home, below for away, goals as pins."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from stats.rules.axis import Axis
from stats.rules.momentum import MinutePressure

WIDTH: Final = 360.0
HALF: Final = 26.0
# Pins stand above and below the bars.
ZERO: Final = 36.0
_MINUTE_MS: Final = 60_000
_GAP: Final = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A goal as the strip sees it; `side` is the one it counted for."""

    period: str
    clock_ms: int
    side: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A goal on the strip."""

    x: float
    side: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """Momentum ready to be drawn; `home` and `away` are paths, `points` the same in numbers."""

    axis: Axis
    home: str
    away: str
    pins: tuple[Pin, ...]
    points: tuple[MinutePressure, ...]

    @property
    def home_minutes(self) -> int:
        return sum(point.value > 0 for point in self.points)

    @property
    def away_minutes(self) -> int:
        return sum(point.value < 0 for point in self.points)


def momentum_strip(
    axis: Axis, points: Sequence[MinutePressure], scores: Iterable[Score]
) -> Strip | None:
    """Return the drawing, None where nobody pressed yet."""
    if not any(point.value for point in points):
        return None
    pins = (
        Pin(x=x, side=score.side, words=score.words)
        for score in scores
        if (x := axis.x(score.period, score.clock_ms)) is not None
    )
    return Strip(
        axis=axis,
        home="".join(_bar(axis, point) for point in points if point.value > 0),
        away="".join(_bar(axis, point) for point in points if point.value < 0),
        pins=tuple(pins),
        points=tuple(points),
    )


def _bar(axis: Axis, point: MinutePressure) -> str:
    left = axis.x(point.period, (point.minute - 1) * _MINUTE_MS)
    right = axis.x(point.period, point.minute * _MINUTE_MS)
    if left is None or right is None:
        return ""
    width = max(0.5, right - left - _GAP)
    height = HALF * point.value / 100
    return f"M{left:g} {ZERO:g}v{-height:.1f}h{width:.1f}v{height:.1f}z"
