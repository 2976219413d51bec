"""One reading of kloppy's event model in the words of the football pack, for all its providers.

kloppy gives classes, results, qualifiers and positions in one form. What a provider counts in a
way of its own is told apart by its adapter, which has the vendor's record next to each event.
"""

import warnings
from collections.abc import Callable, Iterable
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from kloppy.domain import (
    BodyPartQualifier,
    CardType,
    DuelQualifier,
    DuelResult,
    DuelType,
    EventDataset,
    EventType,
    ExpectedGoals,
    GoalkeeperActionType,
    GoalkeeperQualifier,
    PassQualifier,
    PassResult,
    PassType,
    SetPieceQualifier,
    SetPieceType,
    ShotResult,
    TakeOnResult,
)

from matches.ingest.adapters._football import SHOOTOUT, period_of
from matches.ingest.documents import FeedError, FeedEvent

# 0 to 100 both ways, attacking to the right, y from the attacker's left: as in our log.
COORDINATES = "wyscout"

_CARDS = MappingProxyType(
    {
        CardType.FIRST_YELLOW: "yellow_card",
        CardType.SECOND_YELLOW: "second_yellow",
        CardType.RED: "red_card",
    }
)
_OUTCOMES = MappingProxyType(
    {
        ShotResult.SAVED: "saved",
        ShotResult.BLOCKED: "blocked",
        ShotResult.POST: "post",
        ShotResult.OFF_TARGET: "off_target",
    }
)
_KEEPER_ACTIONS = MappingProxyType(
    {
        GoalkeeperActionType.CLAIM: "claim",
        GoalkeeperActionType.PUNCH: "punch",
        GoalkeeperActionType.PICK_UP: "pick_up",
        GoalkeeperActionType.SMOTHER: "smother",
    }
)


def load(name: str, loader: Callable[..., Any], **inputs: Any) -> EventDataset:
    """Return kloppy's dataset of a document; what it cannot read becomes a FeedError."""
    with warnings.catch_warnings():
        # Incomplete passes and the like: kloppy says so and goes on, and so do we.
        warnings.simplefilter("ignore")
        try:
            return loader(**inputs, coordinates=COORDINATES)
        # Whatever a broken document leads kloppy to, it is the document that is refused.
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            raise FeedError(f"{name}: $: kloppy cannot read it: {reason:.200}") from error


def translate(event: Any) -> list[FeedEvent]:
    """Return what the event is in our words, nothing for what the pack has no word for."""
    reading = _READINGS.get(event.event_type)
    return reading(event) if reading else []


def fact(event: Any, type_: str, /, *, tag: str = "", **payload: Any) -> FeedEvent:
    """Return a fact of our type at the event's place; `tag` tells facts of one event apart.

    A payload value of None or "" is left out.
    """
    place = event.coordinates
    return FeedEvent(
        type=type_,
        period=period_of(event.period.id),
        clock_ms=max(round(event.timestamp.total_seconds() * 1000), 0),
        team=event.team.team_id if event.team else None,
        player=event.player.player_id if event.player else None,
        x=_percent(place.x) if place else None,
        y=_percent(place.y) if place else None,
        payload={key: value for key, value in payload.items() if value not in (None, "")},
        vendor_event_id=f"{event.event_id}:{tag}" if tag else event.event_id,
    )


def qualities(event: Any, kind: type[Any]) -> set[Any]:
    """Return the values of the event's qualifiers of one kind."""
    return {q.value for q in getattr(event, "qualifiers", None) or () if type(q) is kind}


def body_part(event: Any) -> str | None:
    """Return the part of the body, such as "right_foot"."""
    parts = qualities(event, BodyPartQualifier)
    return next((part.value.lower() for part in parts), None)


def set_piece(event: Any) -> str | None:
    """Return the set piece, such as "corner", "free_kick" or "penalty"."""
    pieces = qualities(event, SetPieceQualifier)
    if SetPieceType.CORNER_KICK in pieces:
        return "corner"
    return next((piece.value.lower() for piece in pieces), None)


def expected_goals(event: Any) -> float | None:
    """Return the provider's expected goals of a shot."""
    values = [float(s.value) for s in event.statistics or () if type(s) is ExpectedGoals]
    return round(values[0], 4) if values else None


def _percent(value: float | None) -> float | None:
    # Vendors place some touches a hair outside the lines.
    return None if value is None else round(min(max(value, 0.0), 100.0), 2)


