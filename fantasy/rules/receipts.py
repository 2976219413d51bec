"""Receipts of what was saved, and the tree over all line-ups that is published at a deadline.

A line-up is one line of text; its leaf is `sha256(00 line)`, a node is `sha256(01 left right)`, a
node without a right one moves up as it is, and the root covers the leaves in order of the entries'
numbers. A receipt is a JSON document with that line in it, signed with Ed25519. So whoever keeps
the newest receipt of a round can show that the line-up in the published root is another one.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

LINE = "veze-lineup-1"
RECEIPT = "veze-receipt-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class LineupFacts:
    """All that counts of a line-up: the players' numbers in slot order, and who leads them."""

    game: str
    round: int
    entry: str
    numbers: tuple[int, ...]
    captain_slot: int | None
    vice_slot: int | None
    chip: str = ""

    @property
    def line(self) -> str:
        """The line of text that is hashed; the lock writes the same in SQL."""
        parts = (
            LINE,
            self.game,
            str(self.round),
            self.entry,
            ",".join(str(number) for number in self.numbers),
            str(self.captain_slot or ""),
            str(self.vice_slot or ""),
            self.chip,
        )
        return "|".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One neighbour on the way from a leaf to the root."""

    digest: bytes
    is_left: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A receipt as it is stored and handed out."""

    document: Mapping[str, Any]
    digest: str
    signature: str


def leaf_of(line: str) -> bytes:
    """Return the leaf of a line-up's text."""
    return sha256(b"\x00" + line.encode()).digest()


def node_of(left: bytes, right: bytes) -> bytes:
    """Return the node above two others."""
    return sha256(b"\x01" + left + right).digest()


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """Return the root over the leaves; without leaves the hash of nothing."""
    if not leaves:
        return sha256(b"").digest()
    level = list(leaves)
    while len(level) > 1:
        level = _above(level)
    return level[0]


def merkle_path(leaves: Sequence[bytes], place: int) -> tuple[Step, ...]:
    """Return the neighbours from the leaf at that place up to the root."""
    steps, level = [], list(leaves)
    while len(level) > 1:
        neighbour = place ^ 1
        if neighbour < len(level):
            steps.append(Step(digest=level[neighbour], is_left=neighbour < place))
        level, place = _above(level), place // 2
    return tuple(steps)


def merkle_crown(blocks: Iterable[Sequence[bytes]]) -> tuple[bytes, ...]:
    """Return the nodes over blocks of leaves: all have one size, a power of two, but the last.

    A leaf's path is that within its block and then that of the block's node in the crown, so a
    proof need not look at all leaves.
    """
    return tuple(merkle_root(block) for block in blocks)


def root_by(leaf: bytes, path: Sequence[Step]) -> bytes:
    """Return the root that a leaf and its path lead to."""
    for step in path:
        leaf = node_of(step.digest, leaf) if step.is_left else node_of(leaf, step.digest)
    return leaf


def _above(level: Sequence[bytes]) -> list[bytes]:
    pairs = zip(level[::2], level[1::2], strict=False)
    nodes = [sha256(b"\x01" + left + right).digest() for left, right in pairs]
    return [*nodes, level[-1]] if len(level) % 2 else nodes


def canonical(document: Mapping[str, Any]) -> bytes:
    """Return the bytes that are signed: JSON with sorted keys, no spaces, UTF-8."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sign(document: Mapping[str, Any], *, seed: bytes) -> Signed:
    """Sign the document with the key of that seed of 32 bytes."""
    message = canonical(document)
    return Signed(
        document=document,
        digest=sha256(message).hexdigest(),
        signature=_private_key(seed).sign(message).hex(),
    )


def public_key(seed: bytes) -> str:
    """Return the public key of the seed, hexadecimal."""
    raw = (
        _private_key(seed)
        .public_key()
        .public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    )
    return raw.hex()


def is_signed(document: Mapping[str, Any], signature: str, *, key: str) -> bool:
    """Whether the signature over the document is that of the public key."""
    try:
        verifier = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key))
        verifier.verify(bytes.fromhex(signature), canonical(document))
    except (InvalidSignature, ValueError, RecursionError):
        # What nests too deeply to be written was never signed.
        return False
    return True


@lru_cache(maxsize=4)
def _private_key(seed: bytes) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(seed)
