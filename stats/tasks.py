"""Workers of the stats app: folding what a lost message left behind."""

import structlog
from celery import shared_task

from stats import live
from stats.services import fold
from streams.groups import lags

log = structlog.get_logger(__name__)


@shared_task(time_limit=20, soft_time_limit=15, expires=10)
def tell_ages() -> None:
    """Tell open pages how old their live data is."""
    live.publish_ages()


@shared_task(time_limit=120, soft_time_limit=100)
def sweep_behind() -> None:
    """Fold every match whose boxscore is behind its log; one that fails holds up no other.

    While messages wait for the group that folds, what is behind is on its way.
    """
    if lags().get("stats"):
        return
    for match_id in fold.matches_behind():
        try:
            live.publish_matches(fold.fold_matches([match_id]))
        except Exception:
            log.exception("fold_failed", match_id=match_id)
