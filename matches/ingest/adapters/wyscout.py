"""Wyscout: the public data set (version 2), read through kloppy with the vendor's tags beside it.

Files: `events/<match>.json` with events, teams and players of one match, and `matches.json`, the
official record with line-ups and substitutions. kloppy knows neither substitutions, own goals nor
offsides of this format, so they come from the record and from the tags.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kloppy import wyscout as kloppy_wyscout

from matches.ingest.adapters import _football as football
from matches.ingest.adapters import _kloppy as kloppy
from matches.ingest.adapters import _wyscout_record as official
from matches.ingest.adapters._wyscout_names import clean, players_of, teams_of
from matches.ingest.documents import FeedDocument, FeedError, FeedEvent, FeedMatch
from matches.ingest.reading import Node, parse_json

_DUEL, _FOUL, _FREE_KICK, _OFFSIDE, _SAVE, _SHOT = 1, 2, 3, 6, 9, 10
_KEEPER_OUT = 4
_AIR, _ATTACKING, _DEFENDING = 10, 11, 12
_PENALTY, _LATE_CARD = 35, 22
# Protests, time wasting, simulation and the like are cautioned without being fouls on anybody.
_NOT_A_FOUL = frozenset((_LATE_CARD, 24, 26))
_GOAL, _OWN_GOAL, _ASSIST, _KEY_PASS, _WON = 101, 102, 301, 302, 703
_INTERCEPTION, _SLIDING = 1401, 1601
_TAKE_ONS = frozenset((503, 504))
# The nine parts of the goal's mouth: where a shot that was on target went.
_GOAL_MOUTH = frozenset(range(1201, 1210))
# A pass that leads to a shot stands at most this many records before it.
_REACH = 5


class WyscoutAdapter:
    """Reads matches of the public data set."""

    name = "wyscout"

    def bundles(self, names: Iterable[str]) -> Iterator[tuple[str, Sequence[str]]]:
        """Yield each match's events together with the lists of matches and teams."""
        listed = sorted(names)
        lists = [n for n in listed if football.bare(n) in ("matches.json", "teams.json")]
        for name in listed:
            own = football.bare(name)
            if own.endswith(".json") and own[:-5].isdigit():
                yield own[:-5], (name, *lists)

    def parse(self, files: Mapping[str, bytes]) -> FeedDocument:
        """Return the match. Raises FeedError."""
        with football.refusing(files):
            return self._read(files)

    def _read(self, files: Mapping[str, bytes]) -> FeedDocument:
        documents = {name: Node(parse_json(body, name), name) for name, body in files.items()}
        found = next((node for node in documents.values() if _has_events(node)), None)
        if found is None:
            names = ", ".join(files)
            raise FeedError(f"{names}: $: expected an object with events, teams and players")
        game = _Game.read(found)
        lists = [node for node in documents.values() if isinstance(node.value, list)]
        record = official.find(lists, game.number)
        return _document(game, record, lists)


