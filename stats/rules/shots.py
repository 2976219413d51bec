"""Shot maps: which facts are shots, and where they stand on half a ground attacked upwards."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from leagues.packs.counting import check_all, compiled
from leagues.packs.facts import FoldEvent
from leagues.packs.schema import ShotKind, ShotMapRule, SportPack

VERSION: Final = "1"
# Of the ground's width: a shot without a known chance, and one that scores for certain.
_PLAIN_RADIUS, _FULL_RADIUS, _LEAST_RADIUS = 0.022, 0.075, 0.016


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where a shot is drawn, in metres from the upper left corner; `radius` grows with its chance.

    The area of the mark is in proportion to `expected`, where the feed tells one.
    """

    x: float
    y: float
    radius: float
    outcome: str
    label: str
    expected: float | None

    @property
    def path(self) -> str:
        """The mark's outline: square, triangle or cross; a circle needs none."""
        x, y, r = self.x, self.y, self.radius
        if self.outcome == "saved":
            half = r * 0.886
            return f"M{x - half:.2f} {y - half:.2f}h{2 * half:.2f}v{2 * half:.2f}h{-2 * half:.2f}z"
        if self.outcome == "blocked":
            side = r * 1.347
            return f"M{x:.2f} {y - side * 0.8:.2f}l{side:.2f} {1.6 * side:.2f}h{-2 * side:.2f}z"
        if self.outcome == "off":
            arm = r * 0.8
            return (
                f"M{x - arm:.2f} {y - arm:.2f}l{2 * arm:.2f} {2 * arm:.2f}"
                f"m0 {-2 * arm:.2f}l{-2 * arm:.2f} {2 * arm:.2f}"
            )
        return ""


def shot_kind(pack: SportPack, fact: FoldEvent) -> ShotKind | None:
    """Return what kind of shot a fact is, None for any other fact. The pack must have a map."""
    for kind, check in _kinds(pack).get(fact.type, ()):
        if check is None or check(fact):
            return kind
    return None


def spot_of(rule: ShotMapRule, kind: ShotKind, fact: FoldEvent, *, x: float, y: float) -> Spot:
    """Return where a shot of that kind is drawn; from the own half: on the middle line."""
    expected = _expected(rule, fact)
    share = _PLAIN_RADIUS if expected is None else _FULL_RADIUS * math.sqrt(expected)
    return Spot(
        x=round(rule.width_m * min(100.0, max(0.0, y)) / 100, 2),
        y=round(rule.length_m * (100.0 - min(100.0, max(50.0, x))) / 100, 2),
        radius=round(rule.width_m * max(_LEAST_RADIUS, share), 2),
        outcome=kind.outcome,
        label=kind.label,
        expected=expected,
    )


def _expected(rule: ShotMapRule, fact: FoldEvent) -> float | None:
    value = fact.payload.get(rule.expected) if rule.expected else None
    # A vendor's nonsense is no chance at all.
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        return None
    return float(value)


Checked = tuple[ShotKind, Callable[[FoldEvent], bool] | None]


@lru_cache(maxsize=64)
def _kinds(pack: SportPack) -> Mapping[str, tuple[Checked, ...]]:
    held: dict[str, list[Checked]] = {}
    for kind in pack.shot_map.kinds if pack.shot_map else ():
        check = check_all(kind.when, compiled(pack))
        for name in kind.events:
            held.setdefault(name, []).append((kind, check))
    return {name: tuple(found) for name, found in held.items()}
