"""StatsBomb: events and line-ups of a match in the open-data format, read through kloppy.

Files: `<match>_events.json` and `<match>_lineups.json` in one folder, or `events/<match>.json` and
`lineups/<match>.json` as in the vendor's repository; beside them a list of matches gives the date
and the competition (`matches.json`, `matches/<competition>/<season>.json` or `results.json`).
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from kloppy import statsbomb as kloppy_statsbomb

from matches.ingest.adapters import _football as football
from matches.ingest.adapters import _kloppy as kloppy
from matches.ingest.adapters._statsbomb_matches import MatchRecord, match_record
from matches.ingest.documents import (
    FeedDocument,
    FeedError,
    FeedEvent,
    FeedMatch,
    FeedPlayer,
    FeedSheet,
    FeedSpot,
    FeedTeam,
)
from matches.ingest.reading import Node, parse_json

# The vendor's numbers of event types that kloppy knows; others are left out unread.
_KNOWN = frozenset(
    (2, 3, 4, 5, 6, 8, 9, 10, 14, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30)
) | frozenset((33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43))
_STARTING_XI, _HALF_START, _HALF_END, _SUBSTITUTION = 35, 18, 34, 19
_BLOCK, _OFFSIDE, _FOUL_WON, _FOUL, _ERROR, _INJURY, _SHOT = 6, 8, 21, 22, 37, 40, 16
_SAVES = frozenset((29, 31, 33, 109, 110, 113, 114))
_SAVED_OFF_TARGET = 115
_POSITIONS = ((1, "GKP"), (8, "DEF"), (16, "MID"), (20, "MID"), (25, "FWD"))


class StatsBombAdapter:
    """Reads a match of the open-data format."""

    name = "statsbomb"

    def bundles(self, names: Iterable[str]) -> Iterator[tuple[str, Sequence[str]]]:
        """Yield events, line-ups and the lists of matches of each match."""
        listed = sorted(names)
        lists = [name for name in listed if _is_list(name)]
        for name in listed:
            match = football.match_number(name)
            if match and _is_events(name):
                mates = [n for n in listed if _is_lineups(n) and football.match_number(n) == match]
                yield match, (name, *mates, *lists)

    def parse(self, files: Mapping[str, bytes]) -> FeedDocument:
        """Return the match. Raises FeedError."""
        with football.refusing(files):
            return self._read(files)

    def _read(self, files: Mapping[str, bytes]) -> FeedDocument:
        documents = {name: Node(parse_json(body, name), name) for name, body in files.items()}
        events = next((node for node in documents.values() if _looks_like_events(node)), None)
        if events is None:
            names = ", ".join(files)
            raise FeedError(f"{names}: $: expected a list of StatsBomb events with a type each")
        lineups = next((n for n in documents.values() if _looks_like_lineups(n)), None)
        number = football.match_number(events.path) or "match"
        record = match_record(documents.values(), number)
        return _document(_Game.read(events, lineups, number), record)


def _is_events(name: str) -> bool:
    own = football.bare(name)
    return own.endswith("_events.json") or (own[:-5].isdigit() and "events/" in name)


def _is_lineups(name: str) -> bool:
    own = football.bare(name)
    return own.endswith("_lineups.json") or (own[:-5].isdigit() and "lineups/" in name)


def _is_list(name: str) -> bool:
    return football.bare(name) in ("results.json", "matches.json") or "matches/" in name


def _looks_like_events(node: Node) -> bool:
    value = node.value
    return (
        isinstance(value, list)
        and bool(value)
        and isinstance(value[0], dict)
        and {"type", "period", "timestamp"} <= value[0].keys()
    )


def _looks_like_lineups(node: Node) -> bool:
    value = node.value
    return (
        isinstance(value, list)
        and bool(value)
        and isinstance(value[0], dict)
        and {"team_id", "lineup"} <= value[0].keys()
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Game:
    """A match's raw events by id in vendor's order, its line-ups, and kloppy's dataset."""

    number: str
    raw: dict[str, dict[str, Any]]
    lineups: list[dict[str, Any]]
    dataset: Any

    @classmethod
    def read(cls, events: Node, lineups: Node | None, number: str) -> "_Game":
        raw = {e["id"]: e for e in _checked(events) if e["type"]["id"] in _KNOWN}
        sheets = lineups.value if lineups else _lineups_from(raw.values())
        dataset = kloppy.load(
            events.path,
            kloppy_statsbomb.load,
            event_data=json.dumps([*raw.values(), *_open_ends(raw.values())]).encode(),
            lineup_data=json.dumps(sheets).encode(),
        )
        return cls(number=number, raw=raw, lineups=sheets, dataset=dataset)

    @property
    def is_over(self) -> bool:
        """Play has ended in a period after which a match may be over."""
        return any(e["type"]["id"] == _HALF_END and e["period"] >= 2 for e in self.raw.values())


