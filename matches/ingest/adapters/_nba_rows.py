"""The NBA's stats formats v2 and v3 as one kind of row, and those rows as events."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from matches.ingest.adapters._basketball import (
    REGULAR_PERIODS,
    Moment,
    finished_status,
    match_end,
    opening,
    place_of,
)
from matches.ingest.adapters._nba_order import free_throws_at_fouls
from matches.ingest.adapters._nba_parts import LENGTHS
from matches.ingest.documents import FeedEvent

Fields = dict[str, Any]

# The order of a row's first event is its number times this, so that others fit in between.
ROOM: Final = 100

_THREE = re.compile(r"\b3PT\b")
_DISTANCE = re.compile(r"\b(\d{1,2})'")
_ATTEMPT = re.compile(r"(\d) of (\d)")
_TALLY = re.compile(r"\(Off:(\d+) Def:(\d+)\)")
_STYLE = re.compile(r"(?:\d'|\s{2}|3PT)\s*([A-Z3][^(]*?)\s*(?:\(|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One play. `second` is the assister, stealer, fouled or incoming player, `third` the blocker.

    `kind` is the vendor's event in our words, `detail` its finer kind; `text` is the description
    of the acting side.
    """

    number: int
    kind: str
    at: Moment
    detail: str = ""
    text: str = ""
    team: str | None = None
    player: str | None = None
    second: str | None = None
    second_team: str | None = None
    third: str | None = None
    third_team: str | None = None
    x: float | None = None
    y: float | None = None


