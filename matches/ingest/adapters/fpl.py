"""The official fantasy game of the Premier League: clubs, players, fixtures and stat lines.

Files of one season in one folder: `bootstrap-static.json`, `fixtures.json`, and for the stat lines
either `player_gw.csv` (a row for each player and fixture), the API's `event/<gw>/live` documents,
or nothing, when the fixtures' own statistics are used. Ids are the lasting `code`s, as the ids
themselves change every season.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from matches.ingest.adapters import _football as football
from matches.ingest.adapters._fpl_lines import Line, from_csv, from_fixtures, from_live
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

_LEAGUE = "Premier League"
# The game of 2024-25 had the clubs' managers, too: people of a club who never play.
_MANAGER = 5
_POSITIONS = {1: "GKP", 2: "DEF", 3: "MID", 4: "FWD", _MANAGER: "MGR"}
_BOOTSTRAP, _FIXTURES, _LINES = "bootstrap-static", "fixtures", "player_gw"
_LIVE = re.compile(r"(?:live\.json|event/\d+/live/?)$")


# The game's short names of clubs, and what everybody else calls them.
_FULL_NAMES = {
    "Brighton": "Brighton & Hove Albion",
    "Cardiff": "Cardiff City",
    "Huddersfield": "Huddersfield Town",
    "Hull": "Hull City",
    "Ipswich": "Ipswich Town",
    "Leeds": "Leeds United",
    "Leicester": "Leicester City",
    "Luton": "Luton Town",
    "Man City": "Manchester City",
    "Man Utd": "Manchester United",
    "Newcastle": "Newcastle United",
    "Norwich": "Norwich City",
    "Nott'm Forest": "Nottingham Forest",
    "Sheffield Utd": "Sheffield United",
    "Spurs": "Tottenham Hotspur",
    "Stoke": "Stoke City",
    "Swansea": "Swansea City",
    "West Brom": "West Bromwich Albion",
    "West Ham": "West Ham United",
    "Wolves": "Wolverhampton Wanderers",
}


class FplAdapter:
    """Reads one season of the game."""

    name = "fpl"

    def bundles(self, names: Iterable[str]) -> Iterator[tuple[str, Sequence[str]]]:
        """Yield the files of each folder that has a bootstrap document."""
        folders: dict[str, list[str]] = {}
        for name in sorted(names):
            if _kind(name):
                folders.setdefault(name.rpartition("/")[0], []).append(name)
        for folder, files in folders.items():
            if any(_kind(name) == _BOOTSTRAP for name in files):
                yield folder or "season", files

    def parse(self, files: Mapping[str, bytes]) -> FeedDocument:
        """Return the season. Raises FeedError."""
        with football.refusing(files):
            return self._read(files)

    def _read(self, files: Mapping[str, bytes]) -> FeedDocument:
        by_kind = {_kind(name): (name, body) for name, body in files.items()}
        if _BOOTSTRAP not in by_kind:
            names = ", ".join(files)
            raise FeedError(
                f"{names}: $: expected a bootstrap-static document beside it: ids alone are not "
                "lasting"
            )
        name, body = by_kind[_BOOTSTRAP]
        game = _Game.read(Node(parse_json(body, name), name))
        fixtures = _fixtures(by_kind, game)
        lines = _lines(files, by_kind, fixtures)
        return FeedDocument(
            source="fpl",
            sport=football.SPORT,
            league=_LEAGUE,
            season=_season(game, fixtures),
            teams=list(game.teams.values()),
            players=[*game.players.values(), *game.managers],
            matches=[_match(fixture, lines.get(fixture.number, ()), game) for fixture in fixtures],
        )


def _kind(name: str) -> str:
    own = football.bare(name)
    if _LIVE.search(name.removesuffix(".gz")):
        return "live"
    for kind in (_BOOTSTRAP, _FIXTURES, _LINES):
        if own.startswith(kind) or name.rstrip("/").endswith(f"/{kind}"):
            return kind
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Game:
    """The season's clubs, and who plays for them, by the ids that are valid in it."""

    teams: Mapping[int, FeedTeam]
    players: Mapping[int, FeedPlayer]
    managers: Sequence[FeedPlayer]
    first_deadline: datetime | None

    @classmethod
    def read(cls, root: Node) -> "_Game":
        teams = {node.whole("id"): _team(node) for node in root.get("teams").items()}
        players, managers = {}, []
        for node in root.get("elements").items():
            kind = node.whole("element_type")
            if kind == _MANAGER:
                managers.append(_player(node, teams))
            elif kind in _POSITIONS:
                players[node.whole("id")] = _player(node, teams)
        deadlines = [node.moment("deadline_time") for node in root.get("events", []).items()]
        first = min((d for d in deadlines if d), default=None)
        return cls(teams=teams, players=players, managers=managers, first_deadline=first)


def _team(node: Node) -> FeedTeam:
    name = node.text("name")
    return FeedTeam(
        ref=node.text("code"),
        name=_FULL_NAMES.get(name, name),
        short_name=name if name in _FULL_NAMES else "",
        code=node.text("short_name", ""),
        country="England",
    )


