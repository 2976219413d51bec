"""Announcing: an event exists if and only if its transaction does."""

import pytest
import structlog
from django.db import connection, transaction

from leagues.models import Venue
from matches.topics import MatchIngested
from streams.models import OutboxEvent
from streams.outbox import announce
from streams.redis_client import client
from streams.relay import STREAM_PREFIX, relay_after_commit

pytestmark = pytest.mark.django_db(transaction=True)


def told() -> list[tuple[int | None, int]]:
    return [(row.position, row.payload["match_id"]) for row in OutboxEvent.objects.order_by("id")]


def test_announce_without_a_transaction_is_refused():
    with pytest.raises(transaction.TransactionManagementError, match="open transaction"):
        announce(MatchIngested(match_id=1, seq=1))

    assert told() == []


def test_announce_of_nothing_needs_no_transaction():
    announce()

    assert told() == []


def test_announce_of_an_undeclared_event_is_refused():
    with pytest.raises(LookupError, match="object is not declared"), transaction.atomic():
        announce(object())


def test_announce_commits_with_its_fact():
    with transaction.atomic():
        Venue.objects.create(name="Park")
        announce(MatchIngested(match_id=1, seq=4), MatchIngested(match_id=2, seq=5))

    assert told() == [(1, 1), (2, 2)]
    assert client().xlen(STREAM_PREFIX + "match.ingested") == 2


def test_announce_vanishes_with_its_fact():
    with pytest.raises(RuntimeError), transaction.atomic():
        announce(MatchIngested(match_id=1, seq=1))
        raise RuntimeError

    assert told() == []
    assert client().keys("veze:stream*") == []


def test_announce_in_a_savepoint_that_is_rolled_back_leaves_the_others():
    with transaction.atomic():
        announce(MatchIngested(match_id=1, seq=1))
        with pytest.raises(RuntimeError), transaction.atomic():
            announce(MatchIngested(match_id=2, seq=1))
            raise RuntimeError

    assert told() == [(1, 1)]


def test_announce_often_in_one_transaction_relays_once():
    with transaction.atomic():
        for match_id in range(20):
            announce(MatchIngested(match_id=match_id, seq=1))
        relays = [call for _, call, _ in connection.run_on_commit if call is relay_after_commit]

    assert len(relays) == 1
    assert [position for position, _ in told()] == list(range(1, 21))


def test_announce_after_a_rolled_back_announce_still_relays():
    with transaction.atomic():
        with pytest.raises(RuntimeError), transaction.atomic():
            announce(MatchIngested(match_id=1, seq=1))
            raise RuntimeError
        announce(MatchIngested(match_id=2, seq=1))

    assert told() == [(1, 2)]


def test_announce_keeps_what_logs_need_to_follow_an_event():
    context = structlog.contextvars.bound_contextvars(request_id="r-1", password="x")
    with context, transaction.atomic():
        announce(MatchIngested(match_id=1, seq=1))

    assert OutboxEvent.objects.get().trace == {"request_id": "r-1"}
