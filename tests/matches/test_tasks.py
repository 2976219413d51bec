"""Polling a vendor over HTTP: what it does wrong is counted, put off and shown, never lost."""

from datetime import timedelta

import orjson
import pytest
from django.db import connection

from config.clock import now
from leagues.models import Season
from matches import tasks
from matches.clients import fetch
from matches.enums import MatchStatus, PollOutcome
from matches.models import Feed, FeedPoll, Match, MissingFact, PlayEvent, RawDocument
from matches.rules.simulation.vendor import VendorFeed
from matches.services import feeds
from stats.models import BoxScore
from stats.services.fold import fold_match
from tests.factories.leagues import make_league, make_season
from tests.factories.matches import make_feed
from tests.matches.rude_server import answer, serving
from tests.matches.vendor import KICKOFF, small_world, url_of, vendor

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def feed_of(url: str, sport: str = "football", **fields) -> Feed:
    season = Season.objects.first() or make_season(make_league(sport=sport))
    return make_feed(season, **{"url": url, "live_interval_ms": 60_000, **fields})


def poll(feed: Feed) -> Feed:
    tasks.poll_feed(feed_id=feed.pk)
    feed.refresh_from_db()
    return feed


def poll_to_the_end(feed: Feed, playing: VendorFeed, *, step=timedelta(minutes=10)) -> None:
    """Ask again and again while the match is played, and as often as it takes at its end."""
    playing.at = KICKOFF - HOUR
    while playing.at < KICKOFF + 5 * HOUR:
        poll(feed)
        playing.at += step
    while feed.failures or not feed.polls.first() or not is_quiet(feed):
        poll(feed)


def is_quiet(feed: Feed) -> bool:
    rows = PlayEvent.objects.count()
    poll(feed)
    return not feed.failures and PlayEvent.objects.count() == rows


def boxscore() -> bytes:
    match = Match.objects.get()
    fold_match(match.pk, from_scratch=True)
    return BoxScore.objects.get(match=match).document


def outcomes() -> list[str]:
    return list(FeedPoll.objects.order_by("pk").values_list("outcome", flat=True))


def test_poll_of_a_vendor_fills_fixtures_then_its_log():
    with vendor() as (server, playing):
        feed = poll(feed_of(url_of(server)))
        assert (Match.objects.count(), PlayEvent.objects.count()) == (1, 0)
        assert feed.cursor == "0-0"

        playing.at = KICKOFF + HOUR
        poll(feed)

    assert PlayEvent.objects.count() > 10
    assert Match.objects.get().vendor_status == MatchStatus.LIVE
    assert outcomes() == [PollOutcome.CHANGED] * 2
    assert RawDocument.objects.count() == 2
    assert (feed.failures, feed.claimed_until) == (0, None)
    assert feed.next_poll_at > now()


def test_poll_of_what_has_not_changed_is_a_304_and_freshens_the_data():
    with vendor() as (server, playing):
        feed = feed_of(url_of(server))
        poll(feed)
        playing.at = KICKOFF + HOUR
        for _ in range(3):
            poll(feed)
        rows = PlayEvent.objects.count()
        fold_match(Match.objects.get().pk)
        long_ago = now() - HOUR
        Match.objects.update(data_at=long_ago)
        FeedPoll.objects.all().delete()

        poll(feed)

    assert outcomes() == [PollOutcome.NOT_MODIFIED]
    assert feed.etag
    assert PlayEvent.objects.count() == rows
    assert Match.objects.get().data_at > long_ago


def test_poll_keeps_the_tag_that_a_304_leaves_out():
    with serving(answer(status="304 Not Modified")) as server:
        feed = poll(feed_of(server.url, etag='"v1"', last_modified="yesterday"))

    assert (feed.etag, feed.last_modified, feed.failures) == ('"v1"', "yesterday", 0)


