"""FIBA LiveStats: one document with plays, newest first, written for people, and the boxscore."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Final

from matches.ingest.adapters._basketball import (
    Lengths,
    Moment,
    finished_status,
    int_of,
    minutes_left,
    moment,
    opening,
    period_number,
    slug,
    team_totals,
    tidy,
    word,
)
from matches.ingest.adapters._fiba_events import Game
from matches.ingest.adapters._fiba_shots import Shots
from matches.ingest.documents import (
    FeedError,
    FeedEvent,
    FeedMatch,
    FeedPlayer,
    FeedSheet,
    FeedSpot,
    FeedTeam,
)
from matches.ingest.reading import Node

LENGTHS: Final = Lengths(quarter_ms=600_000)

# The texts are in the language of the scorer's table: English and French are known.
_MISSED: Final = frozenset(("missed", "manqué", "blocked", "contré"))
_BLOCKED: Final = frozenset(("blocked", "contré"))
_IN: Final = frozenset(("in", "entrant"))
_OUT: Final = frozenset(("out", "sortant"))
_WON: Final = frozenset(("won", "gagné"))
_TECHNICAL: Final = frozenset(("technical", "technique"))
_FOULS: Final = {
    "offensive": "offensive",
    "offensif": "offensive",
    "unsportsmanlike": "unsportsmanlike",
    "antisportive": "unsportsmanlike",
    "disqualifying": "disqualifying",
    "disqualifiante": "disqualifying",
}
_TURNOVERS: Final = {
    "badpass": "bad pass",
    "mauvaise passe": "bad pass",
    "ballhandling": "lost ball",
    "travel": "traveling",
    "marcher": "traveling",
    "24secs": "shot clock",
    "8secs": "eight seconds",
    "5secs": "five seconds",
    "3secs": "three seconds",
    "outofbounds": "out of bounds",
    "en dehors du terrain": "out of bounds",
    "offensive": "offensive foul",
    "backcourt": "backcourt",
}
_TURNOVER_WORDS = re.compile(r"^(?:turnover|balle perdue)\s*")
_TOTALS: Final = {
    "pts_paint": "tot_pip",
    "pts_fast_break": "tot_fbp",
    "pts_second_chance": "tot_scp",
    "pts_off_turnovers": "tot_pft",
}
_FILE = re.compile(r"^(?:(\d{4}-\d{2}-\d{2})_)?(.*?)(?:\.json)?$")
_BIRTH = re.compile(r"(\d{2})/(\d{2})/(\d{4})")

Fields = dict[str, Any]


@dataclass(slots=True)
class _Team:
    """One side: `players` by the document's number, `by_name` by what the plays call them."""

    number: str
    ref: str
    name: str
    node: Node
    players: dict[str, FeedPlayer] = field(default_factory=dict)
    starters: set[str] = field(default_factory=set)
    lined_up: set[str] = field(default_factory=set)
    by_name: dict[str, str] = field(default_factory=dict)
    shirts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Play:
    """One play in the order of the match, with its text taken apart."""

    node: Node
    place: int
    at: Moment
    team: _Team | None
    number: str
    text: str
    scored: bool
    shots: Shots

    @property
    def words(self) -> frozenset[str]:
        return frozenset(self.text.split())

    @property
    def player(self) -> str | None:
        known = self.team.players.get(self.number) if self.team is not None else None
        return known.ref if known is not None else None


def livestats_game(top: Node) -> Game:
    """Return the game of a LiveStats document."""
    day, names = _named(top.path)
    teams = [_team(top.get("tm"), number, names) for number in ("1", "2")]
    plays = _plays(top, teams)
    told = [event for play in plays if (event := _event(play)) is not None]
    events = [*_closing(told), *(_totals(team) for team in teams)]
    last = max((play.at.number for play in plays), default=0)
    home, away = teams
    return Game(
        match=FeedMatch(
            ref=_stem(top.path),
            home=home.ref,
            away=away.ref,
            kickoff_at=day,
            status=_status(told, last),
            score=(_score(home), _score(away)),
            sheets=[_sheet(team) for team in teams],
            events=events,
            is_snapshot=True,
        ),
        teams=[FeedTeam(ref=team.ref, name=team.name) for team in teams],
        players=[_with_shirt(team, n) for team in teams for n in team.players],
        league="FIBA LiveStats",
        season=str(day.year) if day is not None else "",
    )


