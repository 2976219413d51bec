"""The platform's signature under receipts, and what anybody can check of one."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from itertools import islice
from typing import Any, Final

from django.conf import settings
from django.core.cache import cache
from django.db.models import QuerySet
from redis.exceptions import RedisError

from fantasy.enums import RoundState
from fantasy.models import Lineup, Receipt, Round
from fantasy.rules import receipts as rules
from fantasy.rules.receipts import (
    RECEIPT,
    Step,
    is_signed,
    leaf_of,
    merkle_crown,
    merkle_path,
    root_by,
)

# A power of two. A million leaves have a crown of a thousand nodes, and strangers ask for proofs.
_BLOCK: Final = 1024
_CROWN_KEPT_S: Final = 7 * 86_400
_OPEN = (RoundState.UPCOMING, RoundState.VOID)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """That a line-up is in a round's published root: its text, its leaf and the way up."""

    line: str
    leaf: bytes
    path: tuple[Step, ...]
    root: str

    @property
    def holds(self) -> bool:
        return leaf_of(self.line) == self.leaf and root_by(self.leaf, self.path).hex() == self.root


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is true of a receipt. `lineup_counts` is None until the round is locked.

    `is_newest`: no later save of the entry for that round is known.
    """

    signature_holds: bool
    is_known: bool
    is_newest: bool
    lineup_counts: bool | None
    root: str
    message: str


def signing_seed() -> bytes:
    """Return the seed of the key that signs: RECEIPT_KEY, or one derived from the secret key."""
    return _seed(settings.RECEIPT_KEY, settings.SECRET_KEY)


@lru_cache(maxsize=2)
def _seed(receipt_key: str, secret_key: str) -> bytes:
    if receipt_key:
        return bytes.fromhex(receipt_key)
    return sha256(b"veze receipts 1\x00" + secret_key.encode()).digest()


def public_keys() -> tuple[str, ...]:
    """Return the public keys of receipts, hexadecimal: the present one, then earlier ones."""
    return (rules.public_key(signing_seed()), *settings.RECEIPT_OLD_PUBLIC_KEYS)


def proof_of(entry_id: int, round_: Round) -> Proof | None:
    """Return the proof of an entry's frozen line-up, None when it has none in that round."""
    found = Lineup.objects.select_related("entry", "round__game")
    lineup = found.filter(entry=entry_id, round=round_).first()
    if lineup is None:
        return None
    crown = _crown_of(round_)
    block = bisect_right(crown.firsts, lineup.entry.number) - 1
    rows = _leaves(round_).filter(entry__number__gte=crown.firsts[block])
    leaves = list(rows[:_BLOCK])
    numbers = [number for number, _ in leaves]
    within = merkle_path([bytes(leaf) for _, leaf in leaves], numbers.index(lineup.entry.number))
    return Proof(
        line=line_of(lineup),
        leaf=bytes(lineup.leaf),
        path=(*within, *merkle_path(crown.nodes, block)),
        root=round_.merkle_root,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Crown:
    """The nodes over blocks of a round's leaves, and the number of each block's first entry."""

    firsts: list[int]
    nodes: tuple[bytes, ...]


def _crown_of(round_: Round) -> _Crown:
    """Return the crown of a locked round; once it is known, a proof reads one block alone."""
    key = f"fantasy-crown:{round_.pk}:{round_.merkle_root}"
    with suppress(RedisError, OSError):
        held: _Crown | None = cache.get(key)
        if held is not None:
            return held
    firsts: list[int] = []
    made = _Crown(nodes=merkle_crown(_blocks(round_, firsts)), firsts=firsts)
    with suppress(RedisError, OSError):
        cache.set(key, made, timeout=_CROWN_KEPT_S)
    return made


def _blocks(round_: Round, firsts: list[int]) -> Iterator[list[bytes]]:
    """Give the leaves block by block, and note the number of each one's first entry."""
    rows = _leaves(round_).iterator(chunk_size=_BLOCK)
    while block := list(islice(rows, _BLOCK)):
        firsts.append(block[0][0])
        yield [bytes(leaf) for _, leaf in block]


def _leaves(round_: Round) -> "QuerySet[Lineup, tuple[int, bytes | memoryview[int]]]":
    rows = Lineup.objects.filter(round=round_, entry__game=round_.game_id)
    return rows.order_by("entry__number").values_list("entry__number", "leaf")


def line_of(lineup: Lineup) -> str:
    """Return the text that a frozen line-up was hashed as."""
    packed = bytes(lineup.packed)
    numbers = (int.from_bytes(packed[at : at + 2], "big") for at in range(0, len(packed), 2))
    return rules.LineupFacts(
        game=lineup.round.game.public_id,
        round=lineup.round.number,
        entry=lineup.entry.public_id,
        numbers=tuple(numbers),
        captain_slot=lineup.captain_slot,
        vice_slot=lineup.vice_slot,
        chip=lineup.chip,
    ).line


def verify_receipt(document: Mapping[str, Any], signature: str) -> Verdict:
    """Check a receipt as somebody kept it, against our keys, our records and the published root.

    A receipt is broken by the platform when its signature holds, it is the newest of the round,
    and the frozen line-up is another one: `lineup_counts` False.
    """
    if not any(is_signed(document, signature, key=key) for key in public_keys()):
        return _verdict("The signature does not hold: this is no receipt of ours.")
    if document.get("version") != RECEIPT:
        return _verdict("This is no receipt of a line-up.")
    known = Receipt.objects.filter(
        entry__public_id=document["entry"], sequence=document["sequence"]
    ).select_related("round", "entry")
    receipt = next((row for row in known if row.document == document), None)
    if receipt is None:
        return _verdict("We signed this receipt, but have no record of it.", signature_holds=True)
    round_ = receipt.round
    later = Receipt.objects.filter(
        entry=receipt.entry_id, round=round_, sequence__gt=receipt.sequence
    )
    is_newest = not later.exists()
    counts = None if round_.state in _OPEN else _counts(receipt, document["lineup"])
    return _verdict(
        _told(is_newest, counts),
        signature_holds=True,
        is_known=True,
        is_newest=is_newest,
        lineup_counts=counts,
        root=round_.merkle_root,
    )


def _counts(receipt: Receipt, line: str) -> bool:
    proof = proof_of(receipt.entry_id, receipt.round)
    return proof is not None and proof.holds and proof.line == line


def _told(is_newest: bool, counts: bool | None) -> str:
    if counts is None:
        return "The receipt holds; its round is not locked yet."
    if counts:
        return "The receipt holds, and its line-up is in the published root."
    if is_newest:
        return "The receipt holds, but the line-up in the published root is ANOTHER one."
    return "The receipt holds; a later save replaced its line-up."


def _verdict(message: str, **known: Any) -> Verdict:
    nothing = {
        "signature_holds": False,
        "is_known": False,
        "is_newest": False,
        "lineup_counts": None,
        "root": "",
    }
    return Verdict(message=message, **{**nothing, **known})
