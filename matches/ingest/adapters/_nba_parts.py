"""What the NBA's documents say of a game before they are put together: sides, boxes and logs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from matches.ingest.adapters._basketball import Lengths
from matches.ingest.documents import FeedEvent

LENGTHS: Final = Lengths(quarter_ms=720_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A player of a side; `is_active` is false for one who is not available, `absence` says why."""

    ref: str
    name: str
    short_name: str = ""
    shirt: str = ""
    position: str = ""
    is_starter: bool = False
    is_active: bool = True
    absence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A team with its roster for the game."""

    ref: str
    name: str
    short_name: str = ""
    code: str = ""
    score: int | None = None
    members: Sequence[Member] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A boxscore document: rosters and starters. `home` is empty when it does not say who it is."""

    game: str
    sides: Sequence[Side]
    home: str = ""
    status: str = ""
    kickoff_at: datetime | None = None
    venue: str = ""
    city: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """A play-by-play document: events and what can be learnt of the sides from them."""

    game: str
    events: Sequence[FeedEvent]
    sides: Mapping[str, Side] = field(default_factory=dict)
    home: str = ""
    away: str = ""
    score: tuple[int, int] | None = None
    status: str = ""
    has_origins: bool = False
    has_fouls_drawn: bool = True


# What the league's codes mean, where no words come with them.
_ABSENCES = {
    "INACTIVE_COACH": "Coach's decision",
    "INACTIVE_GLEAGUE_ON_ASSIGNMENT": "On assignment in the G League",
    "INACTIVE_GLEAGUE_TWOWAY": "In the G League",
    "INACTIVE_INJURY": "Injury",
    "INACTIVE_PERSONAL": "Personal reasons",
    "INACTIVE_SUSPENSION": "Suspended",
}


def absence_words(code: str, words: str) -> str:
    """Return why a player is missing: "DND - Injury/Illness - Knee" is "Injury/Illness - Knee"."""
    return words.partition(" - ")[2] or words or _ABSENCES.get(code, "")
