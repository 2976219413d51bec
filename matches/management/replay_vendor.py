"""A vendor that plays a real document again, live: each event is told when its clock comes.

The document is parsed by its adapter and told in the platform's own format, under a source of its
own, so that a replay never touches the match it was made from.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from leagues.packs.loader import load_pack
from matches.ingest.documents import FeedDocument, FeedEvent, FeedMatch, FeedSheet

PAGE_EVENTS = 4000
# A shoot-out has no clock: one of its events a minute.
_UNTIMED_MS = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """One event and the milliseconds after the kick-off at which it is told."""

    at_ms: int
    match: FeedMatch
    event: dict[str, Any]


class ReplayFeed:
    """One document's matches, all kicking off at `kickoff_at`; `speed` 60: a minute in a second."""

    def __init__(self, document: FeedDocument, *, kickoff_at: datetime, speed: float = 1.0) -> None:
        self._document = document
        self._kickoff_at = kickoff_at
        self._speed = speed
        self._matches = {match.ref: match for match in document.matches}
        told = [entry for match in document.matches for entry in self._tell(match)]
        self._told = sorted(told, key=lambda entry: entry.at_ms)

    def document(self, at: datetime, *, after: str = "") -> dict[str, Any]:
        """Return what is new since the cursor `after`; without one, the names and fixtures.

        Raises ValueError for a cursor that is none of ours.
        """
        if not after:
            matches = [self._fixture(match) for match in self._matches.values()]
            return {**self._head(), **self._names(), "matches": matches, "cursor": "0"}
        if not after.isdigit():
            raise ValueError(f"after={after[:40]!r}: is no cursor of this feed")
        start, end = int(after), self._reached(at)
        page = self._told[start : min(end, start + PAGE_EVENTS)]
        cursor = start + len(page)
        return {
            **self._head(),
            "matches": self._news(page, at, is_last=cursor == end),
            "cursor": str(cursor),
            "more": cursor < end,
        }

    def snapshot(self, at: datetime, *, with_ids: bool = True) -> dict[str, Any]:
        """Return the whole log so far, as snapshot vendors do."""
        matches = self._news(self._told[: self._reached(at)], at, is_last=True)
        for match in matches:
            match["snapshot"] = True
            if not with_ids:
                match["events"] = [
                    {key: value for key, value in event.items() if key not in {"id", "rev"}}
                    for event in match["events"]
                ]
        return {**self._head(), **self._names(), "matches": matches}

    def _head(self) -> dict[str, Any]:
        told = self._document
        return {
            "source": f"replay-{told.source}",
            "sport": told.sport,
            "league": told.league,
            "season": told.season,
        }

    def _names(self) -> dict[str, Any]:
        return {
            "teams": [
                _filled(id=team.ref, name=team.name, short_name=team.short_name, code=team.code)
                for team in self._document.teams
            ],
            "players": [
                _filled(
                    id=player.ref,
                    name=player.name,
                    short_name=player.short_name,
                    team=player.team,
                    shirt=player.shirt,
                    position=player.position,
                )
                for player in self._document.players
            ],
        }

    def _fixture(self, match: FeedMatch) -> dict[str, Any]:
        return {
            **_filled(
                id=match.ref,
                home=match.home,
                away=match.away,
                round=match.round_name,
                matchday=match.matchday,
                venue=match.venue,
                city=match.city,
            ),
            "kickoff_at": _rfc3339(self._kickoff_at),
            "sheets": [_sheet(sheet) for sheet in match.sheets],
        }

    def _news(self, page: Sequence[_Told], at: datetime, *, is_last: bool) -> list[dict[str, Any]]:
        """Return the events by match; a match whose last event is told has its final score."""
        by_match: dict[str, list[dict[str, Any]]] = {}
        for entry in page:
            by_match.setdefault(entry.match.ref, []).append(entry.event)
        ended = self._elapsed_ms(at) >= self._told[-1].at_ms if self._told else False
        news = []
        for ref, events in by_match.items():
            match = self._matches[ref]
            told = {**self._fixture(match), "events": events, "status": "live"}
            if ended and is_last:
                told["status"] = match.status or "finished"
                if match.score is not None:
                    told["score"] = {"home": match.score[0], "away": match.score[1]}
            news.append(told)
        return news

    def _reached(self, at: datetime) -> int:
        elapsed_ms = self._elapsed_ms(at)
        return sum(entry.at_ms <= elapsed_ms for entry in self._told)

    def _elapsed_ms(self, at: datetime) -> float:
        return (at - self._kickoff_at).total_seconds() * 1000 * self._speed

    def _tell(self, match: FeedMatch) -> list[_Told]:
        timed = _timed(self._document.sport, match.events)
        return [
            _Told(at_ms=at_ms, match=match, event=self._event(match, place, event, at_ms))
            for place, (at_ms, event) in enumerate(timed, start=1)
        ]

    def _event(self, match: FeedMatch, place: int, event: FeedEvent, at_ms: int) -> dict[str, Any]:
        moment = self._kickoff_at + timedelta(milliseconds=at_ms / self._speed)
        return _filled(
            id=f"{match.ref}-{place}",
            rev=1,
            type=event.type,
            period=event.period,
            clock_ms=event.clock_ms,
            clock_label=event.clock_label,
            order=event.order,
            team=event.team,
            player=event.player,
            related_player=event.related_player,
            x=event.x,
            y=event.y,
            payload=dict(event.payload),
            certainty=event.certainty,
            reason=event.reason,
            occurred_at=_rfc3339(moment),
        )


def _timed(sport: str, events: Sequence[FeedEvent]) -> list[tuple[int, FeedEvent]]:
    """Return the events with when each is told, in milliseconds of play since the kick-off.

    A period begins when the one before has told its last; what has no period comes at the end.
    """
    current = [event for event in events if not event.is_retracted]
    start_ms, timed = 0, []
    for period in load_pack(sport).periods:
        told = [event for event in current if event.period == period.id]
        told.sort(key=lambda event: (_rank(event), event.clock_ms, event.order))
        length_ms = 0
        for place, event in enumerate(told):
            clock_ms = event.clock_ms if period.length_ms else place * _UNTIMED_MS
            length_ms = max(length_ms, clock_ms)
            # The end of a period is its last word, whatever its clock says.
            at_ms = length_ms if _rank(event) > 0 else clock_ms
            timed.append((start_ms + at_ms, event))
        start_ms += length_ms
    return timed + [(start_ms, event) for event in current if not event.period]


def _rank(event: FeedEvent) -> int:
    return {"period_start": -1, "period_end": 1}.get(event.type, 0)


def _sheet(sheet: FeedSheet) -> dict[str, Any]:
    return {
        **_filled(team=sheet.team, formation=sheet.formation, coach=sheet.coach),
        "players": [
            {
                "id": spot.player,
                "starter": spot.is_starter,
                "position": spot.position,
                "shirt": spot.shirt,
                "order": spot.order,
                "captain": spot.is_captain,
            }
            for spot in sheet.spots
        ],
        **_filled(
            missing=[_filled(player=one.player, reason=one.reason) for one in sheet.missing or ()]
            or None
        ),
    }


def _filled(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value not in (None, "", {})}


def _rfc3339(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
