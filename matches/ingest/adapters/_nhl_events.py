"""Plays of the league's play-by-play as events in the words of the pack."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from matches.ingest.adapters._nodes import Node
from matches.ingest.documents import FeedEvent

# A rink is 200 by 85 feet; the vendor measures from the middle.
_HALF_LENGTH_FT = 100.0
_HALF_WIDTH_FT = 42.5
_REGULATION = 3
_OVERTIMES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What the plays refer to: the two teams and who plays for which."""

    home: str
    away: str
    team_of: Mapping[str, str]

    def other(self, team: str | None) -> str | None:
        """Return the opponents of a team."""
        return {self.home: self.away, self.away: self.home}.get(team or "")


Reader = Callable[[Node, FeedEvent, Setting], Iterator[FeedEvent]]


def game_events(plays: Node, setting: Setting) -> Iterator[FeedEvent]:
    """Yield the events of all plays; a type that is not known is skipped."""
    for play in plays.elements():
        reader = _READERS.get(play.text("typeDescKey", ""))
        if reader is not None:
            yield from reader(play, _base(play), setting)


def period_id(descriptor: Node) -> str:
    """Return the pack's period of a period descriptor."""
    if descriptor.text("periodType", "") == "SO":
        return "SO"
    number = descriptor.whole("number")
    if not 1 <= number <= _REGULATION + _OVERTIMES:
        raise descriptor.at("number").error("a period number")
    if number <= _REGULATION:
        return f"P{number}"
    overtime = number - _REGULATION
    return "OT" if overtime == 1 else f"OT{overtime}"


def _base(play: Node) -> FeedEvent:
    return FeedEvent(
        type="",
        period=period_id(play.at("periodDescriptor")),
        clock_ms=_clock_ms(play),
        clock_label=play.text("timeRemaining", ""),
        order=play.whole("sortOrder", 0) * 10,
        vendor_event_id=str(play.whole("eventId")),
    )


def _clock_ms(play: Node) -> int:
    text = play.text("timeInPeriod", "00:00")
    minutes, colon, seconds = text.partition(":")
    if not colon or not minutes.isdecimal() or not seconds.isdecimal():
        raise play.at("timeInPeriod").error("a clock such as 14:05")
    return min(int(minutes) * 60 + int(seconds), 3600) * 1000


def _details(play: Node) -> Node:
    node = play.at("details")
    return node if node.value is not None else Node(play.file, node.path, {})


def _ref(details: Node, key: str) -> str | None:
    number = details.whole(key, 0)
    return str(number) if number else None


def _owner(details: Node, player: str | None, setting: Setting) -> str | None:
    """Return the acting player's team.

    The roster comes first: whether a blocked shot belongs to the shooter or the blocker has
    changed over the vendor's seasons.
    """
    known = setting.team_of.get(player or "")
    stated = _ref(details, "eventOwnerTeamId")
    return known or (stated if stated in (setting.home, setting.away) else None)


def strength(play: Node, team: str | None, setting: Setting) -> str:
    """Return "even", "power_play" or "short_handed" for a team at the time of a play.

    The situation code reads: away goalie, away skaters, home skaters, home goalie. A skater who
    is on for the goalie makes no power play.
    """
    code = play.text("situationCode", "")
    if len(code) != 4 or not code.isdecimal():
        return "even"
    away_goalie, away, home, home_goalie = (int(digit) for digit in code)
    away -= 1 - min(away_goalie, 1)
    home -= 1 - min(home_goalie, 1)
    own, others = (home, away) if team == setting.home else (away, home)
    # A penalty shot has nobody but the shooter and the goalie on the ice.
    if own == others or min(own, others) <= 0:
        return "even"
    return "power_play" if own > others else "short_handed"


def _place(
    play: Node, details: Node, team: str | None, setting: Setting
) -> dict[str, float]:
    """Return x and y with the acting team attacking to the right."""
    x, y = details.number("xCoord"), details.number("yCoord")
    side = play.text("homeTeamDefendingSide", "")
    if x is None or y is None or team is None or side not in ("left", "right"):
        return {}
    turned = (side == "left") != (team == setting.home)
    sign = -1 if turned else 1
    return {
        "x": _percent(sign * x, _HALF_LENGTH_FT),
        "y": _percent(sign * y, _HALF_WIDTH_FT),
    }


def _percent(feet: float, half_ft: float) -> float:
    return round(min(max((feet + half_ft) / (2 * half_ft) * 100, 0.0), 100.0), 2)


def _acted(
    play: Node,
    base: FeedEvent,
    setting: Setting,
    *,
    event_type: str,
    player_key: str,
    related_key: str = "",
    payload: Mapping[str, Any] | None = None,
) -> FeedEvent:
    details = _details(play)
    player = _ref(details, player_key)
    team = _owner(details, player, setting)
    return replace(
        base,
        type=event_type,
        team=team,
        player=player,
        related_player=_ref(details, related_key) if related_key else None,
        payload=payload or {},
        **_place(play, details, team, setting),
    )


def _shot_payload(play: Node, setting: Setting, shooter_key: str) -> dict[str, Any]:
    details = _details(play)
    team = _owner(details, _ref(details, shooter_key), setting)
    payload: dict[str, Any] = {"strength": strength(play, team, setting)}
    shot_type = details.text("shotType", "")
    return payload | ({"shot_type": shot_type} if shot_type else {})


