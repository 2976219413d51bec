"""Polling feeds: claiming what is due, applying what came, remembering how it went."""

import hashlib
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson
from django.db import connection, transaction
from django.db.models import Q

from config.clock import now
from matches.enums import MatchStatus, PollOutcome
from matches.ingest import adapters
from matches.ingest.documents import FeedError, Fetched
from matches.models import LIVE_STATUSES, Feed, FeedPoll, Match, RawDocument
from matches.services.ingest import apply_document
from matches.services.reports import IngestReport
from streams.quick import atomic_repeatable

# Longer than one poll may take, so a claim ends only when its worker died.
CLAIM_FOR = timedelta(seconds=15)
LONGEST_PAUSE_S = 300
_POLLING_LOCK = 0x76657A70
_SOON = timedelta(minutes=15)
_MAYBE_STILL_PLAYED = timedelta(hours=5)
_LOG_QUIET_POLLS_EVERY = timedelta(minutes=1)
# How long a poll lasts that is ahead of the folds, in times of its work.
_REST = 2
_FRESHEN_EVERY = timedelta(seconds=5)
# A vendor asked many times a second leaves its trace in the database once.
_SAVE_EVERY = timedelta(seconds=1)
_POLL_FIELDS = (
    "failures",
    "last_error",
    "last_good_at",
    "last_polled_at",
    "next_poll_at",
    "claimed_until",
    "etag",
    "last_modified",
    "cursor",
)
_SAVE_FEED = "UPDATE matches_feed SET {} WHERE id = %s".format(  # noqa: S608 - the names above
    ", ".join(f"{name} = %s" for name in _POLL_FIELDS)
)


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


