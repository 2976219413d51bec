"""Consumer groups: everything is handled, poison is given up on, nothing is trimmed away."""

import psycopg
import pytest
import redis
from django.core.cache import cache
from django.db import InterfaceError, OperationalError, transaction

from config.clock import now
from leagues.topics import RosterChanged
from streams import groups, relay, tasks
from streams.enums import DeadLetterStatus
from streams.models import DeadLetter, GroupCheckpoint
from streams.outbox import announce
from streams.redis_client import client
from tests.race.processes import die, race, racers
from tests.streams.probe import STREAM, TOPIC, Probe, tell

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _alone(monkeypatch):
    monkeypatch.setattr(groups, "_SUBSCRIPTIONS", {})
    monkeypatch.setattr(relay._pause, "until", 0.0)


@pytest.fixture
def impatient(monkeypatch):
    """Take every pending entry for stuck at once."""
    monkeypatch.setattr(groups, "STUCK_AFTER_MS", 0)


def reclaim() -> int:
    return sum(groups.reclaim(subscription) for subscription in groups.subscriptions())


def pending(group: str = "probe") -> int:
    return client().xpending(STREAM, group)["pending"]


def tasks_for(group: str = "probe") -> int:
    return client().llen(f"veze-celery:queue-{group}")


def test_subscribe_twice_is_refused():
    Probe()

    with pytest.raises(ValueError, match=r"'probe' subscribes to .* twice"):
        Probe()


def test_many_events_wake_a_group_once_and_are_handled_as_one_batch():
    probe = Probe()
    for _ in range(50):
        tell(7)

    assert tasks_for() == 1
    assert groups.drain("probe") == 50
    assert probe.batches == [[7] * 50]
    assert pending() == 0


def test_drain_lets_the_next_event_wake_the_group_again():
    Probe()
    tell(1)
    groups.drain("probe")

    tell(2)

    assert tasks_for() == 2


def test_drain_wakes_only_groups_that_hear_the_topic():
    Probe()
    Probe("deaf", topic="roster.changed")

    tell(1)

    assert (tasks_for("probe"), tasks_for("deaf")) == (1, 0)


def test_drain_gives_each_group_everything():
    probe, other = Probe(), Probe("other")
    tell(1, 2)

    assert (groups.drain("probe"), groups.drain("other")) == (2, 2)
    assert probe.heard == other.heard == [1, 2]


def test_drain_over_its_budget_sends_for_another_worker(monkeypatch):
    probe = Probe()
    tell(1)
    client().delete("veze-celery:queue-probe")
    monkeypatch.setattr(groups, "DRAIN_BUDGET_S", 0.0)

    assert groups.drain("probe") == 0
    assert tasks_for() == 1
    assert probe.heard == []


def test_poisoned_entry_does_not_hold_up_its_neighbours():
    probe = Probe()
    probe.poison = {13}
    tell(11, 12, 13, 14)

    assert groups.drain("probe") == 3
    assert probe.heard == [11, 12, 14]
    assert pending() == 1


def test_poisoned_entry_becomes_a_dead_letter_after_five_failures(impatient):
    probe = Probe()
    probe.poison = {13}
    tell(13)
    groups.drain("probe")

    for failures in range(1, 5):
        assert DeadLetter.objects.count() == 0, failures
        assert pending() == 1
        reclaim()

    letter = DeadLetter.objects.get()
    assert probe.failures == 5
    assert (letter.topic, letter.group, letter.position) == (TOPIC, "probe", 1)
    assert (letter.failures, letter.status) == (5, DeadLetterStatus.OPEN)
    assert letter.error == "ValueError: cannot digest [13]"
    assert letter.payload == {"match_id": 13, "seq": 1}
    assert pending() == 0


def test_many_poisoned_entries_among_others_all_end_in_the_admin(impatient):
    probe = Probe()
    probe.poison = set(range(0, 400, 10))
    tell(*range(400))

    groups.drain("probe")
    for _ in range(5):
        reclaim()

    assert sorted(probe.heard) == [n for n in range(400) if n % 10]
    assert DeadLetter.objects.count() == 40
    assert pending() == 0


def test_entry_that_cannot_be_read_ends_as_a_dead_letter_too(impatient):
    probe = Probe()
    tell(1)
    client().xadd(STREAM, {"payload": b'{"of": "another version"}', "trace": b"{}"}, id="2-0")
    client().xadd(STREAM, {"payload": b'{"match_id": 3, "seq": 1}', "trace": b"{}"}, id="3-0")

    assert groups.drain("probe") == 2
    for _ in range(5):
        tasks.sweep()

    assert probe.heard == [1, 3]
    assert DeadLetter.objects.get().position == 2
    assert pending() == 0


