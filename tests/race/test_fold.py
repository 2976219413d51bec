"""Two folds of one match at once: the later one wins, and the lock is what makes it so."""

from datetime import UTC, datetime, timedelta

import pytest

from leagues.enums import ExternalKind
from leagues.models import ExternalId
from matches.ingest.documents import FeedDocument, FeedEvent, FeedMatch
from matches.models import Match
from matches.services.ingest import apply_document
from stats.models import BoxScore
from stats.services import fold
from stats.services.fold import fold_match, fold_matches
from tests.factories.leagues import make_season
from tests.factories.matches import make_event, make_match
from tests.race.processes import (
    is_somebody_waiting_for_a_lock,
    race,
    racers,
    until,
    without_row_locks,
)

pytestmark = pytest.mark.django_db(transaction=True)

KICKOFF = datetime(2026, 11, 22, 15, tzinfo=UTC)


def told_match():
    match = make_match()
    make_event(match, type="period_start")
    make_event(match, team=match.home)
    return match


def slow_fold(match, gate, monkeypatch, *, locked):
    """A fold that has read the log and waits at the gate before it writes."""

    def work():
        if not locked:
            without_row_locks()
        make = fold.boxscore_document

        def wait_and_make(*arguments):
            gate.wait()
            return make(*arguments)

        monkeypatch.setattr(fold, "boxscore_document", wait_and_make)
        fold_match(match.pk)

    return work


def quick_fold(match, *, locked):
    def work():
        if not locked:
            without_row_locks()
        fold_match(match.pk)

    return work


def fold_twice_while_the_log_grows(match, gate, monkeypatch, *, locked):
    fold_match(match.pk)
    make_event(match, team=match.home)
    with racers(slow_fold(match, gate, monkeypatch, locked=locked)) as (slow,):
        gate.await_arrival()
        for _ in range(3):
            make_event(match, team=match.home)
        with racers(quick_fold(match, locked=locked)) as (quick,):
            until(lambda: is_somebody_waiting_for_a_lock() or quick.has_ended())
            gate.open()
            assert (slow.join(), quick.join()) == (0, 0)
    box = BoxScore.objects.get(match=match)
    match = Match.objects.get(pk=match.pk)
    return match.folded_seq, box.folded_seq, match.home_score


def test_two_folds_of_one_match_end_with_the_whole_log(gate, monkeypatch):
    match = told_match()

    assert fold_twice_while_the_log_grows(match, gate, monkeypatch, locked=True) == (6, 6, 5)


def test_two_folds_of_one_match_without_the_lock_lose_the_newest(gate, monkeypatch):
    match = told_match()

    assert fold_twice_while_the_log_grows(match, gate, monkeypatch, locked=False) == (3, 3, 2)


def test_first_folds_of_one_match_at_once_make_one_boxscore():
    match = told_match()

    assert race(*[lambda: fold_match(match.pk)] * 4) == [0] * 4
    assert BoxScore.objects.get(match=match).folded_seq == 2


def test_folds_and_ingests_of_many_matches_do_not_lock_each_other_out():
    # Kick-offs run against the keys: whoever locks by another order than the keys' deadlocks.
    season = make_season()
    matches = [make_match(season, kickoff_at=KICKOFF - timedelta(hours=n)) for n in range(6)]
    for match in matches:
        ExternalId.objects.create(
            source="vendor", kind=ExternalKind.MATCH, value=f"m{match.pk}", object_id=match.pk
        )

    def ingest():
        for number in range(20):
            apply_document(told(number), season=season)

    def told(number):
        event = FeedEvent(type="score.home", clock_ms=number, vendor_event_id=f"e{number}")
        return FeedDocument(
            source="vendor",
            sport=season.league.sport,
            matches=[
                FeedMatch(ref=f"m{match.pk}", home="", away="", events=[event]) for match in matches
            ],
        )

    def folds():
        for _ in range(20):
            fold_matches([match.pk for match in matches])

    assert race(ingest, folds, folds) == [0, 0, 0]

    fold_matches([match.pk for match in matches])
    assert set(Match.objects.values_list("folded_seq", flat=True)) == {20}
