"""`manage.py train LEAGUE`: learn a league's strengths, judge the model, use it if it is good."""

import json
from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.clock import now
from leagues.models import League
from mlmodels.models import ModelVersion
from mlmodels.rules.forecasting import ModelError
from mlmodels.selectors import day_of
from mlmodels.services.forecasts import predict_league
from mlmodels.services.registry import activate, promote
from mlmodels.services.training import train_strength

_NAMES = {"model": "model", "base_rates": "base rates so far", "earlier": "earlier season's rates"}


class Command(BaseCommand):
    """Trains, backtests, prints, and activates what beats the base rates on log loss."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the league and what may be decided by hand."""
        parser.add_argument("league", help="slug of the league")
        parser.add_argument(
            "--until", type=_day, help="learn from the days before this one, YYYY-MM-DD; today"
        )
        parser.add_argument("--activate", action="store_true", help="use the model in any case")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        league = _league(options["league"])
        at = now()
        try:
            version = train_strength(league, until=options["until"] or day_of(at, league))
            is_used = promote(version)
            if options["activate"] and not is_used:
                is_used = bool(activate(version.pk))
            forecast = predict_league(league, at=at) if is_used else 0
        except ModelError as error:
            raise CommandError(f"{error.code}: {error}") from error
        report = _report(version, is_used=is_used, forecast=forecast)
        self.stdout.write(json.dumps(report) if options["json"] else _text(report))


def _day(text: str) -> date:
    return date.fromisoformat(text)


def _league(slug: str) -> League:
    found = League.objects.filter(slug=slug).first()
    if found is None:
        known = ", ".join(League.objects.values_list("slug", flat=True)) or "none yet"
        raise CommandError(f"{slug!r} is no league; known are: {known}")
    return found


def _report(version: ModelVersion, *, is_used: bool, forecast: int) -> dict[str, Any]:
    return {
        "league": version.league.slug,
        "model": version.name,
        "version": version.label,
        "is_active": is_used,
        "trained_on_count": version.trained_on_count,
        "trained_through_on": str(version.trained_through_on),
        "artefact_sha256": version.artefact_sha256,
        "data_sha256": version.data_sha256,
        "metrics": version.metrics,
        "forecast_matches": forecast,
    }


def _text(report: dict[str, Any]) -> str:
    metrics = report["metrics"]
    window = metrics["window"]
    used = "active" if report["is_active"] else "candidate: it does not beat the base rates"
    lines = [
        f"{report['model']} {report['version']} of {report['league']}: {used}",
        f"learnt from {report['trained_on_count']} results through"
        f" {report['trained_through_on']}, artefact {report['artefact_sha256'][:12]}",
        f"judged on {window['n']} matches, {window['first']} to {window['last']}:",
        f"  {'':24}log loss   Brier     RPS",
    ]
    for key, name in _NAMES.items():
        part = metrics[key]
        lines.append(f"  {name:24}{part['log_loss']:8.4f}{part['brier']:8.4f}{part['rps']:8.4f}")
    lines.append("  calibration: stated, came true, n")
    for part in metrics["calibration"]:
        lines.append(f"  {part['stated']:8.1%} {part['observed']:8.1%} {part['n']:6}")
    lines.append(f"{report['forecast_matches']} coming matches forecast")
    return "\n".join(lines)
