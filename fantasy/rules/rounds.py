"""Cutting a season into rounds: which match counts in which, and when squads lock.

By matchday a round is the matches of that number. A match that is played far from the others of its
matchday counts where its kick-off falls, so a round may have none of a club or two. By week a
round is what is played from Monday to Sunday.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from statistics import median_low

from fantasy.rules.game import RoundRules

# A matchday is spread over a few days; what is further off was moved.
_NEAR = timedelta(days=4)
# Within this time a deadline only ever moves to a later moment.
_FIRM = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixture:
    """A match as far as rounds are concerned."""

    match: int
    matchday: int | None
    kickoff_at: datetime
    is_begun: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundPlan:
    """A round to be: its first kick-off and its matches in order of kick-off."""

    number: int
    starts_at: datetime
    matches: tuple[int, ...]


def plan_rounds(
    fixtures: Sequence[Fixture], rules: RoundRules, *, zone: tzinfo
) -> tuple[RoundPlan, ...]:
    """Return the rounds of a season in order of time; numbers are those of the matchdays.

    Falls back to weeks where a match has no matchday.
    """
    is_by_matchday = rules.by == "matchday" and all(f.matchday for f in fixtures)
    starts = _matchday_starts(fixtures) if is_by_matchday else _week_starts(fixtures, zone)
    held: dict[int, list[Fixture]] = {number: [] for number in starts}
    for fixture in fixtures:
        held[round_at(fixture.kickoff_at, starts)].append(fixture)
    return tuple(_planned(number, found) for number, found in sorted(held.items()) if found)


def round_at(kickoff_at: datetime, starts: Mapping[int, datetime]) -> int:
    """Return the number of the last round that starts by the kick-off, else of the first."""
    begun = [(start, number) for number, start in starts.items() if start <= kickoff_at]
    if begun:
        return max(begun)[1]
    return min((start, number) for number, start in starts.items())[1]


def deadline_of(starts_at: datetime, rules: RoundRules) -> datetime:
    """Return when squads lock for a round that starts then."""
    return starts_at - timedelta(minutes=rules.deadline_minutes)


def moved_deadline(old: datetime, new: datetime, *, at: datetime) -> datetime:
    """Return the deadline after its first kick-off moved: never earlier in the last 24 hours."""
    return old if new < old and at >= min(old - _FIRM, new) else new


def within_reach(
    matches: Iterable[int],
    kickoffs: Mapping[int, datetime],
    rules: RoundRules,
    *,
    deadline_at: datetime,
    at: datetime,
) -> tuple[int, ...]:
    """Return the matches that squads lock before, or could lock before yet.

    The others count nowhere, so that they have no say in when squads lock.
    """
    return tuple(
        match
        for match in matches
        if kickoffs[match] >= deadline_at or deadline_of(kickoffs[match], rules) > at
    )


def after_deadline(
    matches: Iterable[int], kickoffs: Mapping[int, datetime], *, deadline_at: datetime
) -> tuple[int, ...]:
    """Return the matches that kick off when squads are locked.

    Whoever can still pick would know how the others go. There are such where a match is brought
    forward, or first told of, when the deadline is firm.
    """
    return tuple(match for match in matches if kickoffs[match] >= deadline_at)


def _matchday_starts(fixtures: Iterable[Fixture]) -> dict[int, datetime]:
    """When each matchday begins: its first kick-off among those near the middle one."""
    kickoffs: dict[int, list[datetime]] = {}
    for fixture in fixtures:
        kickoffs.setdefault(fixture.matchday or 0, []).append(fixture.kickoff_at)
    middles = {number: median_low(times) for number, times in kickoffs.items()}
    return {
        number: min(time for time in times if time >= middles[number] - _NEAR)
        for number, times in kickoffs.items()
    }


def _week_starts(fixtures: Iterable[Fixture], zone: tzinfo) -> dict[int, datetime]:
    weeks = sorted({_monday(fixture.kickoff_at, zone) for fixture in fixtures})
    return {
        number: datetime(monday.year, monday.month, monday.day, tzinfo=zone)
        for number, monday in enumerate(weeks, start=1)
    }


def _monday(moment: datetime, zone: tzinfo) -> date:
    day = moment.astimezone(zone).date()
    return day - timedelta(days=day.weekday())


def _planned(number: int, found: list[Fixture]) -> RoundPlan:
    found = sorted(found, key=lambda fixture: (fixture.kickoff_at, fixture.match))
    return RoundPlan(
        number=number,
        starts_at=found[0].kickoff_at,
        matches=tuple(fixture.match for fixture in found),
    )
