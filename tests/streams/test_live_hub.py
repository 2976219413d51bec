"""The hub of a process: one channel for all topics, whatever comes at once."""

import asyncio
from unittest.mock import AsyncMock

import orjson
import pytest

from streams.live import hub as hub_module
from streams.live.frames import Frame, Resume, Snapshot
from streams.live.publish import publish
from streams.live.topics import register_snapshots
from streams.redis_client import client

pytestmark = pytest.mark.usefixtures("publishing")
register_snapshots("many:", None)
_KEPT = {"epoch": "1", "seq": 3}
register_snapshots("kept:", lambda _: Snapshot(**_KEPT, state={}))


@pytest.fixture
def _layer(valkey, settings):
    layer = settings.CHANNEL_LAYERS["default"]
    hosts = [{"address": valkey.url, "socket_timeout": None}]
    settings.CHANNEL_LAYERS = {"default": {**layer, "CONFIG": {**layer["CONFIG"], "hosts": hosts}}}


@pytest.mark.usefixtures("_layer")
def test_topics_joined_at_once_are_all_told_and_not_just_found_by_the_next_comparison(monkeypatch):
    monkeypatch.setattr(hub_module, "_TICK_S", 3600.0)
    topics = [f"many:{number}" for number in range(20)]
    for topic in topics:
        publish(topic, frames=[Frame(seq=1, data={})], epoch="1")

    told = asyncio.run(_told_after_joining(topics))

    assert told == dict.fromkeys(topics, 2)


@pytest.mark.usefixtures("_layer")
def test_client_that_is_ahead_is_not_set_back_after_redis_lost_its_memory(monkeypatch):
    monkeypatch.setattr(hub_module, "_TICK_S", 3600.0)
    publish("kept:a", frames=[Frame(seq=seq, data={}) for seq in (1, 2, 3)], epoch="1")

    assert asyncio.run(_shown_after_a_loss("kept:a", after=5)) == [3, 5]


@pytest.mark.usefixtures("_layer")
def test_client_is_not_set_back_by_a_slow_publisher_after_redis_lost_its_memory(monkeypatch):
    monkeypatch.setattr(hub_module, "_TICK_S", 3600.0)
    frames = [Frame(seq=seq, data={}) for seq in (1, 2, 3, 4)]
    publish("kept:b", frames=frames[:3], epoch="1")

    shown = _shown_after_a_loss("kept:b", after=5, late=frames)

    assert asyncio.run(shown) == [3, 5]


@pytest.mark.usefixtures("_layer")
def test_rooms_that_nobody_watches_are_cleared_away_a_few_at_a_time(monkeypatch):
    # Nobody looks but the test.
    monkeypatch.setattr(hub_module.Hub, "_keep_time", AsyncMock())
    monkeypatch.setattr(hub_module, "LINGER_S", -1.0)
    monkeypatch.setattr(hub_module, "_MOST_DROPPED", 30)
    topics = [f"many:{number}" for number in range(70)]

    left, watched = asyncio.run(_left_after_each_look(topics))

    assert left == [41, 11, 1]
    assert watched == {"many:watched": {0}}


@pytest.mark.usefixtures("_layer")
def test_hub_that_has_ended_looks_after_no_subscription_any_more():
    assert asyncio.run(_tasks_after_the_end("many:closed")) == set()


async def _tasks_after_the_end(topic):
    async def send(message):
        await asyncio.sleep(0)

    hub = hub_module.Hub()
    hub.join(hub.open({}, send), topic, None)
    await asyncio.wait_for(_answered(hub), 15)
    await hub.close()
    # When what follows each subscription would have come.
    await asyncio.sleep(2 * hub_module._CONFIRM_S)
    return hub._tasks


async def _left_after_each_look(topics):
    async def send(message):
        await asyncio.sleep(0)

    hub = hub_module.Hub()
    try:
        hub.join(hub.open({}, send), "many:watched", None)
        passing = hub.open({}, send)
        for topic in topics:
            hub.join(passing, topic, None)
        hub.forget(passing)
        # What is being worked for is cleared away later.
        await asyncio.wait_for(_answered(hub), 15)
        left = []
        for _ in range(3):
            await hub._drop_empty()
            left.append(len(hub._rooms))
        return left, hub._delays
    finally:
        await hub.close()


async def _answered(hub):
    while working := [task for task in hub._tasks if task.get_coro().__name__ == "_work"]:
        await asyncio.wait(working)


async def _shown_after_a_loss(topic, *, after, late=()):
    """Return the positions of the snapshots of a newcomer and, after a loss, of a resuming one.

    `late` are the frames that somebody sends between the loss and its return.
    """
    shown = []
    is_shown = asyncio.Event()

    async def send(message):
        frame = orjson.loads(message["text"])
        if frame["type"] in {"snapshot", "replay"}:
            shown.append(frame["seq"])
            is_shown.set()

    hub = hub_module.Hub()
    try:
        hub.join(hub.open({}, send), topic, None)
        await asyncio.wait_for(is_shown.wait(), 15)
        is_shown.clear()
        # What others published by then reached this client by another process.
        _KEPT["seq"] = after
        client().flushdb()
        if late:
            publish(topic, frames=late, epoch="1")
        hub.join(hub.open({}, send), topic, Resume(epoch="1", after=after))
        await asyncio.wait_for(is_shown.wait(), 15)
    finally:
        _KEPT["seq"] = 3
        await hub.close()
    return shown[:2]


async def _told_after_joining(topics):
    """Return the newest position that a socket which joins all topics was told of each."""
    joined, told = set(), {}
    all_joined, all_told = asyncio.Event(), asyncio.Event()

    async def send(message):
        frame = orjson.loads(message["text"])
        if frame["type"] == "event":
            told[frame["topic"]] = frame["seq"]
        elif frame["type"] == "snapshot":
            joined.add(frame["topic"])
        if len(joined) == len(topics):
            all_joined.set()
        if len(told) == len(topics):
            all_told.set()

    hub = hub_module.Hub()
    try:
        outlet = hub.open({}, send)
        for topic in topics:
            hub.join(outlet, topic, None)
        await asyncio.wait_for(all_joined.wait(), 15)
        # Past the look that follows each subscription, which would find what was not told.
        await asyncio.sleep(2 * hub_module._CONFIRM_S)
        for topic in topics:
            publish(topic, frames=[Frame(seq=2, data={})], epoch="1")
        await asyncio.wait_for(all_told.wait(), 15)
    finally:
        await hub.close()
    return told