def _goal(play: Node, base: FeedEvent, setting: Setting) -> Iterator[FeedEvent]:
    """A goal, the second assist and the goalie's goal against, each an event of its own."""
    details = _details(play)
    goalie = _ref(details, "goalieInNetId")
    payload = _shot_payload(play, setting, "scoringPlayerId") | {
        "empty_net": goalie is None
    }
    goal = _acted(
        play,
        base,
        setting,
        event_type="shootout_goal" if base.period == "SO" else "goal",
        player_key="scoringPlayerId",
        related_key="goalieInNetId" if base.period == "SO" else "assist1PlayerId",
        payload=payload,
    )
    yield goal
    if base.period == "SO":
        return
    second = _ref(details, "assist2PlayerId")
    if second:
        yield _with(
            goal, 1, "second_assist", team=goal.team, player=second, related=goal.player
        )
    if goalie:
        against = _with(
            goal,
            2,
            "goal_against",
            team=setting.other(goal.team),
            player=goalie,
            related=None,
        )
        yield replace(against, payload={"strength": payload["strength"]})


def _with(
    goal: FeedEvent,
    place: int,
    event_type: str,
    *,
    team: str | None,
    player: str,
    related: str | None,
) -> FeedEvent:
    return replace(
        goal,
        type=event_type,
        order=goal.order + place,
        team=team,
        player=player,
        related_player=related,
        x=None,
        y=None,
        payload={},
        vendor_event_id=f"{goal.vendor_event_id}:{event_type}",
    )


def _shot_on_goal(play: Node, base: FeedEvent, setting: Setting) -> Iterator[FeedEvent]:
    yield _acted(
        play,
        base,
        setting,
        event_type="shootout_miss" if base.period == "SO" else "shot_on_goal",
        player_key="shootingPlayerId",
        related_key="goalieInNetId",
        payload=_shot_payload(play, setting, "shootingPlayerId"),
    )


def _missed_shot(play: Node, base: FeedEvent, setting: Setting) -> Iterator[FeedEvent]:
    payload = _shot_payload(play, setting, "shootingPlayerId")
    payload["reason"] = _details(play).text("reason", "")
    yield _acted(
        play,
        base,
        setting,
        event_type="shootout_miss" if base.period == "SO" else "missed_shot",
        player_key="shootingPlayerId",
        related_key="goalieInNetId",
        payload=payload,
    )


def _blocked_shot(play: Node, base: FeedEvent, setting: Setting) -> Iterator[FeedEvent]:
    """The shooter acts; the blocker is an opponent or, by mishap, a team-mate."""
    details = _details(play)
    blocker = setting.team_of.get(_ref(details, "blockingPlayerId") or "")
    shooter = setting.team_of.get(_ref(details, "shootingPlayerId") or "")
    by_team_mate = details.text("reason", "") == "teammate-blocked" or (
        blocker is not None and blocker == shooter
    )
    yield _acted(
        play,
        base,
        setting,
        event_type="blocked_shot",
        player_key="shootingPlayerId",
        related_key="blockingPlayerId",
        payload={"by_team_mate": by_team_mate},
    )


def _hit(play: Node, base: FeedEvent, setting: Setting) -> Iterator[FeedEvent]:
    yield _acted(
        play,
        base,
        setting,
        event_type="hit",
        player_key="hittingPlayerId",
        related_key="hitteePlayerId",
    )


def _faceoff(play: Node, base: FeedEvent, setting: Setting) -> Iterator[FeedEvent]:
    zone = _details(play).text("zoneCode", "")
    yield _acted(
        play,
        base,
        setting,
        event_type="faceoff",
        player_key="winningPlayerId",
        related_key="losingPlayerId",
        payload={"zone": zone} if zone else {},
    )


def _penalty(play: Node, base: FeedEvent, setting: Setting) -> Iterator[FeedEvent]:
    """A bench penalty has no culprit; whoever serves it is not charged with its minutes."""
    details = _details(play)
    yield _acted(
        play,
        base,
        setting,
        event_type="penalty",
        player_key="committedByPlayerId",
        related_key="drawnByPlayerId",
        payload={
            "minutes": details.whole("duration", 0),
            "kind": details.text("typeCode", ""),
            "infraction": details.text("descKey", "").replace("-", " "),
        },
    )


def _possession(event_type: str) -> Reader:
    def read(play: Node, base: FeedEvent, setting: Setting) -> Iterator[FeedEvent]:
        yield _acted(play, base, setting, event_type=event_type, player_key="playerId")

    return read


def _plain(event_type: str) -> Reader:
    def read(_play: Node, base: FeedEvent, _setting: Setting) -> Iterator[FeedEvent]:
        yield replace(base, type=event_type)

    return read


def _stoppage(play: Node, base: FeedEvent, _setting: Setting) -> Iterator[FeedEvent]:
    reason = _details(play).text("reason", "").replace("-", " ")
    yield replace(base, type="stoppage", payload={"reason": reason})


def _delayed_penalty(
    play: Node, base: FeedEvent, setting: Setting
) -> Iterator[FeedEvent]:
    yield replace(
        base, type="delayed_penalty", team=_owner(_details(play), None, setting)
    )


_READERS: Mapping[str, Reader] = MappingProxyType(
    {
        "goal": _goal,
        "shot-on-goal": _shot_on_goal,
        "missed-shot": _missed_shot,
        "failed-shot-attempt": _missed_shot,
        "blocked-shot": _blocked_shot,
        "hit": _hit,
        "giveaway": _possession("giveaway"),
        "takeaway": _possession("takeaway"),
        "faceoff": _faceoff,
        "penalty": _penalty,
        "delayed-penalty": _delayed_penalty,
        "stoppage": _stoppage,
        "period-start": _plain("period_start"),
        "period-end": _plain("period_end"),
        "game-end": _plain("match_end"),
    }
)
