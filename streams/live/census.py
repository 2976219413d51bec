"""How many sockets there are, in all processes and per address.

Each process holds a lease in one Redis hash (`<count>:<expiry>`), renewed by its hub; what a killed
process counted is ignored once its lease is over.
"""

import os
import secrets
import socket
import time
from collections.abc import Sequence
from typing import Any, Final

from streams.redis_client import client

_CLIENTS: Final = "live:clients"
_LEASE_S: Final = 20

# Counts an address's sockets over the processes that are alive; 0 means one too many.
ADMIT: Final = """
local now, total = tonumber(ARGV[3]), 0
for _, name in ipairs(redis.call('HKEYS', KEYS[1])) do
  local lease = redis.call('HGET', KEYS[2], name)
  if name == ARGV[1] or (lease and tonumber(lease:match(':(%d+)')) > now) then
    total = total + math.max(0, tonumber(redis.call('HGET', KEYS[1], name)))
  else
    redis.call('HDEL', KEYS[1], name)
  end
end
if total >= tonumber(ARGV[2]) then return 0 end
redis.call('HINCRBY', KEYS[1], ARGV[1], 1)
redis.call('EXPIRE', KEYS[1], 172800)
return 1
"""

RELEASE: Final = """
if redis.call('HINCRBY', KEYS[1], ARGV[1], -1) <= 0 then redis.call('HDEL', KEYS[1], ARGV[1]) end
"""


def process_name() -> str:
    """Return a name that no other process ever has."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"


async def renew(redis: Any, name: str, count: int) -> None:
    """Say that this process lives and how many sockets it holds."""
    now = int(time.time())
    leases = await redis.hgetall(_CLIENTS)
    over = [key for key, lease in leases.items() if _expiry(lease) < now]
    pipe = redis.pipeline(transaction=False)
    if over:
        pipe.hdel(_CLIENTS, *over)
    pipe.hset(_CLIENTS, name, f"{count}:{now + _LEASE_S}")
    await pipe.execute()


async def resign(redis: Any, name: str) -> None:
    """Take this process out of the count."""
    await redis.hdel(_CLIENTS, name)


async def pass_through(
    redis: Any, name: str, *, leaving: Sequence[str], coming: Sequence[tuple[str, int]]
) -> list[bool]:
    """Count one socket less of each address that leaves, then one more of each that comes.

    `coming` has addresses and how many each may have; returns whether it is within that.
    """
    pipe = redis.pipeline(transaction=False)
    for address in leaving:
        pipe.eval(RELEASE, 1, _address_key(address), name)
    now = int(time.time())
    for address, limit in coming:
        pipe.eval(ADMIT, 2, _address_key(address), _CLIENTS, name, limit, now)
    answers = await pipe.execute()
    return [bool(answer) for answer in answers[len(leaving) :]]


def count_all() -> int:
    """Return the sockets of all living processes."""
    now = int(time.time())
    leases: dict[bytes, bytes] = client().hgetall(_CLIENTS)  # type: ignore[assignment]
    return sum(int(lease.partition(b":")[0]) for lease in leases.values() if _expiry(lease) >= now)


def _expiry(lease: bytes) -> int:
    return int(lease.partition(b":")[2])


def _address_key(address: str) -> str:
    return f"live:address:{address}"