def events_of(rows: Iterable[Row], *, is_over: bool = True) -> list[FeedEvent]:
    """Return what the rows say. A finished game gets its end, which the formats do not list."""
    told: list[FeedEvent] = []
    rebounds = _Rebounds()
    last = None
    for row in rows:
        rebounds.see(row)
        for place, fields in enumerate(_facts(row, rebounds)):
            told.append(_event(row, place * ROOM // 2, fields))
        last = row
    events = free_throws_at_fouls(told)
    if last is not None and is_over:
        events.append(match_end(last.at.number, LENGTHS))
    return events


def status_of(rows: list[Row], score: tuple[int, int] | None) -> str:
    """Return the status: over when the last period has ended and somebody leads."""
    if not rows:
        return ""
    last = max(row.at.number for row in rows)
    ended = any(row.kind == "period_end" and row.at.number == last for row in rows)
    leads = score is not None and score[0] != score[1]
    return finished_status(last) if ended and leads and last >= REGULAR_PERIODS else "live"


def _event(row: Row, place: int, fields: Fields) -> FeedEvent:
    # A fact that shares its row's number comes after the one that owns it.
    tag = f":{fields.pop('tag')}" if "tag" in fields else ""
    place = max(place, ROOM // 2) if tag else place
    base: Fields = {
        "period": row.at.period,
        "clock_ms": row.at.clock_ms,
        "clock_label": row.at.label,
        "order": place_of(row.number * ROOM + place),
        "team": row.team,
        "vendor_event_id": f"{row.number}{tag}",
    }
    return FeedEvent(**base | fields)


def _facts(row: Row, rebounds: "_Rebounds") -> Iterable[Fields]:
    if row.kind == "rebound":
        return [{"type": f"rebound_{rebounds.side(row)}", "player": row.player}]
    reader = _READERS.get(row.kind)
    return () if reader is None else reader(row)


def _plain(row: Row) -> Iterable[Fields]:
    return [{"type": row.kind, "player": row.player, "payload": _kind(row)}]


def _with_second(row: Row) -> Iterable[Fields]:
    return [{"type": row.kind, "player": row.player, "related_player": row.second}]


def _credit(row: Row) -> Iterable[Fields]:
    return [{"type": row.kind, "player": row.player, "tag": row.kind}]


def _period_start(row: Row) -> Iterable[Fields]:
    # Who comes in between two periods is not told.
    payload = opening(row.at.number, LENGTHS, tells_all_moves=False)
    return [{"type": row.kind, "payload": payload}]


def _timeout(row: Row) -> Iterable[Fields]:
    name = "timeout" if row.team else "official_timeout"
    return [{"type": name, "payload": _kind(row)}]


def _kind(row: Row) -> Fields:
    return {"kind": row.detail} if row.detail else {}


def _shot(row: Row) -> Iterator[Fields]:
    points = "three" if _THREE.search(row.text) else "two"
    payload: Fields = {}
    if style := _STYLE.search(row.text):
        payload["shot"] = style[1].removeprefix("3PT ").removesuffix(" Shot").lower()
    if distance := _DISTANCE.search(row.text):
        payload["distance_ft"] = int(distance[1])
    if row.kind == "missed" and row.third:
        payload["blocked"] = True
    yield {
        "type": f"{points}_{row.kind}",
        "player": row.player,
        "related_player": row.second if row.kind == "made" else None,
        "payload": payload,
        "x": row.x,
        "y": row.y,
    }
    if row.kind == "missed" and row.third and row.third_team:
        yield {"type": "block", "team": row.third_team, "player": row.third, "tag": "block"}


def _free_throw(row: Row) -> Iterable[Fields]:
    payload: Fields = {}
    if found := _ATTEMPT.search(row.text):
        payload = {"attempt": int(found[1]), "of": int(found[2])}
    if "Technical" in row.text:
        payload["kind"] = "technical"
    elif "Flagrant" in row.text:
        payload["kind"] = "flagrant"
    made = "missed" if row.text.startswith("MISS") else "made"
    return [{"type": f"free_throw_{made}", "player": row.player, "payload": payload}]


def _turnover(row: Row) -> Iterator[Fields]:
    yield {"type": "turnover", "player": row.player, "payload": _kind(row)}
    if row.second and row.second_team:
        yield {"type": "steal", "team": row.second_team, "player": row.second, "tag": "steal"}


def _foul(row: Row) -> Iterator[Fields]:
    if row.detail.startswith("technical"):
        payload = {"kind": row.detail.removeprefix("technical").strip() or "technical"}
        yield {"type": "technical_foul", "player": row.player, "payload": payload}
        if row.detail == "technical double" and row.second:
            yield _other_foul(row, "technical_foul", payload)
        return
    payload = _kind(row)
    drawn_by = None if row.detail == "double" else row.second
    yield {
        "type": "foul",
        "player": row.player,
        "related_player": drawn_by,
        "payload": payload,
    }
    if row.detail == "double" and row.second:
        yield _other_foul(row, "foul", payload)


def _other_foul(row: Row, name: str, payload: Mapping[str, Any]) -> Fields:
    return {
        "type": name,
        "team": row.second_team,
        "player": row.second,
        "payload": payload,
        "tag": "other",
    }


_READERS: dict[str, Callable[[Row], Iterable[Fields]]] = {
    "made": _shot,
    "missed": _shot,
    "free_throw": _free_throw,
    "turnover": _turnover,
    "foul": _foul,
    "substitution": _with_second,
    "jump_ball": _with_second,
    "steal": _credit,
    "block": _credit,
    "period_start": _period_start,
    "period_end": lambda row: [{"type": row.kind}],
    "timeout": _timeout,
    "violation": _plain,
    "ejection": _plain,
    "review": _plain,
}


class _Rebounds:
    """Whose rebounds are offensive, which the formats do not say.

    A player's own tally stands in the text; for a team's rebound the last miss decides.
    """

    def __init__(self) -> None:
        self._offensive: dict[str | None, int] = defaultdict(int)
        self._missed_by: str | None = None

    def see(self, row: Row) -> None:
        is_free_throw = row.kind == "free_throw" and row.text.startswith("MISS")
        if row.kind == "missed" or is_free_throw:
            self._missed_by = row.team

    def side(self, row: Row) -> str:
        tally = _TALLY.search(row.text) if row.player else None
        if tally is None:
            return "off" if row.team == self._missed_by else "def"
        grew = int(tally[1]) > self._offensive[row.player]
        self._offensive[row.player] = int(tally[1])
        return "off" if grew else "def"
