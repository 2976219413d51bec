"""The NBA's stats format v3: one object per play, secondary persons only by name in the text."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from matches.ingest.adapters._basketball import ident, int_of, moment, period_number, word
from matches.ingest.adapters._nba_live import iso_left_ms
from matches.ingest.adapters._nba_parts import LENGTHS, Box, Log, Member, Side, absence_words
from matches.ingest.adapters._nba_rows import Row, events_of, status_of
from matches.ingest.reading import Node

_KINDS: Final = {
    "Made Shot": "made",
    "Missed Shot": "missed",
    "Free Throw": "free_throw",
    "Rebound": "rebound",
    "Turnover": "turnover",
    "Foul": "foul",
    "Violation": "violation",
    "Substitution": "substitution",
    "Timeout": "timeout",
    "Jump Ball": "jump_ball",
    "Ejection": "ejection",
    "Instant Replay": "review",
}
_ASSIST: Final = re.compile(r"\((?P<name>[^()]+) \d+ AST\)")
_SUBSTITUTION: Final = re.compile(r"SUB: (?P<name>.+) FOR .+")

# Ids of this range are teams, also where a person's id is expected.
_TEAM_IDS: Final = range(1_610_612_700, 1_610_613_000)


@dataclass(slots=True)
class _Names:
    """Players by team and the names that texts use for them: "Wall", "Mark Morris"."""

    by_team: dict[str, dict[str, Member]] = field(default_factory=dict)

    def learn(self, team: str, member: Member) -> None:
        self.by_team.setdefault(team, {}).setdefault(member.ref, member)

    def find(self, team: str | None, name: str) -> str | None:
        """Return the only player of that team whom the name can mean."""
        members = self.by_team.get(team or "", {}).values()
        exact = [m.ref for m in members if name in (m.name, m.short_name)]
        if len(exact) == 1:
            return exact[0]
        near = [m.ref for m in members if _can_mean(name, m)]
        return near[0] if len(near) == 1 else None


def _can_mean(name: str, member: Member) -> bool:
    """A text shortens the first name at will: "Mark Morris" is Markieff Morris."""
    first, _, family = member.name.partition(" ")
    if not family:
        return member.name == name
    given = name.removesuffix(family)
    return given != name and first.startswith(given.strip().rstrip("."))


def v3_log(top: Node, rosters: Iterable[Side] = ()) -> Log:
    """Return the game of a play-by-play document v3; `rosters` help to read its names."""
    game = top.get("game")
    actions = list(game.get("actions").items())
    names = _names(actions, rosters)
    blocked = {a.whole("actionNumber") for a in actions if _credit(a) == "block"}
    rows = [row for action in actions if (row := _row(action, names, blocked)) is not None]
    score = _score(actions)
    status = status_of(rows, score)
    home, away = _home_and_away(actions)
    return Log(
        game=ident(game, "gameId"),
        events=events_of(rows, is_over=status.startswith("finished")),
        sides=_sides(actions, names),
        home=home,
        away=away,
        score=score,
        status=status,
        has_fouls_drawn=False,
    )


def _names(actions: list[Node], rosters: Iterable[Side]) -> _Names:
    names = _Names()
    for side in rosters:
        for member in side.members:
            names.learn(side.ref, member)
    for action in actions:
        team, player = _team(action), _player(action)
        if team and player and word(action, "playerName"):
            name, short = word(action, "playerName"), word(action, "playerNameI")
            names.learn(team, Member(ref=player, name=name, short_name=short))
    return names


def _row(action: Node, names: _Names, blocked: set[int]) -> Row | None:
    kind = _kind(action)
    if not kind:
        return None
    number = action.whole("actionNumber")
    text = word(action, "description")
    team = _team(action)
    return Row(
        number=number,
        kind=kind,
        at=moment(period_number(action, "period"), iso_left_ms(action, "clock"), LENGTHS),
        detail=_detail(kind, word(action, "subType")),
        text=text,
        team=team,
        player=_player(action),
        second=_second(kind, text, team, names),
        third="somebody" if kind == "missed" and number in blocked else None,
    )


def _kind(action: Node) -> str:
    name = word(action, "actionType")
    if name == "period":
        way = word(action, "subType")
        return f"period_{way}" if way in ("start", "end") else ""
    return _KINDS.get(name, "") if name else _credit(action)


def _credit(action: Node) -> str:
    """A steal or a block stands in a row of its own without a type."""
    if word(action, "actionType"):
        return ""
    text = word(action, "description")
    if " STEAL" in text:
        return "steal"
    return "block" if " BLOCK" in text else ""


def _second(kind: str, text: str, team: str | None, names: _Names) -> str | None:
    pattern = {"made": _ASSIST, "substitution": _SUBSTITUTION}.get(kind)
    found = pattern.search(text) if pattern is not None else None
    return names.find(team, found["name"].strip()) if found is not None else None


def _detail(kind: str, sub_type: str) -> str:
    words = sub_type.lower()
    if kind != "foul":
        return words.removesuffix(" turnover")
    if "technical" in words or words.startswith(("defense 3", "delay")):
        rest = words.replace("technical", "").strip()
        return f"technical {rest}".strip()
    if "charge" in words or "offensive" in words:
        return "offensive"
    return {"double personal": "double", "": "personal"}.get(words, words)


def _id(action: Node, key: str) -> int:
    return int_of(action, key, 0)


def _team(action: Node) -> str | None:
    person = _id(action, "personId")
    return str(person if person in _TEAM_IDS else _id(action, "teamId")).lstrip("0") or None


def _player(action: Node) -> str | None:
    person = _id(action, "personId")
    is_person = person and person not in _TEAM_IDS and bool(word(action, "playerName"))
    return str(person) if is_person else None


def _home_and_away(actions: list[Node]) -> tuple[str, str]:
    found = {"h": "", "v": ""}
    for action in actions:
        place = word(action, "location")
        if place in found and not found[place]:
            found[place] = _team(action) or ""
    return found["h"], found["v"]


def _score(actions: list[Node]) -> tuple[int, int] | None:
    for action in reversed(actions):
        if word(action, "scoreHome") and word(action, "scoreAway"):
            return int_of(action, "scoreHome"), int_of(action, "scoreAway")
    return None


def _sides(actions: list[Node], names: _Names) -> Mapping[str, Side]:
    sides = {}
    for action in actions:
        team, code = _team(action), word(action, "teamTricode")
        if team and code:
            members: Sequence[Member] = tuple(names.by_team.get(team, {}).values())
            sides[team] = Side(ref=team, name=code, code=code, members=members)
    return sides


def modern_box(game: Node, game_id: str) -> Box:
    """Return the rosters of a boxscore whose teams stand under homeTeam and awayTeam."""
    home, away = _box_side(game.get("homeTeam")), _box_side(game.get("awayTeam"))
    return Box(game=game_id, sides=[home, away], home=home.ref)


def _box_side(team: Node) -> Side:
    name = word(team, "teamName")
    score = team.get("score", None)
    return Side(
        ref=ident(team, "teamId"),
        name=f"{word(team, 'teamCity')} {name}".strip(),
        short_name=name,
        code=word(team, "teamTricode"),
        score=None if score.value is None else int_of(team, "score"),
        members=[_member(player) for player in team.get("players", []).items()],
    )


def _member(player: Node) -> Member:
    position = word(player, "position")
    full = f"{word(player, 'firstName')} {word(player, 'familyName')}".strip()
    is_out = word(player, "status") == "INACTIVE"
    comment = word(player, "comment")
    return Member(
        ref=ident(player, "personId"),
        name=full or word(player, "name"),
        short_name=word(player, "nameI"),
        shirt=word(player, "jerseyNum"),
        position=position,
        # The live data flags starters; v3 gives a position to nobody else.
        is_starter=player.text("starter", "1" if position else "0") == "1",
        is_active=not is_out and not comment.startswith(("NWT", "DND")),
        absence=absence_words(
            word(player, "notPlayingReason"), word(player, "notPlayingDescription") or comment
        ),
    )
