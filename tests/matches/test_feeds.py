"""Claiming feeds: each due feed goes to one poller, whoever dies keeps it for a while only."""

from datetime import timedelta

import pytest

from config.clock import now
from matches.models import Feed, RawDocument
from matches.services.curation import poll_now, switch_feeds
from matches.services.feeds import CLAIM_FOR, claim_due_feeds, pack_files, release_feed, store_raw
from tests.factories.leagues import make_season
from tests.factories.matches import make_feed
from tests.race.processes import race

SECOND = timedelta(seconds=1)


@pytest.mark.django_db
def test_claim_takes_what_is_due_and_nothing_else():
    at = now()
    due = make_feed(next_poll_at=at - SECOND)
    make_feed(next_poll_at=at + SECOND)
    make_feed(next_poll_at=at - SECOND, is_enabled=False)
    make_feed(next_poll_at=at - SECOND, claimed_until=at + SECOND)

    assert claim_due_feeds(at=at) == [due.pk]
    assert claim_due_feeds(at=at) == []


@pytest.mark.django_db
def test_claim_of_a_dead_poller_ends():
    at = now()
    feed = make_feed(next_poll_at=at)
    claim_due_feeds(at=at)

    assert claim_due_feeds(at=at + CLAIM_FOR - SECOND) == []
    assert claim_due_feeds(at=at + CLAIM_FOR) == [feed.pk]


@pytest.mark.django_db
def test_release_gives_a_feed_back_at_once():
    at = now()
    feed = make_feed(next_poll_at=at)
    claim_due_feeds(at=at)

    release_feed(feed)

    assert claim_due_feeds(at=at) == [feed.pk]


@pytest.mark.django_db
def test_poll_now_forgives_failures_and_switches_on():
    feed = make_feed(next_poll_at=now() + timedelta(hours=1), failures=9, is_enabled=False)

    assert poll_now([feed.pk]) == 1
    assert claim_due_feeds(at=now()) == [feed.pk]
    feed.refresh_from_db()
    assert (feed.failures, feed.is_enabled) == (0, True)


@pytest.mark.django_db
def test_switched_off_feed_is_not_claimed():
    feed = make_feed()

    assert switch_feeds([feed.pk], on=False) == 1
    assert claim_due_feeds(at=now()) == []


@pytest.mark.django_db(transaction=True)
def test_claims_of_many_pollers_share_the_feeds_without_overlap(tmp_path):
    season, at = make_season(), now()
    feeds = {make_feed(season, next_poll_at=at - SECOND).pk for _ in range(60)}

    def poller(number):
        def work():
            claimed = claim_due_feeds(at=at)
            (tmp_path / str(number)).write_text(" ".join(map(str, claimed)))

        return work

    assert race(*(poller(number) for number in range(6))) == [0] * 6

    claimed = [int(pk) for n in range(6) for pk in (tmp_path / str(n)).read_text().split()]
    assert sorted(claimed) == sorted(feeds)
    assert Feed.objects.filter(claimed_until=at + CLAIM_FOR).count() == 60


@pytest.mark.django_db
def test_store_raw_keeps_the_same_bytes_once():
    first = store_raw("veze", "k", {"": b"body"})

    assert store_raw("veze", "k", {"": b"body"}) == first
    assert store_raw("veze", "k", {"": b"other"}) != first
    assert RawDocument.objects.count() == 2


def test_pack_files_keeps_a_single_answer_as_it_came():
    assert pack_files({"": b"\xff"}) == b"\xff"
    assert pack_files({"a": b"1", "b": b"2"}) == b'{"a":"1","b":"2"}'
