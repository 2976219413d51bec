"""The NBA's stats format v2: result sets of headers and rows, up to three persons a play."""

from collections.abc import Iterator
from typing import Final

from matches.ingest.adapters._basketball import ident, minutes_left, moment, period_number, word
from matches.ingest.adapters._nba_parts import LENGTHS, Box, Log, Member, Side, absence_words
from matches.ingest.adapters._nba_rows import Row, events_of, status_of
from matches.ingest.documents import FeedError
from matches.ingest.reading import Node

_HOME, _AWAY = "HOMEDESCRIPTION", "VISITORDESCRIPTION"

# PERSONnTYPE: who a person is. Teams and coaches are no players.
_IS_HOME: Final = frozenset((2, 4, 6))
_IS_AWAY: Final = frozenset((3, 5, 7))
_IS_PLAYER: Final = frozenset((4, 5))
_IS_TEAM: Final = frozenset((2, 3))

_KINDS: Final = {
    1: "made",
    2: "missed",
    3: "free_throw",
    4: "rebound",
    5: "turnover",
    6: "foul",
    7: "violation",
    8: "substitution",
    9: "timeout",
    10: "jump_ball",
    11: "ejection",
    12: "period_start",
    13: "period_end",
    18: "review",
}
_FOULS: Final = {
    1: "personal",
    2: "shooting",
    3: "loose ball",
    4: "offensive",
    5: "inbound",
    6: "away from play",
    8: "punching",
    9: "clear path",
    10: "double",
    11: "technical",
    12: "technical non-unsportsmanlike",
    13: "technical hanging on the rim",
    14: "flagrant 1",
    15: "flagrant 2",
    16: "technical double",
    17: "technical defensive three seconds",
    18: "technical delay of game",
    19: "technical taunting",
    25: "technical excess time-out",
    26: "offensive",
    27: "blocking",
    28: "take",
    29: "shooting",
    30: "technical too many players",
    31: "transition take",
}
_TURNOVERS: Final = {
    1: "bad pass",
    2: "lost ball",
    4: "traveling",
    5: "foul",
    6: "double dribble",
    7: "discontinued dribble",
    8: "three seconds",
    9: "five seconds",
    10: "eight seconds",
    11: "shot clock",
    12: "inbound",
    13: "backcourt",
    15: "offensive goaltending",
    17: "lane violation",
    18: "jump ball violation",
    19: "kicked ball",
    20: "illegal assist",
    21: "palming",
    36: "illegal screen",
    37: "offensive foul",
    39: "stepped out of bounds",
    40: "lost ball out of bounds",
    41: "lost ball",
    44: "too many players",
    45: "bad pass out of bounds",
}
_VIOLATIONS: Final = {
    1: "delay of game",
    2: "defensive goaltending",
    3: "lane",
    4: "jump ball",
    5: "kicked ball",
    6: "double lane",
}
_TIMEOUTS: Final = {1: "regular", 2: "short", 4: "official"}
_DETAILS: Final = {
    "foul": _FOULS,
    "turnover": _TURNOVERS,
    "violation": _VIOLATIONS,
    "timeout": _TIMEOUTS,
}
# "No turnover": a play that the statisticians took back.
_NO_TURNOVER: Final = 0


def result_set(top: Node, name: str) -> list[Node] | None:
    """Return a result set's rows as objects, None when the document has no such set."""
    for found in top.get("resultSets").items():
        if found.text("name") == name:
            return list(_rows(found))
    return None


def _rows(found: Node) -> Iterator[Node]:
    headers = found.get("headers").value
    if not isinstance(headers, list) or not all(isinstance(h, str) for h in headers):
        raise found.get("headers").refuse("a list of texts")
    for row in found.get("rowSet").items():
        if not isinstance(row.value, list) or len(row.value) != len(headers):
            raise row.refuse(f"a list of {len(headers)} values")
        yield Node(dict(zip(headers, row.value, strict=True)), row.path)


def v2_log(top: Node, plays: list[Node]) -> Log:
    """Return the game of a play-by-play document v2."""
    home, away = _team_ids(plays)
    names = {"home": home, "away": away}
    rows = [row for play in plays if (row := _row(play, names)) is not None]
    score = _score(plays)
    status = status_of(rows, score)
    return Log(
        game=ident(plays[0], "GAME_ID") if plays else ident(top.get("parameters"), "GameID"),
        events=events_of(rows, is_over=status.startswith("finished")),
        sides=_sides(plays),
        home=home,
        away=away,
        score=score,
        status=status,
    )