def _stem(path: str) -> str:
    folder, _, name = path.rpartition("/")
    stem = name.removesuffix(".gz").removesuffix(".json")
    # Over HTTP every game is called data.json, in a folder of its own.
    return stem if stem != "data" else folder.rpartition("/")[2]


def _named(path: str) -> tuple[datetime | None, list[str]]:
    """Return the day and the teams of a name such as 2015-08-07_France.vs.Serbia.json."""
    found = _FILE.match(_stem(path))
    day, rest = found.groups() if found is not None else (None, "")
    names = [name.replace(".", " ").strip() for name in rest.split(".vs.")]
    if day is None:
        return None, names
    try:
        # The document has no hour: noon keeps the day the same in most zones.
        return datetime.fromisoformat(f"{day}T12:00:00+00:00"), names
    except ValueError:
        raise FeedError(f"{path}: {day} is no day") from None


def _team(tm: Node, number: str, names: list[str]) -> _Team:
    node = tm.get(number)
    name = word(node, "name") or (names[int(number) - 1] if len(names) == 2 else "")
    if not name:
        raise FeedError(f"{node.path}.name: is missing, and the file's name names no teams")
    team = _Team(number=number, ref=f"team:{slug(name)}", name=name, node=node)
    for player_number, player in node.get("pl").members():
        if word(player, "fname") or not word(player, "sname").startswith("Multiple"):
            _add_player(team, player_number, player)
    return team


def _add_player(team: _Team, number: str, node: Node) -> None:
    given, family = tidy(word(node, "fname")), tidy(word(node, "sname"))
    name = f"{given} {family}".strip()
    team.players[number] = FeedPlayer(
        ref=f"player:{slug(team.name)}:{slug(name)}",
        name=name,
        team=team.ref,
        position=word(node, "pos"),
        birth_on=_birth(node),
        country=word(node, "nationality"),
    )
    team.by_name[_key(f"{given[:1]}.{family}")] = number
    if word(node, "starter") == "1":
        team.starters.add(number)


def _key(name: str) -> str:
    return re.sub(r"\s+", "", name).casefold()


def _birth(node: Node) -> date | None:
    found = _BIRTH.fullmatch(word(node, "dob"))
    if found is None:
        return None
    day, month, year = (int(part) for part in found.groups())
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _plays(top: Node, teams: list[_Team]) -> list[_Play]:
    oldest_first = list(top.get("pbp").items())[::-1]
    shots = Shots({team.number: team.node for team in teams})
    by_number = {team.number: team for team in teams}
    plays = []
    before = (0, 0)
    for place, node in enumerate(oldest_first):
        score = (int_of(node, "s1"), int_of(node, "s2"))
        team = by_number.get(node.text("tno"))
        plays.append(_play(node, place, team, scored=score != before, shots=shots))
        before = score
    return plays


def _play(node: Node, place: int, team: _Team | None, *, scored: bool, shots: Shots) -> _Play:
    parts = [part.strip() for part in node.text("desc").split(",")]
    number = ""
    if team is not None and len(parts) >= 3:
        number = team.by_name.get(_key(parts[1]), "")
        team.shirts.setdefault(number, parts[0])
    return _Play(
        node=node,
        place=place,
        at=moment(period_number(node, "period"), minutes_left(node, "gt"), LENGTHS),
        team=team,
        number=number,
        text=parts[-1],
        scored=scored,
        shots=shots,
    )


def _event(play: _Play) -> FeedEvent | None:
    reader = _READERS.get(play.node.text("typ"))
    fields = reader(play) if reader is not None else None
    if fields is None:
        return None
    return FeedEvent(
        period=play.at.period,
        clock_ms=play.at.clock_ms,
        clock_label=play.at.label,
        order=play.place,
        team=play.team.ref if play.team is not None else None,
        **fields,
    )


def _shot(play: _Play) -> Fields:
    points = 3 if "3pt" in play.words else 2
    made = play.scored and not play.words & _MISSED
    side = play.team.number if play.team is not None else ""
    x, y = play.shots.next_place(side, play.number, play.at, points)
    return {
        "type": f"{'three' if points == 3 else 'two'}_{'made' if made else 'missed'}",
        "player": play.player,
        "payload": {"blocked": True} if play.words & _BLOCKED else {},
        "x": x,
        "y": y,
    }


