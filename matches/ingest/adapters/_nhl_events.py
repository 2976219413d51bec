"""Plays of the league's play-by-play as events in the words of the pack."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from matches.ingest.adapters._nodes import has, items
from matches.ingest.documents import FeedEvent
from matches.ingest.reading import Node

# A rink is 200 by 85 feet; the vendor measures from the middle.
_HALF_LENGTH_FT = 100.0
_HALF_WIDTH_FT = 42.5
_REGULATION = 3
_OVERTIMES = 6
_SHOOTOUT = "SO"
# Room in `order` for the events that stand beside a goal.
_ORDER_STEP = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What the plays refer to: the two teams and who plays for which."""

    home: str
    away: str
    team_of: Mapping[str, str]

    def other(self, team: str | None) -> str | None:
        """Return the opponents of a team."""
        return {self.home: self.away, self.away: self.home}.get(team or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A play being read: its details and what all of its events have in common."""

    play: Node
    details: Node
    base: FeedEvent
    setting: Setting

    @property
    def is_shootout(self) -> bool:
        """The play belongs to the shoot-out."""
        return self.base.period == _SHOOTOUT

    def ref(self, key: str) -> str | None:
        """Return the id of the player or team under `key`."""
        number = self.details.whole(key, 0)
        return str(number) if number else None

    def words(self, key: str) -> str:
        """Return a vendor's term such as "high-sticking" as words."""
        return self.details.text(key, "").replace("-", " ")


Reader = Callable[[Reading], Iterator[FeedEvent]]


def game_events(game: Node, setting: Setting) -> Iterator[FeedEvent]:
    """Yield the events of all plays; a type that is not known is skipped."""
    for play in items(game, "plays"):
        reader = _READERS.get(play.text("typeDescKey", ""))
        if reader is None:
            continue
        details = play.get("details", None)
        if details.value is None:
            details = Node({}, details.path)
        yield from reader(Reading(play=play, details=details, base=_base(play), setting=setting))


def _base(play: Node) -> FeedEvent:
    return FeedEvent(
        type="",
        period=period_id(play.get("periodDescriptor")),
        clock_ms=_clock_ms(play, "timeInPeriod"),
        clock_label=_label(play),
        order=play.whole("sortOrder", 0) * _ORDER_STEP,
        vendor_event_id=str(play.whole("eventId")),
    )


def period_id(descriptor: Node) -> str:
    """Return the pack's period of a period descriptor."""
    if descriptor.text("periodType", "") == _SHOOTOUT:
        return _SHOOTOUT
    number = descriptor.whole("number")
    if not 1 <= number <= _REGULATION + _OVERTIMES:
        raise descriptor.get("number").refuse("a period number")
    if number <= _REGULATION:
        return f"P{number}"
    overtime = number - _REGULATION
    return "OT" if overtime == 1 else f"OT{overtime}"


def _clock_ms(play: Node, key: str) -> int:
    minutes, colon, seconds = play.text(key, "00:00").partition(":")
    if not colon or not minutes.isdecimal() or not seconds.isdecimal():
        raise play.get(key).refuse("a clock such as 14:05")
    return min(int(minutes) * 60 + int(seconds), 3600) * 1000


def _label(play: Node) -> str:
    """Return the time left as "4:05"."""
    if not has(play, "timeRemaining"):
        return ""
    minutes, seconds = divmod(_clock_ms(play, "timeRemaining") // 1000, 60)
    return f"{minutes}:{seconds:02}"


def _acted(reading: Reading, event_type: str, player_key: str, related_key: str = "") -> FeedEvent:
    player = reading.ref(player_key)
    team = _team(reading, player)
    x, y = _place(reading, team)
    return replace(
        reading.base,
        type=event_type,
        team=team,
        player=player,
        related_player=reading.ref(related_key) if related_key else None,
        x=x,
        y=y,
    )


def _team(reading: Reading, player: str | None) -> str | None:
    """Return the acting player's team.

    The roster comes first: whether a blocked shot belongs to the shooter or the blocker has
    changed over the vendor's seasons.
    """
    setting = reading.setting
    stated = reading.ref("eventOwnerTeamId")
    known = setting.team_of.get(player or "")
    return known or (stated if stated in (setting.home, setting.away) else None)


def _place(reading: Reading, team: str | None) -> tuple[float | None, float | None]:
    """Return x and y with the acting team attacking to the right."""
    x, y = reading.details.number("xCoord"), reading.details.number("yCoord")
    side = reading.play.text("homeTeamDefendingSide", "")
    if x is None or y is None or team is None or side not in ("left", "right"):
        return None, None
    sign = 1 if (side == "left") == (team == reading.setting.home) else -1
    return _percent(sign * x, _HALF_LENGTH_FT), _percent(sign * y, _HALF_WIDTH_FT)


def _percent(feet: float, half_ft: float) -> float:
    return round(min(max((feet + half_ft) / (2 * half_ft) * 100, 0.0), 100.0), 2)


def strength(code: str, *, is_home: bool) -> str:
    """Return "even", "power_play" or "short_handed" for one side at the time of a play.

    The situation code reads: away goalie, away skaters, home skaters, home goalie. A skater who
    is on for the goalie makes no power play.
    """
    if len(code) != 4 or not code.isdecimal():
        return "even"
    away_goalie, away, home, home_goalie = (int(digit) for digit in code)
    away -= 1 - min(away_goalie, 1)
    home -= 1 - min(home_goalie, 1)
    own, others = (home, away) if is_home else (away, home)
    # A penalty shot has nobody but the shooter and the goalie on the ice.
    if own == others or min(own, others) <= 0:
        return "even"
    return "power_play" if own > others else "short_handed"


def _shot_payload(reading: Reading, team: str | None) -> dict[str, Any]:
    code = reading.play.text("situationCode", "")
    payload = {"strength": strength(code, is_home=team == reading.setting.home)}
    shot_type = reading.words("shotType")
    return payload | ({"shot_type": shot_type} if shot_type else {})


def _goal(reading: Reading) -> Iterator[FeedEvent]:
    """A goal, the second assist and the goalie's goal against, each an event of its own."""
    if reading.is_shootout:
        goal = _acted(reading, "shootout_goal", "scoringPlayerId", "goalieInNetId")
        yield replace(goal, payload=_shot_payload(reading, goal.team))
        return
    goal = _acted(reading, "goal", "scoringPlayerId", "assist1PlayerId")
    goalie, second = reading.ref("goalieInNetId"), reading.ref("assist2PlayerId")
    payload = _shot_payload(reading, goal.team)
    yield replace(goal, payload=payload | {"empty_net": goalie is None})
    beside = replace(
        goal, related_player=None, x=None, y=None, payload={"strength": payload["strength"]}
    )
    if second:
        yield _named(replace(beside, player=second, related_player=goal.player), "second_assist", 1)
    if goalie:
        against = replace(beside, player=goalie, team=reading.setting.other(goal.team))
        yield _named(against, "goal_against", 2)


def _named(beside: FeedEvent, event_type: str, place: int) -> FeedEvent:
    return replace(
        beside,
        type=event_type,
        order=beside.order + place,
        vendor_event_id=f"{beside.vendor_event_id}:{event_type}",
    )


def _shot_on_goal(reading: Reading) -> Iterator[FeedEvent]:
    event_type = "shootout_miss" if reading.is_shootout else "shot_on_goal"
    shot = _acted(reading, event_type, "shootingPlayerId", "goalieInNetId")
    yield replace(shot, payload=_shot_payload(reading, shot.team))


def _missed_shot(reading: Reading) -> Iterator[FeedEvent]:
    event_type = "shootout_miss" if reading.is_shootout else "missed_shot"
    shot = _acted(reading, event_type, "shootingPlayerId", "goalieInNetId")
    payload = _shot_payload(reading, shot.team) | {"reason": reading.words("reason")}
    yield replace(shot, payload=payload)


def _blocked_shot(reading: Reading) -> Iterator[FeedEvent]:
    """The shooter acts; the blocker is an opponent or, by mishap, a team-mate."""
    shot = _acted(reading, "blocked_shot", "shootingPlayerId", "blockingPlayerId")
    blocker_team = reading.setting.team_of.get(shot.related_player or "")
    by_team_mate = reading.words("reason") == "teammate blocked" or (
        blocker_team is not None and blocker_team == shot.team
    )
    yield replace(shot, payload={"by_team_mate": by_team_mate})


def _penalty(reading: Reading) -> Iterator[FeedEvent]:
    """A bench penalty has no culprit; whoever serves it is not charged with its minutes."""
    payload = {
        "minutes": reading.details.whole("duration", 0),
        "kind": reading.details.text("typeCode", ""),
        "infraction": reading.words("descKey"),
    }
    penalty = _acted(reading, "penalty", "committedByPlayerId", "drawnByPlayerId")
    yield replace(penalty, payload=payload)


def _faceoff(reading: Reading) -> Iterator[FeedEvent]:
    event = _acted(reading, "faceoff", "winningPlayerId", "losingPlayerId")
    zone = reading.details.text("zoneCode", "")
    yield replace(event, payload={"zone": zone} if zone else {})


def _delayed_penalty(reading: Reading) -> Iterator[FeedEvent]:
    yield replace(reading.base, type="delayed_penalty", team=_team(reading, None))


def _stoppage(reading: Reading) -> Iterator[FeedEvent]:
    yield replace(reading.base, type="stoppage", payload={"reason": reading.words("reason")})


def _period_start(reading: Reading) -> Iterator[FeedEvent]:
    """Overtime is longer in the play-offs: the clock at the start tells the length."""
    payload = {}
    if not reading.is_shootout and has(reading.play, "timeRemaining"):
        payload["length_ms"] = _clock_ms(reading.play, "timeRemaining")
    yield replace(reading.base, type="period_start", payload=payload)


def _by(event_type: str, player_key: str, related_key: str = "") -> Reader:
    def read(reading: Reading) -> Iterator[FeedEvent]:
        yield _acted(reading, event_type, player_key, related_key)

    return read


def _plain(event_type: str) -> Reader:
    def read(reading: Reading) -> Iterator[FeedEvent]:
        yield replace(reading.base, type=event_type)

    return read


_READERS: Mapping[str, Reader] = MappingProxyType(
    {
        "goal": _goal,
        "shot-on-goal": _shot_on_goal,
        "missed-shot": _missed_shot,
        "failed-shot-attempt": _missed_shot,
        "blocked-shot": _blocked_shot,
        "hit": _by("hit", "hittingPlayerId", "hitteePlayerId"),
        "giveaway": _by("giveaway", "playerId"),
        "takeaway": _by("takeaway", "playerId"),
        "faceoff": _faceoff,
        "penalty": _penalty,
        "delayed-penalty": _delayed_penalty,
        "stoppage": _stoppage,
        "period-start": _period_start,
        "period-end": _plain("period_end"),
        "game-end": _plain("match_end"),
    }
)
