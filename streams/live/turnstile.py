"""Counts who comes in and who leaves, over all processes: many at once in one round trip.

After a restart thousands come at the same time.
"""

import asyncio
from dataclasses import dataclass
from typing import Any

from redis.exceptions import RedisError

from streams.live import census


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Whom sockets and streams are counted for, and how many there may be."""

    key: str
    most: int


class Turnstile:
    """The door of one process. Belongs to one event loop.

    Without Redis every one is let in, and who leaves meanwhile is counted off later.
    """

    def __init__(self, redis: Any, name: str) -> None:
        self._redis, self._name = redis, name
        self._coming: list[tuple[Holder, asyncio.Future[bool]]] = []
        self._leaving: list[str] = []
        self._task: asyncio.Task[None] | None = None

    async def admit(self, holder: Holder | None) -> bool:
        """Count one more of the holder's unless there are as many as there may be."""
        if holder is None:
            return True
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._coming.append((holder, answer))
        self.turn()
        try:
            return await answer
        except asyncio.CancelledError:
            if answer.done() and not answer.cancelled() and answer.result():
                self.leave(holder)
            raise

    def leave(self, holder: Holder | None) -> None:
        """Take back `admit`, as soon as Redis answers."""
        if holder is not None:
            self._leaving.append(holder.key)
            self.turn()

    def turn(self) -> None:
        """Begin to count who waits, unless that is under way. The hub calls it once in a while."""
        if (self._coming or self._leaving) and (self._task is None or self._task.done()):
            self._task = asyncio.get_running_loop().create_task(self._count())

    async def close(self) -> None:
        """Count those who have left by now."""
        while self._task is not None and not self._task.done():
            await asyncio.wait([self._task])

    async def _count(self) -> None:
        is_away = False
        while self._coming or (self._leaving and not is_away):
            coming, self._coming = self._coming, []
            leaving, self._leaving = self._leaving, []
            asked = [(holder.key, holder.most) for holder, _ in coming]
            try:
                is_in = await census.pass_through(
                    self._redis, self._name, leaving=leaving, coming=asked
                )
            except (RedisError, OSError, TimeoutError):
                is_away, is_in = True, [True] * len(coming)
                self._leaving += leaving
            for (holder, answer), admitted in zip(coming, is_in, strict=True):
                if not answer.done():
                    answer.set_result(admitted)
                elif admitted:
                    # Gone before the answer came.
                    self._leaving.append(holder.key)
