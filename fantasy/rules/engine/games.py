"""A game's rules in the engine's words."""

from typing import NamedTuple

from fantasy.rules.engine.shape import Shape
from fantasy.rules.game import GameRules


class ChipEffect(NamedTuple):
    """What a chip does to one line-up."""

    multiplier: int
    boosts: bool


def shape_of(rules: GameRules) -> Shape:
    """Return who plays, who sits on the bench and which shapes are legal."""
    return Shape(
        starters=rules.lineup.size,
        squad=rules.squad.size,
        slots=rules.squad.size + any(chip.adds for chip in rules.chips),
        fewest=tuple(position.play_min for position in rules.positions),
        most=tuple(position.play_max for position in rules.positions),
        substitutes=rules.lineup.automatic_substitutions,
        has_vice=rules.captain is not None and rules.captain.vice,
        unit=unit_of(rules),
    )


def unit_of(rules: GameRules) -> int:
    """Return the weight of a player who counts once."""
    return rules.captain.unit if rules.captain else 1


def effects_of(rules: GameRules) -> tuple[ChipEffect, ...]:
    """Return what no chip does, then what each chip of the game does, in its order."""
    usual, unit = rules.captain.multiplier if rules.captain else 1, unit_of(rules)
    return (
        ChipEffect(usual, boosts=False),
        *(
            ChipEffect(chip.captain_multiplier * unit or usual, boosts=chip.bench_plays)
            for chip in rules.chips
        ),
    )


def codes_of_positions(rules: GameRules) -> dict[str, int]:
    """Return each position's number in the engine."""
    return {position.id: code for code, position in enumerate(rules.positions)}
