"""Bonus points of a match: by rank of a value, ties sharing the better rank.

Where the feed has no such value, ours is the sum of the game's published components, and we say
how many of its inputs were known.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from fantasy.rules.game import GameRules
from fantasy.rules.points import Columns, PointLine, rule_points


@dataclass(frozen=True, slots=True, kw_only=True)
class Components:
    """A ranking value of our own; `known` of `inputs` were measured by the feed."""

    lines: tuple[PointLine, ...]
    value: int
    known: int
    inputs: int

    @property
    def coverage(self) -> str:
        """As "16/38"."""
        return f"{self.known}/{self.inputs}"


def bonus_of(rules: GameRules, values: Mapping[int, int]) -> dict[int, int]:
    """Return the bonus of those who get one, from the ranking values of one match's players.

    Give only players who took part. A value of 0 or less is ranked like any other.
    """
    if rules.bonus is None:
        return {}
    awards = rules.bonus.awards
    ordered = sorted(values.values(), reverse=True)
    ranks = {value: ordered.index(value) for value in set(ordered[: len(awards)])}
    return {
        player: awards[ranks[value]]
        for player, value in values.items()
        if ranks.get(value, len(awards)) < len(awards)
    }


def components_of(
    rules: GameRules, *, position: str, columns: Columns, known: Collection[str]
) -> Components:
    """Return the ranking value built from the game's components.

    `known` are the columns that the match's feed measures: a 0 elsewhere is no fact.
    """
    if rules.bonus is None:
        return Components(lines=(), value=0, known=0, inputs=0)
    parts = rules.bonus.components
    lines = tuple(
        PointLine(
            rule=part.id, label=part.label, count=columns.get(part.column) or 0, points=points
        )
        for part in parts
        if (points := rule_points(part, position=position, columns=columns))
    )
    return Components(
        lines=lines,
        value=sum(line.points for line in lines),
        known=sum(part.column in known for part in parts),
        inputs=len(parts) + len(rules.bonus.unmeasured),
    )
