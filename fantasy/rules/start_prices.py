"""Prices to begin with, by an open formula: what a player brought so far, within his position.

Players of a position are ranked by their mean points a match; the price climbs from the cheapest
to the dearest with the third power of the share of those below, so that few are dear. A squad of
average players costs about the budget. Nobody who never played is dearer than the cheapest.
A position with bounds of its own climbs between them.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fantasy.rules.game import GameRules

# Of an even share of the budget, in percent.
_CHEAPEST = 62
_DEAREST = 195
_ROUND_TO = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A player as the formula sees him; `mean` is None for one without matches."""

    player: int
    position: str
    mean: float | None


def start_prices(rules: GameRules, forms: Sequence[Form]) -> Mapping[int, int]:
    """Return a price in tenths for each player; 0 for all where the game has no budget."""
    if not rules.squad.budget_tenths:
        return {form.player: 0 for form in forms}
    share = rules.squad.budget_tenths / rules.squad.size
    usual = max(share * _CHEAPEST / 100, 1.0), share * _DEAREST / 100
    own = {p.id: (p.price_min, p.price_max) for p in rules.positions if p.price_max}
    ranked: dict[str, list[float]] = {}
    for form in forms:
        if form.mean is not None:
            ranked.setdefault(form.position, []).append(form.mean)
    for means in ranked.values():
        means.sort()
    prices = {}
    for form in forms:
        low, high = own.get(form.position, usual)
        price = low + (high - low) * _below(form, ranked) ** 3
        prices[form.player] = round(price) if form.position in own else _rounded(price)
    return prices


def _below(form: Form, ranked: Mapping[str, Sequence[float]]) -> float:
    means = ranked.get(form.position, ())
    if form.mean is None or len(means) < 2:
        return 0.0
    return bisect_left(means, form.mean) / (len(means) - 1)


def _rounded(price: float) -> int:
    return max(_ROUND_TO, round(price / _ROUND_TO) * _ROUND_TO)
