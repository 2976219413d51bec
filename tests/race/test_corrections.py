"""A curator overrides a fact while a poll changes it: both are heard, and the pin decides."""

from dataclasses import replace

import pytest

from matches.models import Match, PlayEvent, VendorWord
from matches.rules.corrections import Said
from matches.services import corrections, ingest
from matches.services.corrections import By, amend_event
from matches.services.ingest import apply_document
from tests.race.processes import (
    Gate,
    is_somebody_waiting_for_a_lock,
    racers,
    until,
    without_row_locks,
)
from tests.race.test_ingest import document

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def gates():
    made = (Gate(), Gate())
    yield made
    for gate in made:
        gate.close()


@pytest.fixture
def fact() -> PlayEvent:
    """A goal at one second, which the vendor is about to put at two and the curator at five."""
    apply_document(document(1, 1))
    return PlayEvent.objects.get()


def held_up(module, gate, monkeypatch, *, locked):
    """Let the process wait at the gate when it has compared and is about to append."""
    if not locked:
        without_row_locks()
    append = module.append_plans

    def wait_and_append(*arguments, **options):
        gate.wait()
        append(*arguments, **options)

    monkeypatch.setattr(module, "append_plans", wait_and_append)


def poll(gate, monkeypatch, *, locked):
    told = document(1, 1)
    moved = replace(told.matches[0].events[0], clock_ms=2000, rev=2)
    told = replace(told, matches=[replace(told.matches[0], events=[moved])])

    def work():
        held_up(ingest, gate, monkeypatch, locked=locked)
        apply_document(told)

    return work


def curator(fact, gate, monkeypatch, *, locked):
    said = Said(
        type=fact.type,
        period="MATCH",
        clock_ms=5000,
        team=fact.team_id,
        player=fact.player_id,
        related_player=None,
        payload={},
    )

    def work():
        held_up(corrections, gate, monkeypatch, locked=locked)
        amend_event(fact.match_id, fact.lineage_id, said, by=By(reason="Seen on video."))

    return work


def at_once(fact, gates, monkeypatch, *, curator_first, locked):
    """Let the first compare, then the second; return how both ended and the fact's revisions."""
    one, two = gates
    acts = [poll(two, monkeypatch, locked=locked), curator(fact, one, monkeypatch, locked=locked)]
    if not curator_first:
        acts = [
            poll(one, monkeypatch, locked=locked),
            curator(fact, two, monkeypatch, locked=locked),
        ]
        acts.reverse()
    second, first = acts
    with racers(first) as (slow,):
        one.await_arrival()
        two.open()
        with racers(second) as (quick,):
            until(lambda: is_somebody_waiting_for_a_lock() or quick.has_ended())
            one.open()
            ends = (slow.join(), quick.join())
    rows = PlayEvent.objects.order_by("seq").values_list("seq", "rev", "source", "clock_ms")
    return ends, list(rows)


def test_poll_that_comes_while_a_curator_pins_is_kept_beside(gates, fact, monkeypatch):
    ends, log = at_once(fact, gates, monkeypatch, curator_first=True, locked=True)

    assert ends == (0, 0)
    assert log == [(1, 1, "vendor", 1000), (2, 2, "admin", 5000)]
    assert VendorWord.objects.get().fact["clock_ms"] == 2000
    assert Match.objects.get().head_seq == 2


def test_curator_who_comes_while_a_poll_applies_has_the_last_word(gates, fact, monkeypatch):
    ends, log = at_once(fact, gates, monkeypatch, curator_first=False, locked=True)

    assert ends == (0, 0)
    assert log == [(1, 1, "vendor", 1000), (2, 2, "vendor", 2000), (3, 3, "admin", 5000)]
    assert Match.objects.get().head_seq == 3


@pytest.mark.parametrize("curator_first", [True, False])
def test_without_the_lock_one_of_the_two_is_lost(gates, fact, monkeypatch, curator_first):
    ends, log = at_once(fact, gates, monkeypatch, curator_first=curator_first, locked=False)

    # Both thought that theirs is the second revision; the database lets one of them be it.
    assert ends == (1, 0)
    assert [row[:2] for row in log] == [(1, 1), (2, 2)]
