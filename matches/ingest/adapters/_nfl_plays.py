"""The plays of a game-centre document: clock, statistic credits and drives as plain values."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from matches.ingest.adapters._nfl_clubs import same_club
from matches.ingest.adapters._nodes import members
from matches.ingest.reading import Node

QUARTER_MS = 900_000
SHORT_OVERTIME_MS = 600_000
PERIODS = ("Q1", "Q2", "Q3", "Q4", "OT", "OT2", "OT3")
NOBODY = "0"
_PLAY_DIGITS = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """One statistic credit as the vendor writes it. `player` None: the club itself."""

    stat: int
    player: str | None
    name: str
    club: str
    yards: int
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """One play; `elapsed_ms` counts up from its period's start. `is_void`: a penalty undid it."""

    id: int
    period: str
    length_ms: int
    elapsed_ms: int
    clock_label: str
    note: str
    is_void: bool
    down: int
    to_go: int
    yard_line: str
    mentions: Sequence[Mention]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drive:
    """One possession as the vendor sums it up. `last_play` is the id of its last play."""

    number: str
    club: str
    last_play: int
    plays: int
    yards: int
    first_downs: int
    seconds: int
    result: str


def read_plays(game: Node, clubs: Sequence[str]) -> list[Play]:
    """Return all plays in the vendor's order, a play that stands in two drives once."""
    found: dict[int, Node] = {}
    for _drive_number, drive in _drives(game):
        for key, node in members(drive, "plays"):
            found.setdefault(_number(key, node), node)
    plays: list[Play] = []
    for play_id in sorted(found):
        plays.append(_play(play_id, found[play_id], clubs, plays))
    return plays


def read_drives(game: Node, clubs: Sequence[str], *, over: bool) -> Iterator[Drive]:
    """Yield the drives that have ended."""
    drives = list(_drives(game))
    for number, node in drives if over else drives[:-1]:
        club = _club(node.text("posteam", ""), clubs)
        ids = [_number(key, play) for key, play in members(node, "plays")]
        if club is None or not ids:
            continue
        yield Drive(
            number=number,
            club=club,
            last_play=max(ids),
            plays=node.whole("numplays", 0),
            yards=node.whole("ydsgained", 0),
            first_downs=node.whole("fds", 0),
            seconds=_seconds(node, "postime") or 0,
            result=node.text("result", ""),
        )


def _drives(game: Node) -> Iterator[tuple[str, Node]]:
    for key, node in members(game, "drives"):
        if key.isdecimal():
            yield key, node


def _number(key: str, node: Node) -> int:
    """Return a play's number; the log's order is made of them."""
    if not key.isdecimal() or len(key) > _PLAY_DIGITS:
        raise node.refuse("a play under a whole number as key")
    return int(key)


def _play(play_id: int, node: Node, clubs: Sequence[str], before: Sequence[Play]) -> Play:
    quarter = node.whole("qtr")
    if not 1 <= quarter <= len(PERIODS):
        raise node.get("qtr").refuse(f"a quarter from 1 to {len(PERIODS)}")
    period = PERIODS[quarter - 1]
    left_s = _seconds(node, "time")
    so_far = [play for play in before if play.period == period]
    length_ms = so_far[0].length_ms if so_far else _length_ms(period, left_s)
    elapsed_ms = _elapsed_ms(left_s, length_ms, so_far)
    return Play(
        id=play_id,
        period=period,
        length_ms=length_ms,
        elapsed_ms=elapsed_ms,
        clock_label=clock_label(length_ms - elapsed_ms),
        note=node.text("note", ""),
        is_void="No Play" in node.text("desc", ""),
        down=node.whole("down", 0),
        to_go=node.whole("ydstogo", 0),
        yard_line=node.text("yrdln", ""),
        mentions=sorted(_mentions(node, clubs), key=lambda mention: mention.sequence),
    )


def _length_ms(period: str, left_s: int | None) -> int:
    """Return a period's length; regular-season overtime was cut to ten minutes in 2017.

    The first clock of an overtime tells which it is.
    """
    is_long = left_s is None or left_s * 1000 > SHORT_OVERTIME_MS
    return QUARTER_MS if period in PERIODS[:4] or is_long else SHORT_OVERTIME_MS


def _elapsed_ms(left_s: int | None, length_ms: int, so_far: Sequence[Play]) -> int:
    if left_s is not None:
        return max(0, length_ms - left_s * 1000)
    # Comments such as "END QUARTER 1" have no clock and stand where the log stands.
    return so_far[-1].elapsed_ms if so_far else 0


def clock_label(left_ms: int) -> str:
    """Return the time left as "14:05"."""
    minutes, seconds = divmod(max(left_ms, 0) // 1000, 60)
    return f"{minutes}:{seconds:02}"


def _seconds(node: Node, key: str) -> int | None:
    """Return "mm:ss" or ":ss" in seconds, None when empty."""
    text = node.text(key, "")
    if not text:
        return None
    minutes, colon, seconds = text.partition(":")
    if not colon or not seconds.isdecimal() or not (minutes or "0").isdecimal():
        raise node.get(key).refuse("a clock such as 14:05")
    return min(int(minutes or 0) * 60 + int(seconds), 3600)


def _mentions(play: Node, clubs: Sequence[str]) -> Iterator[Mention]:
    for player, mentions in members(play, "players"):
        for node in mentions.items():
            club = _club(node.text("clubcode", ""), clubs)
            if club is None:
                continue
            yield Mention(
                stat=node.whole("statId"),
                player=None if player in (NOBODY, "") else player,
                name=node.text("playerName", ""),
                club=club,
                yards=node.whole("yards", 0),
                sequence=node.whole("sequence", 0),
            )


def _club(code: str, clubs: Sequence[str]) -> str | None:
    return next((club for club in clubs if same_club(code, club)), None)
