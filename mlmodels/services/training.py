"""Training: from a league's results to a registered version with its backtest."""

from datetime import date, timedelta

from django.db import transaction
from django.db.models import Max

from leagues.models import League
from leagues.packs.loader import load_pack
from mlmodels.estimators.backtest import backtest
from mlmodels.estimators.strength import METHOD, fit
from mlmodels.models import ModelVersion
from mlmodels.rules.forecasting import STRENGTH, ModelError
from mlmodels.rules.results import digest
from mlmodels.selectors import played_matches
from mlmodels.services.artefacts import store_artefact

# Half of them is judged: fewer would only measure luck.
LEAST_RESULTS = 60


def train_strength(league: League, *, until: date) -> ModelVersion:
    """Learn the league's strengths from the results of the days before `until`; judge, register.

    The new version is a candidate. Computes outside of any transaction. Raises ModelError with
    code `no_strength` or `too_few_results`.
    """
    pack = load_pack(league.sport)
    results = played_matches(league, before=until)
    if pack.strength is None:
        raise ModelError(f"{pack.name} has no [strength] in its pack", code="no_strength")
    if len(results) < LEAST_RESULTS:
        raise ModelError(
            f"{league} has {len(results)} results before {until}; {LEAST_RESULTS} are needed",
            code="too_few_results",
        )
    metrics = backtest(results, pack.strength).as_metrics()
    strengths = fit(results, pack.strength, at=until)
    version = ModelVersion(
        name=STRENGTH,
        league=league,
        sport=league.sport,
        method=METHOD,
        pack_version=pack.version,
        trained_on_count=len(results),
        trained_through_on=until - timedelta(days=1),
        data_sha256=digest(results),
        artefact_sha256=store_artefact(strengths.as_content()),
        metrics=metrics,
    )
    _register(version)
    return version


def has_news(league: League, *, until: date) -> bool:
    """Return whether there is enough to learn from that the newest version does not know."""
    if load_pack(league.sport).strength is None:
        return False
    newest = ModelVersion.objects.filter(name=STRENGTH, league=league).order_by("-version").first()
    results = played_matches(league, before=until)
    if len(results) < LEAST_RESULTS:
        return False
    return newest is None or newest.data_sha256 != digest(results)


@transaction.atomic
def _register(version: ModelVersion) -> None:
    # Two trainings at a time take their numbers one after the other.
    League.objects.select_for_update(no_key=True).get(pk=version.league_id)
    held = ModelVersion.objects.filter(name=version.name, league=version.league_id)
    version.version = (held.aggregate(newest=Max("version"))["newest"] or 0) + 1
    version.save(force_insert=True)