def _row(play: Node, teams: dict[str, str]) -> Row | None:
    kind = _KINDS.get(play.whole("EVENTMSGTYPE"))
    action = play.whole("EVENTMSGACTIONTYPE", 0)
    if kind is None or (kind == "turnover" and action == _NO_TURNOVER):
        return None
    number = period_number(play, "PERIOD")
    side = _side(play, 1)
    return Row(
        number=play.whole("EVENTNUM"),
        kind=kind,
        at=moment(number, minutes_left(play, "PCTIMESTRING"), LENGTHS),
        detail=_DETAILS.get(kind, {}).get(action, ""),
        text=word(play, _AWAY if side == "away" else _HOME),
        team=teams.get(side) or None,
        player=_player(play, 1),
        second=_player(play, 2),
        second_team=teams.get(_side(play, 2)) or None,
        third=_player(play, 3),
        third_team=teams.get(_side(play, 3)) or None,
    )


def _person_type(play: Node, place: int) -> int:
    return play.whole(f"PERSON{place}TYPE", 0)


def _side(play: Node, place: int) -> str:
    person_type = _person_type(play, place)
    if person_type in _IS_HOME:
        return "home"
    return "away" if person_type in _IS_AWAY else ""


def _player(play: Node, place: int) -> str | None:
    if _person_type(play, place) not in _IS_PLAYER:
        return None
    return ident(play, f"PLAYER{place}_ID")


def _team_ids(plays: list[Node]) -> tuple[str, str]:
    found = {"home": "", "away": ""}
    for play in plays:
        side = _side(play, 1)
        if side and not found[side]:
            found[side] = _team_id(play)
        if all(found.values()):
            break
    return found["home"], found["away"]


def _team_id(play: Node) -> str:
    if _person_type(play, 1) in _IS_TEAM:
        return ident(play, "PLAYER1_ID")
    return ident(play, "PLAYER1_TEAM_ID", "")


def _score(plays: list[Node]) -> tuple[int, int] | None:
    """The last score told; it is written "away - home"."""
    for play in reversed(plays):
        text = word(play, "SCORE")
        if text:
            away, _, home = text.partition("-")
            if not (away.strip().isdecimal() and home.strip().isdecimal()):
                raise play.get("SCORE").refuse("a score such as 98 - 102")
            return int(home), int(away)
    return None


def _sides(plays: list[Node]) -> dict[str, Side]:
    members: dict[str, dict[str, Member]] = {}
    sides = {}
    for play in plays:
        player, ref = _player(play, 1), ident(play, "PLAYER1_TEAM_ID", "")
        if player is None or not ref:
            continue
        name = word(play, "PLAYER1_NAME")
        members.setdefault(ref, {}).setdefault(player, Member(ref=player, name=name))
        nickname = word(play, "PLAYER1_TEAM_NICKNAME")
        sides[ref] = Side(
            ref=ref,
            name=f"{word(play, 'PLAYER1_TEAM_CITY')} {nickname}".strip(),
            short_name=nickname,
            code=word(play, "PLAYER1_TEAM_ABBREVIATION"),
            members=tuple(members[ref].values()),
        )
    return sides


def v2_box(top: Node, players: list[Node]) -> Box:
    """Return the game of a boxscore document v2; it does not say who plays at home."""
    members: dict[str, list[Member]] = {}
    for player in players:
        members.setdefault(ident(player, "TEAM_ID"), []).append(_member(player))
    teams = result_set(top, "TeamStats")
    if not teams:
        raise FeedError(f"{top.path}.resultSets: has no TeamStats")
    return Box(
        game=ident(teams[0], "GAME_ID"),
        sides=[_box_side(team, members) for team in teams],
    )


def _box_side(team: Node, members: dict[str, list[Member]]) -> Side:
    ref = ident(team, "TEAM_ID")
    name = word(team, "TEAM_NAME")
    return Side(
        ref=ref,
        name=f"{word(team, 'TEAM_CITY')} {name}".strip(),
        short_name=name,
        code=word(team, "TEAM_ABBREVIATION"),
        score=team.whole("PTS", 0),
        members=members.get(ref, []),
    )


def _member(player: Node) -> Member:
    position = word(player, "START_POSITION")
    return Member(
        ref=ident(player, "PLAYER_ID"),
        name=player.text("PLAYER_NAME"),
        position=position,
        is_starter=bool(position),
        is_active=not word(player, "COMMENT").startswith(("NWT", "DND")),
        absence=absence_words("", word(player, "COMMENT")),
    )
