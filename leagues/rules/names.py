"""When two names mean the same: pure comparison of names as vendors spell them."""

import re
import unicodedata
from difflib import SequenceMatcher

# Below the first a name is somebody else's; from the second on it is surely the same.
MAYBE_SAME = 0.75
SURELY_SAME = 0.95

_NOT_WORD = re.compile(r"[^a-z0-9]+")
# Letters that Unicode does not decompose.
_LETTERS = str.maketrans({"ø": "o", "đ": "d", "ł": "l", "ß": "ss", "æ": "ae", "œ": "oe", "ı": "i"})


def name_key(name: str) -> str:
    """Return the name without case, accents and punctuation."""
    plain = unicodedata.normalize("NFKD", name.lower().translate(_LETTERS))
    letters = "".join(c for c in plain if not unicodedata.combining(c))
    return _NOT_WORD.sub(" ", letters).strip()


def name_similarity(one: str, other: str) -> float:
    """Return 0-1; an initial stands for its name ("M. Özil" and "Mesut Özil" give 0.9)."""
    left, right = name_key(one), name_key(other)
    if left == right:
        return 1.0
    words, others = left.split(), right.split()
    if words and others and words[-1] == others[-1] and _initials_agree(words[0], others[0]):
        return 0.9
    return SequenceMatcher(None, left, right).ratio()


def player_likeness(
    one: tuple[str, str], other: tuple[str, str], *, same_shirt: bool = False
) -> float:
    """Return 0-1: how surely two team-mates are one; each is a name and a short name, or "".

    A shared shirt settles it for names that resemble each other. A short name with an initial
    ("J. Silva") may be two men's and proves no more than an initial does.
    """
    (name, short), (mate, mate_short) = one, other
    alike = name_similarity(name, mate)
    for left, right in ((name, mate_short), (short, mate), (short, mate_short)):
        if left and right:
            alike = max(alike, min(name_similarity(left, right), _proof(left, right)))
    return max(alike, SURELY_SAME) if same_shirt and alike >= MAYBE_SAME else alike


def _proof(*names: str) -> float:
    has_initial = any(len(name_key(name).split(" ")[0]) == 1 for name in names)
    return 0.9 if has_initial else 1.0


def _initials_agree(one: str, other: str) -> bool:
    return min(len(one), len(other)) == 1 and one[0] == other[0]
