"""FIBA's event format of 2015: a list of coded actions and a boxscore document per game."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from matches.ingest.adapters._basketball import (
    Lengths,
    Moment,
    finished_status,
    hex_color,
    ident,
    int_of,
    match_end,
    minutes_left,
    moment,
    period_end,
    period_number,
    period_start,
    place_of,
    team_totals,
    tidy,
    word,
)
from matches.ingest.documents import (
    FeedEvent,
    FeedMatch,
    FeedPlayer,
    FeedSheet,
    FeedSpot,
    FeedTeam,
)
from matches.ingest.reading import Node

LENGTHS: Final = Lengths(quarter_ms=600_000)

# The drawing of half a court: the baseline lies at 13, the half-way line 266 further on.
_COURT_WIDTH: Final = 284
_BASELINE: Final = 13
_HALF_LENGTH: Final = 266

_TURNOVERS: Final = {
    "24": "shot clock",
    "3": "three seconds",
    "5": "five seconds",
    "8": "eight seconds",
    "BP": "bad pass",
    "LB": "lost ball",
    "TR": "traveling",
}
_FOULS: Final = {
    "P": "personal",
    "O": "offensive",
    "T": "technical",
    "U": "unsportsmanlike",
    "D": "disqualifying",
}
_TOTALS: Final = {
    "pts_paint": "A_PIP",
    "pts_fast_break": "A_FBP",
    "pts_second_chance": "A_SCP",
    "pts_off_turnovers": "A_PAT",
}
_OVER: Final = "E"
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_YEAR = re.compile(r"\b(?:19|20)\d{2}\b")

Fields = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Game:
    """What the two documents of a game say."""

    match: FeedMatch
    teams: Sequence[FeedTeam]
    players: Sequence[FeedPlayer]
    league: str = ""
    season: str = ""


@dataclass(slots=True)
class _Roster:
    """The players of both sides; any other id of an action stands for the side or its bench."""

    team_of: dict[str, str] = field(default_factory=dict)
    starters: set[str] = field(default_factory=set)
    line_up: set[str] = field(default_factory=set)
    shirts: dict[str, str] = field(default_factory=dict)

    def player(self, action: Node) -> str | None:
        ref = ident(action, "PlayerId", "0")
        return ref if ref in self.team_of else None


def events_game(box: Node, log: Node | None) -> Game:
    """Return the game of a boxscore document and, when it has begun, its list of actions."""
    full = box.get("content").get("full")
    sides = list(full.get("Competitors").items())
    if len(sides) != 2:
        raise full.get("Competitors").refuse("two competitors")
    roster = _roster(sides)
    actions = _actions(log) if log is not None else []
    roster.shirts = {
        player: shirt
        for action in actions
        if (player := roster.player(action)) and (shirt := word(action, "UniformNumber"))
    }
    roster.line_up = _line_up(actions, roster)
    return Game(
        match=_match(full, sides, roster, actions, box.path, is_snapshot=log is not None),
        teams=[_team(side) for side in sides],
        players=[player for side in sides for player in _players(side, roster)],
        league=_YEAR.sub("", word(full, "EventName")).strip(),
        season=found[0] if (found := _YEAR.search(word(full, "EventName"))) else "",
    )


def _actions(log: Node) -> list[Node]:
    """An action that is listed twice is one fact; its last telling stands."""
    return list({ident(action, "ActionId"): action for action in log.items()}.values())


def _ref(node: Node) -> str:
    text = ident(node, "Id")
    return text.partition("_")[2] or text


def _roster(sides: list[Node]) -> _Roster:
    roster = _Roster()
    for side in sides:
        for child in side.get("Children", []).items():
            roster.team_of[_ref(child)] = _ref(side)
            if child.get("Stats", {}).flag("Starter"):
                roster.starters.add(_ref(child))
    return roster


def _match(
    full: Node,
    sides: list[Node],
    roster: _Roster,
    actions: list[Node],
    file: str,
    *,
    is_snapshot: bool,
) -> FeedMatch:
    home, away = (_ref(side) for side in sides)
    last = max((period_number(a, "PeriodNumber") for a in actions), default=0)
    is_over = any(side.flag("Winner") for side in sides)
    events: list[FeedEvent] = []
    if is_snapshot:
        events += _events(actions, roster)
        events += _frame(last, is_over=is_over, is_break=word(full, "CurrentPeriodStatus") == _OVER)
        events += [_totals(side) for side in sides]
    running = "live" if last else "scheduled"
    return FeedMatch(
        ref=ident(full.get("Rsc"), "Value"),
        home=home,
        away=away,
        kickoff_at=_kickoff(full, file),
        status=finished_status(last) if is_over else running,
        round_name=word(full, "PhaseName"),
        venue=word(full, "Site"),
        city=word(full, "Location").partition("_")[0],
        score=(int_of(sides[0], "Score", 0), int_of(sides[1], "Score", 0)),
        sheets=[_sheet(side, roster) for side in sides],
        events=events,
        is_snapshot=is_snapshot,
    )


def _kickoff(full: Node, file: str) -> datetime | None:
    """The day is in the file's name, the hour in the document; neither names a zone: UTC."""
    found = _DATE.search(file)
    if found is None:
        return None
    start = full.whole("StartTime", 0) // 100_000
    year, month, day = (int(part) for part in found.groups())
    try:
        return datetime(year, month, day, start // 100, start % 100, tzinfo=UTC)
    except ValueError:
        raise full.get("StartTime").refuse("a time of the day such as 131500000") from None


def _frame(last: int, *, is_over: bool, is_break: bool) -> Iterator[FeedEvent]:
    """Starts and ends of the periods, which the format does not list."""
    for number in range(1, last + 1):
        yield period_start(number, LENGTHS)
        if number < last or is_over or is_break:
            yield period_end(number, LENGTHS)
    if is_over and last:
        yield match_end(last, LENGTHS)


def _totals(side: Node) -> FeedEvent:
    stats = side.get("Stats", {})
    values = {c: stats.whole(key) if _has(stats, key) else None for c, key in _TOTALS.items()}
    return team_totals(_ref(side), values, source="box")


def _has(stats: Node, key: str) -> bool:
    return stats.get(key, None).value is not None


def _events(actions: list[Node], roster: _Roster) -> Iterator[FeedEvent]:
    for action in actions:
        reader = _READERS.get(action.text("ActionType"))
        fields = reader(action, roster) if reader is not None else None
        if fields is not None:
            yield _event(action, fields)


def _event(action: Node, fields: Fields) -> FeedEvent:
    at = _at(action)
    return FeedEvent(
        period=at.period,
        clock_ms=at.clock_ms,
        clock_label=at.label,
        order=place_of(int_of(action, "ActionNumber")),
        team=ident(action, "TeamId"),
        vendor_event_id=ident(action, "ActionId"),
        **fields,
    )


def _at(action: Node) -> Moment:
    return moment(period_number(action, "PeriodNumber"), minutes_left(action, "Time"), LENGTHS)


def _shot(action: Node, roster: _Roster, name: str) -> Fields | None:
    success = word(action, "ActionSuccess")
    if success not in ("+", "-", "B"):
        return None
    x, y = _place(action)
    return {
        "type": f"{name}_{'made' if success == '+' else 'missed'}",
        "player": roster.player(action),
        "payload": {"blocked": True} if success == "B" else {},
        "x": x,
        "y": y,
    }


def _place(action: Node) -> tuple[float | None, float | None]:
    """Turn half a court seen from the baseline into our court; 0, 0 is "not drawn"."""
    across, along = action.number("SX"), action.number("SY")
    if across is None or along is None or (across, along) == (0, 0):
        return None, None
    x = 100 - 50 * (along - _BASELINE) / _HALF_LENGTH
    y = 100 * across / _COURT_WIDTH
    return round(min(max(x, 0), 100), 2), round(min(max(y, 0), 100), 2)


def _free_throw(action: Node, roster: _Roster) -> Fields | None:
    success = word(action, "ActionSuccess")
    if success not in ("+", "-"):
        return None
    made = "made" if success == "+" else "missed"
    return {"type": f"free_throw_{made}", "player": roster.player(action)}


def _rebound(action: Node, roster: _Roster) -> Fields | None:
    side = {"O": "off", "D": "def"}.get(word(action, "Z1"))
    if side is None:
        return None
    return _with_total({"type": f"rebound_{side}", "player": roster.player(action)})


def _with_total(fields: Fields) -> Fields:
    """FIBA counts what belongs to no player in the team's total."""
    if fields["player"] is None:
        fields["payload"] = {**fields.get("payload", {}), "in_total": True}
    return fields


def _turnover(action: Node, roster: _Roster) -> Fields:
    kind = _TURNOVERS.get(word(action, "Z1"), "")
    payload = {"kind": kind} if kind else {}
    return _with_total({"type": "turnover", "player": roster.player(action), "payload": payload})


def _foul(action: Node, roster: _Roster) -> Fields:
    kind = _FOULS.get(word(action, "Z1"), "personal")
    player = roster.player(action)
    if kind == "technical" or player is None:
        # A player's technical foul is one of his five; the coach's is the team's.
        payload: Fields = {"kind": kind, "in_total": True}
        return {"type": "technical_foul", "player": player, "payload": payload}
    return {"type": "foul", "player": player, "payload": {"kind": kind}}


def _substitution(action: Node, roster: _Roster) -> Fields | None:
    way = {"I": "in", "O": "out"}.get(word(action, "Z1"))
    player = roster.player(action)
    if way is None or player is None or ident(action, "ActionId") in roster.line_up:
        return None
    return {"type": f"substitution_{way}", "player": player}


def _line_up(actions: list[Node], roster: _Roster) -> set[str]:
    """Return the actions by which starters come in at the start, as the sheet says already."""
    first: dict[str, Node] = {}
    for action in sorted(actions, key=lambda action: int_of(action, "ActionNumber")):
        player = roster.player(action)
        if action.text("ActionType") == "SUBST" and player in roster.starters:
            first.setdefault(player or "", action)
    return {ident(a, "ActionId") for a in first.values() if _at(a).number == 1 and _comes_in(a)}


def _comes_in(action: Node) -> bool:
    return word(action, "Z1") == "I" and _at(action).clock_ms == 0


def _jump_ball(action: Node, roster: _Roster) -> Fields:
    payload = {"won": word(action, "ActionSuccess") == "+"}
    return {"type": "jump_ball", "player": roster.player(action), "payload": payload}


def _credit(name: str) -> Callable[[Node, _Roster], Fields]:
    return lambda action, roster: {"type": name, "player": roster.player(action)}


_READERS: Mapping[str, Callable[[Node, _Roster], Fields | None]] = {
    "P2": lambda action, roster: _shot(action, roster, "two"),
    "P3": lambda action, roster: _shot(action, roster, "three"),
    "FT": _free_throw,
    "REB": _rebound,
    "AS": _credit("assist"),
    "ST": _credit("steal"),
    "BS": _credit("block"),
    "TO": _turnover,
    "FOUL": _foul,
    "CFOUL": _foul,
    "RFOUL": _credit("foul_drawn"),
    "SUBST": _substitution,
    "TIMEO": lambda action, roster: {"type": "timeout"},
    "JB": _jump_ball,
    "JS": lambda action, roster: {"type": "possession", "payload": {"kind": "arrow"}},
}


def _team(side: Node) -> FeedTeam:
    return FeedTeam(
        ref=_ref(side),
        name=side.text("Name"),
        code=word(side, "Nationality"),
        country=word(side, "Nationality"),
        color=hex_color(word(side, "Color")),
    )


def _players(side: Node, roster: _Roster) -> Iterator[FeedPlayer]:
    for child in side.get("Children", []).items():
        ref = _ref(child)
        shirt = roster.shirts.get(ref, "")
        # One player of the sample has no name.
        name = tidy(word(child, "Name")) or f"{side.text('Name')} {shirt or ref}"
        yield FeedPlayer(
            ref=ref, name=name, team=_ref(side), shirt=shirt, country=word(child, "Nationality")
        )


def _sheet(side: Node, roster: _Roster) -> FeedSheet:
    spots = [
        FeedSpot(
            player=ref,
            is_starter=ref in roster.starters,
            shirt=roster.shirts.get(ref, ""),
            order=order,
        )
        for order, child in enumerate(side.get("Children", []).items(), start=1)
        if (ref := _ref(child))
    ]
    return FeedSheet(team=_ref(side), spots=spots)
