"""Two workers tell of one match at once: one message each, and the locks are what makes it so."""

import pytest

from config.clock import now
from notifications import tasks
from notifications.models import Delivery, Notification
from notifications.services import planning, sending
from notifications.services.planning import plan_matches
from tests.notifications.conftest import Fan, Game
from tests.notifications.push_service import push_service
from tests.race.processes import is_somebody_waiting_for_a_lock, racers, until

pytestmark = pytest.mark.django_db(transaction=True)
# Takes the same arguments and no lock.
_NO_LOCK = "SELECT 1 WHERE %s IS NOT NULL"


@pytest.fixture
def service():
    with push_service() as made:
        yield made


@pytest.fixture
def told(service):
    """A match with a goal that nobody was told of yet, and who follows it."""
    game, fan = Game(), Fan(service, 1)
    fan.follow(game.match)
    game.goal()
    return game, fan


def run_both(gate, slow, quick):
    with racers(slow) as (first,):
        gate.await_arrival()
        with racers(quick) as (second,):
            until(lambda: is_somebody_waiting_for_a_lock() or second.has_ended())
            gate.open()
            return [first.join(), second.join()]


def plan_twice(game, gate, monkeypatch, *, locked):
    if not locked:
        monkeypatch.setattr(planning, "_LOCK", f"{_NO_LOCK} AND %s IS NOT NULL")
    compare = planning.news_of

    def wait_and_compare(*arguments, **named):
        news = compare(*arguments, **named)
        gate.wait()
        return news

    def slow():
        monkeypatch.setattr(planning, "news_of", wait_and_compare)
        plan_matches([game.match.pk], at=now())

    return run_both(gate, slow, lambda: plan_matches([game.match.pk], at=now()))


def test_a_match_that_two_plan_at_once_is_told_once(told, gate, monkeypatch):
    game, _ = told

    assert plan_twice(game, gate, monkeypatch, locked=True) == [0, 0]
    assert (Notification.objects.count(), Delivery.objects.count()) == (1, 2)


def test_without_the_lock_one_of_two_that_plan_fails_at_the_constraint(told, gate, monkeypatch):
    game, _ = told

    assert plan_twice(game, gate, monkeypatch, locked=False) == [1, 0]
    assert (Notification.objects.count(), Delivery.objects.count()) == (1, 2)


def send_twice(game, gate, monkeypatch, *, locked):
    plan_matches([game.match.pk], at=now())
    if not locked:
        monkeypatch.setattr(sending, "_LOCK", _NO_LOCK)
    claimed = sending._Batch.claimed

    def wait_and_claim(batch):
        gate.wait()
        return claimed(batch)

    def slow():
        monkeypatch.setattr(sending._Batch, "claimed", wait_and_claim)
        tasks.send_due()

    return run_both(gate, slow, tasks.send_due)


def test_a_message_that_two_claim_at_once_is_sent_once(told, gate, monkeypatch):
    game, fan = told

    assert send_twice(game, gate, monkeypatch, locked=True) == [0, 0]
    assert (len(fan.titles), fan.states()) == (1, ["sent"])


def test_without_the_lock_a_message_is_sent_twice(told, gate, monkeypatch):
    game, fan = told

    assert send_twice(game, gate, monkeypatch, locked=False) == [0, 0]
    assert len(fan.titles) == 2