@pytest.mark.parametrize(
    ("script", "outcome", "error"),
    [
        (answer(status="500 Oops"), PollOutcome.HTTP_ERROR, "answered 500"),
        (answer(b'{"matches": [{"id": '), PollOutcome.REFUSED, "no JSON"),
        (answer(b"[" * 100), PollOutcome.REFUSED, "nested deeper"),
        (answer(b'{"sport": "football", "matches": 3}'), PollOutcome.REFUSED, "a list"),
        (answer(b'{"sport": "chess"}'), PollOutcome.REFUSED, "the document is of chess"),
        (answer(b"zz", Content_Encoding="gzip"), PollOutcome.NETWORK_ERROR, "no gzip"),
        (lambda peer, _: None, PollOutcome.NETWORK_ERROR, "no answer"),
    ],
    ids=["500", "garbage", "too deep", "wrong type", "wrong sport", "bad gzip", "hung up"],
)
def test_poll_that_fails_is_counted_and_shown(script, outcome, error):
    with serving(script) as server:
        feed = poll(feed_of(server.url))

    row = FeedPoll.objects.get()
    assert row.outcome == outcome
    assert error in row.error
    assert (feed.failures, feed.last_error) == (1, row.error)
    assert feed.last_good_at is None
    assert feed.claimed_until is None
    assert PlayEvent.objects.count() == 0


def test_poll_that_fails_again_and_again_is_put_off_longer_and_longer():
    feed = feed_of("http://127.0.0.1:9/", idle_interval_s=1, live_interval_ms=1000)
    pauses = []
    with serving(answer(status="500 Oops")) as server:
        feed.url = server.url
        feed.save()
        for _ in range(11):
            poll(feed)
            pauses.append(round((feed.next_poll_at - feed.last_polled_at).total_seconds()))

    assert pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256, 256, 256]
    assert feed.failures == 11


def test_poll_that_goes_well_again_is_forgiven():
    with vendor() as (server, _):
        feed = poll(feed_of(url_of(server), failures=7, last_error="answered 500"))

    assert (feed.failures, feed.last_error) == (0, "")
    assert (feed.next_poll_at - feed.last_polled_at).total_seconds() == 60


def test_poll_whose_answer_breaks_us_is_shown_and_polled_again(monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("ours")

    monkeypatch.setattr(tasks.feeds, "apply_document", broken)
    with vendor() as (server, _):
        feed = poll(feed_of(url_of(server)))

    assert outcomes() == [PollOutcome.FAILED]
    assert feed.last_error == "RuntimeError: ours"
    assert feed.claimed_until is None


def test_silent_vendor_is_a_failure_and_heals():
    with vendor(silence=1.0) as (server, _):
        feed = poll(feed_of(url_of(server)))
        assert (feed.failures, outcomes()) == (1, [PollOutcome.NETWORK_ERROR])

        server.misbehaviour, server.silent_until = type(server.misbehaviour)(), 0.0
        poll(feed)

    assert feed.failures == 0
    assert Match.objects.count() == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "chances",
    [
        {"duplicates": 0.5},
        {"disorder": 0.5},
        {"errors": 0.4, "garbage": 0.3},
        {"duplicates": 0.2, "disorder": 0.2, "vanishing": 0.2, "errors": 0.2, "garbage": 0.2},
    ],
    ids=["duplicates", "disorder", "errors", "everything"],
)
def test_misbehaving_vendor_ends_with_the_boxscore_of_a_well_behaved_one(chances):
    with vendor() as (server, playing):
        feed = feed_of(url_of(server))
        poll_to_the_end(feed, playing)
        polite = boxscore()
        rows = PlayEvent.objects.count()
    PlayEvent.objects.all().delete()
    Match.objects.update(head_seq=0, folded_seq=0)
    with vendor(**chances) as (server, playing):
        Feed.objects.update(url=url_of(server), cursor="", etag="")
        feed.refresh_from_db()
        poll_to_the_end(feed, playing)
        rude = boxscore()

    assert PlayEvent.objects.count() == rows
    assert rude == polite


def test_goals_that_the_referee_takes_back_are_gone_from_score_and_boxscore():
    world = small_world(seed="goals")
    with vendor(world, retractions=1.0) as (server, playing):
        poll_to_the_end(feed_of(url_of(server)), playing)
    match = Match.objects.get()
    fold_match(match.pk)
    match.refresh_from_db()

    undone = PlayEvent.objects.filter(op="retract")
    assert undone.count() > 0
    assert set(undone.values_list("reason", flat=True)) == {"Overturned after review"}
    assert (match.home_score, match.away_score, match.score_mismatch) == (0, 0, False)