def _player(node: Node, teams: Mapping[int, FeedTeam]) -> FeedPlayer:
    team = teams.get(node.whole("team"))
    return FeedPlayer(
        ref=node.text("code"),
        name=f"{node.text('first_name', '')} {node.text('second_name', '')}".strip(),
        short_name=node.text("web_name", ""),
        team=team.ref if team else None,
        shirt=node.text("squad_number", ""),
        position=_POSITIONS[node.whole("element_type")],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fixture:
    """A fixture with its two clubs."""

    number: int
    node: Node
    home: FeedTeam
    away: FeedTeam
    kickoff_at: datetime | None

    @property
    def score(self) -> tuple[int, int] | None:
        """Goals so far, None before the match."""
        home, away = self.node.number("team_h_score"), self.node.number("team_a_score")
        return None if home is None or away is None else (int(home), int(away))

    @property
    def status(self) -> str:
        """Where the match stands."""
        if self.node.flag("finished") or self.node.flag("finished_provisional"):
            return "finished"
        if self.node.get("started", default=False).value is True:
            return "live"
        return "scheduled"


def _fixtures(by_kind: Mapping[str, tuple[str, bytes]], game: _Game) -> list[_Fixture]:
    if _FIXTURES not in by_kind:
        return []
    name, body = by_kind[_FIXTURES]
    return [_fixture(node, game) for node in Node(parse_json(body, name), name).items()]


def _fixture(node: Node, game: _Game) -> _Fixture:
    return _Fixture(
        number=node.whole("id"),
        node=node,
        home=_club(node, "team_h", game),
        away=_club(node, "team_a", game),
        kickoff_at=node.moment("kickoff_time"),
    )


def _club(node: Node, key: str, game: _Game) -> FeedTeam:
    team = game.teams.get(node.whole(key))
    if team is None:
        raise node.get(key).refuse("the id of a team in the bootstrap document")
    return team


def _season(game: _Game, fixtures: Sequence[_Fixture]) -> str:
    first = min((f.kickoff_at for f in fixtures if f.kickoff_at), default=game.first_deadline)
    return football.season_of(first.date()) if first else ""


def _lines(
    files: Mapping[str, bytes],
    by_kind: Mapping[str, tuple[str, bytes]],
    fixtures: Sequence[_Fixture],
) -> dict[int, list[Line]]:
    """Return the stat lines by fixture, from the fullest source there is."""
    if _LINES in by_kind:
        return from_csv(*by_kind[_LINES])
    live = [
        Node(parse_json(body, name), name) for name, body in files.items() if _kind(name) == "live"
    ]
    return from_live(live) if live else from_fixtures(fixture.node for fixture in fixtures)


def _match(fixture: _Fixture, lines: Sequence[Line], game: _Game) -> FeedMatch:
    node, score, status = fixture.node, fixture.score, fixture.status
    sides = {line.element: _side(line, fixture, game) for line in lines}
    known = [line for line in lines if line.element in game.players]
    events = [_stat_set(line, sides[line.element], game) for line in known]
    if score and status != "scheduled":
        events.append(_score_set(score))
    if status == "finished":
        events.append(FeedEvent(type="match_end", vendor_event_id="end"))
    gameweek = node.number("event")
    return FeedMatch(
        ref=node.text("code"),
        home=fixture.home.ref,
        away=fixture.away.ref,
        kickoff_at=fixture.kickoff_at,
        status=status,
        round_name=f"Gameweek {int(gameweek)}" if gameweek else "",
        matchday=int(gameweek) if gameweek else None,
        score=score if status != "scheduled" else None,
        sheets=_sheets(fixture, known, sides, game),
        events=events,
        is_snapshot=True,
    )


def _side(line: Line, fixture: _Fixture, game: _Game) -> FeedTeam:
    if line.is_home is not None:
        return fixture.home if line.is_home else fixture.away
    player = game.players.get(line.element)
    return fixture.home if player and player.team == fixture.home.ref else fixture.away


def _stat_set(line: Line, team: FeedTeam, game: _Game) -> FeedEvent:
    player = game.players[line.element]
    return FeedEvent(
        type="stat.set",
        team=team.ref,
        player=player.ref,
        payload={"values": dict(line.values)},
        vendor_event_id=f"stats:{player.ref}",
    )


def _score_set(score: tuple[int, int]) -> FeedEvent:
    return FeedEvent(
        type="score.set",
        payload={"home": score[0], "away": score[1]},
        vendor_event_id="score",
    )


def _sheets(
    fixture: _Fixture, lines: Sequence[Line], sides: Mapping[int, FeedTeam], game: _Game
) -> list[FeedSheet]:
    """Return who played, starters first, where the lines tell starters."""
    if not any(line.values.get("starts") for line in lines):
        return []
    sheets = []
    for team in (fixture.home, fixture.away):
        played = [line for line in lines if sides[line.element] is team]
        played.sort(key=lambda line: (not line.values.get("starts"), line.element))
        spots = [
            FeedSpot(
                player=game.players[line.element].ref,
                is_starter=bool(line.values.get("starts")),
                position=game.players[line.element].position,
                order=order,
            )
            for order, line in enumerate(played)
        ]
        sheets.append(FeedSheet(team=team.ref, spots=spots))
    return sheets


ADAPTER = FplAdapter()
