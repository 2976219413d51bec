"""Bounds of one socket's demands, and how many an address or a user may have."""

import ipaddress
from typing import Any, Final

from django.conf import settings

from streams.live.allowance import Allowance, Allowances
from streams.live.rights import who_of
from streams.live.turnstile import Holder

MAX_TOPICS: Final = 50
MAX_INBOUND_BYTES: Final = 16_384
# A page asks once; a client that asks this much is broken or hostile.
MESSAGES_BURST: Final = 60
MESSAGES_PER_S: Final = 5.0
# Each topic that nobody watched costs a look into Redis, and maybe one into the database.
TOPICS_BURST: Final = 200
TOPICS_PER_S: Final = 5.0

# Those that nobody watched in this process, of all streams and sockets of an address or a user.
NEW_TOPICS_BURST: Final = 500
NEW_TOPICS_PER_S: Final = 10.0

TOO_LARGE: Final = 4413
TOO_MANY: Final = 4429


def as_document() -> dict[str, int]:
    """Return the limits as `hello` tells them."""
    return {
        "topics": MAX_TOPICS,
        "frame_bytes": MAX_INBOUND_BYTES,
        "messages_per_s": int(MESSAGES_PER_S),
        "sockets_per_address": settings.LIVE_SOCKETS_PER_ADDRESS,
        "sockets_per_user": settings.LIVE_SOCKETS_PER_USER,
    }


def of_messages() -> Allowance:
    """Return what a new socket may send."""
    return Allowance(burst=MESSAGES_BURST, per_s=MESSAGES_PER_S)


def of_topics() -> Allowance:
    """Return how many topics a new socket may subscribe to over its life."""
    return Allowance(burst=TOPICS_BURST, per_s=TOPICS_PER_S)


def of_new_topics() -> Allowances:
    """Return how many topics the visitors of a process may have looked up, each of them."""
    return Allowances(burst=NEW_TOPICS_BURST, per_s=NEW_TOPICS_PER_S)


def holder_of(scope: Any) -> Holder | None:
    """Return whom a connection is counted for: its key or user, else its address; None: neither."""
    who = who_of(scope)
    if who is not None and who.key_id is not None:
        return Holder(key=f"key:{who.key_id}", most=settings.LIVE_SOCKETS_PER_USER)
    if who is not None:
        return Holder(key=f"user:{who.user_id}", most=settings.LIVE_SOCKETS_PER_USER)
    address = address_of(scope)
    if address is None:
        return None
    return Holder(key=address, most=settings.LIVE_SOCKETS_PER_ADDRESS)


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