def test_entry_that_kills_its_worker_is_given_up_on_without_another_try(impatient, monkeypatch):
    def handle(deliveries):
        die()

    groups.subscribe(TOPIC, group="probe", queue="queue-probe")(handle)
    tell(13)
    assert race(lambda: groups.drain("probe")) == [-9]
    for _ in range(4):
        assert race(reclaim) == [-9]

    assert reclaim() == 0

    letter = DeadLetter.objects.get()
    assert (letter.failures, letter.error) == (5, "the worker died each time")
    assert pending() == 0


def test_failing_entry_that_heals_is_handled_and_leaves_no_dead_letter(impatient):
    probe = Probe()
    probe.poison = {13}
    tell(13)
    groups.drain("probe")
    for _ in range(3):
        reclaim()

    probe.poison = ()

    assert reclaim() == 1
    assert probe.heard == [13]
    assert DeadLetter.objects.count() == 0
    assert pending() == 0


def dead_letter(probe) -> DeadLetter:
    probe.poison = {13}
    return DeadLetter.objects.create(
        topic=TOPIC,
        group=probe.group,
        entry_id="1-0",
        position=1,
        payload={"match_id": 13, "seq": 1},
        error="ValueError: no",
        failures=5,
    )


def test_retry_dead_letter_that_goes_well_closes_it():
    probe = Probe()
    letter = dead_letter(probe)
    probe.poison = ()

    assert groups.retry_dead_letter(letter.pk)

    letter.refresh_from_db()
    assert probe.heard == [13]
    assert letter.status == DeadLetterStatus.RETRIED
    assert letter.resolved_at <= now()


def test_retry_dead_letter_that_fails_again_counts_it():
    letter = dead_letter(Probe())

    assert not groups.retry_dead_letter(letter.pk)

    letter.refresh_from_db()
    assert (letter.failures, letter.status) == (6, DeadLetterStatus.OPEN)
    assert letter.error == "ValueError: cannot digest [13]"


def test_retry_dead_letter_that_cannot_be_read_counts_it_too():
    letter = dead_letter(Probe())
    letter.payload = {"of": "another version"}
    letter.save()

    assert not groups.retry_dead_letter(letter.pk)

    letter.refresh_from_db()
    assert letter.failures == 6
    assert letter.error.startswith("TypeError")


def test_dismiss_dead_letter_closes_it_unhandled():
    probe = Probe()
    letter = dead_letter(probe)

    groups.dismiss_dead_letter(letter.pk)

    letter.refresh_from_db()
    assert letter.status == DeadLetterStatus.DISMISSED
    assert (probe.heard, probe.failures) == ([], 0)


def test_entries_of_a_killed_worker_are_handled_by_another(impatient):
    probe = Probe()
    tell(1, 2, 3)

    def dying(deliveries):
        die()

    subscription = groups.subscriptions()[0]
    assert race(lambda: _drain_with(dying, subscription)) == [-9]
    assert pending() == 3

    assert reclaim() == 3
    assert probe.heard == [1, 2, 3]
    assert pending() == 0


def _drain_with(handler, subscription):
    groups._SUBSCRIPTIONS.clear()
    groups.subscribe(subscription.topic, group=subscription.group, queue=subscription.queue)(
        handler
    )
    groups.drain(subscription.group)


def test_entries_under_work_are_left_to_their_worker():
    probe = Probe()
    tell(1)
    groups.create_groups()
    client().xreadgroup("probe", "drain", {STREAM: ">"})

    assert reclaim() == 0
    assert probe.heard == []
    assert pending() == 1


def test_drains_at_once_handle_each_entry_once():
    marks = "handled:"

    def handle(deliveries):
        for delivery in deliveries:
            cache.add(f"{marks}{delivery.position}", 0)
            cache.incr(f"{marks}{delivery.position}")

    groups.subscribe(TOPIC, group="probe", queue="queue-probe")(handle)
    tell(*range(600))

    assert race(*[lambda: groups.drain("probe")] * 3) == [0, 0, 0]
    assert [cache.get(f"{marks}{n}") for n in range(1, 601)] == [1] * 600


def test_checkpoint_of_a_drained_group_is_where_it_stands():
    Probe()
    tell(1, 2, 3)
    groups.drain("probe")

    groups.save_checkpoints()

    assert GroupCheckpoint.objects.get().position == 3


def test_checkpoint_stays_before_what_is_pending(impatient):
    probe = Probe()
    probe.poison = {13}
    tell(1, 13, 3)
    groups.drain("probe")

    groups.save_checkpoints()

    assert probe.heard == [1, 3]
    assert GroupCheckpoint.objects.get().position == 1


def test_checkpoint_without_a_group_in_redis_is_kept():
    Probe()
    tell(1, 2)
    groups.drain("probe")
    groups.save_checkpoints()
    client().flushdb()

    tasks.checkpoint()

    assert GroupCheckpoint.objects.get().position == 2


