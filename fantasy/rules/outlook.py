"""What a player may bring next, by an open formula: his last rounds, drawn towards his like.

A baseline that anybody can count again, no model that learnt (docs/rules/fantasy.md has it in
words). Every figure comes with its range and with how many rounds it is made of.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
import numpy.typing as npt

from fantasy.enums import Availability
from fantasy.rules.game import Chip, GameRules
from fantasy.rules.lineups import Slot

FORMULA: Final = "form-1"
# Rounds that are looked at, and matches that players like him count as.
ROUNDS: Final = 5
PULL: Final = 5
# In eight of ten rounds the points should lie within, the ends included.
LOW, HIGH = 0.1, 0.9
# Nobody said how likely a doubtful player is to play.
_DOUBTFUL_PERCENT = 50
_ROUNDING = 1e-9

Group = tuple[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRound:
    """A settled round in which a player's club played: his points in each match of it.

    `is_regular`: in one match at least he played as long as regulars do.
    """

    points: tuple[int, ...]
    is_regular: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chances:
    """How likely each number of whole points is: `weights[i]` is that of `first` + i."""

    first: int
    weights: npt.NDArray[np.float64]

    def plus(self, other: "Chances") -> "Chances":
        """Return the chances of both together, as if neither knew of the other."""
        weights = np.convolve(self.weights, other.weights)
        return Chances(first=self.first + other.first, weights=weights)

    def times(self, factor: Fraction) -> "Chances":
        """Return the chances of so many times the points, halves rounded up."""
        if factor == 1:
            return self
        counted: dict[int, float] = {}
        for points, weight in enumerate(self.weights, start=self.first):
            whole = _rounded(points * factor)
            counted[whole] = counted.get(whole, 0.0) + float(weight)
        return _chances(counted)

    def reached(self, share: float) -> int:
        """Return the points that are not exceeded with that likelihood."""
        place = int(np.searchsorted(np.cumsum(self.weights), share - _ROUNDING))
        return self.first + min(place, len(self.weights) - 1)


NOTHING: Final = Chances(first=0, weights=np.ones(1))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Like:
    """What players of a position who play equally often brought in a match of the same rounds."""

    mean: Fraction
    chances: Chances


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """Points to expect in units of the game: the mean, and where eight rounds of ten lie."""

    mean: float
    low: int
    high: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prospect:
    """What one player may bring in a round: mean in units of the game, chances in whole points."""

    mean: float
    chances: Chances


ABSENT: Final = Prospect(mean=0.0, chances=NOTHING)


def regular_minutes(rules: GameRules) -> int:
    """Return from how many minutes on a match counts as played in full; 0: any part of it.

    The longest time that the game gives points for, as for an hour.
    """
    steps = [step.at for r in rules.points if r.column == "minutes" for step in r.steps]
    return int(max(steps, default=0))


def form_of(past: Sequence[PastRound]) -> Fraction | None:
    """Return the mean points of a round, None where there is no round."""
    return Fraction(sum(sum(one.points) for one in past), len(past)) if past else None


def missed_of(past: Sequence[PastRound]) -> int:
    """Return in how many rounds he missed all matches or played only a part of them."""
    return sum(not one.is_regular for one in past)


def group_of(position: str, past: Sequence[PastRound]) -> Group:
    """Return whom a player is like: his position, and regular (0), now and then (1), rarely (2)."""
    return position, (4 * missed_of(past) + len(past)) // (2 * len(past)) if past else 2


def likes_of(
    players: Iterable[tuple[str, Sequence[PastRound]]], *, scale: int
) -> Mapping[Group, Like]:
    """Return what each group brought a match, of all players by position and past."""
    counts: dict[Group, Counter[int]] = defaultdict(Counter)
    for position, past in players:
        if past:
            counts[group_of(position, past)].update(p for one in past for p in one.points)
    return {
        group: Like(
            mean=Fraction(sum(p * times for p, times in counted.items()), counted.total()),
            chances=_chances(_whole(counted, scale)),
        )
        for group, counted in counts.items()
        if counted
    }


def chance_percent(status: str, told: int | None) -> int:
    """Return how likely a player can play at all: what was told, else by his status."""
    if status == Availability.GONE:
        return 0
    if told is not None:
        return told
    return {Availability.AVAILABLE.value: 100, Availability.DOUBTFUL.value: _DOUBTFUL_PERCENT}.get(
        status, 0
    )


def expected_mean(past: Sequence[PastRound], like: Like, *, matches: int, percent: int) -> float:
    """Return the mean of `prospect_of` alone, in units of the game."""
    own = [points for one in past for points in one.points]
    mean = (sum(own) + PULL * like.mean) / (len(own) + PULL)
    return float(mean * matches * percent / 100)


def prospect_of(
    past: Sequence[PastRound], like: Like, *, matches: int, percent: int, scale: int
) -> Prospect:
    """Return what a player may bring in a round of so many matches.

    A match is one of his own past ones or, as often as `PULL` more of them, one of players like
    him; matches do not know of each other. `percent` is how likely he can play at all.
    """
    own = Counter(points for one in past for points in one.points)
    weights = {points: float(times) for points, times in _whole(own, scale).items()}
    for points, weight in enumerate(like.chances.weights, start=like.chances.first):
        weights[points] = weights.get(points, 0.0) + PULL * float(weight)
    match, whole = _chances(weights), NOTHING
    for _ in range(matches):
        whole = whole.plus(match)
    mean = expected_mean(past, like, matches=matches, percent=percent)
    return Prospect(mean=mean, chances=_at_most(whole, percent))


def expected_of(prospect: Prospect, *, scale: int) -> Expected:
    """Return the figures to show of it."""
    chances = prospect.chances
    return Expected(
        mean=prospect.mean, low=chances.reached(LOW) * scale, high=chances.reached(HIGH) * scale
    )


Way = tuple[Iterable[Slot], Chip | None]


def squad_expected(
    rules: GameRules,
    slots: Iterable[Slot],
    prospects: Mapping[int, Prospect],
    *,
    chip: Chip | None = None,
    hit: int = 0,
) -> Expected:
    """Return what a line-up may bring, less the hit, with its captain's points as they count.

    As if players did not know of each other; without automatic substitutions and hand-overs.
    """
    return _together(rules, _counts(rules, slots, chip), prospects, less=hit)


def gain_expected(
    rules: GameRules, before: Way, after: Way, prospects: Mapping[int, Prospect], *, hit: int = 0
) -> Expected:
    """Return what `after` may bring more than `before`, each a line-up with its chip.

    Who counts as often in both makes no difference, so the range is that of the change alone.
    """
    counts = _counts(rules, *after)
    for player, times in _counts(rules, *before).items():
        counts[player] = counts.get(player, Fraction(0)) - times
    return _together(rules, counts, prospects, less=hit)


def _counts(rules: GameRules, slots: Iterable[Slot], chip: Chip | None) -> dict[int, Fraction]:
    """How often each player of a line-up counts; the bench does with a chip only.

    Whom a chip adds counts behind the bench.
    """
    all_play = chip is not None and chip.bench_plays
    return {
        slot.player: _times(rules, chip) if slot.is_captain else Fraction(1)
        for slot in slots
        if all_play or slot.slot <= rules.lineup.size or slot.slot > rules.squad.size
    }


def _together(
    rules: GameRules,
    counts: Mapping[int, Fraction],
    prospects: Mapping[int, Prospect],
    *,
    less: int,
) -> Expected:
    mean, chances = 0.0, NOTHING
    for player, times in counts.items():
        prospect = prospects.get(player, ABSENT)
        if times:
            mean += prospect.mean * float(times)
            chances = chances.plus(prospect.chances.times(times))
    found = expected_of(Prospect(mean=mean, chances=chances), scale=rules.points_scale)
    return Expected(mean=mean - less, low=found.low - less, high=found.high - less)


def _times(rules: GameRules, chip: Chip | None) -> Fraction:
    if rules.captain is None:
        return Fraction(1)
    if chip and chip.captain_multiplier:
        return Fraction(chip.captain_multiplier)
    return rules.captain.times


def _at_most(chances: Chances, percent: int) -> Chances:
    """Return the chances of one who plays with that likelihood only, and else brings nothing."""
    share = percent / 100
    weights = {
        points: float(weight) * share
        for points, weight in enumerate(chances.weights, start=chances.first)
    }
    weights[0] = weights.get(0, 0.0) + 1 - share
    return _chances(weights)


def _whole(counts: Mapping[int, int], scale: int) -> Counter[int]:
    """Return how often each number of whole points came, the nearest to what was scored."""
    if scale == 1:
        return Counter(counts)
    whole: Counter[int] = Counter()
    for points, times in counts.items():
        whole[_rounded(Fraction(points, scale))] += times
    return whole


def _chances(weights: Mapping[int, float]) -> Chances:
    first, last = min(weights), max(weights)
    found = np.zeros(last - first + 1)
    for points, weight in weights.items():
        found[points - first] = weight
    return Chances(first=first, weights=found / found.sum())


def _rounded(value: Fraction) -> int:
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)
