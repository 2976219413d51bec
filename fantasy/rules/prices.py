"""Prices by an open formula: what a round's transfers do to a price, with every number it used.

Prices are tenths; everything is an integer, so that anybody's pocket calculator agrees.
Source: docs/rules/fantasy-leagues.md.
"""

from dataclasses import dataclass

from fantasy.rules.game import PriceRules

WEEKLY = "weekly"


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What happened to a player in a round; transfers under a chip are not among them."""

    bought: int
    sold: int
    entries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceMove:
    """A price before and after, and the numbers it follows from."""

    before_tenths: int
    after_tenths: int
    net: int
    entries: int
    threshold_permille: int
    steps: int

    @property
    def change_tenths(self) -> int:
        return self.after_tenths - self.before_tenths


def price_move(price_tenths: int, demand: Demand, rules: PriceRules) -> PriceMove:
    """Return what a round's demand does to a price.

    net = bought - sold; steps = net * 1000 / (entries * threshold in permille), towards zero and
    bounded; the price moves by so many steps, but not beyond floor and ceiling.
    """
    net = demand.bought - demand.sold
    threshold_permille = max(1, round(rules.threshold_pct * 10))
    share = abs(net) * 1000 // (max(1, demand.entries) * threshold_permille)
    steps = min(share, rules.most_steps) * (1 if net > 0 else -1 if net < 0 else 0)
    return PriceMove(
        before_tenths=price_tenths,
        after_tenths=_within(price_tenths, steps * rules.step, rules),
        net=net,
        entries=demand.entries,
        threshold_permille=threshold_permille,
        steps=steps,
    )


def _within(price: int, change: int, rules: PriceRules) -> int:
    # A price that began beyond a bound is not pulled back by it.
    if change < 0:
        return max(price + change, min(price, rules.floor))
    return min(price + change, max(price, rules.ceiling))
