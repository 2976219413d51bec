"""Two curators act at once: each question, letter, paste and schedule is dealt with once."""

from datetime import UTC, datetime, timedelta

import pytest

from leagues import services
from leagues.enums import UnmatchedStatus
from leagues.models import ExternalId, SeasonTeam, Team, UnmatchedName
from leagues.rules.pasting import digest_of, read_teams
from leagues.services import add_pasted_teams, pasted_teams, resolve_unmatched
from matches.models import Match
from matches.services import schedule
from matches.services.schedule import Calendar, publish_schedule
from streams import groups
from streams.models import DeadLetter, OutboxEvent
from tests.factories.leagues import make_player, make_season, make_team
from tests.race.processes import (
    Gate,
    is_somebody_waiting_for_a_lock,
    racers,
    until,
    without_row_locks,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def gate():
    made = Gate()
    yield made
    made.close()


def at_once(gate, slow, quick, *, locked):
    """Let the second begin while the first waits at the gate; return how both ended."""

    def unlocked(work):
        def run():
            if not locked:
                without_row_locks()
                services._lock_names = lambda: None
            work()

        return run

    with racers(unlocked(slow)) as (one,):
        gate.await_arrival()
        with racers(unlocked(quick)) as (other,):
            until(lambda: is_somebody_waiting_for_a_lock() or other.has_ended())
            gate.open()
            return one.join(), other.join()


def waiting_after(gate, module, name):
    """Let this process wait at the gate each time the function has answered."""
    answer = getattr(module, name)

    def wait(*arguments, **options):
        found = answer(*arguments, **options)
        gate.wait()
        return found

    setattr(module, name, wait)


@pytest.mark.parametrize(("locked", "ends"), [(True, (0, 1)), (False, (0, 0))])
def test_name_is_answered_by_one_of_two(gate, locked, ends):
    one, other = make_player("Jo"), make_player("Joanna")
    question = UnmatchedName.objects.create(source="opta", value="p1", name="J.")

    def slow():
        waiting_after(gate, services, "link_external")
        resolve_unmatched(question, status=UnmatchedStatus.LINKED, player=one)

    def quick():
        resolve_unmatched(question, status=UnmatchedStatus.IGNORED, player=other)

    assert at_once(gate, slow, quick, locked=locked) == ends
    # Without the lock the one who ignored it believes that it is ignored, and it is linked.
    assert ExternalId.objects.get().object_id == one.pk
    question.refresh_from_db()
    assert question.status == UnmatchedStatus.LINKED


@pytest.mark.parametrize(("locked", "times"), [(True, 1), (False, 2)])
def test_dead_letter_is_handled_once(gate, monkeypatch, locked, times):
    letter = DeadLetter.objects.create(
        topic="match.ingested",
        group="test",
        entry_id="5-0",
        position=5,
        payload={"match_id": 1, "seq": 1},
        error="broken",
    )

    def handle(_):
        OutboxEvent.objects.create(topic="handled", payload={})

    subscription = groups.Subscription(
        topic="match.ingested", group="test", queue="default", handler=handle
    )
    monkeypatch.setitem(groups._SUBSCRIPTIONS, ("match.ingested", "test"), subscription)

    def slow():
        waiting_after(gate, groups, "from_payload")
        groups.retry_dead_letter(letter.pk)

    def quick():
        groups.retry_dead_letter(letter.pk)

    assert at_once(gate, slow, quick, locked=locked) == (0, 0)
    assert OutboxEvent.objects.filter(topic="handled").count() == times


@pytest.mark.parametrize(("locked", "ends", "teams"), [(True, (0, 1), 1), (False, (0, 0), 2)])
def test_pasted_team_is_made_once(gate, locked, ends, teams):
    season = make_season()
    typed = read_teams("Rovers")
    seen = digest_of(pasted_teams(season, typed))

    def slow():
        waiting_after(gate, services, "digest_of")
        add_pasted_teams(season.pk, typed, seen=seen)

    def quick():
        add_pasted_teams(season.pk, typed, seen=seen)

    assert at_once(gate, slow, quick, locked=locked) == ends
    assert Team.objects.filter(name="Rovers").count() == teams
    assert SeasonTeam.objects.filter(season=season).count() == teams


@pytest.mark.parametrize(("locked", "ends", "count"), [(True, (0, 1), 6), (False, (0, 0), 12)])
def test_season_gets_one_schedule(gate, locked, ends, count):
    season = make_season()
    for _ in range(3):
        make_team(season=season)

    def publish(day):
        first_at = datetime(2027, 8, day, 15, tzinfo=UTC)
        publish_schedule(season, Calendar(first_at=first_at, every=timedelta(days=7)))

    def slow():
        waiting_after(gate, schedule, "plan_schedule")
        publish(14)

    assert at_once(gate, slow, lambda: publish(15), locked=locked) == ends
    assert Match.objects.filter(season=season).count() == count