@contextmanager
def polling_alone(feed_id: int) -> Iterator[bool]:
    """Tell whether nobody else polls the feed right now; nobody will until the end of the block.

    A broker hands a task out again when its worker died or took long, and a feed polled by two
    loops would be polled by two for good. Postgres lets go of the lock of a worker that dies.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [_POLLING_LOCK, feed_id])
        is_alone = bool(cursor.fetchone()[0])
    try:
        yield is_alone
    finally:
        if is_alone:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [_POLLING_LOCK, feed_id])


@dataclass(slots=True)
class PollMemory:
    """What a poller need not ask or write again within a second, while it polls one feed."""

    is_live: bool = False
    live_checked_at: datetime | None = None
    saved_at: datetime | None = None
    freshened_at: datetime | None = None
    quiet_logged_at: datetime | None = None
    rests_until: datetime | None = None


def record_answer(
    feed: Feed, answer: Fetched, *, memory: PollMemory | None = None
) -> IngestReport | None:
    """Apply a vendor's answer and set when to ask again; None when there was nothing to apply.

    Never raises for what a vendor sends: a refused document counts as a failure of the feed.
    """
    memory = memory or PollMemory()
    if answer.body is None:
        _note_quiet(feed, answer, PollOutcome.NOT_MODIFIED, memory)
        return None
    try:
        return _apply_answer(feed, answer, memory)
    except FeedError as error:
        record_failure(feed, PollOutcome.REFUSED, str(error), http_status=answer.http_status)
        return None


def _apply_answer(feed: Feed, answer: Fetched, memory: PollMemory) -> IngestReport:
    body = answer.body or b""
    at = now()
    document = adapters.get(feed.adapter).parse({"": body})
    report = apply_document(document, season=feed.season, at=at)
    feed.cursor = document.cursor or feed.cursor
    # More of it would only wait with the rest, and take from whoever folds the processor's time.
    memory.rests_until = at + (now() - at) * _REST if report.is_ahead else None
    if not report.has_news:
        _note_quiet(feed, answer, PollOutcome.UNCHANGED, memory)
        return report
    # The log's rows are safe already; without this note the vendor is asked once more.
    with atomic_repeatable():
        _note_change(feed, answer, report, at)
        memory.saved_at = None
        _note_success(feed, answer, at, memory, has_more=document.has_more)
    return report


def _note_change(feed: Feed, answer: Fetched, report: IngestReport, at: datetime) -> None:
    document_id = store_raw(feed.adapter, feed.public_id, {"": answer.body or b""}, at=at)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO matches_feedpoll (feed_id, polled_at, outcome, http_status, latency_ms, "
            "size_bytes, document_id, added, amended, retracted, error) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, '')",
            [
                *(feed.pk, at, PollOutcome.CHANGED, answer.http_status, answer.latency_ms),
                *(len(answer.body or b""), document_id),
                *(report.added, report.amended, report.retracted),
            ],
        )


def store_raw(
    adapter: str, key: str, files: Mapping[str, bytes], *, at: datetime | None = None
) -> int:
    """Keep a vendor's files as they came, the same bytes once; return the document's key.

    `at` is when they were read: what they told the log bears the same moment. Bytes that come again
    count from now on: a log told anew from all ends with what came last.
    """
    packed = pack_files(files)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO matches_rawdocument (adapter, key, sha256, body, size_bytes, fetched_at) "
            "VALUES (%s, %s, %s, %s, %s, %s) "
            "ON CONFLICT (adapter, key, sha256) DO UPDATE SET fetched_at = excluded.fetched_at "
            "RETURNING id",
            [
                adapter,
                key[:200],
                hashlib.sha256(packed).hexdigest(),
                zlib.compress(packed, 1),
                len(packed),
                at or now(),
            ],
        )
        row: tuple[int] = cursor.fetchone()
    return row[0]


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


def _note_success(
    feed: Feed, answer: Fetched, at: datetime, memory: PollMemory, *, has_more: bool = False
) -> None:
    feed.failures, feed.last_error, feed.last_good_at = 0, "", at
    if answer.body is not None or answer.etag or answer.last_modified:
        # Some vendors leave both out of a 304, which says that they still hold.
        feed.etag, feed.last_modified = answer.etag, answer.last_modified
    _schedule(feed, at, memory, at_once=has_more)


def _note_quiet(feed: Feed, answer: Fetched, outcome: PollOutcome, memory: PollMemory) -> None:
    at = now()
    if _is_past(memory.freshened_at, _FRESHEN_EVERY, at):
        memory.freshened_at = at
        Match.objects.filter(season=feed.season, status__in=LIVE_STATUSES).update(data_at=at)
    if _is_past(memory.quiet_logged_at, _LOG_QUIET_POLLS_EVERY, at):
        memory.quiet_logged_at = at
        _log_quiet(feed, answer, outcome, at)
    _note_success(feed, answer, at, memory)


def _log_quiet(feed: Feed, answer: Fetched, outcome: PollOutcome, at: datetime) -> None:
    if feed.polls.filter(polled_at__gt=at - _LOG_QUIET_POLLS_EVERY).exists():
        return
    FeedPoll.objects.create(
        feed=feed,
        polled_at=at,
        outcome=outcome,
        http_status=answer.http_status,
        latency_ms=answer.latency_ms,
        size_bytes=len(answer.body or b""),
    )


def _is_past(moment: datetime | None, pause: timedelta, at: datetime) -> bool:
    return moment is None or at - moment >= pause


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
    _schedule(feed, at, PollMemory())


def _schedule(feed: Feed, at: datetime, memory: PollMemory, *, at_once: bool = False) -> None:
    feed.last_polled_at = at
    if _is_past(memory.live_checked_at, _SAVE_EVERY, at):
        memory.is_live, memory.live_checked_at = is_season_live(feed, at), at
    pause_s = feed.live_interval_ms / 1000 if memory.is_live else feed.idle_interval_s
    if at_once:
        pause_s = 0
    if feed.failures > 1:
        pause_s = min(LONGEST_PAUSE_S, max(pause_s, 1) * 2 ** min(feed.failures - 1, 8))
    feed.next_poll_at = at + timedelta(seconds=pause_s)
    if memory.rests_until and not at_once:
        feed.next_poll_at = max(feed.next_poll_at, memory.rests_until)
    if feed.failures or _is_past(memory.saved_at, _SAVE_EVERY, at):
        memory.saved_at = at
        feed.claimed_until = at + CLAIM_FOR
        with connection.cursor() as cursor:
            cursor.execute(_SAVE_FEED, [*(getattr(feed, name) for name in _POLL_FIELDS), feed.pk])


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
