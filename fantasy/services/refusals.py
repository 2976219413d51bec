"""What a service says when the rules forbid what a manager wants."""

import unicodedata
from collections.abc import Iterable
from typing import Final

from accounts.rules import UnreadableNameError, readable_name
from fantasy.rules.squads import Refusal

MAX_NAME_LENGTH: Final = 60


class Refused(Exception):  # noqa: N818 - an answer, not a fault
    """A wish that the rules forbid; nothing was changed. Each refusal has code, message, field."""

    def __init__(self, *refusals: Refusal) -> None:
        super().__init__(" ".join(refusal.message for refusal in refusals))
        self.refusals = refusals

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(refusal.code for refusal in self.refusals)


def refuse(code: str, message: str, field: str = "") -> Refused:
    """Return the exception of one refusal, to be raised."""
    return Refused(Refusal(code=code, message=message, field=field))


def checked_name(name: str, whose: str) -> str:
    """Return a name as it is kept, without what cannot be seen or turns a line around.

    Raises Refused.
    """
    fix = f"Give {whose} a name of 1 to {MAX_NAME_LENGTH} letters."
    try:
        cleaned = readable_name(unicodedata.normalize("NFC", name))
    except UnreadableNameError as error:
        raise refuse("bad_name", fix, "name") from error
    if len(cleaned) > MAX_NAME_LENGTH:
        raise refuse("bad_name", fix, "name")
    return cleaned


def refuse_any(refusals: Iterable[Refusal]) -> None:
    """Raise Refused when there are refusals."""
    if found := tuple(refusals):
        raise Refused(*found)
