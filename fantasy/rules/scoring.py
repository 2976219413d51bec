"""A whole match scored by a game: all players' lines, then the bonus of those who took part."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fantasy.enums import BonusBasis
from fantasy.rules.bonus import Components, bonus_of, components_of
from fantasy.rules.game import GameRules
from fantasy.rules.points import Columns, PointLine, appeared, score_line, total

# Before that a ranking says nothing of who will lead it.
PROJECT_BONUS_FROM_MS = 20 * 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A player's stat line of the match; `position` is the game's."""

    player: int
    position: str
    columns: Columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """A player's points in the match; `bonus` is among the lines, `columns` what they read."""

    player: int
    lines: tuple[PointLine, ...]
    bonus: int
    appeared: bool
    columns: dict[str, int | float]

    @property
    def points(self) -> int:
        """The sum of the lines."""
        return total(self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class BonusRanking:
    """What a match's bonus was ranked by: the value of each player who took part.

    `components` is there where the values are ours.
    """

    basis: BonusBasis
    values: Mapping[int, int]
    components: Mapping[int, Components]

    @property
    def coverage(self) -> str:
        """How many inputs of the original the match's feed told, as "16/38"; blank for its own."""
        return next((part.coverage for part in self.components.values()), "")


def score_match(
    rules: GameRules, played: Iterable[Played], *, with_bonus: bool
) -> tuple[dict[int, Scored], BonusRanking]:
    """Return every player's points and what the bonus was ranked by.

    `with_bonus` is False where it is too early to tell.
    """
    everyone = list(played)
    ranking = bonus_ranking(rules, everyone) if with_bonus else _NO_BONUS
    bonus = bonus_of(rules, ranking.values)
    read = rules.columns
    scored = {
        one.player: Scored(
            player=one.player,
            lines=score_line(
                rules,
                position=one.position,
                columns=one.columns,
                bonus=bonus.get(one.player, 0),
            ),
            bonus=bonus.get(one.player, 0),
            appeared=appeared(rules, one.columns),
            columns={name: value for name in sorted(read) if (value := one.columns.get(name))},
        )
        for one in everyone
    }
    return scored, ranking


def bonus_ranking(rules: GameRules, everyone: Iterable[Played]) -> BonusRanking:
    """Return by what the match's bonus is ranked: the feed's value, or without it our components.

    Our components count the columns of which the match's feed told anything.
    """
    if rules.bonus is None:
        return _NO_BONUS
    taking_part = [one for one in everyone if appeared(rules, one.columns)]
    column = rules.bonus.column
    if any(one.columns.get(column) for one in taking_part):
        values = {one.player: round(one.columns.get(column) or 0) for one in taking_part}
        return BonusRanking(basis=BonusBasis.FEED, values=values, components={})
    known = {name for one in taking_part for name, value in one.columns.items() if value}
    parts = {
        one.player: components_of(rules, position=one.position, columns=one.columns, known=known)
        for one in taking_part
    }
    if not rules.bonus.components or not parts:
        return _NO_BONUS
    return BonusRanking(
        basis=BonusBasis.COMPONENTS,
        values={player: part.value for player, part in parts.items()},
        components=parts,
    )


_NO_BONUS = BonusRanking(basis=BonusBasis.NONE, values={}, components={})
