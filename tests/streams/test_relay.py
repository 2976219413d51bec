"""The relay: one gapless order, handed over once, whoever dies in between."""

import signal
import time

import pytest
from django.db import connection, transaction

from matches.topics import MatchIngested
from streams import groups, redis_client, relay, tasks
from streams.models import GroupCheckpoint, OutboxEvent
from streams.outbox import announce
from streams.redis_client import client
from tests.race.processes import die, race, racers, until
from tests.streams.live_support import Valkey
from tests.streams.probe import STREAM, Probe, tell

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _alone(monkeypatch):
    """Only the groups of the test, and no memory of a Redis that was away."""
    monkeypatch.setattr(groups, "_SUBSCRIPTIONS", {})
    monkeypatch.setattr(relay._pause, "until", 0.0)


@pytest.fixture
def own_valkey(tmp_path_factory, settings):
    """A Redis that a test may freeze and kill."""
    server = Valkey(tmp_path_factory.mktemp("valkey"))
    settings.REDIS_URL = server.url
    settings.REDIS_OPTIONS = {**settings.REDIS_OPTIONS, "socket_timeout": 0.5}
    redis_client.client.cache_clear()
    yield server
    redis_client.client().close()
    redis_client.client.cache_clear()
    server.process.send_signal(signal.SIGCONT)
    server.close()


def positions() -> list[int | None]:
    return list(OutboxEvent.objects.order_by("id").values_list("position", flat=True))


def in_stream() -> list[int]:
    return [int(entry_id.split(b"-")[0]) for entry_id, _ in client().xrange(STREAM)]


def announce_much(first: int, *, count: int = 25) -> None:
    for match_id in range(first, first + count):
        with transaction.atomic():
            announce(
                MatchIngested(match_id=match_id, seq=1), MatchIngested(match_id=match_id, seq=2)
            )


def dying_at(name: str, monkeypatch):
    """Announce in a process that is killed when it comes to this part of the relay."""

    def work():
        monkeypatch.setattr(relay, name, lambda *_, **__: die())
        tell(1, 2)

    return work


def test_relay_of_many_processes_leaves_no_hole_and_no_double():
    assert race(*(lambda first=n * 1000: announce_much(first) for n in range(4))) == [0] * 4

    assert sorted(positions()) == list(range(1, 201))
    assert in_stream() == list(range(1, 201))


