"""Prices by an open formula: what a week's transfers do to a price, with every number it used.

Prices are tenths; everything is an integer, so that anybody's pocket calculator agrees.
Source: docs/rules/fantasy.md.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceFormula:
    """The numbers of the formula, published with the rules of the game.

    `step_permille`: so many thousandths of his base make one step. `base_floor_permille`: nobody's
    base is smaller than so many thousandths of all entries, so that a few buyers of an unknown
    player move nothing.
    """

    step_tenths: int = 1
    step_permille: int = 100
    base_floor_permille: int = 10
    most_steps: int = 3
    least_tenths: int = 35


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What happened to a player in the round: transfers by chip are not among them."""

    bought: int
    sold: int
    held_by: int
    entries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceMove:
    """A price before and after, and the numbers it follows from."""

    before_tenths: int
    after_tenths: int
    net: int
    base: int
    pressure_permille: int
    steps: int

    @property
    def change_tenths(self) -> int:
        return self.after_tenths - self.before_tenths


def price_move(price_tenths: int, demand: Demand, formula: PriceFormula) -> PriceMove:
    """Return what a round's demand does to a price.

    net = bought - sold; base = the greater of its holders and a share of all entries;
    pressure = 1000 * net / base, towards zero; steps = pressure / step, towards zero, bounded.
    """
    net = demand.bought - demand.sold
    base = max(demand.held_by, demand.entries * formula.base_floor_permille // 1000, 1)
    pressure = _sign(net) * (1000 * abs(net) // base)
    steps = _sign(net) * min(abs(pressure) // formula.step_permille, formula.most_steps)
    after = price_tenths + steps * formula.step_tenths
    # A price that starts below the floor is not lifted by it.
    after = max(after, min(price_tenths, formula.least_tenths))
    return PriceMove(
        before_tenths=price_tenths,
        after_tenths=after,
        net=net,
        base=base,
        pressure_permille=pressure,
        steps=steps,
    )


def _sign(number: int) -> int:
    return (number > 0) - (number < 0)
