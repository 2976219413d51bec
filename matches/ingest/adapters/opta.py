"""Opta (Stats Perform): F24 events with F7 or F9 line-ups, XML or JSON, read through kloppy.

Files of one match carry its number: `<match>_f24.json`, `f24-8-2017-<match>-eventdetails.xml`,
`srml-8-2017-f<match>-matchresults.xml`. How the F9 boxscore counts: docs/rules/football.md.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any
from xml.etree import ElementTree as ET

from kloppy import opta as kloppy_opta

from matches.ingest.adapters import _football as football
from matches.ingest.adapters import _kloppy as kloppy
from matches.ingest.adapters import _opta_lineups as lineups
from matches.ingest.adapters._opta_events import (
    DELETED,
    END,
    FORMATION,
    PLAYER_OFF,
    PLAYER_ON,
    START,
    RawEvent,
    f7_for_kloppy,
    f24_for_kloppy,
    read_events,
)
from matches.ingest.adapters._opta_record import Record, read_record
from matches.ingest.adapters._opta_words import OWN_READINGS, Words, own_words
from matches.ingest.adapters._opta_xml import london_time, tree
from matches.ingest.documents import FeedDocument, FeedError, FeedEvent, FeedMatch

_MATCH = re.compile(r"\d{5,}")
_KINDS = ("f24", "f7", "f9", "srml", "matchresults", "eventdetails")
_POST_MATCH, _COLLECTION_ENDED = 14, 37
_DELETED_TYPE = 144
_FORMATIONS = MappingProxyType(
    {
        2: "442", 3: "41212", 4: "433", 5: "451", 6: "4411", 7: "4141", 8: "4231", 9: "4321",
        10: "532", 11: "541", 12: "352", 13: "343", 14: "31312", 15: "4222", 16: "3511",
        17: "3421", 18: "3412", 19: "3142", 20: "31213", 21: "4132", 22: "4240", 23: "4312",
        24: "3241", 25: "3331",
    }
)  # fmt: skip


class OptaAdapter:
    """Reads a match of the F24 feed."""

    name = "opta"

    def bundles(self, names: Iterable[str]) -> Iterator[tuple[str, Sequence[str]]]:
        """Yield the files of each match that has an F24."""
        matches: dict[str, list[str]] = {}
        for name in sorted(names):
            own = football.bare(name)
            found = _MATCH.findall(own)
            if found and own.endswith((".json", ".xml")) and any(kind in own for kind in _KINDS):
                matches.setdefault(found[-1], []).append(name)
        for match, files in matches.items():
            if any("f24" in football.bare(name) for name in files):
                yield match, files

    def parse(self, files: Mapping[str, bytes]) -> FeedDocument:
        """Return the match. Raises FeedError."""
        with football.refusing(files):
            return self._read(files)

    def _read(self, files: Mapping[str, bytes]) -> FeedDocument:
        trees = {name: tree(name, body) for name, body in files.items()}
        f24 = next(((n, t) for n, t in trees.items() if t.find("Game") is not None), None)
        if f24 is None:
            raise FeedError(f"{', '.join(files)}: Games.Game: expected an F24 document")
        record = next((read_record(n, t) for n, t in trees.items() if t is not f24[1]), None)
        return _document(_Game.read(*f24, record))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Game:
    """A match: the feed's game, its raw events, both sides, and kloppy's reading."""

    number: str
    element: ET.Element
    raw: Sequence[RawEvent]
    home: lineups.Side
    away: lineups.Side
    record: Record
    events: Sequence[Any]

    @classmethod
    def read(cls, name: str, root: ET.Element, record: Record | None) -> "_Game":
        element = root.find("Game")
        if element is None:
            raise FeedError(f"{name}: Games.Game: is missing")
        raw = read_events(name, element)
        sides = record.sides if record else lineups.from_events(element, raw)
        return cls(
            number=element.get("id") or football.match_number(name) or football.bare(name),
            element=element,
            raw=raw,
            home=sides[0],
            away=sides[1],
            record=record or Record(sides=sides),
            events=_kloppy_events(name, sides, raw),
        )

    @property
    def is_over(self) -> bool:
        """The vendor has said that the match has ended."""
        ended = any(
            event.type == _COLLECTION_ENDED or (event.type, event.period) == (END, _POST_MATCH)
            for event in self.raw
        )
        return ended or self.record.status == "finished"


def _kloppy_events(
    name: str, sides: tuple[lineups.Side, lineups.Side], raw: Sequence[RawEvent]
) -> Sequence[Any]:
    """Return kloppy's events; it does not read a match in which nothing has happened yet."""
    if not any(football.period_of(event.period) and event.type != START for event in raw):
        return ()
    dataset = kloppy.load(
        name,
        kloppy_opta.load,
        f7_data=f7_for_kloppy(sides, raw),
        f24_data=f24_for_kloppy(raw),
    )
    return list(dataset.records)