def test_relay_keeps_the_order_of_each_announcer():
    race(*(lambda first=n * 1000: announce_much(first) for n in range(3)))

    rows = OutboxEvent.objects.order_by("position").values_list("payload__match_id", flat=True)
    for announcer in range(3):
        own = [match_id for match_id in rows if match_id // 1000 == announcer]
        assert own == sorted(own)


def test_relay_delivers_what_was_committed_by_a_process_killed_before_its_relay(monkeypatch):
    assert race(dying_at("relay", monkeypatch)) == [-signal.SIGKILL]
    assert positions() == [None, None]

    assert relay.relay() == 2

    assert positions() == [1, 2]
    assert in_stream() == [1, 2]


def test_relay_hands_over_what_a_killed_relay_had_only_given_positions(monkeypatch):
    assert race(dying_at("_hand_over", monkeypatch)) == [-signal.SIGKILL]
    assert positions() == [1, 2]
    assert in_stream() == []

    tell(3)

    assert positions() == [1, 2, 3]
    assert in_stream() == [1, 2, 3]


def test_relay_wakes_groups_for_what_a_killed_relay_had_handed_over(monkeypatch):
    probe = Probe()
    assert race(dying_at("wake_groups", monkeypatch)) == [-signal.SIGKILL]
    assert in_stream() == [1, 2]

    tasks.sweep()

    assert client().llen("veze-celery:queue-probe") == 1
    assert groups.drain("probe") == 2
    assert probe.positions == [1, 2]


def test_relay_of_killed_processes_among_living_ones_loses_nothing(monkeypatch):
    dying = [dying_at(name, monkeypatch) for name in ("relay", "_hand_over", "wake_groups")]
    living = [lambda first=n * 1000: announce_much(first, count=10) for n in (1, 2)]

    race(*dying, *living)
    relay.relay()

    assert sorted(positions()) == list(range(1, 47))
    assert in_stream() == list(range(1, 47))


def test_relay_twice_hands_over_nothing_new():
    tell(1, 2)

    assert relay.relay() == 0
    assert in_stream() == [1, 2]


def test_relay_hands_over_more_than_one_batch(monkeypatch):
    monkeypatch.setattr(relay, "BATCH_SIZE", 10)
    with transaction.atomic():
        announce(*(MatchIngested(match_id=n, seq=1) for n in range(35)))
    client().flushdb()

    assert relay.relay() == 35
    assert in_stream() == list(range(1, 36))


def test_announce_with_redis_away_commits_at_once_and_the_sweep_delivers(own_valkey):
    own_valkey.stop()
    started = time.monotonic()
    for match_id in range(20):
        tell(match_id)
    took_s = time.monotonic() - started

    assert OutboxEvent.objects.count() == 20
    assert took_s < 3
    own_valkey.start()
    tasks.sweep()
    assert positions() == list(range(1, 21))
    assert in_stream() == list(range(1, 21))


def test_announce_with_a_frozen_redis_holds_up_one_writer_for_one_time_out(own_valkey):
    client().ping()
    own_valkey.process.send_signal(signal.SIGSTOP)
    started = time.monotonic()
    for match_id in range(20):
        tell(match_id)
    took_s = time.monotonic() - started
    own_valkey.process.send_signal(signal.SIGCONT)

    assert OutboxEvent.objects.count() == 20
    assert took_s < 3
    tasks.sweep()
    assert in_stream() == list(range(1, 21))


def test_announce_whose_connection_breaks_after_commit_does_not_fail():
    with transaction.atomic():
        transaction.on_commit(terminate_own_connection)
        announce(MatchIngested(match_id=1, seq=1))
    connection.close()

    assert positions() == [None]
    tasks.sweep()
    assert positions() == [1]


def terminate_own_connection():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        own = cursor.fetchone()[0]
        other = connection.copy()
        with other.cursor() as others:
            others.execute("SELECT pg_terminate_backend(%s, 5000)", [own])
        other.close()


def test_flushed_redis_is_filled_again_from_the_checkpoints():
    probe = Probe()
    tell(*range(10))
    groups.drain("probe")
    groups.save_checkpoints()
    tell(*range(10, 20))
    groups.drain("probe")
    handled = list(probe.positions)

    client().flushdb()
    tell(20)
    groups.drain("probe")

    assert GroupCheckpoint.objects.get().position == 10
    assert handled == list(range(1, 21))
    # What came after the checkpoint is told once more; nothing is left out.
    assert probe.positions[20:] == list(range(11, 22))


def test_flushed_redis_without_any_checkpoint_is_filled_from_the_beginning():
    probe = Probe()
    tell(1, 2, 3)
    client().flushdb()

    tasks.sweep()
    groups.drain("probe")

    assert probe.positions == [1, 2, 3]


def test_redis_flushed_between_position_and_hand_over_loses_nothing(monkeypatch):
    probe = Probe()
    tell(1, 2)
    race(dying_at("_hand_over", monkeypatch))
    client().flushdb()

    tell(5)
    groups.drain("probe")

    assert probe.positions == [1, 2, 3, 4, 5]


def test_redis_flushed_between_question_and_entry_leaves_no_hole(monkeypatch):
    probe = Probe()
    tell(1, 2, 3)
    asked = relay._head

    def ask_and_flush():
        answer = asked()
        monkeypatch.setattr(relay, "_head", asked)
        client().flushdb()
        return answer

    monkeypatch.setattr(relay, "_head", ask_and_flush)
    tell(4)

    assert in_stream() == [1, 2, 3, 4]
    groups.drain("probe")
    assert probe.heard == [1, 2, 3, 4]


def test_redis_flushed_under_way_loses_nothing_of_many_announcers():
    probe = Probe()
    with racers(*(lambda first=n * 1000: announce_much(first) for n in range(3))) as running:
        for _ in range(5):
            seen = OutboxEvent.objects.count()
            until(
                lambda seen=seen: (
                    OutboxEvent.objects.count() > seen or all(r.has_ended() for r in running)
                )
            )
            client().flushdb()
        assert [racer.join() for racer in running] == [0, 0, 0]

    tasks.sweep()
    groups.drain("probe")

    assert sorted(set(probe.positions)) == list(range(1, 151))


def test_sweep_heals_streams_that_are_ahead_of_a_restored_database():
    probe = Probe()
    tell(*range(10))
    groups.drain("probe")
    # A backup of before: everything after the fourth event is gone.
    OutboxEvent.objects.filter(position__gt=4).delete()
    tell(77)
    assert probe.heard.count(77) == 0

    tasks.sweep()
    groups.drain("probe")

    assert probe.heard[-1] == 77
    assert in_stream()[-1] == 5
