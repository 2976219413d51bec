"""Publishing a season's fixtures."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import transaction

from leagues.models import Season, Team
from leagues.rules.schedule import ScheduleError, fixture_list
from matches.models import Match
from matches.topics import MatchIngested
from streams.outbox import announce


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """When rounds are played: the first kick-off, the pause between two, and the days without.

    Days and hours are those of the league's time zone: three in the afternoon stays three in the
    afternoon when clocks change.
    """

    first_at: datetime
    every: timedelta
    legs: int = 2
    blackouts: Collection[date] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRound:
    """One round before it is published: who meets whom, home side first."""

    number: int
    kickoff_at: datetime
    games: Sequence[tuple[Team, Team]]


def plan_schedule(season: Season, calendar: Calendar) -> list[PlannedRound]:
    """Return the rounds that would be published; the same teams and calendar give the same ones.

    Raises ScheduleError when the season has matches already, or no fixture list can be made.
    """
    if season.matches.exists():
        raise ScheduleError(f"{season} has matches already: a schedule is made for an empty season")
    teams = {str(team.pk): team for team in Team.objects.filter(seasons=season).order_by("pk")}
    rounds = fixture_list(list(teams), legs=calendar.legs)
    days = _days(calendar, zone_of(season))
    return [
        PlannedRound(
            number=number,
            kickoff_at=kickoff_at,
            games=[(teams[home], teams[away]) for home, away in games],
        )
        for number, (games, kickoff_at) in enumerate(zip(rounds, days, strict=False), start=1)
    ]


def zone_of(season: Season) -> ZoneInfo:
    """Return the time zone that the season is played in. Raises ScheduleError for none there is."""
    name = season.league.time_zone
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ScheduleError(f"{name!r}, the league's time zone, is no name of one") from error


def _days(calendar: Calendar, zone: ZoneInfo) -> Iterator[datetime]:
    """Give one kick-off after the other; a blackout's round waits for the next free day."""
    kickoff_at = calendar.first_at.astimezone(zone)
    while True:
        # Arithmetic with a zone keeps the hour of the clock on the wall.
        if kickoff_at.date() not in calendar.blackouts:
            yield kickoff_at
        kickoff_at += calendar.every


@transaction.atomic
def publish_schedule(
    season: Season, calendar: Calendar, *, seen_teams: Collection[int] | None = None
) -> int:
    """Make the fixtures of a season that has none and return how many.

    `seen_teams` are the keys of the teams that whoever decides saw in the plan: should others play
    by now, nothing is written. Locks the season row; announces `match.ingested` for each. Raises
    ScheduleError.
    """
    locked = Season.objects.select_for_update(no_key=True, of=("self",)).select_related("league")
    season = locked.get(pk=season.pk)
    rounds = plan_schedule(season, calendar)
    if seen_teams is not None and set(seen_teams) != teams_of(rounds):
        raise ScheduleError("the season's teams changed since you looked: look again")
    fixtures = [
        Match(
            season=season,
            home=home,
            away=away,
            venue_id=home.venue_id,
            kickoff_at=planned.kickoff_at,
            matchday=planned.number,
            round_name=f"Round {planned.number}",
        )
        for planned in rounds
        for home, away in planned.games
    ]
    made = Match.objects.bulk_create(fixtures)
    announce(*(MatchIngested(match_id=match.pk, seq=0) for match in made))
    return len(made)


def teams_of(rounds: Sequence[PlannedRound]) -> set[int]:
    """Return the keys of the teams that play."""
    return {team.pk for planned in rounds for game in planned.games for team in game}
