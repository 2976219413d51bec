"""The NBA's live data format: one object per action, named fields for everybody involved."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from matches.ingest.adapters._basketball import (
    Moment,
    finished_status,
    ident,
    int_of,
    moment,
    opening,
    period_number,
    place_of,
    word,
)
from matches.ingest.adapters._nba_order import free_throws_at_fouls
from matches.ingest.adapters._nba_parts import LENGTHS, Log, Side
from matches.ingest.documents import FeedEvent
from matches.ingest.reading import Node

_CLOCK = re.compile(r"PT(\d{1,3})M(\d{1,2})(?:\.(\d{1,3}))?S")
_ATTEMPT = re.compile(r"(\d) of (\d)")

Fields = dict[str, Any]

# The vendor's order numbers go up by thousands.
_ROOM = 10_000

# What the feed's qualifiers say of the origin of points.
_ORIGINS = {
    "pointsinthepaint": "in_paint",
    "fastbreak": "fast_break",
    "2ndchance": "second_chance",
    "fromturnover": "off_turnover",
}


def live_log(top: Node) -> Log:
    """Return the game of a play-by-play document of the live data."""
    game = top.get("game")
    actions = list(game.get("actions").items())
    home, away = _home_and_away(actions)
    return Log(
        game=ident(game, "gameId"),
        events=_events(actions),
        sides=_sides(actions),
        home=home,
        away=away,
        score=_score(actions),
        status=_status(actions),
        has_origins=True,
    )


def iso_left_ms(node: Node, key: str) -> int:
    """Return a time left that is written "PT11M58.00S" in milliseconds."""
    found = _CLOCK.fullmatch(node.text(key))
    if found is None:
        raise node.get(key).refuse("a time left such as PT11M58.00S")
    minutes, seconds, fraction = found.groups(default="0")
    return (int(minutes) * 60 + int(seconds)) * 1000 + int(fraction.ljust(3, "0"))


def _at(action: Node) -> Moment:
    number = period_number(action, "period")
    return moment(number, iso_left_ms(action, "clock"), LENGTHS)


def _events(actions: list[Node]) -> list[FeedEvent]:
    teams = {
        player: team
        for action in actions
        if (player := _player(action)) and (team := _id(action, "teamId"))
    }
    told = [event for action in actions if (event := _event(action, teams)) is not None]
    return free_throws_at_fouls(told)


def _event(action: Node, teams: Mapping[str, str]) -> FeedEvent | None:
    fields = _fields(action, teams)
    if fields is None:
        return None
    at = _at(action)
    number = action.whole("actionNumber")
    base: Fields = {
        "period": at.period,
        "clock_ms": at.clock_ms,
        "clock_label": at.label,
        "order": place_of(action.whole("orderNumber", number * _ROOM)),
        "team": _id(action, "teamId"),
        "vendor_event_id": str(number),
        "occurred_at": action.moment("timeActual"),
        "vendor_at": action.moment("edited"),
    }
    return FeedEvent(**base | fields)


def _fields(action: Node, teams: Mapping[str, str]) -> Fields | None:
    kind = action.text("actionType")
    if kind == "jumpball":
        return _jump_ball(action, teams)
    reader = _READERS.get(kind)
    return None if reader is None else reader(action)


def _id(action: Node, key: str) -> str | None:
    return ident(action, key, "0").strip().lstrip("0") or None


def _player(action: Node) -> str | None:
    return _id(action, "personId")


def _qualifiers(action: Node) -> set[str]:
    return {str(q.value) for q in action.get("qualifiers", []).items()}


def _flags(action: Node) -> Fields:
    said = _qualifiers(action)
    return {flag: True for qualifier, flag in _ORIGINS.items() if qualifier in said}


def _shot(action: Node, name: str) -> Fields:
    made = _is_made(action)
    payload: Fields = {"shot": word(action, "subType").lower()}
    if detail := word(action, "descriptor"):
        payload["detail"] = detail
    if (distance_ft := action.number("shotDistance")) is not None:
        payload["distance_ft"] = distance_ft
    if not made and _id(action, "blockPersonId"):
        payload["blocked"] = True
    x, y = _place(action)
    return {
        "type": f"{name}_{'made' if made else 'missed'}",
        "player": _player(action),
        "related_player": _id(action, "assistPersonId") if made else None,
        "x": x,
        "y": y,
        "payload": payload | _flags(action),
    }


def _is_made(action: Node) -> bool:
    result = action.text("shotResult")
    if result not in ("Made", "Missed"):
        raise action.get("shotResult").refuse("Made or Missed")
    return result == "Made"


def _place(action: Node) -> tuple[float | None, float | None]:
    x, y = action.number("x"), action.number("y")
    if x is None or y is None or not (0 <= x <= 100 and 0 <= y <= 100):
        return None, None
    if word(action, "side") == "left":
        x, y = 100 - x, 100 - y
    return round(x, 2), round(y, 2)


def _free_throw(action: Node) -> Fields:
    payload = _flags(action)
    if found := _ATTEMPT.search(word(action, "subType")):
        payload |= {"attempt": int(found[1]), "of": int(found[2])}
    if kind := word(action, "descriptor"):
        payload["kind"] = kind
    made = "made" if _is_made(action) else "missed"
    return {"type": f"free_throw_{made}", "player": _player(action), "payload": payload}


def _rebound(action: Node) -> Fields | None:
    side = word(action, "subType")
    if side not in ("offensive", "defensive"):
        return None
    payload: Fields = {"dead_ball": True} if "deadball" in _qualifiers(action) else {}
    return {"type": f"rebound_{side[:3]}", "player": _player(action), "payload": payload}


def _turnover(action: Node) -> Fields:
    kind = word(action, "subType")
    detail = word(action, "descriptor")
    payload = {"kind": f"{detail} {kind}".strip()}
    return {"type": "turnover", "player": _player(action), "payload": payload}


def _foul(action: Node) -> Fields:
    kind, detail = word(action, "subType"), word(action, "descriptor")
    if "technical" in (kind, detail):
        payload: Fields = {"kind": detail if kind == "technical" and detail else "technical"}
        return {"type": "technical_foul", "player": _on_court(action), "payload": payload}
    payload = {"kind": kind if kind == "offensive" else detail or kind or "personal"}
    if found := re.search(r"(\d)freethrow", " ".join(_qualifiers(action))):
        payload["free_throws"] = int(found[1])
    drawn_by = _id(action, "foulDrawnPersonId")
    return {
        "type": "foul",
        "player": _player(action),
        "related_player": drawn_by,
        "payload": payload,
    }


def _on_court(action: Node) -> str | None:
    # A coach's technical foul has his personal id but no player's name.
    return _player(action) if word(action, "playerName") else None


def _substitution(action: Node) -> Fields | None:
    way = word(action, "subType")
    if way not in ("in", "out"):
        return None
    return {"type": f"substitution_{way}", "player": _player(action)}


def _timeout(action: Node) -> Fields:
    kind = word(action, "subType")
    name = "timeout" if _id(action, "teamId") else "official_timeout"
    return {"type": name, "payload": {"kind": kind} if kind else {}}


def _jump_ball(action: Node, teams: Mapping[str, str]) -> Fields:
    # The action's team is the one that got hold of the ball, not always the jumper's.
    winner = _id(action, "jumpBallWonPersonId")
    kind = word(action, "descriptor") or word(action, "subType")
    return {
        "type": "jump_ball",
        "team": teams.get(winner or "") or _id(action, "teamId"),
        "player": winner if winner in teams else None,
        "related_player": _id(action, "jumpBallLostPersonId"),
        "payload": {"kind": kind} if kind else {},
    }


def _period(action: Node) -> Fields | None:
    kind = word(action, "subType")
    if kind == "start":
        number = period_number(action, "period")
        return {"type": "period_start", "payload": opening(number, LENGTHS)}
    return {"type": "period_end"} if kind == "end" else None


def _game(action: Node) -> Fields | None:
    return {"type": "match_end"} if word(action, "subType") == "end" else None


def _plain(name: str) -> Callable[[Node], Fields]:
    def read(action: Node) -> Fields:
        kind = word(action, "subType") or word(action, "descriptor")
        payload = {"kind": kind} if kind else {}
        return {"type": name, "player": _player(action), "payload": payload}

    return read


def _credit(name: str) -> Callable[[Node], Fields]:
    return lambda action: {"type": name, "player": _player(action)}


_READERS: dict[str, Callable[[Node], Fields | None]] = {
    "2pt": lambda action: _shot(action, "two"),
    "3pt": lambda action: _shot(action, "three"),
    "freethrow": _free_throw,
    "rebound": _rebound,
    "steal": _credit("steal"),
    "block": _credit("block"),
    "turnover": _turnover,
    "foul": _foul,
    "substitution": _substitution,
    "timeout": _timeout,
    "violation": _plain("violation"),
    "ejection": _plain("ejection"),
    "instantreplay": _plain("review"),
    "challenge": _plain("review"),
    "stoppage": _plain("stoppage"),
    "period": _period,
    "game": _game,
}


def _sides(actions: list[Node]) -> dict[str, Side]:
    sides = {}
    for action in actions:
        if (ref := _id(action, "teamId")) and ref not in sides:
            code = word(action, "teamTricode")
            sides[ref] = Side(ref=ref, name=code or ref, code=code)
    return sides


def _home_and_away(actions: list[Node]) -> tuple[str, str]:
    """Whose basket moves which score; empty before the first one."""
    teams = list(_sides(actions))
    before = (0, 0)
    for action in actions:
        score = _score_of(action)
        team = _id(action, "teamId")
        if team is not None and score != before and len(teams) == 2:
            other = teams[1 - teams.index(team)]
            return (team, other) if score[0] != before[0] else (other, team)
        before = score
    return "", ""


def _score_of(action: Node) -> tuple[int, int]:
    return int_of(action, "scoreHome", 0), int_of(action, "scoreAway", 0)


def _score(actions: list[Node]) -> tuple[int, int] | None:
    return _score_of(actions[-1]) if actions else None


def _status(actions: list[Node]) -> str:
    if not actions:
        return ""
    ended = any(_ends(actions))
    return finished_status(period_number(actions[-1], "period")) if ended else "live"


def _ends(actions: list[Node]) -> Iterator[bool]:
    for action in reversed(actions):
        yield word(action, "actionType") == "game" and word(action, "subType") == "end"
