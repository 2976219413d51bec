"""`manage.py boxscore`: print a match's boxscore as JSON."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from leagues.enums import ExternalKind
from leagues.models import ExternalId
from matches.models import Match
from stats.models import BoxScore
from stats.services.fold import fold_match


class Command(BaseCommand):
    """Prints what the API serves, folded now if it was not yet."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the match and the form."""
        parser.add_argument("match", help="our id, or ADAPTER:EXTERNAL_ID such as nba:0022000001")
        parser.add_argument("--json", action="store_true", help="as JSON, which is the default")

    def handle(self, *args: Any, **options: Any) -> None:
        match = _find(options["match"])
        if match is None:
            raise CommandError(
                f"{options['match']}: no such match; give our id (vz_match_...) or "
                "ADAPTER:EXTERNAL_ID"
            )
        fold_match(match.pk)
        document = bytes(BoxScore.objects.get(match=match).document)
        self.stdout.write(document.decode())


def _find(name: str) -> Match | None:
    source, colon, value = name.partition(":")
    if not colon:
        return Match.objects.filter(public_id=name).first()
    key = (
        ExternalId.objects.filter(source=source, kind=ExternalKind.MATCH, value=value)
        .values_list("object_id", flat=True)
        .first()
    )
    return Match.objects.filter(pk=key).first() if key else None
