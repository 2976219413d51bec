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


def player_likeness(name: str, mate: str, mate_short: str, *, same_shirt: bool) -> float:
    """Return 0-1: how surely a name means this team-mate.

    A shared shirt settles it for names that resemble each other. A short name with an initial
    ("J. Silva") may be two men's and proves no more than an initial does.
    """
    alike = name_similarity(name, mate)
    if mate_short:
        is_initial = len(name_key(mate_short).split(" ")[0]) == 1
        alike = max(alike, min(name_similarity(name, mate_short), 0.9 if is_initial else 1.0))
    return max(alike, SURELY_SAME) if same_shirt and alike >= MAYBE_SAME else alike


def _initials_agree(one: str, other: str) -> bool:
    return min(len(one), len(other)) == 1 and one[0] == other[0]