def _checked(events: Node) -> Iterator[dict[str, Any]]:
    for node in events.items():
        node.text("id")
        node.get("type").whole("id")
        node.whole("period")
        if node.get("type").whole("id") != _HALF_START:
            node.get("team").whole("id")
        value: dict[str, Any] = node.value
        # Who was where around a shot is of no use to us, and most of kloppy's work.
        if "freeze_frame" in value.get("shot", {}):
            shot = {k: v for k, v in value["shot"].items() if k != "freeze_frame"}
            value = {**value, "shot": shot}
        yield value


def _open_ends(events: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return an end for each period that has none: kloppy reads no match that is being played."""
    last: dict[int, dict[str, Any]] = {}
    ended = set()
    for event in events:
        last[event["period"]] = event
        if event["type"]["id"] == _HALF_END:
            ended.add(event["period"])
    return [
        {
            **{key: event[key] for key in ("period", "timestamp", "team") if key in event},
            "id": f"open:{period}",
            "type": {"id": _HALF_END, "name": "Half End"},
            "possession_team": event["team"],
        }
        for period, event in last.items()
        if period not in ended and "team" in event
    ]


def _lineups_from(events: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return line-ups in the vendor's form from what the events say of them."""
    teams: dict[int, dict[str, Any]] = {}
    for event in events:
        team = event["team"]
        entry = teams.setdefault(team["id"], {"team_id": team["id"], "team_name": team["name"]})
        players = entry.setdefault("lineup", {})
        for spot in event.get("tactics", {}).get("lineup", ()):
            players[spot["player"]["id"]] = _lineup_row(spot["player"], spot["jersey_number"])
        if event["type"]["id"] == _SUBSTITUTION:
            coming_on = event["substitution"]["replacement"]
            players.setdefault(coming_on["id"], _lineup_row(coming_on, 0))
    return [{**entry, "lineup": list(entry["lineup"].values())} for entry in teams.values()]


def _lineup_row(player: Mapping[str, Any], shirt: int) -> dict[str, Any]:
    return {
        "player_id": player["id"],
        "player_name": player["name"],
        "jersey_number": shirt,
    }


def _document(game: _Game, record: MatchRecord) -> FeedDocument:
    home, away = game.dataset.metadata.teams
    events = _events(game)
    played = {event.period for event in events}
    match = FeedMatch(
        ref=game.number,
        home=home.team_id,
        away=away.team_id,
        kickoff_at=_kickoff(record),
        status=football.status_after(played) if game.is_over else "live",
        round_name=record.round_name,
        venue=record.venue,
        score=record.score,
        sheets=[
            _sheet(game, team, coach)
            for team, coach in zip((home, away), record.coaches, strict=True)
        ],
        events=events,
        is_snapshot=True,
    )
    return FeedDocument(
        source="statsbomb",
        sport=football.SPORT,
        league=record.competition,
        season=record.season,
        teams=[FeedTeam(ref=team.team_id, name=team.name) for team in (home, away)],
        players=_players(game),
        matches=[match],
    )


def _kickoff(record: MatchRecord) -> datetime | None:
    # The list of matches gives local time without a zone; the day is what can be trusted.
    day: date | None = record.day
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC) if day else None


def _positions(game: _Game) -> dict[str, str]:
    return {
        str(spot["player"]["id"]): _position(spot["position"]["id"])
        for event in game.raw.values()
        if event["type"]["id"] == _STARTING_XI
        for spot in event["tactics"]["lineup"]
    }


def _position(number: int) -> str:
    return next((ours for last, ours in _POSITIONS if number <= last), "")


def _players(game: _Game) -> list[FeedPlayer]:
    positions = _positions(game)
    players = []
    for team in game.lineups:
        for row in team["lineup"]:
            ref = str(row["player_id"])
            players.append(
                FeedPlayer(
                    ref=ref,
                    name=row["player_name"],
                    short_name=row.get("player_nickname") or "",
                    team=str(team["team_id"]),
                    shirt=str(row["jersey_number"] or ""),
                    position=positions.get(ref, ""),
                    country=(row.get("country") or {}).get("name", ""),
                )
            )
    return players


def _sheet(game: _Game, team: Any, coach: str) -> FeedSheet:
    positions = _positions(game)
    # The starting eleven come in the vendor's order, from the goalkeeper forward.
    places = {ref: place for place, ref in enumerate(positions)}
    listed = sorted(team.players, key=lambda p: (places.get(p.player_id, 99), p.jersey_no or 0))
    spots = [
        FeedSpot(
            player=player.player_id,
            is_starter=player.starting,
            position=positions.get(player.player_id, ""),
            shirt=str(player.jersey_no or ""),
            order=order,
        )
        for order, player in enumerate(listed)
    ]
    formation = team.starting_formation.value if team.starting_formation else ""
    return FeedSheet(team=team.team_id, spots=spots, formation=formation, coach=coach)


