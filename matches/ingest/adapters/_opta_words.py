"""Opta's definitions: what each F24 event is in our words where kloppy's reading is not enough.

The counts are those of the vendor's own F9 boxscore; numbers are the feed's types and qualifiers.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from matches.ingest.adapters import _kloppy as kloppy
from matches.ingest.adapters._football import START_MIN, period_of
from matches.ingest.adapters._opta_events import DELETED, PLAYER_OFF, PLAYER_ON, RawEvent
from matches.ingest.documents import FeedEvent

_FOUL, _SHOTS = 4, (13, 14, 15, 16)
_CAUGHT, _PENALTY, _RELATED, _OPPOSITE = 7, 9, 55, 233
_ASSISTED, _BIG_CHANCE, _KEEPER_THROW = 29, 214, 123
_DEFENDER_BLOCK, _BLOCKED_CROSS, _OFF_TARGET, _AERIAL_FOUL = 94, 185, 190, 264
_ERROR_TO_SHOT, _ERROR_TO_GOAL, _MINUTES, _LAST_LINE = 169, 170, 277, 14
_INSIDE_BOX = (60, 61, 62, 16, 17)
_SHOOTOUT = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The raw events of a match by team and number, which is how they refer to each other."""

    by_number: Mapping[tuple[str, int], RawEvent]

    @classmethod
    def of(cls, events: Iterable[RawEvent]) -> "Words":
        """Index the events that still stand."""
        return cls(by_number={(e.team, e.number): e for e in events if e.type != DELETED})

    def related(self, raw: Any) -> RawEvent | None:
        """Return the event of the same team that the event names."""
        return self.by_number.get((raw.contestant_id, _number(raw, _RELATED)))

    def opposite(self, raw: Any) -> RawEvent | None:
        """Return the other team's record of the same happening."""
        number = _number(raw, _OPPOSITE)
        for (team, held), event in self.by_number.items():
            if held == number and team != raw.contestant_id:
                return event
        return None

    def replacement(self, off: RawEvent) -> RawEvent | None:
        """Return the coming on that a going off names."""
        number = off.qualifiers.get(_RELATED, "")
        on = self.by_number.get((off.team, int(number))) if number.isdecimal() else None
        return on if on is not None and on.type == PLAYER_ON else None

    def is_replacement(self, on: RawEvent) -> bool:
        """Return whether somebody's going off names this coming on."""
        return any(
            event.type == PLAYER_OFF and self.replacement(event) is on
            for event in self.by_number.values()
        )


def _number(raw: Any, qualifier: int) -> int:
    text = raw.qualifiers.get(qualifier) or ""
    return int(text) if text.isdecimal() else 0


def own_words(event: Any, words: Words) -> list[FeedEvent]:
    """Return kloppy's event in our words, by the vendor's definitions and on the match clock.

    kloppy's own clock counts the seconds since the whistle, which the shown one does not follow.
    """
    raw = event.raw_event
    reading = _READINGS.get(raw.type_id)
    period = period_of(raw.period_id)
    played_s = raw.time_min * 60 + raw.time_sec - START_MIN.get(period, 120) * 60
    return [
        replace(fact, clock_ms=max(played_s, 0) * 1000, occurred_at=raw.timestamp)
        for fact in (reading(event, words) if reading else ())
    ]


def _pass(event: Any, _words: Words) -> list[FeedEvent]:
    raw = event.raw_event
    if _KEEPER_THROW in raw.qualifiers:
        return [kloppy.fact(event, "keeper_action", kind="throw")]
    # kloppy calls a pass complete that a deflection brought to a team-mate; the boxscore does not.
    return [
        replace(fact, payload={**fact.payload, "accurate": raw.outcome == 1})
        if "accurate" in fact.payload
        else fact
        for fact in kloppy.translate(event)
    ]


def _offside_pass(event: Any, _words: Words) -> list[FeedEvent]:
    caught = event.raw_event.qualifiers.get(_CAUGHT)
    return [replace(kloppy.fact(event, "offside"), player=caught or None)]


def _dribble(event: Any, _words: Words) -> list[FeedEvent]:
    return [kloppy.fact(event, "dribble", won=event.raw_event.outcome == 1)]


def _foul(event: Any, words: Words) -> list[FeedEvent]:
    """Return a foul with who was fouled; in the air it is a duel for both as well."""
    raw = event.raw_event
    other = words.opposite(raw)
    won = raw.outcome == 1
    penalty = _PENALTY in raw.qualifiers or None
    told = []
    if not won:
        foul = kloppy.fact(event, "foul", penalty=penalty)
        told.append(replace(foul, related_player=(other.player or None) if other else None))
    elif other is None or other.type != _FOUL or other.outcome:
        told.append(kloppy.fact(event, "foul_won", penalty=penalty))
    if _AERIAL_FOUL in raw.qualifiers:
        told.append(kloppy.fact(event, "duel", tag="aerial", kind="aerial", won=won))
    return told


