"""Teams as somebody pastes them: read line by line, and compared with the teams there are.

A line is a name, or a name, a short name and a code apart by tabs or semicolons. Nothing is made of
a line that says what another one said, or of a team that the season has; a name that much resembles
another one is made only when somebody says that the two are different teams.
"""

import csv
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

from leagues.enums import Pasted
from leagues.rules.names import name_key

MOST_LINES: Final = 200
# Half of a league's teams may be Wanderers: that alone is no likeness.
_RESEMBLES: Final = 0.85


class PasteError(ValueError):
    """A paste that cannot be taken as it is; `code` is stable."""

    code = "no_paste"


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedTeam:
    """One line of what was pasted; `line` counts from 1."""

    line: int
    name: str
    short_name: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldTeam:
    """A team there is."""

    pk: int
    name: str
    short_name: str
    is_joined: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PastedTeam:
    """What a line would do; `team` is ours that is meant, `like` the name that it resembles."""

    typed: TypedTeam
    kind: Pasted
    team: int | None = None
    like: str = ""


def read_teams(text: str) -> list[TypedTeam]:
    """Return the teams of a paste; empty lines are left out. Raises PasteError naming the line."""
    teams = []
    for number, line in enumerate(text.splitlines(), start=1):
        mark = "\t" if "\t" in line else ";"
        cells = [cell.strip() for cell in next(csv.reader([line], delimiter=mark), [])]
        if any(cells):
            teams.append(_read_team(number, cells))
    if not teams:
        raise PasteError("paste at least one name")
    if len(teams) > MOST_LINES:
        raise PasteError(f"paste at most {MOST_LINES} names at once")
    return teams


def _read_team(number: int, cells: Sequence[str]) -> TypedTeam:
    name, short_name, code, *more = [*cells, "", "", ""]
    if not name_key(name) or any(more):
        raise PasteError(f"line {number}: give a name, or name; short name; code")
    for label, value, most in (("name", name, 120), ("short name", short_name, 24)):
        if len(value) > most:
            raise PasteError(f"line {number}: the {label} has more than {most} letters")
    if len(code) > 4:
        raise PasteError(f"line {number}: a code has two to four letters")
    return TypedTeam(line=number, name=name, short_name=short_name, code=code.upper())


def compare_teams(typed: Sequence[TypedTeam], held: Iterable[HeldTeam]) -> list[PastedTeam]:
    """Say of each line what it would do, in their order."""
    by_name: dict[str, HeldTeam] = {}
    held = sorted(held, key=lambda team: team.pk)
    # A name is stronger than another team's short name, the older team than the newer.
    for team in held:
        by_name.setdefault(name_key(team.name), team)
    for team in held:
        if team.short_name:
            by_name.setdefault(name_key(team.short_name), team)
    seen: dict[str, str] = {}
    meant: set[int] = set()
    found = []
    for one in typed:
        placed = _place(one, by_name, seen, meant)
        seen.setdefault(name_key(one.name), one.name)
        meant |= {placed.team} if placed.team is not None else set()
        found.append(placed)
    return found


def digest_of(pasted: Iterable[PastedTeam]) -> str:
    """Return a short word for what was shown, so that exactly this is done or nothing."""
    told = ((p.typed.name, p.typed.short_name, p.typed.code, p.kind, p.team) for p in pasted)
    return hashlib.sha256(repr(list(told)).encode()).hexdigest()[:16]


def _place(
    one: TypedTeam, by_name: dict[str, HeldTeam], seen: dict[str, str], meant: set[int]
) -> PastedTeam:
    key = name_key(one.name)
    if key in seen:
        return PastedTeam(typed=one, kind=Pasted.TWICE, like=seen[key])
    known = by_name.get(key)
    if known is not None:
        kind = Pasted.JOINED if known.is_joined else Pasted.KNOWN
        if known.pk in meant:
            kind = Pasted.TWICE
        return PastedTeam(typed=one, kind=kind, team=known.pk, like=known.name)
    names = [*seen.values(), *(team.name for team in by_name.values())]
    like = max(names, key=lambda name: _likeness(one.name, name), default="")
    if like and _likeness(one.name, like) >= _RESEMBLES:
        return PastedTeam(typed=one, kind=Pasted.SIMILAR, like=like)
    return PastedTeam(typed=one, kind=Pasted.NEW)


def _likeness(one: str, other: str) -> float:
    """Return 0-1; a name with all words of another one ("Arsenal", "Arsenal FC") is like it."""
    words, others = set(name_key(one).split()), set(name_key(other).split())
    if words <= others or others <= words:
        return 1.0
    return SequenceMatcher(None, name_key(one), name_key(other)).ratio()