def _has_events(node: Node) -> bool:
    return isinstance(node.value, dict) and {"events", "teams", "players"} <= node.value.keys()


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One of the vendor's records with its tags and kloppy's reading of it."""

    raw: Mapping[str, Any]
    tags: frozenset[int]
    events: Sequence[Any]

    @property
    def kind(self) -> int:
        return int(self.raw["eventId"])

    @property
    def detail(self) -> int:
        sub = self.raw["subEventId"]
        return sub if isinstance(sub, int) else 0

    @property
    def is_shot(self) -> bool:
        return self.kind == _SHOT or (self.kind == _FREE_KICK and self.detail in (33, _PENALTY))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Game:
    """A match: its number, teams and players by id, and its records in order."""

    number: str
    node: Node
    moments: Sequence[Moment]

    @classmethod
    def read(cls, node: Node) -> "_Game":
        records = [entry.value for entry in _checked(node.get("events"))]
        if not records:
            raise node.get("events").refuse("at least one event")
        number = football.match_number(node.path) or str(records[0].get("matchId", ""))
        return cls(number=number, node=node, moments=_moments(node, records))


def _checked(events: Node) -> Iterator[Node]:
    """Yield the records that have what every record must have. Raises FeedError."""
    for entry in events.items():
        entry.whole("id")
        entry.whole("eventId")
        entry.whole("teamId")
        entry.whole("playerId")
        if entry.number("eventSec") is None:
            raise entry.get("eventSec", None).refuse("seconds since the period's start")
        if entry.text("matchPeriod") not in football.PERIODS:
            raise entry.get("matchPeriod").refuse("one of " + ", ".join(football.PERIODS))
        for tag in entry.get("tags").items():
            tag.whole("id")
        yield entry


def _moments(node: Node, records: Sequence[dict[str, Any]]) -> list[Moment]:
    prepared = {
        "events": [_for_kloppy(record) for record in records],
        "teams": node.get("teams").value,
        "players": players_of(node, records),
    }
    dataset = kloppy.load(
        node.path,
        kloppy_wyscout.load,
        event_data=json.dumps(prepared).encode(),
        data_version="V2",
    )
    by_id: dict[int, list[Any]] = {}
    for event in dataset.records:
        by_id.setdefault(event.raw_event["id"], []).append(event)
    return [
        Moment(
            raw=record,
            tags=frozenset(tag["id"] for tag in record["tags"]),
            events=by_id.get(record["id"], ()),
        )
        for record in records
    ]


def _for_kloppy(record: dict[str, Any]) -> dict[str, Any]:
    """Return the record without what makes kloppy lose records.

    It takes a duel that is also an interception for two records of one thing and drops the one
    before it, whatever that was. Offsides and interceptions are read from the tags instead.
    """
    tags = [tag for tag in record["tags"] if tag["id"] != _INTERCEPTION]
    places = record["positions"] or [{"x": 50, "y": 50}]
    # kloppy mirrors the second position of a save attempt, which some of them do not have.
    if record["eventId"] == _SAVE and len(places) < 2:
        places = places * 2
    return {**record, "tags": tags, "positions": places}


def _document(game: _Game, record: official.Record | None, lists: Sequence[Node]) -> FeedDocument:
    home, away = official.sides(record, game.node.get("teams"))
    told = football.numbered(_facts(game))
    played = {event.period for event in told}
    moves = official.substitutions(record, told) if record else []
    events = football.framed([*told, *moves], over=True)
    teams = teams_of(game.node, lists)
    match = FeedMatch(
        ref=game.number,
        home=home,
        away=away,
        kickoff_at=record.kickoff_at if record else None,
        status=football.status_after(played),
        matchday=record.matchday if record else None,
        venue=clean(record.venue) if record else "",
        score=record.score(home, away) if record else None,
        sheets=official.sheets(record, game.node) if record else (),
        events=events,
        is_snapshot=True,
    )
    return FeedDocument(
        source="wyscout",
        sport=football.SPORT,
        league=record.competition if record else "",
        season=record.season if record else "",
        teams=teams,
        players=official.players(game.node, record),
        matches=[match],
    )


def _facts(game: _Game) -> list[FeedEvent]:
    passers, lone = _set_up_by(game.moments)
    told: list[FeedEvent] = []
    for place, moment in enumerate(game.moments):
        facts = _read(moment, game.moments, place)
        passer = passers.get(place)
        told += [
            replace(fact, related_player=passer) if fact.type in ("goal", "shot") else fact
            for fact in facts
        ]
        if place in lone and moment.events:
            told.append(kloppy.fact(moment.events[0], "key_pass", tag="key"))
    return told


def _set_up_by(moments: Sequence[Moment]) -> tuple[dict[int, str], set[int]]:
    """Return who set up the shot at each place, and the places of key passes without a shot.

    The vendor tags the pass, not the shot: it belongs to the team's next shot.
    """
    passers: dict[int, str] = {}
    lone: set[int] = set()
    for place, moment in enumerate(moments):
        if not moment.tags & {_ASSIST, _KEY_PASS}:
            continue
        shot = _next_shot(moments, place)
        if shot is None or shot in passers:
            lone.add(place)
        else:
            passers[shot] = str(moment.raw["playerId"])
    return passers, lone


def _next_shot(moments: Sequence[Moment], place: int) -> int | None:
    """Return the place of the shot that a tagged pass led to: an assist led to a goal."""
    team, is_assist = moments[place].raw["teamId"], _ASSIST in moments[place].tags
    for later in range(place + 1, min(place + 1 + _REACH, len(moments))):
        moment = moments[later]
        if moment.is_shot and moment.raw["teamId"] == team:
            return later if is_assist == (_GOAL in moment.tags) else None
    return None


def _read(moment: Moment, moments: Sequence[Moment], place: int) -> list[FeedEvent]:
    """Return a record in our words."""
    if _OWN_GOAL in moment.tags and moment.events:
        return [kloppy.fact(moment.events[0], "own_goal")]
    reading = _READINGS.get(moment.kind)
    told = reading(moment, moments, place) if reading else _as_kloppy(moment)
    if _INTERCEPTION in moment.tags and moment.events:
        told = [kloppy.fact(moment.events[0], "interception", tag="interception"), *told]
    return told


def _as_kloppy(moment: Moment) -> list[FeedEvent]:
    return kloppy.translate_all(moment.events)


def _offside(moment: Moment, _moments: Sequence[Moment], _place: int) -> list[FeedEvent]:
    return [_from_raw(moment, "offside")]


def _save(moment: Moment, moments: Sequence[Moment], place: int) -> list[FeedEvent]:
    """Return a save when a shot on target was kept out; others are touches by the keeper."""
    if _GOAL in moment.tags or not moment.tags & _GOAL_MOUTH:
        return []
    if moment.raw["matchPeriod"] == football.SHOOTOUT:
        return [_from_raw(moment, "shootout_save")]
    shots = (m for m in reversed(moments[max(place - _REACH, 0) : place]) if m.is_shot)
    shot = next(shots, None)
    if shot is not None and shot.detail == _PENALTY:
        return [_from_raw(moment, "penalty_saved")]
    return [_from_raw(moment, "save", inside_box=_inside_box(shot) or None)]


def _inside_box(shot: Moment | None) -> bool:
    if shot is None or not shot.raw["positions"]:
        return False
    start = shot.raw["positions"][0]
    return bool(start["x"] >= 84 and 19 <= start["y"] <= 81)


def _duel(moment: Moment, _moments: Sequence[Moment], _place: int) -> list[FeedEvent]:
    """Return what a duel is: in the air, a dribble, a tackle, or a fight for a loose ball."""
    won = _WON in moment.tags
    if moment.detail == _AIR:
        return [_from_raw(moment, "duel", kind="aerial", won=won)]
    if moment.detail == _ATTACKING and moment.tags & _TAKE_ONS:
        return [_from_raw(moment, "dribble", won=won)]
    if moment.detail == _DEFENDING and (won or _SLIDING in moment.tags):
        return [_from_raw(moment, "tackle", won=won)]
    return [_from_raw(moment, "duel", kind="ground", won=won)]


def _foul(moment: Moment, _moments: Sequence[Moment], _place: int) -> list[FeedEvent]:
    told = _as_kloppy(moment)
    if moment.detail in _NOT_A_FOUL:
        return [fact for fact in told if fact.type != "foul"]
    return told


def _sweep(moment: Moment, _moments: Sequence[Moment], _place: int) -> list[FeedEvent]:
    return [_from_raw(moment, "keeper_action", kind="sweep")]


def _from_raw(moment: Moment, type_: str, **payload: Any) -> FeedEvent:
    """Return a fact of a record that kloppy may have left out."""
    raw = moment.raw
    place = raw["positions"][0] if raw["positions"] else {}
    return FeedEvent(
        type=type_,
        period=raw["matchPeriod"],
        clock_ms=round(raw["eventSec"] * 1000),
        team=str(raw["teamId"]),
        player=str(raw["playerId"]) if raw["playerId"] else None,
        x=place.get("x"),
        y=place.get("y"),
        payload={key: value for key, value in payload.items() if value is not None},
        vendor_event_id=str(raw["id"]),
    )


_READINGS = {
    _DUEL: _duel,
    _FOUL: _foul,
    _KEEPER_OUT: _sweep,
    _OFFSIDE: _offside,
    _SAVE: _save,
}

ADAPTER = WyscoutAdapter()