def _tackle(event: Any, _words: Words) -> list[FeedEvent]:
    return [kloppy.fact(event, "tackle", won=event.raw_event.outcome == 1)]


def _save(event: Any, words: Words) -> list[FeedEvent]:
    """Return a save or a defender's block; touching a shot that was going wide is neither."""
    raw = event.raw_event
    if _DEFENDER_BLOCK in raw.qualifiers:
        return [kloppy.fact(event, "block", of="shot")]
    if _OFF_TARGET in raw.qualifiers:
        return []
    if raw.period_id == _SHOOTOUT:
        return [kloppy.fact(event, "shootout_save")]
    shot = words.opposite(raw)
    if shot is not None and _PENALTY in shot.qualifiers:
        return [kloppy.fact(event, "penalty_saved")]
    inside = shot is not None and any(q in shot.qualifiers for q in _INSIDE_BOX)
    return [kloppy.fact(event, "save", inside_box=inside or None)]


def _clearance(event: Any, _words: Words) -> list[FeedEvent]:
    qualifiers = event.raw_event.qualifiers
    if _BLOCKED_CROSS in qualifiers:
        return [kloppy.fact(event, "block", of="pass")]
    off_line = _LAST_LINE in qualifiers or None
    return [kloppy.fact(event, "clearance", off_line=off_line, body_part=kloppy.body_part(event))]


def _shot(event: Any, words: Words) -> list[FeedEvent]:
    raw = event.raw_event
    told = kloppy.translate(event)
    changes: dict[str, Any] = {}
    if raw.type_id == 14:
        changes["outcome"] = "post"
    if _BIG_CHANCE in raw.qualifiers:
        changes["big_chance"] = True
    passer = words.related(raw) if _ASSISTED in raw.qualifiers else None
    return [
        replace(
            fact,
            payload={**fact.payload, **(changes if fact.type != "own_goal" else {})},
            related_player=passer.player if passer and fact.type in ("goal", "shot") else None,
        )
        for fact in told
    ]


def _claim(event: Any, _words: Words) -> list[FeedEvent]:
    """Return a high ball dealt with; one that was held is a recovery in the boxscore too."""
    if event.raw_event.outcome != 1:
        return []
    return [
        kloppy.fact(event, "keeper_action", kind="claim"),
        kloppy.fact(event, "recovery", tag="recovery"),
    ]


def _pick_up(event: Any, _words: Words) -> list[FeedEvent]:
    return [
        kloppy.fact(event, "keeper_action", kind="pick_up"),
        kloppy.fact(event, "recovery", tag="recovery"),
    ]


def _error(event: Any, _words: Words) -> list[FeedEvent]:
    qualifiers = event.raw_event.qualifiers
    leads_to = (
        "goal" if _ERROR_TO_GOAL in qualifiers else "shot" if _ERROR_TO_SHOT in qualifiers else None
    )
    return [kloppy.fact(event, "error", leads_to=leads_to)]


def _added_time(event: Any, _words: Words) -> list[FeedEvent]:
    minutes = _number(event.raw_event, _MINUTES)
    told = replace(kloppy.fact(event, "stoppage_time", minutes=minutes), team=None, player=None)
    return [told] if minutes else []


def _named(type_: str, **payload: Any) -> Callable[[Any, Words], list[FeedEvent]]:
    return lambda event, _words: [kloppy.fact(event, type_, **payload)]


def _as_kloppy(event: Any, _words: Words) -> list[FeedEvent]:
    return kloppy.translate(event)


_READINGS: Mapping[int, Callable[[Any, Words], list[FeedEvent]]] = MappingProxyType(
    {
        1: _pass,
        2: _offside_pass,
        3: _dribble,
        _FOUL: _foul,
        7: _tackle,
        8: _named("interception"),
        10: _save,
        11: _claim,
        12: _clearance,
        **dict.fromkeys(_SHOTS, _shot),
        17: _as_kloppy,
        PLAYER_OFF: _as_kloppy,
        20: _named("player_off"),
        21: _named("player_on"),
        27: _named("delay"),
        41: _named("keeper_action", kind="punch"),
        44: _as_kloppy,
        45: _named("duel", kind="ground", won=False),
        49: _named("recovery"),
        51: _error,
        52: _pick_up,
        54: _named("keeper_action", kind="smother"),
        59: _named("keeper_action", kind="sweep"),
        67: _as_kloppy,
        70: _added_time,
        74: _named("block", of="pass"),
    }
)
# What a deleted event of each type was, for the row that takes it back.
OWN_READINGS: Mapping[int, str] = MappingProxyType(
    {
        1: "pass",
        2: "offside",
        3: "dribble",
        4: "foul",
        7: "tackle",
        8: "interception",
        10: "save",
        12: "clearance",
        13: "shot",
        14: "shot",
        15: "shot",
        16: "goal",
        17: "yellow_card",
        18: "substitution",
        44: "duel",
        49: "recovery",
    }
)
