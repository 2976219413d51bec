"""What a service says when the rules forbid what a manager wants."""

from collections.abc import Iterable

from fantasy.rules.squads import Refusal


class Refused(Exception):  # noqa: N818 - an answer, not a fault
    """A wish that the rules forbid; nothing was changed. Each refusal has code, message, field."""

    def __init__(self, *refusals: Refusal) -> None:
        super().__init__("; ".join(refusal.message for refusal in refusals))
        self.refusals = refusals

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(refusal.code for refusal in self.refusals)


def refuse(code: str, message: str, field: str = "") -> Refused:
    """Return the exception of one refusal, to be raised."""
    return Refused(Refusal(code=code, message=message, field=field))


def refuse_any(refusals: Iterable[Refusal]) -> None:
    """Raise Refused when there are refusals."""
    if found := tuple(refusals):
        raise Refused(*found)
