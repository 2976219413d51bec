"""What all basketball feeds share: periods, clocks that count down, names and unknown totals."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from matches.ingest.documents import FeedError, FeedEvent, FeedMatch
from matches.ingest.reading import Node

SPORT: Final = "basketball"
REGULAR_PERIODS: Final = 4
MAX_PERIODS: Final = 12
FIRST: Final = -1
LAST: Final = 2**40
MAX_ID: Final = 60

# Columns that no play-by-play states; a feed without totals for them says that it has none.
ORIGIN_COLUMNS: Final = ("pts_paint", "pts_fast_break", "pts_second_chance", "pts_off_turnovers")

_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_SPACES = re.compile(r"\s+")
_NOT_WORD = re.compile(r"[^\w]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lengths:
    """How long a competition plays a quarter and an overtime."""

    quarter_ms: int
    overtime_ms: int = 300_000

    def of(self, number: int) -> int:
        """Return the length of the period of that number, from 1."""
        return self.quarter_ms if number <= REGULAR_PERIODS else self.overtime_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A place on the match clock in our words."""

    number: int
    clock_ms: int
    label: str

    @property
    def period(self) -> str:
        """The period's id in the pack."""
        return period_id(self.number)


def period_id(number: int) -> str:
    """Return the pack's id of a vendor's period number."""
    if number <= REGULAR_PERIODS:
        return f"Q{number}"
    return f"OT{number - REGULAR_PERIODS}"


def period_number(node: Node, key: str) -> int:
    """Return the period of a play. Raises FeedError for one that no pack has."""
    number = int_of(node, key)
    if not 1 <= number <= MAX_PERIODS:
        raise node.get(key).refuse(f"a period from 1 to {MAX_PERIODS}")
    return number


def moment(number: int, left_ms: int, lengths: Lengths) -> Moment:
    """Return the place on our clock of a time left on the vendor's."""
    elapsed_ms = max(lengths.of(number) - left_ms, 0)
    return Moment(number=number, clock_ms=elapsed_ms, label=_label(left_ms))


def _label(left_ms: int) -> str:
    minutes, rest_ms = divmod(left_ms, 60_000)
    if not minutes and rest_ms % 1000:
        return f"0:{rest_ms // 1000:02}.{rest_ms % 1000 // 100}"
    return f"{minutes}:{rest_ms // 1000:02}"


def minutes_left(node: Node, key: str) -> int:
    """Return a time left that is written "07:25" in milliseconds."""
    return clock_ms(node.text(key), node.get(key))


def clock_ms(text: str, node: Node) -> int:
    """Return "07:25" in milliseconds."""
    minutes, colon, seconds = text.partition(":")
    if not colon or not (minutes.isdecimal() and seconds.isdecimal()) or len(text) > 8:
        raise node.refuse("a time left such as 07:25")
    return (int(minutes) * 60 + int(seconds)) * 1000


def int_of(node: Node, key: str, default: int | None = None) -> int:
    """Return a whole number, also where the vendor writes it as a text."""
    member = node.get(key) if default is None else node.get(key, default)
    if default is not None and member.value in (None, ""):
        return default
    if isinstance(member.value, str):
        digits = member.value.strip()
        if not digits.lstrip("-").isdecimal() or len(digits) > 15:
            raise member.refuse("a whole number")
        return int(digits)
    return node.whole(key)


def ident(node: Node, key: str, default: str | None = None) -> str:
    """Return a vendor's id."""
    text = node.text(key, default)
    if len(text) > MAX_ID:
        raise node.get(key).refuse(f"an id of at most {MAX_ID} characters")
    return text


def place_of(order: int) -> int:
    """Return a vendor's own order, kept between what comes first and last of a period."""
    return min(max(order, FIRST + 1), LAST - 1)


def word(node: Node, key: str) -> str:
    """Return a text, empty where it is absent or null."""
    return node.text(key, "").strip()


def slug(name: str) -> str:
    """Return a name as part of an id that stays the same whatever its case, accents and spaces."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return _NOT_WORD.sub("-", plain).strip("-")[:MAX_ID]


def tidy(name: str) -> str:
    """Return a name with single spaces, and in mixed case where the vendor shouts it."""
    words = _SPACES.sub(" ", name).strip().split(" ")
    return " ".join(w.title() if len(w) > 1 and w.isupper() else w for w in words)


def opening(number: int, lengths: Lengths, *, tells_all_moves: bool = True) -> dict[str, Any]:
    """Return what the start of a period says: its length, and whether all line-ups are known."""
    moves = {"moves": "all"} if tells_all_moves else {}
    return {"length_ms": lengths.of(number), **moves}


def period_start(number: int, lengths: Lengths) -> FeedEvent:
    """Return the start of a period that the vendor does not list as a play."""
    return FeedEvent(
        type="period_start",
        period=period_id(number),
        clock_label=_label(lengths.of(number)),
        order=FIRST,
        payload=opening(number, lengths),
        vendor_event_id=f"start:{number}",
    )


def period_end(number: int, lengths: Lengths) -> FeedEvent:
    """Return the end of a period that the vendor does not list as a play."""
    return FeedEvent(
        type="period_end",
        period=period_id(number),
        clock_ms=lengths.of(number),
        clock_label=_label(0),
        order=LAST,
        vendor_event_id=f"end:{number}",
    )


def match_end(number: int, lengths: Lengths) -> FeedEvent:
    """Return the end of a match that the vendor does not list as a play."""
    return FeedEvent(
        type="match_end",
        period=period_id(number),
        clock_ms=lengths.of(number),
        clock_label=_label(0),
        order=LAST + 1,
        vendor_event_id="end",
    )


def hex_color(text: str) -> str:
    """Return a colour such as #3b5b8c, empty for anything else."""
    return text.lower() if _COLOR.fullmatch(text) else ""


def team_totals(team: str, values: Mapping[str, int | None], *, source: str) -> FeedEvent:
    """Return what the vendor says of a team and its plays do not show; None is "not known"."""
    return FeedEvent(
        type="stat.set",
        order=LAST + 2,
        team=team,
        payload={"values": dict(values)},
        vendor_event_id=f"totals:{source}:{team}",
    )


def unknown_origins(teams: Sequence[str]) -> list[FeedEvent]:
    """Return that nobody says where the points of these teams came from."""
    nothing = dict.fromkeys(ORIGIN_COLUMNS)
    return [team_totals(team, nothing, source="none") for team in teams]


def finished_status(last_period: int) -> str:
    """Return the status of a match that ended in that period."""
    return "finished_aet" if last_period > REGULAR_PERIODS else "finished"


def refuse_twins(matches: Sequence[FeedMatch], file: str) -> None:
    """Raise FeedError when a match would be played by a team against itself."""
    for match in matches:
        if match.home == match.away:
            raise FeedError(f"{file}: both sides are team {match.home}")
