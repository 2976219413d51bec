"""Reads topics for a hub: positions, frames and snapshots from Redis, lost snapshots by loaders."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

import redis.asyncio
from django.conf import settings
from django.db import close_old_connections

from streams.live import store
from streams.live.frames import Snapshot
from streams.live.publish import keep_loaded
from streams.live.topics import kind_of

Result = TypeVar("Result")

# Loaders read Postgres: few at a time, and apart from the one thread that Django's own async uses.
_LOADER_THREADS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Tail:
    """The frames after a position, and where the topic was at that moment."""

    epoch: str
    seq: int
    frames: list[tuple[int, bytes]]


class Reader:
    """One hub's connection to Redis and its threads for loaders."""

    def __init__(self) -> None:
        self.redis: Any = redis.asyncio.Redis.from_url(settings.REDIS_URL, **settings.REDIS_OPTIONS)
        self._threads = ThreadPoolExecutor(_LOADER_THREADS, thread_name_prefix="live-loader")

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        await self.redis.aclose()

    async def positions(self, topics: Sequence[str]) -> list[tuple[str, int] | None]:
        """Return epoch and position of each topic in one round trip, None for an unknown one."""
        pipe = self.redis.pipeline(transaction=False)
        for topic in topics:
            pipe.hmget(store.keys_of(topic)[0], "epoch", "seq")
        answers = await pipe.execute()
        return [_position(answer) for answer in answers]

    async def head(self, topic: str) -> store.Head | None:
        """Return the topic's position and snapshot."""
        pipe = self.redis.pipeline(transaction=True)
        store.queue_head(pipe, topic)
        return store.parse_head(topic, await pipe.execute())

    async def tail(self, topic: str, after: int) -> Tail | None:
        """Return the kept frames after a position, None for an unknown topic."""
        head, frames, _ = store.keys_of(topic)
        pipe = self.redis.pipeline(transaction=True)
        pipe.hmget(head, "epoch", "seq")
        pipe.xrange(frames, min=f"({after}-0" if after else "-", max="+")
        answer, entries = await pipe.execute()
        position = _position(answer)
        if position is None:
            return None
        return Tail(epoch=position[0], seq=position[1], frames=store.parse_frames(entries))

    async def load(self, topic: str, *, epoch: str, seq: int) -> Snapshot | None:
        """Have the topic's loader make a snapshot and keep it; None where the topic is not.

        `epoch` and `seq` are the topic's position before, for topics that count by themselves:
        what the database says now holds at least that. Raises LookupError without a loader.
        """
        kind = kind_of(topic)
        if kind is None or kind.load is None:
            exists = None if kind is None else kind.exists
            if exists is not None and not await self.in_thread(lambda: exists(topic)):
                return None
            raise LookupError(topic)
        load = kind.load

        def work() -> Snapshot | None:
            snapshot = load(topic)
            if snapshot is None:
                return None
            if not snapshot.epoch:
                snapshot = replace(snapshot, seq=seq)
            keep_loaded(topic, snapshot)
            return snapshot if snapshot.epoch else replace(snapshot, epoch=epoch)

        return await self.in_thread(work)

    async def in_thread(self, work: Callable[[], Result]) -> Result:
        """Run database work in one of the loader's threads."""

        def guarded() -> Result:
            close_old_connections()
            try:
                return work()
            finally:
                close_old_connections()

        return await asyncio.get_running_loop().run_in_executor(self._threads, guarded)


def _position(answer: Sequence[bytes | None]) -> tuple[str, int] | None:
    epoch, seq = answer
    return None if epoch is None or seq is None else (epoch.decode(), int(seq))
