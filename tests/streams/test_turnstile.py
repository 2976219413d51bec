"""Who comes in and who leaves: counted together, never twice, and later when Redis is away."""

import asyncio

import pytest
import redis.asyncio
from redis.exceptions import ConnectionError as RedisConnectionError

from streams.live import census
from streams.live.turnstile import Holder, Turnstile

ALICE, BOB = Holder(key="alice", most=3), Holder(key="bob", most=1)


class Counting:
    """Redis, and how many round trips it was asked for; it may be away."""

    def __init__(self, redis):
        self.redis, self.trips, self.is_away = redis, 0, False

    def pipeline(self, **options):
        self.trips += 1
        if self.is_away:
            raise RedisConnectionError("away")
        return self.redis.pipeline(**options)


@pytest.fixture
def visit(valkey):
    """Run a scene with a turnstile at an empty Valkey."""

    def run(scene):
        async def inner():
            valkey.client.flushdb()
            door = redis.asyncio.Redis.from_url(valkey.url)
            counting = Counting(door)
            await census.renew(door, "process", 0)
            turnstile = Turnstile(counting, "process")
            try:
                await asyncio.wait_for(scene(turnstile, counting), 15)
                await turnstile.close()
            finally:
                await door.aclose()

        asyncio.run(inner())
        return {
            key.decode(): int(valkey.client.hget(key, "process"))
            for key in valkey.client.keys("live:address:*")
        }

    return run


def test_many_who_come_together_are_counted_in_one_round_trip(visit):
    admitted = []

    async def scene(turnstile, counting):
        coming = [turnstile.admit(holder) for holder in [ALICE, BOB, ALICE, BOB, ALICE, ALICE]]
        admitted.extend(await asyncio.gather(*coming, turnstile.admit(None)))
        assert counting.trips == 1

    held = visit(scene)

    assert admitted == [True, True, True, False, True, False, True]
    assert held == {"live:address:alice": 3, "live:address:bob": 1}


def test_who_leaves_makes_room(visit):
    async def scene(turnstile, _):
        assert await turnstile.admit(BOB)
        turnstile.leave(BOB)
        turnstile.leave(None)
        assert await turnstile.admit(BOB)

    assert visit(scene) == {"live:address:bob": 1}


def test_without_redis_everybody_is_let_in_and_who_leaves_is_counted_off_later(visit):
    async def scene(turnstile, counting):
        assert await turnstile.admit(ALICE)
        counting.is_away = True
        assert await asyncio.gather(*[turnstile.admit(BOB) for _ in range(5)]) == [True] * 5
        turnstile.leave(ALICE)
        await turnstile.close()
        counting.is_away = False
        turnstile.turn()

    assert visit(scene) == {}


def test_who_gives_up_before_the_answer_is_not_counted(visit):
    async def scene(turnstile, _):
        coming = asyncio.ensure_future(turnstile.admit(ALICE))
        await asyncio.sleep(0)  # it asks
        coming.cancel()
        with pytest.raises(asyncio.CancelledError):
            await coming

    assert visit(scene) == {}
