"""Publishing a season's fixtures."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.db import transaction

from leagues.models import Season, Team
from leagues.rules.schedule import ScheduleError, fixture_list
from matches.models import Match
from matches.topics import MatchIngested
from streams.outbox import announce


@transaction.atomic
def publish_schedule(
    season: Season,
    *,
    first_at: datetime,
    every: timedelta,
    legs: int = 2,
    blackouts: Sequence[date] = (),
) -> int:
    """Make the fixtures of a season that has none and return how many.

    Rounds follow each other by `every`; a round whose day is a blackout waits for the next free
    one. Locks the season row; announces `match.ingested` for each. Raises ScheduleError.
    """
    season = Season.objects.select_for_update(no_key=True).get(pk=season.pk)
    if season.matches.exists():
        raise ScheduleError(f"{season} has matches already: a schedule is made for an empty season")
    teams = {str(team.pk): team for team in Team.objects.filter(seasons=season).order_by("pk")}
    kickoff_at = first_at
    fixtures = []
    for number, games in enumerate(fixture_list(list(teams), legs=legs), start=1):
        while kickoff_at.date() in blackouts:
            kickoff_at += every
        fixtures += [
            Match(
                season=season,
                home=teams[home],
                away=teams[away],
                venue_id=teams[home].venue_id,
                kickoff_at=kickoff_at,
                matchday=number,
                round_name=f"Round {number}",
            )
            for home, away in games
        ]
        kickoff_at += every
    made = Match.objects.bulk_create(fixtures)
    announce(*(MatchIngested(match_id=match.pk, seq=0) for match in made))
    return len(made)
