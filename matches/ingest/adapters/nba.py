"""The NBA's public feeds: live data, stats v2 and stats v3, each as play-by-play and boxscore."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from matches.ingest.adapters._basketball import (
    LAST,
    SPORT,
    finished_status,
    ident,
    int_of,
    refuse_twins,
    unknown_origins,
)
from matches.ingest.adapters._nba_live import live_log
from matches.ingest.adapters._nba_parts import Box, Log, Member, Side
from matches.ingest.adapters._nba_v2 import result_set, v2_box, v2_log
from matches.ingest.adapters._nba_v3 import modern_box, v3_log
from matches.ingest.documents import (
    FeedAbsence,
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

SOURCE = "nba"

_GAME_ID = re.compile(r"(?<!\d)(\d{10})(?!\d)")
_LIVE_STATUS = {1: "scheduled", 2: "live"}


class NbaAdapter:
    """Reads any of the formats; a document says itself which one it is."""

    name = SOURCE

    def bundles(self, names: Iterable[str]) -> Iterator[tuple[str, Sequence[str]]]:
        """Play-by-play and boxscore of a game belong together; the game's id is in their names."""
        games: dict[str, list[str]] = defaultdict(list)
        for name in sorted(names):
            found = _GAME_ID.search(name.rsplit("/", 1)[-1])
            if found is not None and name.removesuffix(".gz").endswith(".json"):
                games[found[1]].append(name)
        yield from games.items()

    def parse(self, files: Mapping[str, bytes]) -> FeedDocument:
        """Return the games of the files. Raises FeedError naming file and path."""
        tops = [Node(parse_json(body, name), name) for name, body in files.items()]
        boxes = {box.game: box for top in tops if (box := _box(top)) is not None}
        logs = {log.game: log for top in tops if (log := _log(top, boxes)) is not None}
        if not boxes and not logs:
            raise FeedError(f"{' + '.join(files)}: no play-by-play or boxscore of a known format")
        return _document(boxes, logs, " + ".join(files))


def _box(top: Node) -> Box | None:
    if (traditional := top.get("boxScoreTraditional", None)).value is not None:
        return modern_box(traditional, ident(traditional, "gameId"))
    if top.get("resultSets", None).value is not None:
        players = result_set(top, "PlayerStats")
        return None if players is None else v2_box(top, players)
    game = top.get("game", None)
    if game.value is not None and game.get("homeTeam", None).value is not None:
        return _live_box(game)
    return None


def _live_box(game: Node) -> Box:
    arena = game.get("arena", {})
    state = game.whole("gameStatus", 0)
    over = finished_status(int_of(game, "period", 0))
    return replace(
        modern_box(game, ident(game, "gameId")),
        status=_LIVE_STATUS.get(state, over if state else ""),
        kickoff_at=game.moment("gameTimeUTC"),
        venue=arena.text("arenaName", ""),
        city=arena.text("arenaCity", ""),
    )


def _log(top: Node, boxes: Mapping[str, Box]) -> Log | None:
    if top.get("resultSets", None).value is not None:
        plays = result_set(top, "PlayByPlay")
        return None if plays is None else v2_log(top, plays)
    game = top.get("game", None)
    if game.value is not None and game.get("actions", None).value is not None:
        return _actions_log(top, game, boxes)
    return None


def _actions_log(top: Node, game: Node, boxes: Mapping[str, Box]) -> Log:
    """Live data and v3 have the same shape; only v3 numbers its actions by `actionId`."""
    is_v3 = any(a.get("actionId", None).value is not None for a in game.get("actions").items())
    if not is_v3:
        return live_log(top)
    box = boxes.get(game.text("gameId"))
    return v3_log(top, box.sides if box is not None else ())


