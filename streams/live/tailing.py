"""Requests that wait for the log of domain events to grow: one look at Redis for all of them."""

import asyncio
from collections.abc import Collection
from typing import Any, Final

from redis.exceptions import RedisError

from streams.relay import STREAM_PREFIX

_LOOK_S: Final = 0.25


class Tailing:
    """Wakes who waits for a topic to have an entry beyond a position. Belongs to one loop.

    Redis may have forgotten what there was: the waiting ends late then, and the reader asks the
    log itself.
    """

    def __init__(self, redis: Any) -> None:
        self._redis = redis
        self._waiting: dict[asyncio.Future[None], tuple[frozenset[str], int]] = {}
        self._task: asyncio.Task[None] | None = None

    async def grown(self, topics: Collection[str], after: int) -> None:
        """Return once one of the topics has an entry beyond the position; wait for ever else."""
        heard: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[heard] = (frozenset(topics), after)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._look())
        try:
            await heard
        finally:
            self._waiting.pop(heard, None)

    def close(self) -> None:
        """End all waiting: the process stops."""
        if self._task is not None:
            self._task.cancel()
        for heard in tuple(self._waiting):
            if not heard.done():
                heard.set_result(None)

    async def _look(self) -> None:
        while self._waiting:
            heads = await self._heads(frozenset().union(*(t for t, _ in self._waiting.values())))
            for heard, (topics, after) in tuple(self._waiting.items()):
                is_grown = any(heads.get(topic, 0) > after for topic in topics)
                if is_grown and not heard.done():
                    heard.set_result(None)
            await asyncio.sleep(_LOOK_S)

    async def _heads(self, topics: Collection[str]) -> dict[str, int]:
        """Return the last position of each topic that Redis knows of."""
        names = sorted(topics)
        pipe = self._redis.pipeline(transaction=False)
        for topic in names:
            pipe.xinfo_stream(STREAM_PREFIX + topic)
        try:
            answers = await pipe.execute(raise_on_error=False)
        except (RedisError, OSError):
            return {}
        return {
            topic: int(answer["last-generated-id"].partition(b"-")[0])
            for topic, answer in zip(names, answers, strict=True)
            if isinstance(answer, dict)
        }
