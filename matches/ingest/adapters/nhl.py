"""Ice hockey from the league's web documents: `play-by-play` and, beside it, `boxscore`.

Events come from the play-by-play. The boxscore adds what no play tells: the starting goalies,
time on ice, shifts and plus-minus. Its other totals are left alone: the plays fold to them.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from matches.ingest.adapters._nhl_events import Setting, game_events
from matches.ingest.adapters._nodes import has, items, members
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

_GAME_ID = re.compile(r"(?<!\d)\d{10}(?!\d)")
_STATES = {
    "FUT": "scheduled",
    "PRE": "scheduled",
    "LIVE": "live",
    "CRIT": "live",
    "OVER": "finished",
    "FINAL": "finished",
    "OFF": "finished",
}
_SCHEDULE_STATES = {"PPD": "postponed", "SUSP": "suspended", "CNCL": "cancelled"}
_LAST_PERIOD = {"OT": "finished_aet", "SO": "finished_pens"}
_ROUNDS = {1: "Pre-season", 2: "Regular season", 3: "Play-offs"}
_GOALIE = "G"
# The boxscore's totals that no play tells, and their columns.
_STATED = {"plusMinus": "plus_minus", "shifts": "shifts"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Roster:
    """One side's dressed players in the vendor's order."""

    team: str
    players: Sequence[FeedPlayer]


class NhlAdapter:
    """Reads one game a bundle: its play-by-play, its boxscore or both."""

    name = "nhl"

    def bundles(self, names: Iterable[str]) -> Iterator[tuple[str, Sequence[str]]]:
        """Yield the files of each game together; a file that comes alone is taken as it is."""
        listed = sorted(names)
        games: dict[str, list[str]] = {}
        for name in listed:
            found = _GAME_ID.search(name)
            if found and (".json" in name or len(listed) == 1):
                games.setdefault(found[0], []).append(name)
            elif len(listed) == 1:
                games[name] = [name]
        for key, files in games.items():
            yield key, tuple(files)

    def parse(self, files: Mapping[str, bytes]) -> FeedDocument:
        """Return the game. Raises FeedError."""
        documents = [Node(parse_json(content, name), name) for name, content in files.items()]
        game = next((doc for doc in documents if has(doc, "plays")), None)
        box = next((doc for doc in documents if has(doc, "playerByGameStats")), None)
        top = game or box
        if top is None:
            name = ", ".join(files)
            raise FeedError(f"{name}: expected plays (play-by-play) or playerByGameStats")
        teams = {side: _team(top.get(f"{side}Team")) for side in ("home", "away")}
        rosters = _rosters(top, box, teams)
        return FeedDocument(
            source=self.name,
            sport="ice_hockey",
            league="NHL",
            season=_season(top),
            teams=tuple(teams.values()),
            players=tuple(player for roster in rosters for player in roster.players),
            matches=(_match(top, game, box, teams, rosters),),
        )


def _default(node: Node, key: str) -> str:
    """Return the vendor's text in its first language; other languages stand beside it."""
    return node.get(key).text("default", "") if has(node, key) else ""


def _team(node: Node) -> FeedTeam:
    nickname = _default(node, "commonName")
    place = _default(node, "placeName")
    code = node.text("abbrev", "")
    name = f"{place} {nickname}".strip() or code
    return FeedTeam(ref=str(node.whole("id")), name=name, short_name=nickname or name, code=code)


def _season(top: Node) -> str:
    """Return "2023-24" for 20232024."""
    digits = str(top.whole("season"))
    return f"{digits[:4]}-{digits[6:]}" if len(digits) == 8 else digits


def _rosters(top: Node, box: Node | None, teams: Mapping[str, FeedTeam]) -> list[_Roster]:
    spots = [*_dressed(top)] or ([*_boxed(box, teams)] if box else [])
    return [
        _Roster(
            team=team.ref,
            players=[player for player in spots if player.team == team.ref],
        )
        for team in teams.values()
    ]


def _dressed(top: Node) -> Iterator[FeedPlayer]:
    for spot in items(top, "rosterSpots"):
        first, last = _default(spot, "firstName"), _default(spot, "lastName")
        ref = str(spot.whole("playerId"))
        yield FeedPlayer(
            ref=ref,
            name=f"{first} {last}".strip() or ref,
            short_name=f"{first[:1]}. {last}" if first and last else last,
            team=str(spot.whole("teamId")),
            shirt=str(spot.whole("sweaterNumber", 0) or ""),
            position=spot.text("positionCode", ""),
        )


