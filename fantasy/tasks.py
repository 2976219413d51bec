"""Workers of the fantasy app."""

from typing import Final

import structlog
from celery import shared_task
from django.core.cache import cache
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from config.clock import now
from fantasy import live as pages
from fantasy.enums import GameState
from fantasy.models import Game, RoundMatch
from fantasy.services import corrections, deadlines, games, live, scoring, settlement
from streams.groups import lags

log = structlog.get_logger(__name__)

_ASK_EVERY_S: Final = 5


@shared_task(time_limit=300, soft_time_limit=290, expires=2)
def lock_due_rounds() -> None:
    """Freeze the squads of rounds whose deadline has passed."""
    deadlines.lock_due_rounds()


@shared_task(time_limit=20, soft_time_limit=15, expires=10)
def tell_ages() -> None:
    """Tell open pages how old the data of their live points is."""
    pages.tell_ages()


@shared_task(time_limit=280, soft_time_limit=250)
def sync_games() -> None:
    """Let open games follow their seasons: new players, moved matches, new deadlines."""
    for pk in Game.objects.exclude(state=GameState.FINISHED).values_list("pk", flat=True):
        games.sync_game(pk)


@shared_task(time_limit=120, soft_time_limit=100, expires=10)
def score_behind() -> None:
    """Score what a lost message left behind, let rounds follow their matches, drop stray points.

    While messages wait for the group that scores, what is behind is on its way.
    """
    scoring.drop_strays()
    scoring.follow_rounds()
    if lags().get("fantasy"):
        return
    for match_id in scoring.matches_behind():
        try:
            scoring.score_matches([match_id])
        except Exception:
            log.exception("scoring_failed", match_id=match_id)


@shared_task(time_limit=600, soft_time_limit=580, expires=30)
def settle_rounds() -> None:
    """Settle rounds that are due and score settled ones again whose facts were corrected."""
    for round_id in settlement.rounds_due(at=now()):
        try:
            settlement.settle_round(round_id, at=now())
        except Exception:
            log.exception("settlement_failed", round_id=round_id)
    for case_id in corrections.cases_to_apply():
        try:
            corrections.apply_case(case_id, at=now())
        except Exception:
            log.exception("correction_failed", case_id=case_id)


@shared_task(time_limit=120, soft_time_limit=100, expires=10)
def publish_ranks() -> None:
    """Publish totals and ranks that a lost message or a lost Redis left behind."""
    live.refresh_live_rounds()


def score_soon(round_id: int) -> None:
    """Send a worker to a round, unless one was sent just now.

    The queue is that of the deadlines, and whoever asks may ask ten times a second. Without a
    broker nobody is told: the sweeps score every few seconds by themselves.
    """
    try:
        if cache.add(f"fantasy-asked:{round_id}", value=True, timeout=_ASK_EVERY_S):
            score_round.delay(round_id)
    except (RedisError, OSError, OperationalError) as error:
        log.warning("scoring_not_asked", round_id=round_id, error=str(error)[:200])


@shared_task(time_limit=120, soft_time_limit=100, expires=60)
def score_round(round_id: int) -> None:
    """Score what a round lacks, and publish its totals and ranks: a manager asked for it."""
    matches = set(RoundMatch.objects.filter(round=round_id).values_list("match", flat=True))
    scoring.score_matches(matches.intersection(scoring.matches_behind()))
    live.refresh_round(round_id)