def _pass(event: Any) -> list[FeedEvent]:
    kinds, piece = qualities(event, PassQualifier), set_piece(event)
    accurate = event.result is PassResult.COMPLETE
    if piece == "throw_in":
        return [fact(event, "throw_in", accurate=accurate)]
    if PassType.HAND_PASS in kinds:
        return [fact(event, "keeper_action", kind="throw")]
    end = event.receiver_coordinates
    kick = fact(
        event,
        "cross" if PassType.CROSS in kinds else "pass",
        accurate=accurate,
        set_piece=piece,
        body_part=body_part(event),
        through=PassType.THROUGH_BALL in kinds or None,
        end_x=_percent(end.x) if end else None,
        end_y=_percent(end.y) if end else None,
    )
    if SetPieceType.CORNER_KICK not in qualities(event, SetPieceQualifier):
        return [kick]
    return [fact(event, "corner", tag="corner"), kick]


def _shot(event: Any) -> list[FeedEvent]:
    part, result = body_part(event), event.result
    if result is ShotResult.OWN_GOAL:
        return [fact(event, "own_goal", body_part=part)]
    in_shootout = period_of(event.period.id) == SHOOTOUT
    outcome = _OUTCOMES.get(result, "off_target")
    if in_shootout and result is ShotResult.GOAL:
        return [fact(event, "shootout_goal", body_part=part)]
    if in_shootout:
        return [fact(event, "shootout_miss", outcome=outcome, body_part=part)]
    piece, xg = set_piece(event), expected_goals(event)
    if result is ShotResult.GOAL:
        is_penalty = piece == "penalty" or None
        return [fact(event, "goal", body_part=part, xg=xg, penalty=is_penalty, set_piece=piece)]
    if piece == "penalty":
        return [fact(event, "penalty_missed", outcome=outcome, body_part=part, xg=xg)]
    return [fact(event, "shot", outcome=outcome, body_part=part, xg=xg, set_piece=piece)]


def _keeper(event: Any) -> list[FeedEvent]:
    actions = qualities(event, GoalkeeperQualifier)
    if GoalkeeperActionType.SAVE in actions:
        in_shootout = period_of(event.period.id) == SHOOTOUT
        return [fact(event, "shootout_save" if in_shootout else "save")]
    return [
        fact(event, "keeper_action", kind=kind)
        for action, kind in _KEEPER_ACTIONS.items()
        if action in actions
    ]


def _duel(event: Any) -> list[FeedEvent]:
    kinds = qualities(event, DuelQualifier)
    kind = "aerial" if DuelType.AERIAL in kinds else "ground"
    return [fact(event, "duel", kind=kind, won=event.result is DuelResult.WON)]


def _card(event: Any) -> list[FeedEvent]:
    card = _CARDS.get(event.card_type)
    # A card for someone on the bench of officials has no player; it is no player's statistic.
    return [fact(event, card, tag="card")] if card and event.player else []


def _substitution(event: Any) -> list[FeedEvent]:
    coming_on = event.replacement_player
    if coming_on is None:
        return [fact(event, "player_off")]
    return [replace(fact(event, "substitution"), related_player=coming_on.player_id)]


def _formation(event: Any) -> list[FeedEvent]:
    shape = event.formation_type
    return [fact(event, "formation", formation=shape.value)] if shape else []


def _plain(type_: str) -> Callable[[Any], list[FeedEvent]]:
    return lambda event: [fact(event, type_)]


_READINGS: MappingProxyType[EventType, Callable[[Any], list[FeedEvent]]] = MappingProxyType(
    {
        EventType.PASS: _pass,
        EventType.SHOT: _shot,
        EventType.GOALKEEPER: _keeper,
        EventType.DUEL: _duel,
        EventType.CARD: _card,
        EventType.SUBSTITUTION: _substitution,
        EventType.FORMATION_CHANGE: _formation,
        EventType.TAKE_ON: lambda event: [
            fact(event, "dribble", won=event.result is TakeOnResult.COMPLETE)
        ],
        EventType.INTERCEPTION: _plain("interception"),
        EventType.CLEARANCE: _plain("clearance"),
        EventType.RECOVERY: _plain("recovery"),
        EventType.FOUL_COMMITTED: _plain("foul"),
        EventType.PLAYER_ON: _plain("player_on"),
        EventType.PLAYER_OFF: _plain("player_off"),
    }
)


def translate_all(events: Iterable[Any]) -> list[FeedEvent]:
    """Return all events in our words, in the provider's order."""
    return [told for event in events for told in translate(event)]