def _document(game: _Game) -> FeedDocument:
    events = _events(game)
    kickoff_at = game.record.kickoff_at or london_time(game.element.get("game_date"))
    match = FeedMatch(
        ref=game.number,
        home=game.home.ref,
        away=game.away.ref,
        kickoff_at=kickoff_at,
        status=_status(game, events),
        matchday=_matchday(game),
        venue=game.record.venue,
        score=_score(game),
        sheets=[side.sheet for side in (game.home, game.away) if side.people],
        events=events,
        is_snapshot=True,
    )
    return FeedDocument(
        source="opta",
        sport=football.SPORT,
        league=game.record.competition or game.element.get("competition_name", ""),
        season=_season(game, kickoff_at),
        teams=[game.home.team, game.away.team],
        players=[*game.home.players, *game.away.players],
        matches=[match],
    )


def _status(game: _Game, events: Sequence[FeedEvent]) -> str:
    if game.is_over:
        return football.status_after(event.period for event in events)
    return game.record.status or ("live" if events else "scheduled")


def _score(game: _Game) -> tuple[int, int] | None:
    home, away = game.home.score, game.away.score
    return (home, away) if home is not None and away is not None else None


def _matchday(game: _Game) -> int | None:
    text = game.element.get("matchday", "")
    return int(text) if text.isdecimal() else game.record.matchday


def _season(game: _Game, kickoff_at: datetime | None) -> str:
    return football.season_of(kickoff_at.date()) if kickoff_at else ""


def _events(game: _Game) -> list[FeedEvent]:
    words = Words.of(game.raw)
    order = {event.id: place for place, event in enumerate(game.raw)}
    told = [
        _placed(fact, order[event.event_id])
        for event in game.events
        for fact in own_words(event, words)
    ]
    told += [_placed(fact, order[raw.id]) for raw in game.raw for fact in _unread(raw, words)]
    ends = {football.period_of(raw.period): raw.clock_ms for raw in game.raw if raw.type == END}
    # An event sent again under its id replaces the first.
    distinct = {fact.vendor_event_id: fact for fact in told}
    begun = {football.period_of(raw.period) for raw in game.raw if raw.type == START}
    return football.framed(distinct.values(), over=game.is_over, ends=ends, begun=begun)


def _placed(fact: FeedEvent, order: int) -> FeedEvent:
    label = football.clock_label(fact.period, fact.clock_ms)
    return replace(fact, clock_label=label, order=order)


def _unread(raw: RawEvent, words: Words) -> list[FeedEvent]:
    """Return what kloppy does not read: changes of players and formations, deletions."""
    if raw.type == PLAYER_OFF:
        on = words.replacement(raw)
        if on is None:
            return [_raw_fact(raw, "player_off", {})]
        return [replace(_raw_fact(raw, "substitution", {}), related_player=on.player or None)]
    if raw.type == PLAYER_ON and not words.is_replacement(raw):
        return [_raw_fact(raw, "player_on", {})]
    if raw.type == FORMATION:
        number = raw.qualifiers.get(130, "")
        shape = _FORMATIONS.get(int(number), "") if number.isdecimal() else ""
        payload = {"formation": "-".join(shape)}
        return [_raw_fact(raw, "formation", payload)] if shape else []
    if raw.type == DELETED:
        number = raw.qualifiers.get(_DELETED_TYPE, "")
        type_ = OWN_READINGS.get(int(number), "pass") if number.isdecimal() else "pass"
        return [replace(_raw_fact(raw, type_, {}), is_retracted=True, reason="vendor_deleted")]
    return []


def _raw_fact(raw: RawEvent, type_: str, payload: Mapping[str, Any]) -> FeedEvent:
    return FeedEvent(
        type=type_,
        period=football.period_of(raw.period),
        clock_ms=raw.clock_ms,
        occurred_at=raw.at,
        team=raw.team,
        player=raw.player or None,
        payload=payload,
        vendor_event_id=raw.id,
    )


ADAPTER = OptaAdapter()
