"""`manage.py ingest`: bring in a vendor's documents by hand; a second time adds nothing."""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from leagues.models import League, Season
from matches.clients import FetchError, fetch
from matches.ingest.documents import FeedError
from matches.models import Match
from matches.services.files import find_bundles, import_bundle
from matches.services.reports import IngestReport
from stats.services.fold import fold_matches
from stats.services.tables import refresh_tables

# Saves statements where matches have short logs, and keeps whole logs of few in memory.
_FOLDED_AT_ONCE = 20


class Command(BaseCommand):
    """Imports a file, a folder or an address through an adapter and folds what it told."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare adapter, place and where the matches belong."""
        parser.add_argument("adapter", help="for example veze, statsbomb, nba, openfootball")
        parser.add_argument("place", help="a file, a folder or an http(s) address")
        parser.add_argument("--league", help="slug of the league to put the matches into")
        parser.add_argument(
            "--season", help="name of the season; default: the league's current one"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        season = _season(options["league"], options["season"])
        report, errors = IngestReport(), []
        try:
            bundles = find_bundles(options["adapter"], options["place"])
        except (FeedError, LookupError) as error:
            raise CommandError(str(error)) from error
        quiet = options["json"] or not sys.stderr.isatty()
        for bundle in tqdm(bundles, unit="document", disable=quiet):
            try:
                body = fetch(bundle.url).body if bundle.url else None
                report.include(
                    import_bundle(options["adapter"], bundle, season=season, fetched=body)
                )
            except (FeedError, FetchError) as error:
                errors.append({"document": bundle.key, "code": error.code, "detail": str(error)})
        _fold(report, quiet=quiet)
        if options["json"]:
            self.stdout.write(json.dumps(_as_json(report, errors), ensure_ascii=False))
        else:
            self._print(report, errors)
        if errors:
            raise CommandError(f"{len(errors)} of {len(bundles)} documents were refused")

    def _print(self, report: IngestReport, errors: list[dict[str, str]]) -> None:
        self.stdout.write(
            f"{len(report.match_ids)} matches: {report.added} events added, "
            f"{report.amended} amended, {report.retracted} retracted, "
            f"{len(report.unplaced)} could not be placed"
        )
        for item in report.unplaced[:20]:
            self.stdout.write(f"  unplaced {item['kind']} {item['ref']} in match {item['match']}")
        for error in errors:
            self.stderr.write(f"  {error['document']}: {error['detail']}")


def _season(league: str | None, name: str | None) -> Season | None:
    if league is None:
        if name is not None:
            raise CommandError("--season: needs --league as well")
        return None
    found = League.objects.filter(slug=league).first()
    if found is None:
        known = ", ".join(League.objects.values_list("slug", flat=True)) or "none yet"
        raise CommandError(f"--league: {league!r} is unknown; known are: {known}")
    seasons = found.seasons.filter(name=name) if name else found.seasons.filter(is_current=True)
    season = seasons.first()
    if season is None:
        known = ", ".join(found.seasons.values_list("name", flat=True)) or "none yet"
        raise CommandError(f"--season: {found} has no such season; it has: {known}")
    return season


def _fold(report: IngestReport, *, quiet: bool) -> None:
    seasons = set()
    with tqdm(total=len(report.match_ids), unit="match", desc="folding", disable=quiet) as bar:
        for start in range(0, len(report.match_ids), _FOLDED_AT_ONCE):
            part = report.match_ids[start : start + _FOLDED_AT_ONCE]
            seasons |= {
                folded.match.season_id for folded in fold_matches(part) if folded.standing_changed
            }
            bar.update(len(part))
    for season_id in seasons:
        refresh_tables(season_id)


def _as_json(report: IngestReport, errors: list[dict[str, str]]) -> dict[str, Any]:
    matches = (
        Match.objects.with_sides().filter(pk__in=report.match_ids).order_by("kickoff_at", "pk")
    )
    return {
        "added": report.added,
        "amended": report.amended,
        "retracted": report.retracted,
        "unplaced": report.unplaced,
        "errors": errors,
        "matches": [
            {
                "id": match.public_id,
                "external_id": report.refs[match.pk],
                "status": match.status,
                "home": match.home.name,
                "away": match.away.name,
                "score": {"home": match.home_score, "away": match.away_score},
            }
            for match in matches
        ],
    }
