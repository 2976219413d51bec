"""The drawing of win probability through a match: lines over the time axis, 100 % at the top."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from mlmodels.rules.line import LinePoint
from stats.rules.axis import Axis

# To the right of the lines stand the per cents.
WIDTH: Final = 328.0
HEIGHT: Final = 96.0
# A smaller change within a minute is not worth a point: hundreds of baskets would hide the story.
_WORTH_A_POINT: Final = 0.04


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """Paths ready to be drawn, and the points they are made of."""

    axis: Axis
    home: str
    draw: str
    away: str
    area: str
    points: tuple[LinePoint, ...]

    @property
    def last(self) -> LinePoint:
        return self.points[-1]


def draw_line(axis: Axis, points: Sequence[LinePoint]) -> Drawing | None:
    """Return the drawing, None for fewer than two moments.

    `draw` is empty where no draw is possible; `area` lies between home's line and the middle.
    """
    told = telling_points(points)
    places = [_place(axis, point) for point in told]
    if len(told) < 2 or len(set(places)) < 2:
        return None
    lines = {
        side: _path(places, [getattr(point.chances, side) for point in told])
        for side in ("home", "draw", "away")
    }
    middle = HEIGHT / 2
    closed = f"{lines['home']}L{places[-1]:g} {middle:g}L{places[0]:g} {middle:g}z"
    has_draw = any(point.chances.draw for point in told)
    return Drawing(
        axis=axis,
        home=lines["home"],
        draw=lines["draw"] if has_draw else "",
        away=lines["away"] if has_draw else "",
        area="" if has_draw else closed,
        points=told,
    )


def telling_points(points: Sequence[LinePoint]) -> tuple[LinePoint, ...]:
    """Return the last point of each minute, and every other that moves the chances by 4 points."""
    told: list[LinePoint] = []
    for point, after in zip(points, [*points[1:], None], strict=True):
        ends_minute = after is None or _minute(after) != _minute(point)
        if not told or ends_minute or _moves(told[-1], point) >= _WORTH_A_POINT:
            told.append(point)
    return tuple(told)


def _moves(one: LinePoint, other: LinePoint) -> float:
    return max(
        abs(one.chances.home - other.chances.home), abs(one.chances.away - other.chances.away)
    )


def _minute(point: LinePoint) -> tuple[str, int]:
    return point.period, point.clock_ms // 60_000


def _place(axis: Axis, point: LinePoint) -> float:
    place = axis.x(point.period, point.clock_ms)
    # What has no place on the axis, a shoot-out or the final word, comes at its end.
    return axis.width if place is None else place


def _path(places: Sequence[float], chances: Sequence[float]) -> str:
    """Return a line; a chance that stayed the same needs no point between its ends."""
    heights = [round(HEIGHT * (1 - chance), 1) for chance in chances]
    kept = [
        f"{place:g} {height:g}"
        for index, (place, height) in enumerate(zip(places, heights, strict=True))
        if index in (0, len(heights) - 1) or not heights[index - 1] == height == heights[index + 1]
    ]
    return "M" + "L".join(kept)
