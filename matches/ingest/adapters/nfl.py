"""American football from the league's game-centre documents (`<eid>.json`).

A document is the whole game so far: totals by side, and drives with plays whose players hold
statistic credits. Each credit becomes one event; scores stand in the credits too.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from matches.ingest.adapters._nfl_clubs import club_name
from matches.ingest.adapters._nfl_events import game_events
from matches.ingest.adapters._nfl_plays import NOBODY, Play, read_plays
from matches.ingest.adapters._nodes import has, members
from matches.ingest.documents import (
    FeedDocument,
    FeedError,
    FeedMatch,
    FeedPlayer,
    FeedSheet,
    FeedSpot,
    FeedTeam,
)
from matches.ingest.reading import Node, parse_json

_GAME_ID = re.compile(r"(?<!\d)\d{10}(?!\d)")
_SIDES = ("home", "away")
_STATUS = {
    "pregame": "scheduled",
    "halftime": "break",
    "suspended": "suspended",
    "postponed": "postponed",
    "final": "finished",
    "final overtime": "finished_aet",
}
# A game id holds the day only; kick-off is put at one in the afternoon of New York's winter.
_KICKOFF_HOUR_UTC = 18

# Players of one side: id to name.
Names = dict[str, str]


class NflAdapter:
    """Reads game-centre documents, one or more games to a file."""

    name = "nfl"

    def bundles(self, names: Iterable[str]) -> Iterator[tuple[str, Sequence[str]]]:
        """Yield every file named after a game; a file that comes alone is taken as it is."""
        listed = sorted(names)
        for name in listed:
            found = _GAME_ID.search(name.rsplit("/", 1)[-1])
            if found and ".json" in name:
                yield found[0], (name,)
            elif len(listed) == 1:
                yield name, (name,)

    def parse(self, files: Mapping[str, bytes]) -> FeedDocument:
        """Return the games of all files. Raises FeedError."""
        games = [game for name, content in files.items() for game in _games(name, content)]
        teams: dict[str, FeedTeam] = {}
        players: dict[str, FeedPlayer] = {}
        matches = [_match(ref, game, teams, players) for ref, game in games]
        return FeedDocument(
            source=self.name,
            sport="american_football",
            league="NFL",
            season=max((_season(ref) for ref, _game in games), default=""),
            teams=tuple(teams.values()),
            players=tuple(players.values()),
            matches=tuple(matches),
        )


def _games(name: str, content: bytes) -> list[tuple[str, Node]]:
    top = Node(parse_json(content, name), name)
    games = [(key, node) for key, node in top.members() if _GAME_ID.fullmatch(key)]
    if not games:
        raise FeedError(f"{name}: expected a game id of ten digits as key")
    return games


def _season(ref: str) -> str:
    """A season is named after the year it starts in; January and February belong to the last."""
    year, month = int(ref[:4]), int(ref[4:6])
    return str(year if month > 2 else year - 1)


def _match(
    ref: str, game: Node, teams: dict[str, FeedTeam], players: dict[str, FeedPlayer]
) -> FeedMatch:
    codes = {side: game.get(side).text("abbr") for side in _SIDES}
    clubs = tuple(codes.values())
    for code in clubs:
        teams[code] = FeedTeam(ref=code, name=club_name(code), short_name=code, code=code)
    status = _status(game)
    plays = read_plays(game, clubs)
    names = {codes[side]: _listed(game.get(side)) for side in _SIDES}
    _add_mentioned(plays, names)
    for code, people in names.items():
        for player, name in people.items():
            players[player] = FeedPlayer(
                ref=player, name=name or player, short_name=name, team=code
            )
    return FeedMatch(
        ref=ref,
        home=codes["home"],
        away=codes["away"],
        kickoff_at=_kickoff(ref, game),
        status=status,
        venue=game.text("stadium", ""),
        score=_score(game),
        sheets=tuple(_sheet(code, people) for code, people in names.items()),
        events=game_events(
            game,
            plays,
            clubs,
            over=status.startswith("finished"),
            paused=status == "break",
        ),
        is_snapshot=True,
    )


def _status(game: Node) -> str:
    """The header's quarter is a number, or a text that may also be a number."""
    words = game.text("qtr", "").strip().lower()
    return "live" if words.isdecimal() else _STATUS.get(words, "")


def _kickoff(ref: str, game: Node) -> datetime:
    try:
        return datetime.strptime(f"{ref[:8]} {_KICKOFF_HOUR_UTC} +0000", "%Y%m%d %H %z").astimezone(
            UTC
        )
    except ValueError as error:
        raise FeedError(f"{game.path}: expected a game id that is a date") from error


def _score(game: Node) -> tuple[int, int] | None:
    home, away = (game.get(side).get("score", {}) for side in _SIDES)
    if not has(home, "T") or not has(away, "T"):
        return None
    return home.whole("T"), away.whole("T")


def _listed(side: Node) -> Names:
    """Return the players that the vendor's own totals list."""
    names: Names = {}
    for category, group in members(side, "stats"):
        if category == "team":
            continue
        for player, totals in group.members():
            if player != NOBODY:
                names[player] = totals.text("name", "")
    return names


def _add_mentioned(plays: Sequence[Play], names: Mapping[str, Names]) -> None:
    listed = {player for people in names.values() for player in people}
    for play in plays:
        for mention in play.mentions:
            if mention.player and mention.player not in listed:
                listed.add(mention.player)
                names[mention.club][mention.player] = mention.name


def _sheet(code: str, people: Names) -> FeedSheet:
    """Return who took part, in the order of the totals; nobody says who started."""
    spots = (
        FeedSpot(player=player, is_starter=False, order=order)
        for order, player in enumerate(people, start=1)
    )
    return FeedSheet(team=code, spots=tuple(spots))


ADAPTER = NflAdapter()
