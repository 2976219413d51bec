"""Workers of the matches app: polling what is due."""

import time
from datetime import timedelta

import structlog
from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded

from config.clock import now
from matches.clients import FetchError, fetch
from matches.enums import PollOutcome
from matches.models import Feed, FeedPoll, MatchPast
from matches.services import feeds
from matches.services.results import confirm_results
from streams.stopping import is_stopping

log = structlog.get_logger(__name__)

# Feeds faster than the beat are polled in a loop by one worker, which then hands over.
_LOOP_FOR_S = 5.0
_BEAT_MS = 1000
_KEEP_POLLS_FOR = timedelta(days=7)
# Longer than any reader's delay, and than a page takes to be read.
_KEEP_PASTS_FOR = timedelta(minutes=10)


@shared_task(time_limit=20, soft_time_limit=15, expires=2)
def poll_due_feeds() -> None:
    """Send a poller to every feed that is due."""
    for pk in feeds.claim_due_feeds(at=now()):
        poll_feed.delay(feed_id=pk)


@shared_task(time_limit=60, soft_time_limit=45)
def poll_feed(*, feed_id: int) -> None:
    """Poll one claimed feed: once, or in a loop when its live interval is below a second."""
    with feeds.polling_alone(feed_id) as is_alone:
        goes_on = is_alone and _poll_for_a_while(feed_id)
    if goes_on:
        poll_feed.delay(feed_id=feed_id)


def _poll_for_a_while(feed_id: int) -> bool:
    """Return whether another worker is to go on at once."""
    started = time.monotonic()
    memory = feeds.PollMemory()
    feed = _feed(feed_id)
    while True:
        _poll_once(feed, memory)
        wait_s = (feed.next_poll_at - now()).total_seconds()
        is_fast = feed.live_interval_ms < _BEAT_MS or wait_s <= 0
        if not feed.is_enabled or not is_fast or wait_s >= 1:
            feeds.release_feed(feed)
            return False
        if time.monotonic() - started > _LOOP_FOR_S or is_stopping():
            return True
        time.sleep(max(0.0, wait_s))


def _feed(feed_id: int) -> Feed:
    return Feed.objects.select_related("season__league").get(pk=feed_id)


def _poll_once(feed: Feed, memory: feeds.PollMemory) -> None:
    try:
        answer = fetch(
            feed.url, etag=feed.etag, last_modified=feed.last_modified, after=feed.cursor
        )
    except FetchError as error:
        outcome = PollOutcome.HTTP_ERROR if error.http_status else PollOutcome.NETWORK_ERROR
        feeds.record_failure(feed, outcome, str(error), http_status=error.http_status)
        return
    except SoftTimeLimitExceeded:
        feeds.record_failure(feed, PollOutcome.NETWORK_ERROR, "no end of the answer's headers")
        return
    try:
        feeds.record_answer(feed, answer, memory=memory)
    except Exception as error:
        # Ours to mend, but the admin must see it on the feed and the next poll must come.
        log.exception("feed_answer_failed", feed=feed.public_id)
        feeds.record_failure(feed, PollOutcome.FAILED, f"{type(error).__name__}: {error}")


@shared_task(time_limit=120, soft_time_limit=100)
def prune_polls() -> None:
    """Forget polls older than a week."""
    FeedPoll.objects.filter(polled_at__lt=now() - _KEEP_POLLS_FOR).delete()


@shared_task(time_limit=60, soft_time_limit=45)
def prune_pasts() -> None:
    """Forget what headers said longer ago than any reader wants to be told late."""
    MatchPast.objects.filter(until__lt=now() - _KEEP_PASTS_FOR).delete()


@shared_task(time_limit=120, soft_time_limit=100)
def confirm_unchanged() -> None:
    """Make results final that nothing has changed for long."""
    confirm_results(at=now())
