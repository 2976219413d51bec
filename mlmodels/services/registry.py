"""Which model version is in use: one per name and league."""

import structlog
from django.db import transaction

from leagues.models import League
from mlmodels.enums import ModelState
from mlmodels.models import ModelVersion
from mlmodels.rules.forecasting import beats_base_rates

log = structlog.get_logger(__name__)


@transaction.atomic
def activate(version_id: int) -> ModelVersion:
    """Use this version from now on and retire the one before; an older one is a rollback.

    Locks the league, so two activations queue up. Activating what is active changes nothing.
    Raises ModelVersion.DoesNotExist.
    """
    version = ModelVersion.objects.select_related("league").get(pk=version_id)
    League.objects.select_for_update(no_key=True).get(pk=version.league_id)
    used = ModelVersion.objects.filter(
        name=version.name, league=version.league_id, state=ModelState.ACTIVE
    )
    used.exclude(pk=version.pk).update(state=ModelState.RETIRED)
    ModelVersion.objects.filter(pk=version.pk).update(state=ModelState.ACTIVE)
    version.refresh_from_db(fields=["state"])
    log.info("model_activated", model=str(version), league=version.league.slug)
    return version


@transaction.atomic
def retire(version_id: int) -> ModelVersion:
    """Use this version no more; the league is then without one. Raises DoesNotExist."""
    version = ModelVersion.objects.select_for_update().get(pk=version_id)
    version.state = ModelState.RETIRED
    version.save(update_fields=["state"])
    return version


def promote(version: ModelVersion) -> bool:
    """Activate the version if its backtest beats the base rates; return whether it did."""
    if not beats_base_rates(version.metrics):
        return False
    activate(version.pk)
    return True
