"""Workers of the mlmodels app: learning at night, forecasting by the hour."""

import structlog
from celery import shared_task

from config.clock import now
from leagues.models import League
from mlmodels.rules.forecasting import ModelError
from mlmodels.selectors import day_of
from mlmodels.services import forecasts, registry, training

log = structlog.get_logger(__name__)


@shared_task(time_limit=60, soft_time_limit=45)
def train_models() -> None:
    """Send each league to training."""
    for pk in League.objects.values_list("pk", flat=True):
        train_league.delay(league_id=pk)


@shared_task(time_limit=280, soft_time_limit=250)
def train_league(*, league_id: int) -> None:
    """Train a league with new results, use the model if it beats the base rates, forecast."""
    league = League.objects.get(pk=league_id)
    at = now()
    until = day_of(at, league)
    try:
        if training.has_news(league, until=until):
            registry.promote(training.train_strength(league, until=until))
        forecasts.predict_league(league, at=at)
    except ModelError as error:
        log.warning("model_failed", league=league.slug, code=error.code, error=str(error))


@shared_task(time_limit=280, soft_time_limit=250)
def forecast_matches() -> None:
    """Forecast the matches that came into reach; a league whose model is damaged stops no other."""
    at = now()
    for league in League.objects.all():
        try:
            forecasts.predict_league(league, at=at)
        except ModelError as error:
            log.error("forecast_failed", league=league.slug, code=error.code, error=str(error))