@pytest.mark.slow
@pytest.mark.parametrize("ids", ["", "&ids=0"], ids=["with ids", "without ids"])
def test_snapshots_whose_facts_vanish_and_return_end_with_the_same_boxscore(ids, settings):
    with vendor() as (server, playing):
        feed = feed_of(url_of(server, "?snapshot=1" + ids))
        poll_to_the_end_of_snapshots(feed, playing, settings)
        polite = boxscore()
    Match.objects.update(head_seq=0, folded_seq=0)
    PlayEvent.objects.all().delete()
    with vendor(vanishing=0.3) as (server, playing):
        Feed.objects.update(url=url_of(server, "?snapshot=1" + ids), etag="")
        feed.refresh_from_db()
        poll_to_the_end_of_snapshots(feed, playing, settings)

    assert PlayEvent.objects.filter(op="retract", reason="vendor_removed").exists()
    assert MissingFact.objects.count() == 0
    assert numbers(boxscore()) == numbers(polite)


_followed: list[VendorFeed] = []


def vendors_now():
    """The product's clock while it follows a vendor's."""
    return _followed[-1].at


def poll_to_the_end_of_snapshots(feed, playing, settings):
    _followed[:] = [playing]
    settings.CLOCK = f"{__name__}.vendors_now"
    # The last minutes; the vendor stops telling of a match soon after its end.
    playing.at = KICKOFF + timedelta(minutes=95)
    end = KICKOFF + timedelta(minutes=118)
    while playing.at < end:
        poll(feed)
        playing.at += timedelta(seconds=25)
    for _ in range(6):
        poll(feed)
        playing.at += timedelta(seconds=25)
    settings.CLOCK = ""


def numbers(document: bytes):
    """A boxscore without its count of revisions."""
    found = orjson.loads(bytes(document))
    return {key: found[key] for key in ("score", "home", "away")}


def test_fast_feed_is_polled_in_a_loop_that_hands_over(monkeypatch):
    monkeypatch.setattr(tasks, "_LOOP_FOR_S", 0.2)
    sent = []
    monkeypatch.setattr(tasks.poll_feed, "delay", lambda **options: sent.append(options))
    with vendor() as (server, playing):
        playing.at = KICKOFF + HOUR
        feed = feed_of(url_of(server), live_interval_ms=20, idle_interval_s=0)

        poll(feed)

    assert sent == [{"feed_id": feed.pk}]
    # The claim stays with whoever goes on.
    assert feed.claimed_until > now()


@pytest.mark.parametrize("are_folds_behind", [True, False])
def test_poll_ahead_of_the_folds_leaves_them_as_long_as_it_took(are_folds_behind):
    memory = feeds.PollMemory()
    with vendor() as (server, playing):
        feed = feed_of(url_of(server), live_interval_ms=1, idle_interval_s=0)
        for playing.at in (KICKOFF, KICKOFF + HOUR / 2):
            feeds.record_answer(feed, fetch(feed.url, after=feed.cursor), memory=memory)
        if not are_folds_behind:
            fold_match(Match.objects.get().pk)
        playing.at = KICKOFF + HOUR
        feeds.record_answer(feed, fetch(feed.url, after=feed.cursor), memory=memory)

    rest_ms = (feed.next_poll_at - feed.last_polled_at) / timedelta(milliseconds=1)
    assert (rest_ms > 1) is are_folds_behind


def test_task_that_the_broker_tells_twice_polls_once(monkeypatch):
    sent = []
    monkeypatch.setattr(tasks.poll_feed, "delay", lambda **options: sent.append(options))
    with vendor() as (server, _):
        feed = feed_of(url_of(server), live_interval_ms=20, idle_interval_s=0)
        other = connection.copy()
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s, %s)", [feeds._POLLING_LOCK, feed.pk])
        poll(feed)
        with other.cursor() as cursor:
            # A connection that is closed keeps its locks until the server has noticed.
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [feeds._POLLING_LOCK, feed.pk])
        other.close()
        assert (outcomes(), sent) == ([], [])

        monkeypatch.setattr(tasks, "_LOOP_FOR_S", 0.0)
        poll(feed)

    assert outcomes() == [PollOutcome.CHANGED]
    assert len(sent) == 1


def test_prune_polls_forgets_only_old_ones():
    feed = feed_of("http://127.0.0.1:9/")
    old, new = (
        FeedPoll.objects.create(feed=feed, outcome=PollOutcome.CHANGED, polled_at=now() - age)
        for age in (timedelta(days=8), timedelta(days=6))
    )

    tasks.prune_polls()

    assert list(FeedPoll.objects.all()) == [new]
    assert old.pk != new.pk