def _events(game: _Game) -> list[FeedEvent]:
    told = [fact for event in game.dataset.records for fact in _facts(event, game)]
    ends = {
        football.period_of(event.period.id): round(event.timestamp.total_seconds() * 1000)
        for event in game.dataset.records
        if event.event_id in game.raw and event.raw_event["type"]["id"] == _HALF_END
    }
    begun = {
        football.period_of(raw["period"])
        for raw in game.raw.values()
        if raw["type"]["id"] == _HALF_START
    }
    return football.framed(football.numbered(told), over=game.is_over, ends=ends, begun=begun)


def _facts(event: Any, game: _Game) -> list[FeedEvent]:
    """Return kloppy's event in our words, corrected by the vendor's own record."""
    raw = event.raw_event
    if event.event_id != raw["id"]:
        # Duels, interceptions and balls out that kloppy reads out of another event.
        return kloppy.translate(event)
    if event.event_id not in game.raw:
        return []
    reading = _OWN.get(raw["type"]["id"])
    return reading(event, game) if reading else kloppy.translate(event)


def _shot(event: Any, game: _Game) -> list[FeedEvent]:
    shot = event.raw_event["shot"]
    passer = game.raw.get(shot.get("key_pass_id", ""), {}).get("player", {}).get("id")
    told = kloppy.translate(event)
    if shot["outcome"]["id"] == _SAVED_OFF_TARGET:
        told = [replace(t, payload={**t.payload, "outcome": "off_target"}) for t in told]
    return [
        replace(t, related_player=str(passer)) if passer and t.type in ("goal", "shot") else t
        for t in told
    ]


def _keeper(event: Any, game: _Game) -> list[FeedEvent]:
    keeper = event.raw_event["goalkeeper"]
    if keeper.get("type", {}).get("id") not in _SAVES:
        return [told for told in kloppy.translate(event) if told.type != "save"]
    shot = next((raw for raw in _related(event, game) if raw["type"]["id"] == _SHOT), None)
    if event.period.id == 5:
        return [kloppy.fact(event, "shootout_save")]
    if shot and shot["shot"]["type"]["name"] == "Penalty":
        return [kloppy.fact(event, "penalty_saved")]
    return [kloppy.fact(event, "save", inside_box=_inside_box(shot) or None)]


def _inside_box(shot: Mapping[str, Any] | None) -> bool:
    if shot is None or "location" not in shot:
        return False
    x, y, *_ = shot["location"]
    return bool(x >= 102 and 18 <= y <= 62)


def _related(event: Any, game: _Game) -> list[dict[str, Any]]:
    ids = event.raw_event.get("related_events", ())
    return [game.raw[related] for related in ids if related in game.raw]


def _block(event: Any, game: _Game) -> list[FeedEvent]:
    if event.raw_event.get("block", {}).get("offensive"):
        return []
    of_shot = any(raw["type"]["id"] == _SHOT for raw in _related(event, game))
    return [kloppy.fact(event, "block", of="shot" if of_shot else "pass")]


def _duel(event: Any, _game: _Game) -> list[FeedEvent]:
    duel = event.raw_event.get("duel")
    if not duel or duel["type"]["name"] != "Tackle":
        return kloppy.translate(event)
    return [
        replace(t, type="tackle", payload={"won": t.payload["won"]})
        for t in kloppy.translate(event)
    ]


def _foul(event: Any, game: _Game) -> list[FeedEvent]:
    """Return the foul with the player who was fouled; kloppy gives its card as another event."""
    is_penalty = event.raw_event.get("foul_committed", {}).get("penalty") or None
    won = next((raw for raw in _related(event, game) if raw["type"]["id"] == _FOUL_WON), None)
    told = []
    for fact in kloppy.translate(event):
        if fact.type != "foul":
            told.append(fact)
            continue
        fouled = str(won["player"]["id"]) if won and "player" in won else None
        payload = {"penalty": True} if is_penalty else {}
        told.append(replace(fact, related_player=fouled, payload=payload))
    return told


def _foul_won(event: Any, game: _Game) -> list[FeedEvent]:
    if any(raw["type"]["id"] == _FOUL for raw in _related(event, game)):
        return []
    penalty = event.raw_event.get("foul_won", {}).get("penalty") or None
    return [kloppy.fact(event, "foul_won", penalty=penalty)]


def _pass(event: Any, _game: _Game) -> list[FeedEvent]:
    """Return the pass, and the offside of who was to receive it."""
    told = kloppy.translate(event)
    kick = event.raw_event["pass"]
    if kick.get("outcome", {}).get("name") == "Pass Offside" and "recipient" in kick:
        offside = kloppy.fact(event, "offside", tag="offside")
        told.append(replace(offside, player=str(kick["recipient"]["id"])))
    return told


def _named(type_: str) -> Any:
    return lambda event, _game: [kloppy.fact(event, type_)]


_OWN = {
    30: _pass,
    _SHOT: _shot,
    23: _keeper,
    _BLOCK: _block,
    4: _duel,
    _FOUL: _foul,
    _FOUL_WON: _foul_won,
    _OFFSIDE: _named("offside"),
    _ERROR: _named("error"),
    _INJURY: _named("injury"),
}

ADAPTER = StatsBombAdapter()
