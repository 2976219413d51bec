"""A match as kloppy alone tells it, for providers whose own definitions we have no records of."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time
from typing import Any

from matches.ingest.adapters import _football as football
from matches.ingest.adapters import _kloppy as kloppy
from matches.ingest.documents import (
    FeedDocument,
    FeedEvent,
    FeedMatch,
    FeedPlayer,
    FeedSheet,
    FeedSpot,
    FeedTeam,
)

_POSITIONS = (
    ("Goalkeeper", "GKP"),
    ("Back", "DEF"),
    ("Defender", "DEF"),
    ("Midfield", "MID"),
    ("Wing", "FWD"),
    ("Forward", "FWD"),
    ("Striker", "FWD"),
    ("Attacker", "FWD"),
)


def match_document(
    source: str,
    ref: str,
    dataset: Any,
    read: Callable[[Any], list[FeedEvent]] = kloppy.translate,
) -> FeedDocument:
    """Return the document of one match; `read` turns each of kloppy's events into our words."""
    home, away = dataset.metadata.teams
    told = football.numbered(fact for event in dataset.records for fact in read(event))
    over = _is_over(dataset.metadata.periods)
    score, date = dataset.metadata.score, dataset.metadata.date
    match = FeedMatch(
        ref=dataset.metadata.game_id or ref,
        home=home.team_id,
        away=away.team_id,
        kickoff_at=_kickoff(date),
        status=football.status_after(event.period for event in told) if over else "live",
        matchday=_whole(dataset.metadata.game_week),
        score=(score.home, score.away) if score and score.home is not None else None,
        sheets=[_sheet(team) for team in (home, away)],
        events=football.framed(_distinct(told), over=over),
        is_snapshot=True,
    )
    return FeedDocument(
        source=source,
        sport=football.SPORT,
        season=football.season_of(date.date()) if isinstance(date, datetime) else "",
        teams=[FeedTeam(ref=team.team_id, name=team.name) for team in (home, away)],
        players=[_player(player, team) for team in (home, away) for player in _numbered(team)],
        matches=[match],
    )


def _kickoff(date: Any) -> datetime | None:
    if not isinstance(date, datetime) or date.tzinfo is None:
        return None
    moment = date.astimezone(UTC)
    # Midnight stands for a day without a time; noon is the same day nearly everywhere.
    return moment.replace(hour=12) if moment.time() == time() else moment


def _is_over(periods: Sequence[Any]) -> bool:
    return len(periods) > 1 and all(period.end_timestamp is not None for period in periods)


def _whole(text: Any) -> int | None:
    return int(text) if str(text).isdecimal() else None


def _distinct(events: Sequence[FeedEvent]) -> list[FeedEvent]:
    """Leave out what a provider tells twice under one id."""
    return list({event.vendor_event_id: event for event in events}.values())


def _numbered(team: Any) -> list[Any]:
    """Return the players; coaches stand on some lists too, without a shirt number."""
    return [player for player in team.players if player.jersey_no is not None]


def _player(player: Any, team: Any) -> FeedPlayer:
    return FeedPlayer(
        ref=player.player_id,
        name=" ".join(str(player.full_name).split()),
        team=team.team_id,
        shirt=str(player.jersey_no or ""),
        position=_position(player),
    )


def _sheet(team: Any) -> FeedSheet:
    listed = sorted(_numbered(team), key=lambda player: not player.starting)
    spots = [
        FeedSpot(
            player=player.player_id,
            is_starter=bool(player.starting),
            position=_position(player),
            shirt=str(player.jersey_no or ""),
            order=order,
        )
        for order, player in enumerate(listed)
    ]
    shape = team.starting_formation.value if team.starting_formation else ""
    return FeedSheet(team=team.team_id, spots=spots, formation=shape)


def _position(player: Any) -> str:
    # kloppy's positions are words such as "Right Center Back".
    name = str(player.starting_position or "")
    return next((ours for word, ours in _POSITIONS if word in name), "")
