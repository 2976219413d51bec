"""The Redis connection of streams and live fan-out; one pool a process, with time-outs."""

from functools import lru_cache

import redis
from django.conf import settings


@lru_cache(maxsize=1)
def client() -> "redis.Redis":
    """Return the process's client; it answers bytes."""
    return redis.Redis.from_url(settings.REDIS_URL, **settings.REDIS_OPTIONS)