def _free_throw(play: _Play) -> Fields:
    made = play.scored and not play.words & _MISSED
    return {"type": f"free_throw_{'made' if made else 'missed'}", "player": play.player}


def _rebound(play: _Play) -> Fields:
    side = "off" if "off" in play.text else "def"
    return {"type": f"rebound_{side}", "player": play.player}


def _turnover(play: _Play) -> Fields:
    said = _TURNOVER_WORDS.sub("", play.text)
    kind = _TURNOVERS.get(said, said)
    payload = {"kind": kind} if kind else {}
    return {"type": "turnover", "player": play.player, "payload": payload}


def _foul(play: _Play) -> Fields:
    if play.words & _TECHNICAL or play.player is None:
        payload: Fields = {"kind": "technical", "in_total": play.player is not None}
        return {"type": "technical_foul", "player": play.player, "payload": payload}
    kind = next((_FOULS[w] for w in play.text.split() if w in _FOULS), "personal")
    return {"type": "foul", "player": play.player, "payload": {"kind": kind}}


def _substitution(play: _Play) -> Fields | None:
    way = "in" if play.words & _IN else "out" if play.words & _OUT else ""
    if not way or play.player is None or (way == "in" and _is_line_up(play)):
        return None
    return {"type": f"substitution_{way}", "player": play.player}


def _is_line_up(play: _Play) -> bool:
    """The list begins with the starters coming in, whom the sheet has already."""
    team, number = play.team, play.number
    if team is None or number not in team.starters or number in team.lined_up:
        return False
    team.lined_up.add(number)
    return play.at.number == 1 and play.at.clock_ms == 0


def _timeout(play: _Play) -> Fields:
    return {"type": "timeout" if play.team is not None else "official_timeout"}


def _jump_ball(play: _Play) -> Fields:
    won = bool(play.words & _WON)
    return {"type": "jump_ball", "player": play.player, "payload": {"won": won}}


def _period(play: _Play) -> Fields | None:
    """The texts differ by version and language; the clock does not."""
    length_ms = LENGTHS.of(play.at.number)
    if play.at.clock_ms == 0:
        return {"type": "period_start", "payload": opening(play.at.number, LENGTHS)}
    if play.at.clock_ms < length_ms:
        return None
    return {"type": "match_end" if "Game" in play.words else "period_end"}


def _credit(name: str) -> Callable[[_Play], Fields]:
    return lambda play: {"type": name, "player": play.player}


_READERS: Mapping[str, Callable[[_Play], Fields | None]] = {
    "sht": _shot,
    "fth": _free_throw,
    "reb": _rebound,
    "ass": _credit("assist"),
    "stl": _credit("steal"),
    "blk": _credit("block"),
    "tov": _turnover,
    "fou": _foul,
    "foo": _credit("foul_drawn"),
    "sub": _substitution,
    "tim": _timeout,
    "jbs": lambda play: {"type": "possession", "payload": {"kind": "arrow"}},
    "jmp": _jump_ball,
    "per": _period,
}


def _closing(events: list[FeedEvent]) -> Iterator[FeedEvent]:
    """The last play ends its period and the match."""
    for event in events:
        if event.type == "match_end":
            yield replace(event, type="period_end")
            yield replace(event, order=event.order + 1)
        else:
            yield event


def _status(events: list[FeedEvent], last: int) -> str:
    if any(event.type == "match_end" for event in events):
        return finished_status(last)
    return "live" if events else "scheduled"


def _totals(team: _Team) -> FeedEvent:
    node = team.node
    values = {c: int_of(node, key) if word(node, key) else None for c, key in _TOTALS.items()}
    return team_totals(team.ref, values, source="box")


def _score(team: _Team) -> int:
    return int_of(team.node, "full_score" if word(team.node, "full_score") else "score", 0)


def _with_shirt(team: _Team, number: str) -> FeedPlayer:
    return replace(team.players[number], shirt=team.shirts.get(number, ""))


def _sheet(team: _Team) -> FeedSheet:
    spots = [
        FeedSpot(
            player=player.ref,
            is_starter=number in team.starters,
            position=player.position,
            shirt=team.shirts.get(number, ""),
            order=int(number) if number.isdecimal() else 0,
        )
        for number, player in team.players.items()
    ]
    return FeedSheet(
        team=team.ref,
        spots=sorted(spots, key=lambda spot: spot.order),
        coach=word(team.node, "coach"),
    )