def _document(boxes: Mapping[str, Box], logs: Mapping[str, Log], file: str) -> FeedDocument:
    teams: dict[str, FeedTeam] = {}
    players: dict[str, FeedPlayer] = {}
    matches = []
    for game in dict.fromkeys((*boxes, *logs)):
        box, log = boxes.get(game), logs.get(game)
        sides = _sides(box, log)
        teams |= {side.ref: _team(side) for side in sides.values()}
        players |= {m.ref: _player(m, side) for side in sides.values() for m in side.members}
        match = _match(game, box, log, sides)
        if match is not None:
            matches.append(match)
    refuse_twins(matches, file)
    return FeedDocument(
        source=SOURCE,
        sport=SPORT,
        league=_league(next(iter((*boxes, *logs)), "")),
        season=_season(next(iter((*boxes, *logs)), "")),
        teams=list(teams.values()),
        players=list(players.values()),
        matches=matches,
    )


_LEAGUES = {"00": "NBA", "10": "WNBA", "20": "NBA G League"}


def _league(game: str) -> str:
    return _LEAGUES.get(game[:2], "NBA")


def _season(game: str) -> str:
    """The fourth and fifth digit of a game's id are the year in which its season began."""
    if not game[3:5].isdecimal():
        return ""
    year = int(game[3:5])
    year += 1900 if year >= 46 else 2000
    return str(year) if game[:2] == "10" else f"{year}-{(year + 1) % 100:02}"


def _sides(box: Box | None, log: Log | None) -> dict[str, Side]:
    """The boxscore's sides, and from the log whom it does not know."""
    known = {side.ref: side for side in box.sides} if box is not None else {}
    if log is None:
        return known
    return {ref: known.get(ref) or side for ref, side in {**log.sides, **known}.items()}


def _match(
    game: str, box: Box | None, log: Log | None, sides: Mapping[str, Side]
) -> FeedMatch | None:
    """Return the match; None while nothing tells yet which side is at home."""
    home = (box.home if box else "") or (log.home if log else "")
    away = next((ref for ref in sides if ref != home), log.away if log else "")
    if not home or not away:
        return None
    events = _events(log, (home, away), sides) if log is not None else []
    return FeedMatch(
        ref=game,
        home=home,
        away=away,
        kickoff_at=box.kickoff_at if box else None,
        status=(box.status if box else "") or (log.status if log else ""),
        venue=box.venue if box else "",
        city=box.city if box else "",
        score=_score(sides[home], sides[away], log),
        sheets=[_sheet(sides[ref]) for ref in (home, away)] if box else [],
        events=events,
        is_snapshot=log is not None,
    )


def _score(home: Side, away: Side, log: Log | None) -> tuple[int, int] | None:
    if home.score is not None and away.score is not None:
        return home.score, away.score
    return log.score if log is not None else None


def _events(log: Log, teams: Sequence[str], sides: Mapping[str, Side]) -> list[FeedEvent]:
    events = list(log.events)
    if not log.has_origins:
        events += unknown_origins(teams)
    if not log.has_fouls_drawn:
        for team in teams:
            events.append(_unknown_fouls_drawn(team, None))
            active = [member for member in sides[team].members if member.is_active]
            events += [_unknown_fouls_drawn(team, member.ref) for member in active]
    return events


def _unknown_fouls_drawn(team: str, player: str | None) -> FeedEvent:
    return FeedEvent(
        type="stat.set",
        order=LAST + 2,
        team=team,
        player=player,
        payload={"values": {"pfd": None}},
        vendor_event_id=f"totals:fouls:{player or team}",
    )


def _team(side: Side) -> FeedTeam:
    return FeedTeam(ref=side.ref, name=side.name, short_name=side.short_name, code=side.code)


def _player(member: Member, side: Side) -> FeedPlayer:
    return FeedPlayer(
        ref=member.ref,
        name=member.name,
        short_name=member.short_name,
        team=side.ref,
        shirt=member.shirt,
        position=member.position,
    )


def _sheet(side: Side) -> FeedSheet:
    spots = [
        FeedSpot(
            player=member.ref,
            is_starter=member.is_starter,
            position=member.position,
            shirt=member.shirt,
            order=order,
        )
        for order, member in enumerate(side.members, start=1)
        if member.is_active
    ]
    missing = [
        FeedAbsence(player=member.ref, reason=member.absence)
        for member in side.members
        if not member.is_active
    ]
    return FeedSheet(team=side.ref, spots=spots, missing=missing)


ADAPTER = NbaAdapter()
