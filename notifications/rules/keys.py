"""What makes a delivery the same one, and which deliveries replace each other."""

import hashlib
from uuid import UUID, uuid5


def delivery_key(*, lineage: UUID, rev: int, kind: str, user_id: int, medium: str) -> str:
    """Return the key by which one revision of a fact reaches a user by a medium once (NOT-2)."""
    told = f"{lineage}\n{rev}\n{kind}\n{user_id}\n{medium}"
    return hashlib.sha256(told.encode()).hexdigest()


def tag_of(match_id: int, lineage: UUID) -> str:
    """Return what all revisions of a notice share; 32 characters, as RFC 8030 wants a Topic."""
    return hashlib.sha256(f"{match_id}\n{lineage}".encode()).hexdigest()[:32]


def lineage_for(base: UUID, name: str) -> UUID:
    """Return the lineage of what follows from a fact, or from a match by its epoch."""
    return uuid5(base, name)
