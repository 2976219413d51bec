"""A game's plays as events in the words of the pack."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from matches.ingest.adapters._nfl_credits import (
    CREDITS,
    DETAILS,
    KEPT_WHEN_VOID,
    NEED_A_PLAYER,
    ROLES,
    SAFETY,
    Credit,
    tackling_unit,
)
from matches.ingest.adapters._nfl_plays import (
    PERIODS,
    QUARTER_MS,
    Drive,
    Mention,
    Play,
    clock_label,
    read_drives,
)
from matches.ingest.adapters._nfl_summary import Conversion, missing_conversions
from matches.ingest.documents import FeedEvent
from matches.ingest.reading import Node

# Room for the credits of one play in `order`; its last places are for what follows the play.
_ORDER_STEP = 100
_AFTER_PLAY = 95


def game_events(
    game: Node, plays: Sequence[Play], clubs: Sequence[str], *, over: bool, paused: bool
) -> tuple[FeedEvent, ...]:
    """Return the whole log in the vendor's order, period starts and ends included."""
    events = [event for play in plays for event in _play_events(play, clubs)]
    by_id = {play.id: play for play in plays}
    for drive in read_drives(game, clubs, over=over):
        events.append(_drive_event(drive, by_id[drive.last_play]))
    for conversion in missing_conversions(game, plays, clubs):
        events.append(_conversion_event(conversion, by_id[conversion.play]))
    events.extend(_frame(plays, over=over, paused=paused))
    places = {period: index for index, period in enumerate(PERIODS)}
    return tuple(sorted(events, key=lambda e: (places[e.period], e.clock_ms, e.order)))


def _play_events(play: Play, clubs: Sequence[str]) -> Iterator[FeedEvent]:
    seen: Counter[int] = Counter()
    ids_by_club = {
        club: frozenset(m.stat for m in play.mentions if m.club == club) for club in clubs
    }
    for place, mention in enumerate(play.mentions):
        credit = CREDITS.get(mention.stat)
        if credit is None or _is_leftover(play, mention):
            continue
        seen[mention.stat] += 1
        payload = _payload(play, mention, credit)
        if credit.by_unit:
            payload["unit"] = tackling_unit(ids_by_club, mention.club)
        yield FeedEvent(
            type=credit.type,
            period=play.period,
            clock_ms=play.elapsed_ms,
            clock_label=play.clock_label,
            order=play.id * _ORDER_STEP + min(place + 1, _AFTER_PLAY - 1),
            team=mention.club,
            player=mention.player,
            related_player=_related(play, mention, credit),
            payload=payload,
            # Not the vendor's sequence number: it shifts when a credit is put in before.
            vendor_event_id=f"{play.id}:{mention.stat}:{seen[mention.stat]}",
        )
    if play.note == "SAF" and not seen[SAFETY]:
        yield from _team_safety(play, clubs)


def _is_leftover(play: Play, mention: Mention) -> bool:
    """Say whether a credit was meant to go with a correction; the league's totals lack these."""
    if play.is_void:
        return mention.stat not in KEPT_WHEN_VOID
    if mention.player is None:
        return mention.stat in NEED_A_PLAYER
    if mention.stat not in ROLES["passer"]:
        return False
    # One forward pass a play: of two passers the one who also caught the ball threw none.
    passers = {m.player for m in play.mentions if m.stat in ROLES["passer"]}
    receivers = {m.player for m in play.mentions if m.stat in ROLES["receiver"]}
    return len(passers) > 1 and mention.player in receivers


def _payload(play: Play, mention: Mention, credit: Credit) -> dict[str, Any]:
    payload: dict[str, Any] = {
        "play": play.id,
        "yards": mention.yards,
        **credit.payload,
    }
    if play.down:
        payload |= {"down": play.down, "to_go": play.to_go}
    if play.yard_line:
        payload["yard_line"] = play.yard_line
    for other in play.mentions:
        name, stats = DETAILS.get(other.stat, ("", frozenset()))
        if mention.stat in stats and other.player == mention.player:
            payload[name] = other.yards
    return payload


def _related(play: Play, mention: Mention, credit: Credit) -> str | None:
    stats = ROLES.get(credit.related, frozenset())
    others = (m.player for m in play.mentions if m.stat in stats and m.player != mention.player)
    return next((player for player in others if player), None)


def _team_safety(play: Play, clubs: Sequence[str]) -> Iterator[FeedEvent]:
    """A safety nobody is credited with: the side that did not run the play gets it."""
    offense = {m.club for m in play.mentions if m.stat in ROLES["sacked"] | {10, 12, 29, 31, 32, 2}}
    scorers = [club for club in clubs if club not in offense]
    if len(scorers) == 1:
        event = {"type": "safety", "team": scorers[0], "payload": {"play": play.id}}
        yield _after(play, 1, vendor_event_id=f"{play.id}:{SAFETY}:1", **event)


def _conversion_event(conversion: Conversion, play: Play) -> FeedEvent:
    payload: dict[str, Any] = {"play": play.id, "yards": 0}
    if conversion.type.startswith("two_point"):
        payload["result"] = "good"
    return _after(
        play,
        0,
        type=conversion.type,
        team=conversion.club,
        player=conversion.player,
        related_player=conversion.related,
        payload=payload,
        vendor_event_id=f"{play.id}:{conversion.stat}:summary",
        reason="from the scoring summary",
    )


def _drive_event(drive: Drive, play: Play) -> FeedEvent:
    payload = {
        "plays": drive.plays,
        "yards": drive.yards,
        "first_downs": drive.first_downs,
        "seconds": drive.seconds,
        "result": drive.result,
    }
    return _after(
        play,
        2,
        type="drive",
        team=drive.club,
        payload=payload,
        vendor_event_id=f"drive:{drive.number}",
    )


def _after(play: Play, place: int, **fields: Any) -> FeedEvent:
    return FeedEvent(
        period=play.period,
        clock_ms=play.elapsed_ms,
        clock_label=play.clock_label,
        order=play.id * _ORDER_STEP + _AFTER_PLAY + place,
        **fields,
    )


def _frame(plays: Sequence[Play], *, over: bool, paused: bool) -> Iterator[FeedEvent]:
    """Yield where periods start and end, which the vendor says only in words."""
    last = {play.period: play for play in plays}
    for number, (period, play) in enumerate(last.items(), start=1):
        yield FeedEvent(
            type="period_start",
            period=period,
            clock_label=clock_label(play.length_ms),
            payload={"length_ms": play.length_ms},
            vendor_event_id=f"start:{period}",
        )
        if number < len(last) or over or paused:
            yield _whistle(play, 3, "period_end", f"end:{period}")
    if last and over:
        yield _whistle(plays[-1], 4, "match_end", "end")


def _whistle(play: Play, place: int, event_type: str, vendor_event_id: str) -> FeedEvent:
    """Regulation is always played out; an overtime may end with its last play."""
    is_played_out = play.period in PERIODS[:4]
    return FeedEvent(
        type=event_type,
        period=play.period,
        clock_ms=max(QUARTER_MS, play.elapsed_ms) if is_played_out else play.elapsed_ms,
        clock_label=clock_label(0) if is_played_out else play.clock_label,
        order=play.id * _ORDER_STEP + _AFTER_PLAY + place,
        vendor_event_id=vendor_event_id,
    )