def test_checkpoint_of_a_quiet_topic_follows_the_common_order():
    Probe()
    groups.subscribe("roster.changed", group="quiet", queue="queue-quiet")(lambda _: None)
    with transaction.atomic():
        announce(RosterChanged(team_id=1, player_ids=()))
    for group in ("probe", "quiet"):
        groups.drain(group)
    tell(*range(50))
    groups.drain("probe")

    groups.save_checkpoints()

    assert groups.checkpoint_floor() == 51


def test_trim_never_drops_what_a_group_has_not_handled():
    fast, slow = Probe("fast"), Probe("slow")
    tell(*range(900))
    groups.drain("fast")
    groups.create_groups()
    client().xreadgroup("slow", "drain", {STREAM: ">"}, count=300)
    client().xack(STREAM, "slow", *(f"{n}-0" for n in range(1, 251)))

    groups.save_checkpoints()

    left = [int(entry_id.split(b"-")[0]) for entry_id, _ in client().xrange(STREAM)]
    assert left[0] > 1, "nothing was trimmed"
    assert left == list(range(left[0], 901))
    assert left[0] <= 251
    assert groups.drain("slow") == 600
    assert fast.positions == list(range(1, 901))
    assert slow.positions == list(range(301, 901))


def test_trim_waits_for_a_group_that_redis_does_not_know_yet():
    Probe()
    tell(*range(300))
    groups.drain("probe")
    late = Probe("late")

    groups.save_checkpoints()
    groups.drain("late")

    assert late.positions == list(range(1, 301))


def test_lags_count_what_waits_and_what_is_under_work():
    probe = Probe()
    Probe("other")
    probe.poison = {3}
    tell(1, 2, 3)
    groups.create_groups()
    groups.drain("probe")

    assert groups.lags() == {"probe": 1, "other": 3}


def test_lags_of_an_empty_redis_are_none():
    Probe()

    assert groups.lags() == {}


def test_sweep_wakes_groups_that_were_forgotten():
    Probe()
    tell(1)
    client().delete("veze-celery:queue-probe", "veze:wake:probe")

    tasks.sweep()

    assert tasks_for() == 1


def test_worker_killed_under_way_leaves_nothing_undone(impatient):
    handled = "handled"

    def handle(deliveries):
        for delivery in deliveries:
            client().sadd(handled, delivery.position)

    groups.subscribe(TOPIC, group="probe", queue="queue-probe")(handle)
    tell(*range(1000))
    for _ in range(5):
        with racers(lambda: groups.drain("probe")) as (worker,):
            before = client().scard(handled)
            while client().scard(handled) == before and not worker.has_ended():
                pass
            worker.kill()

    groups.drain("probe")
    reclaim()
    while pending():
        reclaim()

    assert client().scard(handled) == 1000
    assert DeadLetter.objects.count() == 0


@pytest.mark.parametrize(
    "error",
    [
        redis.ConnectionError("away"),
        redis.TimeoutError("frozen"),
        InterfaceError("the connection is closed"),
        OperationalError("server closed the connection unexpectedly"),
    ],
    ids=lambda error: f"{type(error).__name__}",
)
def test_batch_whose_server_is_away_is_tried_once_and_not_entry_by_entry(impatient, error):
    probe = Failing(error)
    tell(*range(20))

    handled = groups.drain("probe")

    assert (handled, probe.tries, pending()) == (0, [20], 20)
    probe.error = None
    assert reclaim() == 20
    assert pending() == 0


def test_batch_that_lost_a_deadlock_is_tried_again_at_once():
    error = OperationalError("deadlock detected")
    error.__cause__ = psycopg.errors.DeadlockDetected()
    probe = Failing(error, times=1)
    tell(*range(3))

    assert groups.drain("probe") == 3
    assert probe.tries == [3, 1, 1, 1]


class Failing:
    """A group whose handler fails with one error, so often or until it is told otherwise."""

    def __init__(self, error, *, times=1_000):
        self.error, self.times, self.tries = error, times, []
        groups.subscribe(TOPIC, group="probe", queue="queue-probe")(self.handle)

    def handle(self, deliveries):
        self.tries.append(len(deliveries))
        if self.error is not None and len(self.tries) <= self.times:
            raise self.error


@pytest.mark.parametrize(
    "error", [InterfaceError("the connection is closed"), OperationalError("no route to host")]
)
def test_entry_is_not_given_up_on_because_a_server_was_away(impatient, error):
    """It is tried as often as the outage lasts; none of these attempts counts."""
    probe = Failing(error)
    tell(7)
    groups.drain("probe")

    for _ in range(2 * groups.MAX_FAILURES):
        reclaim()
    probe.error = None

    assert reclaim() == 1
    assert DeadLetter.objects.count() == 0
    assert pending() == 0
