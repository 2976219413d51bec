"""A team's record: what its results add up to."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from leagues.packs.schema import PointsRule
from stats.rules.results import AWARDED, Adjustment, Outcome, Result, outcome

TOTAL, HOME, AWAY = "total", "home", "away"


@dataclass(slots=True)
class Record:
    """Sums over outcomes; `by_kind` counts them by key of the points rule."""

    by_kind: dict[str, int] = field(default_factory=dict)
    points: int = 0
    goals_for: int = 0
    goals_against: int = 0
    away_goals: int = 0
    letters: list[str] = field(default_factory=list)

    def add(self, seen: Outcome, rule: PointsRule, *, at_home: bool) -> None:
        """Add one outcome."""
        self.by_kind[seen.kind] = self.by_kind.get(seen.kind, 0) + 1
        self.points += seen.points(rule)
        self.goals_for += seen.goals_for
        self.goals_against += seen.goals_against
        self.away_goals += 0 if at_home else seen.goals_for
        self.letters.append(seen.letter)

    def count(self, *kinds: str) -> int:
        """Return how many outcomes are of these kinds."""
        return sum(self.by_kind.get(kind, 0) for kind in kinds)

    @property
    def played(self) -> int:
        """Matches that count."""
        return len(self.letters)

    @property
    def wins(self) -> int:
        """Wins of every kind."""
        return self.count("win", "overtime_win", "shootout_win")

    @property
    def draws(self) -> int:
        """Draws."""
        return self.count("draw")

    @property
    def losses(self) -> int:
        """Losses of every kind."""
        return self.count("loss", "overtime_loss", "shootout_loss")

    @property
    def goal_diff(self) -> int:
        """Goals for less goals against."""
        return self.goals_for - self.goals_against

    @property
    def win_share(self) -> Fraction:
        """Wins of matches, a draw as half a win; 0 before the first match."""
        return Fraction(2 * self.wins + self.draws, 2 * self.played) if self.played else Fraction(0)

    @property
    def streak(self) -> str:
        """The newest letter and how often it comes in a row: "W3"."""
        run = 0
        for letter in reversed(self.letters):
            if letter != self.letters[-1]:
                break
            run += 1
        return f"{self.letters[-1]}{run}" if run else ""


def records(
    teams: Iterable[Hashable],
    results: Iterable[Result],
    rule: PointsRule,
    *,
    basis: str = AWARDED,
    kind: str = TOTAL,
    counts: Callable[[Hashable, Hashable], bool] | None = None,
) -> dict[Hashable, Record]:
    """Return each team's record; `results` must be in order of play.

    `kind` takes home or away matches only; `counts` says of a team and its opponent whether their
    match counts for the team.
    """
    found = {team: Record() for team in teams}
    for result in results:
        sides = ((result.home, result.away, True), (result.away, result.home, False))
        for team, opponent, at_home in sides:
            if team not in found or kind == (AWAY if at_home else HOME):
                continue
            if counts is not None and not counts(team, opponent):
                continue
            seen = outcome(result, at_home=at_home, basis=basis)
            if seen is not None:
                found[team].add(seen, rule, at_home=at_home)
    return found


def adjust(found: Mapping[Hashable, Record], adjustments: Iterable[Adjustment]) -> None:
    """Add decisions on points and goals to the records."""
    for decision in adjustments:
        record = found.get(decision.team)
        if record is not None:
            record.points += decision.points
            record.goals_for += decision.goals
