"""`manage.py schedule`: publish the fixtures of a league's current season."""

from argparse import ArgumentParser
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from leagues.models import Season
from leagues.rules.schedule import ScheduleError
from matches.services.schedule import Calendar, publish_schedule


class Command(BaseCommand):
    """Makes a round-robin without three matches in a row at home or away."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the league and its calendar."""
        parser.add_argument("league", help="slug of a league whose current season has teams")
        parser.add_argument("--first", required=True, help="first kick-off, 2027-08-14T15:00Z")
        parser.add_argument("--every-days", type=int, default=7)
        parser.add_argument("--legs", type=int, default=2)
        parser.add_argument("--blackout", action="append", default=[], help="a day without matches")

    def handle(self, *args: Any, **options: Any) -> None:
        slug = options["league"]
        season = Season.objects.filter(league__slug=slug, is_current=True).first()
        if season is None:
            raise CommandError(f"league: {slug!r} is no league with a current season")
        if options["every_days"] < 1:
            raise CommandError("--every-days: must be at least 1")
        try:
            first_at = datetime.fromisoformat(options["first"])
            blackouts = [date.fromisoformat(day) for day in options["blackout"]]
        except ValueError as error:
            raise CommandError(f"--first, --blackout: {error}") from error
        try:
            calendar = Calendar(
                first_at=first_at if first_at.tzinfo else first_at.replace(tzinfo=UTC),
                every=timedelta(days=options["every_days"]),
                legs=options["legs"],
                blackouts=blackouts,
            )
            count = publish_schedule(season, calendar)
        except ScheduleError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{count} matches published in {season}")
