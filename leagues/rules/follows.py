"""Whom a visitor follows, and how a browser without an account remembers it."""

import re
from dataclasses import dataclass
from typing import Final

# Cookies are sent with every request.
MOST_REMEMBERED: Final = 40
_ID: Final = re.compile(r"vz_(team|league)_[0-9A-Z]{26}", re.ASCII)


def may_be_followed(public_id: str) -> bool:
    """Whether that is the id of a team or of a league."""
    return _ID.fullmatch(public_id) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Follows:
    """Public ids of followed teams and leagues, the first followed first."""

    ids: tuple[str, ...] = ()

    def __contains__(self, public_id: str) -> bool:
        return public_id in self.ids

    def __bool__(self) -> bool:
        return bool(self.ids)

    def with_id(self, public_id: str) -> "Follows":
        """Return the same and this one; beyond what a browser remembers the oldest goes."""
        kept = [held for held in self.ids if held != public_id]
        return Follows(ids=(*kept, public_id)[-MOST_REMEMBERED:])

    def without_id(self, public_id: str) -> "Follows":
        """Return all but this one."""
        return Follows(ids=tuple(held for held in self.ids if held != public_id))


NOBODY: Final = Follows()


def read_follows(text: str) -> Follows:
    """Return what a browser remembers; nonsense in it is nothing."""
    found = dict.fromkeys(part for part in text.split(".") if may_be_followed(part))
    return Follows(ids=tuple(found)[-MOST_REMEMBERED:])


def write_follows(follows: Follows) -> str:
    """Return the text by which a browser remembers."""
    return ".".join(follows.ids)
