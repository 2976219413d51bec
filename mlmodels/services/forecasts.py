"""Forecasts of coming matches, stored before they are played."""

from datetime import datetime

from django.db import transaction

from leagues.models import League, Season
from leagues.packs.loader import load_pack
from mlmodels.estimators.strength import from_content
from mlmodels.models import MatchForecast, ModelVersion
from mlmodels.rules.forecasting import STRENGTH, ModelError, before_the_match, inputs_digest
from mlmodels.selectors import active_version, coming_matches
from mlmodels.services.artefacts import load_artefact

# Further ahead the forecast of today would only be replaced many times.
DAYS_AHEAD = 14


def predict_matches(season: Season, *, at: datetime) -> int:
    """Forecast the season's matches of the next days by the league's active version.

    A match that the version forecast before keeps that forecast; one that has begun gets none.
    Returns how many are new. Raises ModelError when the artefact is not the registered one.
    """
    version = active_version(season.league, name=STRENGTH)
    if version is None:
        return 0
    return _predict(version, season, at=at)


def predict_league(league: League, *, at: datetime) -> int:
    """Forecast the coming matches of the league's seasons; see `predict_matches`."""
    seasons = league.seasons.select_related("league")
    return sum(predict_matches(season, at=at) for season in seasons.filter(is_current=True))


def _predict(version: ModelVersion, season: Season, *, at: datetime) -> int:
    rule = load_pack(version.sport).strength
    if rule is None:
        raise ModelError(f"{version.sport} has no [strength] any more", code="no_strength")
    try:
        strengths = from_content(load_artefact(version))
    except ValueError as error:
        raise ModelError(f"{version}: {error}", code="other_method") from error
    rows = []
    with transaction.atomic():
        matches = coming_matches(version, at=at, days=DAYS_AHEAD).filter(season=season)
        for match in matches.exclude(forecasts__model_version=version).order_by("pk"):
            expected = strengths.expect(match.home_id, match.away_id)
            chances = before_the_match(expected, rule)
            rows.append(
                MatchForecast(
                    match=match,
                    model_version=version,
                    home_expected=expected.home,
                    away_expected=expected.away,
                    margin_sd=expected.margin_sd or None,
                    home_prob=chances.home,
                    draw_prob=chances.draw,
                    away_prob=chances.away,
                    inputs_sha256=inputs_digest(
                        version.artefact_sha256, home=match.home_id, away=match.away_id
                    ),
                    made_at=at,
                )
            )
        MatchForecast.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)
