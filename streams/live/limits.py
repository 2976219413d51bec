"""Bounds of one socket's demands, and how many an address may have."""

import ipaddress
import time
from typing import Any, Final

from django.conf import settings

from streams.live import census
from streams.live.hub import AWAY, Hub

MAX_TOPICS: Final = 50
MAX_INBOUND_BYTES: Final = 16_384
# A page asks once; a client that asks this much is broken or hostile.
MESSAGES_BURST: Final = 60
MESSAGES_PER_S: Final = 5.0
SUBSCRIBE_WITHIN_S: Final = 60.0

IDLE: Final = 4408
TOO_LARGE: Final = 4413
TOO_MANY: Final = 4429


def as_document() -> dict[str, int]:
    """Return the limits as `hello` tells them."""
    return {
        "topics": MAX_TOPICS,
        "frame_bytes": MAX_INBOUND_BYTES,
        "messages_per_s": int(MESSAGES_PER_S),
        "sockets_per_address": settings.LIVE_SOCKETS_PER_ADDRESS,
    }


class Allowance:
    """A token bucket of one socket's messages."""

    __slots__ = ("_at", "_left")

    def __init__(self) -> None:
        self._left = float(MESSAGES_BURST)
        self._at = time.monotonic()

    def take(self) -> bool:
        """Use one message; False when there is none left."""
        now = time.monotonic()
        self._left = min(MESSAGES_BURST, self._left + (now - self._at) * MESSAGES_PER_S)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


def address_of(scope: Any) -> str | None:
    """Return whom to count a socket for; an IPv6 network is one visitor. None: cannot be told."""
    client = scope.get("client")
    if not client or not client[0]:
        return None
    try:
        address = ipaddress.ip_address(client[0])
    except ValueError:
        return None
    if address.version == 6:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


async def admit(hub: Hub, address: str | None) -> bool:
    """Count an anonymous socket over all processes; without Redis every one is let in."""
    if address is None:
        return True
    try:
        return await census.admit(
            hub.reader.redis, hub.name, address, settings.LIVE_SOCKETS_PER_ADDRESS
        )
    except AWAY:
        return True


async def release(hub: Hub, address: str | None) -> None:
    """Take back `admit`."""
    if address is None:
        return
    try:
        await census.release(hub.reader.redis, hub.name, address)
    except AWAY:
        hub.unreleased.append(address)
