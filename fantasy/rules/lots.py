"""Lots that anybody can draw again: order and coin follow from a published seed alone.

A lot is the SHA-256 of `seed:part:part...`. Nobody can choose it once the seed is published, and
a seed is published before anything is drawn from it.
"""

from collections.abc import Iterable
from hashlib import sha256


def lot(seed: str, *parts: int | str) -> bytes:
    """Return the digest that `seed` gives to what the parts name."""
    return sha256(":".join([seed, *map(str, parts)]).encode()).digest()


def drawn_order(seed: str, members: Iterable[int], *parts: int | str) -> tuple[int, ...]:
    """Return the members in the order of their lots; the order they came in does not matter."""
    return tuple(sorted(set(members), key=lambda member: (lot(seed, *parts, member), member)))


def coin(seed: str, *parts: int | str) -> bool:
    """Return heads: whether the first byte of the lot is even."""
    return lot(seed, *parts)[0] % 2 == 0
