"""What a vendor said, in our words: the plain values every adapter parses its documents into.

References between the parts are the vendor's own ids (`ref`, strings). Where a vendor has no ids,
the adapter makes stable ones from names ("team:arsenal"). Times are aware UTC.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol


class FeedError(Exception):
    """A document that cannot be understood; `code` is stable, the text names the place and why."""

    def __init__(self, message: str, *, code: str = "bad_document") -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedTeam:
    """A side as the vendor knows it."""

    ref: str
    name: str
    short_name: str = ""
    code: str = ""
    country: str = ""
    color: str = ""
    color_alt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedPlayer:
    """A person as the vendor knows him; `team` is the ref of his side, if known."""

    ref: str
    name: str
    short_name: str = ""
    team: str | None = None
    shirt: str = ""
    position: str = ""
    birth_on: date | None = None
    country: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSpot:
    """A player's place on a team sheet."""

    player: str
    is_starter: bool
    position: str = ""
    shirt: str = ""
    order: int = 0
    is_captain: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedAbsence:
    """A player who cannot or may not play, and why in a fan's words."""

    player: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSheet:
    """One side's line-up; `missing` is None where the vendor says nothing of absences."""

    team: str
    spots: Sequence[FeedSpot]
    formation: str = ""
    coach: str = ""
    is_confirmed: bool = True
    missing: Sequence[FeedAbsence] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedEvent:
    """One fact of a match, `type` and `payload` in the words of the sport's pack.

    `clock_ms` counts up from the start of the period, also where the sport counts down. `order`
    decides among events of the same clock. `vendor_event_id` is None when the vendor gives no
    lasting id. `is_retracted` marks a fact the vendor explicitly took back.
    """

    type: str
    period: str = ""
    clock_ms: int = 0
    clock_label: str = ""
    order: int = 0
    team: str | None = None
    player: str | None = None
    related_player: str | None = None
    x: float | None = None
    y: float | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)
    vendor_event_id: str | None = None
    rev: int | None = None
    is_retracted: bool = False
    certainty: str = "confirmed"
    reason: str = ""
    occurred_at: datetime | None = None
    vendor_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedMatch:
    """One match with whatever the document says of it.

    `is_snapshot`: `events` is the whole log so far, so that a fact left out has vanished; else
    `events` only adds. `status` is a value of MatchStatus when the vendor states one. `score` is
    the vendor's own (home, away), `None` when it states none.
    """

    ref: str
    home: str
    away: str
    kickoff_at: datetime | None = None
    status: str = ""
    status_reason: str = ""
    round_name: str = ""
    matchday: int | None = None
    venue: str = ""
    city: str = ""
    score: tuple[int, int] | None = None
    sheets: Sequence[FeedSheet] = ()
    events: Sequence[FeedEvent] = ()
    is_snapshot: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedDocument:
    """All that one document (or one bundle of files) of a vendor says.

    `league` and `season` are names used when the caller names no league; `sport` is a pack's id.
    `cursor` is where the vendor's log goes on, for feeds that are read piece by piece;
    `has_more` says that another piece waits there already.
    """

    source: str
    sport: str
    league: str = ""
    season: str = ""
    teams: Sequence[FeedTeam] = ()
    players: Sequence[FeedPlayer] = ()
    matches: Sequence[FeedMatch] = ()
    cursor: str = ""
    has_more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A vendor's answer; `body` is None for 304. `latency_ms` is until its last byte."""

    http_status: int
    body: bytes | None
    etag: str
    last_modified: str
    latency_ms: int


class Adapter(Protocol):
    """Turns one vendor's bytes into a `FeedDocument`. Pure: no network, no database, no clock."""

    name: str

    def bundles(self, names: Iterable[str]) -> Iterator[tuple[str, Sequence[str]]]:
        """Group a folder's file names into (key, names) bundles, one bundle a `parse` call.

        Names are relative POSIX paths, `.gz` included. Files the adapter does not know are left
        out. A file may be in several bundles (a list of teams that all matches need).
        """
        ...

    def parse(self, files: Mapping[str, bytes]) -> FeedDocument:
        """Return what the files say; `files` maps names to contents, already un-gzipped.

        A feed polled over HTTP comes as one file whose name is its URL's path. Raises FeedError.
        """
        ...
