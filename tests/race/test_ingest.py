"""Two ingests of one document at once: each fact once, and the lock is what makes it so."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from leagues.models import ExternalId, Player, Season, Team
from matches.ingest.documents import FeedDocument, FeedEvent, FeedMatch, FeedPlayer, FeedTeam
from matches.models import Match, PlayEvent
from matches.services import ingest
from matches.services.ingest import apply_document
from streams.models import OutboxEvent
from tests.race.processes import (
    is_somebody_waiting_for_a_lock,
    race,
    racers,
    until,
    without_row_locks,
)

pytestmark = pytest.mark.django_db(transaction=True)

KICKOFF = datetime(2026, 11, 22, 15, tzinfo=UTC)


def document(first: int = 1, last: int = 0, *, kickoff_at=KICKOFF) -> FeedDocument:
    events = [
        FeedEvent(
            type="score.home",
            clock_ms=number * 1000,
            order=number,
            team="h",
            player="p1",
            vendor_event_id=f"e{number}",
        )
        for number in range(first, last + 1)
    ]
    return FeedDocument(
        source="vendor",
        sport="generic",
        league="Sunday League",
        season="2026-27",
        teams=[FeedTeam(ref="h", name="Rovers"), FeedTeam(ref="a", name="United")],
        players=[FeedPlayer(ref=f"p{n}", name=f"Player {n}", team="h") for n in range(1, 4)],
        matches=[FeedMatch(ref="m1", home="h", away="a", kickoff_at=kickoff_at, events=events)],
    )


def slow_ingest(told, gate, monkeypatch, *, locked):
    """An ingest that has compared the document with the log and waits before it appends."""

    def work():
        if not locked:
            without_row_locks()
        append = ingest.append_plans

        def wait_and_append(*arguments, **options):
            gate.wait()
            append(*arguments, **options)

        monkeypatch.setattr(ingest, "append_plans", wait_and_append)
        apply_document(told)

    return work


def quick_ingest(told, *, locked):
    def work():
        if not locked:
            without_row_locks()
        apply_document(told)

    return work


def ingest_at_once(first, second, gate, monkeypatch, *, locked):
    """Return how the two ended, and the places and facts of the log."""
    apply_document(document())
    with racers(slow_ingest(first, gate, monkeypatch, locked=locked)) as (slow,):
        gate.await_arrival()
        with racers(quick_ingest(second, locked=locked)) as (quick,):
            until(lambda: is_somebody_waiting_for_a_lock() or quick.has_ended())
            gate.open()
            ends = (slow.join(), quick.join())
    log = PlayEvent.objects.order_by("seq").values_list("seq", "vendor_event_id")
    return ends, list(log)


def test_one_document_at_once_is_appended_once(gate, monkeypatch):
    told = document(1, 5)

    ends, log = ingest_at_once(told, told, gate, monkeypatch, locked=True)

    assert ends == (0, 0)
    assert log == [(n, f"e{n}") for n in range(1, 6)]
    assert Match.objects.get().head_seq == 5


def test_two_documents_at_once_are_both_appended(gate, monkeypatch):
    first, second = document(1, 3), document(4, 6)

    ends, log = ingest_at_once(first, second, gate, monkeypatch, locked=True)

    assert ends == (0, 0)
    assert log == [(n, f"e{n}") for n in range(1, 7)]
    assert Match.objects.get().head_seq == 6


def test_two_documents_at_once_without_the_lock_collide(gate, monkeypatch):
    first, second = document(1, 3), document(4, 6)

    ends, log = ingest_at_once(first, second, gate, monkeypatch, locked=False)

    # Nothing is doubled, for the database refuses; but one document is lost.
    assert ends == (1, 0)
    assert log == [(1, "e4"), (2, "e5"), (3, "e6")]


@pytest.mark.parametrize("round_", range(3))
def test_first_telling_of_a_league_by_many_at_once_makes_everything_once(round_):
    told = document(1, 5)

    assert race(*[lambda: apply_document(told)] * 4) == [0] * 4

    assert Season.objects.count() == 1
    assert Match.objects.get().head_seq == 5
    assert (Team.objects.count(), Player.objects.count()) == (2, 3)
    assert ExternalId.objects.count() == 6
    assert [row.seq for row in PlayEvent.objects.order_by("seq")] == [1, 2, 3, 4, 5]
    positions = OutboxEvent.objects.order_by("position").values_list("position", flat=True)
    assert list(positions) == list(range(1, len(positions) + 1))


def test_first_telling_of_a_match_by_two_vendors_at_once_makes_one_match():
    apply_document(replace(document(), matches=[]))
    apply_document(replace(document(), source="other", matches=[]))
    later = KICKOFF.replace(minute=5)
    told = [document(), replace(document(kickoff_at=later), source="other")]

    assert race(*(lambda one=one: apply_document(one) for one in told * 2)) == [0] * 4

    assert Match.objects.count() == 1
    assert ExternalId.objects.filter(kind="match").count() == 2