def _boxed(box: Node, teams: Mapping[str, FeedTeam]) -> Iterator[FeedPlayer]:
    for side, team in teams.items():
        for line in _lines(box, side):
            ref = str(line.whole("playerId"))
            name = _default(line, "name") or ref
            yield FeedPlayer(
                ref=ref,
                name=name,
                short_name=name,
                team=team.ref,
                shirt=str(line.whole("sweaterNumber", 0) or ""),
                position=line.text("position", ""),
            )


def _lines(box: Node, side: str) -> Iterator[Node]:
    for _group, lines in members(box.get("playerByGameStats"), f"{side}Team"):
        yield from lines.items()


def _match(
    top: Node,
    game: Node | None,
    box: Node | None,
    teams: Mapping[str, FeedTeam],
    rosters: Sequence[_Roster],
) -> FeedMatch:
    home, away = teams["home"].ref, teams["away"].ref
    team_of = {player.ref: roster.team for roster in rosters for player in roster.players}
    events: tuple[FeedEvent, ...] = ()
    if game is not None:
        setting = Setting(home=home, away=away, team_of=team_of)
        events = tuple(game_events(game, setting))
    if box is not None:
        events += tuple(_stated(box, teams))
    starters = _starting_goalies(box, teams) or _first_goalies(game)
    status = _status(top)
    return FeedMatch(
        ref=str(top.whole("id")),
        home=home,
        away=away,
        kickoff_at=top.moment("startTimeUTC"),
        status=status,
        round_name=_ROUNDS.get(top.whole("gameType", 0), ""),
        venue=_default(top, "venue"),
        city=_default(top, "venueLocation"),
        score=_score(top),
        sheets=tuple(_sheet(roster, starters) for roster in rosters if roster.players),
        events=events,
        is_snapshot=game is not None,
    )


def _stated(box: Node, teams: Mapping[str, FeedTeam]) -> Iterator[FeedEvent]:
    for side, team in teams.items():
        for line in _lines(box, side):
            ref = str(line.whole("playerId"))
            values: dict[str, int] = {"toi_s": _toi_s(line)}
            for key, column in _STATED.items():
                if has(line, key):
                    values[column] = line.whole(key)
            yield FeedEvent(
                type="stat.set",
                team=team.ref,
                player=ref,
                payload={"values": values},
                vendor_event_id=f"boxscore:{ref}",
            )


def _toi_s(line: Node) -> int:
    text = line.text("toi", "0:00")
    minutes, colon, seconds = text.partition(":")
    if not colon or not minutes.isdecimal() or not seconds.isdecimal():
        raise line.get("toi").refuse("a time such as 16:08")
    return int(minutes) * 60 + int(seconds)


def _status(top: Node) -> str:
    schedule = top.text("gameScheduleState", "")
    if schedule in _SCHEDULE_STATES:
        return _SCHEDULE_STATES[schedule]
    status = _STATES.get(top.text("gameState", ""), "")
    if status == "finished" and has(top, "gameOutcome"):
        return _LAST_PERIOD.get(top.get("gameOutcome").text("lastPeriodType", ""), status)
    if status == "live" and has(top, "clock") and top.get("clock").flag("inIntermission"):
        return "break"
    return status


def _score(top: Node) -> tuple[int, int] | None:
    home, away = top.get("homeTeam"), top.get("awayTeam")
    if not has(home, "score") or not has(away, "score"):
        return None
    return home.whole("score"), away.whole("score")


def _starting_goalies(box: Node | None, teams: Mapping[str, FeedTeam]) -> frozenset[str]:
    if box is None:
        return frozenset()
    lines = (line for side in teams for line in _lines(box, side))
    return frozenset(str(line.whole("playerId")) for line in lines if line.flag("starter"))


def _first_goalies(game: Node | None) -> frozenset[str]:
    """Return the goalies who faced the first shots; without a boxscore they must do."""
    first: dict[str, str] = {}
    plays = items(game, "plays") if game else ()
    for play in plays:
        if not has(play, "details"):
            continue
        details = play.get("details")
        if has(details, "goalieInNetId") and has(details, "eventOwnerTeamId"):
            shooters = str(details.whole("eventOwnerTeamId"))
            first.setdefault(shooters, str(details.whole("goalieInNetId")))
    return frozenset(first.values())


def _sheet(roster: _Roster, starters: frozenset[str]) -> FeedSheet:
    """Return a side's line-up: all dressed skaters and the starting goalie; one goalie waits."""
    spots = (
        FeedSpot(
            player=player.ref,
            is_starter=player.position != _GOALIE or player.ref in starters,
            position=player.position,
            shirt=player.shirt,
            order=order,
        )
        for order, player in enumerate(roster.players, start=1)
    )
    return FeedSheet(team=roster.team, spots=tuple(spots))


ADAPTER = NhlAdapter()
