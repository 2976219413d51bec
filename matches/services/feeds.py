"""Polling feeds: claiming what is due, applying what came, remembering how it went."""

import hashlib
import zlib
from collections.abc import Mapping
from datetime import datetime, timedelta

import orjson
from django.db import connection, transaction
from django.db.models import Q

from config.clock import now
from matches.enums import MatchStatus, PollOutcome
from matches.ingest import adapters
from matches.ingest.documents import FeedError, Fetched
from matches.models import LIVE_STATUSES, Feed, FeedPoll, Match, RawDocument
from matches.services.ingest import IngestReport, apply_document

# Longer than one poll may take, so a claim ends only when its worker died.
CLAIM_FOR = timedelta(seconds=15)
LONGEST_PAUSE_S = 300
_SOON = timedelta(minutes=15)
_MAYBE_STILL_PLAYED = timedelta(hours=5)
_LOG_QUIET_POLLS_EVERY = timedelta(minutes=1)
_FRESHEN_EVERY = timedelta(seconds=5)


def claim_due_feeds(*, at: datetime) -> list[int]:
    """Take all feeds that are due and that nobody else holds; return their keys.

    Skips rows that another poller is just claiming, so any number of pollers share the work.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE matches_feed SET claimed_until = %(until)s WHERE id IN (
                SELECT id FROM matches_feed
                WHERE is_enabled AND next_poll_at <= %(at)s
                  AND (claimed_until IS NULL OR claimed_until <= %(at)s)
                ORDER BY next_poll_at FOR UPDATE SKIP LOCKED
            ) RETURNING id
            """,
            {"at": at, "until": at + CLAIM_FOR},
        )
        return [row[0] for row in cursor.fetchall()]


def record_answer(feed: Feed, answer: Fetched) -> IngestReport | None:
    """Apply a vendor's answer and set when to ask again; None when there was nothing to apply.

    Never raises for what a vendor sends: a refused document counts as a failure of the feed.
    """
    if answer.body is None:
        _note_quiet(feed, answer, PollOutcome.NOT_MODIFIED)
        return None
    try:
        return _apply_answer(feed, answer)
    except FeedError as error:
        record_failure(feed, PollOutcome.REFUSED, str(error), http_status=answer.http_status)
        return None


def _apply_answer(feed: Feed, answer: Fetched) -> IngestReport:
    body = answer.body or b""
    at = now()
    document = adapters.get(feed.adapter).parse({"": body})
    report = apply_document(document, season=feed.season, at=at)
    feed.cursor = document.cursor or feed.cursor
    if report.has_news:
        raw = store_raw(feed.adapter, feed.public_id, {"": body})
        FeedPoll.objects.create(
            feed=feed,
            polled_at=at,
            outcome=PollOutcome.CHANGED,
            http_status=answer.http_status,
            latency_ms=answer.latency_ms,
            size_bytes=len(body),
            document=raw,
            added=report.added,
            amended=report.amended,
            retracted=report.retracted,
        )
        _note_success(feed, answer, at, has_more=document.has_more)
    else:
        _note_quiet(feed, answer, PollOutcome.UNCHANGED)
    return report


def store_raw(adapter: str, key: str, files: Mapping[str, bytes]) -> RawDocument:
    """Keep a vendor's files as they came; the same bytes are kept once."""
    packed = pack_files(files)
    return RawDocument.objects.get_or_create(
        adapter=adapter,
        key=key[:200],
        sha256=hashlib.sha256(packed).hexdigest(),
        defaults={"body": zlib.compress(packed, 1), "size_bytes": len(packed), "fetched_at": now()},
    )[0]


def pack_files(files: Mapping[str, bytes]) -> bytes:
    """Return one file as it is, several as a JSON object of their texts."""
    if list(files) == [""]:
        return files[""]
    return orjson.dumps({name: body.decode("utf-8", "replace") for name, body in files.items()})


def unpack_files(document: RawDocument) -> dict[str, bytes]:
    """Return the files of a stored document, as `pack_files` took them."""
    packed = zlib.decompress(document.body)
    if document.key.startswith("vz_feed_"):
        return {"": packed}
    return {name: text.encode() for name, text in orjson.loads(packed).items()}


def _note_success(feed: Feed, answer: Fetched, at: datetime, *, has_more: bool = False) -> None:
    feed.failures, feed.last_error, feed.last_good_at = 0, "", at
    feed.etag, feed.last_modified = answer.etag, answer.last_modified
    _schedule(feed, at, at_once=has_more)


def _note_quiet(feed: Feed, answer: Fetched, outcome: PollOutcome) -> None:
    at = now()
    if feed.last_good_at is None or at - feed.last_good_at >= _FRESHEN_EVERY:
        Match.objects.filter(season=feed.season, status__in=LIVE_STATUSES).update(data_at=at)
    if not feed.polls.filter(polled_at__gt=at - _LOG_QUIET_POLLS_EVERY).exists():
        FeedPoll.objects.create(
            feed=feed,
            polled_at=at,
            outcome=outcome,
            http_status=answer.http_status,
            latency_ms=answer.latency_ms,
            size_bytes=len(answer.body or b""),
        )
    _note_success(feed, answer, at)


def record_failure(
    feed: Feed, outcome: PollOutcome, error: str, *, http_status: int | None = None
) -> None:
    """Count a failed poll and put off the next one, the longer the more failed in a row."""
    at = now()
    feed.failures += 1
    feed.last_error = error[:300]
    FeedPoll.objects.create(
        feed=feed, polled_at=at, outcome=outcome, http_status=http_status, error=error[:300]
    )
    _schedule(feed, at)


def _schedule(feed: Feed, at: datetime, *, at_once: bool = False) -> None:
    feed.last_polled_at = at
    pause_s = feed.live_interval_ms / 1000 if is_season_live(feed, at) else feed.idle_interval_s
    if at_once:
        pause_s = 0
    if feed.failures > 1:
        pause_s = min(LONGEST_PAUSE_S, max(pause_s, 1) * 2 ** min(feed.failures - 1, 8))
    feed.next_poll_at = at + timedelta(seconds=pause_s)
    feed.save(
        update_fields=[
            "failures",
            "last_error",
            "last_good_at",
            "last_polled_at",
            "next_poll_at",
            "etag",
            "last_modified",
            "cursor",
        ]
    )


def is_season_live(feed: Feed, at: datetime) -> bool:
    """Return whether a match of the feed's season is under way or about to start."""
    waiting = Q(
        status__in=(MatchStatus.SCHEDULED, MatchStatus.DELAYED, MatchStatus.LINEUPS),
        kickoff_at__range=(at - _MAYBE_STILL_PLAYED, at + _SOON),
    )
    return Match.objects.filter(
        Q(status__in=LIVE_STATUSES) | waiting, season_id=feed.season_id
    ).exists()


@transaction.atomic
def release_feed(feed: Feed) -> None:
    """Give up the claim so that the next poll may come from any worker."""
    Feed.objects.filter(pk=feed.pk).update(claimed_until=None)
