"""The official record of a match in the public Wyscout data set: line-ups and substitutions.

Its goals and cards are not read: those come from the events. `ownGoals` is known to be wrong.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from types import MappingProxyType

from matches.ingest.adapters._football import (
    EXTRA_FIRST,
    EXTRA_SECOND,
    FIRST,
    MINUTE_MS,
    SECOND,
    START_MIN,
    clock_label,
    season_of,
)
from matches.ingest.adapters._wyscout_names import player_of
from matches.ingest.documents import FeedEvent, FeedPlayer, FeedSheet, FeedSpot
from matches.ingest.reading import Node

_COMPETITIONS = MappingProxyType(
    {
        "England": "Premier League",
        "France": "Ligue 1",
        "Germany": "Bundesliga",
        "Italy": "Serie A",
        "Spain": "La Liga",
        "European_Championship": "European Championship",
        "World_Cup": "World Cup",
    }
)
_TOURNAMENTS = frozenset(("European_Championship", "World_Cup"))
# The last minute of each period; added time has no minutes of its own in the record.
_LAST_MINUTES = MappingProxyType({FIRST: 45, SECOND: 90, EXTRA_FIRST: 105, EXTRA_SECOND: 120})
_AFTER_THE_REST = 2**30


@dataclass(frozen=True, slots=True, kw_only=True)
class Substitution:
    """One change: the minute counts from 1 and belongs to who goes off."""

    team: str
    off: str
    on: str
    minute: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineup:
    """One side's starters and bench by id, in the record's order."""

    starters: Sequence[str]
    bench: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What the record says of one match."""

    kickoff_at: datetime | None
    matchday: int | None
    venue: str
    competition: str
    season: str
    sides: Mapping[str, str]
    goals: Mapping[str, int]
    lineups: Mapping[str, Lineup]
    changes: Sequence[Substitution]

    def score(self, home: str, away: str) -> tuple[int, int] | None:
        """Return the official score after extra time, if any was played."""
        if home in self.goals and away in self.goals:
            return self.goals[home], self.goals[away]
        return None


def find(lists: Iterable[Node], number: str) -> Record | None:
    """Return the record of the match in any of the lists."""
    for node in lists:
        for entry in node.items():
            value = entry.value
            if (
                isinstance(value, dict)
                and str(value.get("wyId")) == number
                and ("teamsData" in value)
            ):
                return _record(entry)
    return None


def _record(node: Node) -> Record:
    teams = dict(node.get("teamsData").members())
    competition = node.text("competition", "")
    kickoff_at = _kickoff(node)
    extra = node.text("duration", "Regular") != "Regular"
    return Record(
        kickoff_at=kickoff_at,
        matchday=node.whole("gameweek", 0) or None,
        venue=node.text("venue", ""),
        competition=_COMPETITIONS.get(competition, competition.replace("_", " ")),
        season=_season(competition, kickoff_at),
        sides={ref: team.text("side") for ref, team in teams.items()},
        goals={ref: team.whole("scoreET" if extra else "score") for ref, team in teams.items()},
        lineups={ref: _lineup(team) for ref, team in teams.items()},
        changes=[change for ref, team in teams.items() for change in _changes(ref, team)],
    )


def _season(competition: str, kickoff_at: datetime | None) -> str:
    if kickoff_at is None:
        return ""
    is_tournament = competition in _TOURNAMENTS
    return str(kickoff_at.year) if is_tournament else season_of(kickoff_at.date())


def _kickoff(node: Node) -> datetime | None:
    text = node.text("dateutc", "")
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None
    except ValueError:
        raise node.get("dateutc").refuse("a time such as 2017-08-11 18:45:00") from None


def _lineup(team: Node) -> Lineup:
    formation = team.get("formation")
    return Lineup(
        starters=[str(p.whole("playerId")) for p in _rows(formation, "lineup")],
        bench=[str(p.whole("playerId")) for p in _rows(formation, "bench")],
    )


def _rows(formation: Node, key: str) -> Iterable[Node]:
    # "null" as text stands for an empty list.
    rows = formation.get(key, [])
    return () if rows.value in (None, "null") else rows.items()


def _changes(team: str, node: Node) -> list[Substitution]:
    return [
        Substitution(
            team=team,
            off=str(row.whole("playerOut")),
            on=str(row.whole("playerIn")),
            minute=row.whole("minute"),
        )
        for row in _rows(node.get("formation"), "substitutions")
        if row.whole("playerOut") and row.whole("playerIn")
    ]


def sides(record: Record | None, teams: Node) -> tuple[str, str]:
    """Return the ids of (home, away). Raises FeedError when there are not two teams."""
    refs = [ref for ref, _ in teams.members()]
    if len(refs) != 2:
        raise teams.refuse("two teams by id")
    if record is not None and record.sides.get(refs[0]) == "away":
        return refs[1], refs[0]
    return refs[0], refs[1]


def players(node: Node, record: Record | None) -> list[FeedPlayer]:
    """Return the players of the match; who is on a sheet without being listed has no name."""
    found: dict[str, FeedPlayer] = {}
    for team, members in node.get("players").members():
        for member in members.items():
            if isinstance(member.value, dict):
                value = member.get("player").value
                ref = str(value.get("wyId"))
                found[ref] = player_of(ref, team, value)
    for team, lineup in (record.lineups if record else {}).items():
        for ref in (*lineup.starters, *lineup.bench):
            found.setdefault(ref, player_of(ref, team, {}))
    return list(found.values())


def sheets(record: Record, node: Node) -> list[FeedSheet]:
    """Return both line-ups."""
    positions = {player.ref: player.position for player in players(node, None)}
    return [
        FeedSheet(
            team=team,
            spots=[
                FeedSpot(
                    player=ref,
                    is_starter=order < len(lineup.starters),
                    position=positions.get(ref, ""),
                    order=order,
                )
                for order, ref in enumerate((*lineup.starters, *lineup.bench))
            ],
        )
        for team, lineup in record.lineups.items()
    ]


def substitutions(record: Record, told: Sequence[FeedEvent]) -> list[FeedEvent]:
    """Return the substitutions, each at a clock that what both players did allows."""
    ends = {event.period: event.clock_ms for event in told}
    return [
        _substitution(change, told, ends, order)
        for order, change in enumerate(record.changes)
        if _period(change.minute) in ends
    ]


def _substitution(
    change: Substitution, told: Sequence[FeedEvent], ends: Mapping[str, int], order: int
) -> FeedEvent:
    period = _period(change.minute)
    clock_ms = _clock(change, period, told, ends[period])
    return FeedEvent(
        type="substitution",
        period=period,
        clock_ms=clock_ms,
        clock_label=clock_label(period, clock_ms),
        order=_AFTER_THE_REST + order,
        team=change.team,
        player=change.off,
        related_player=change.on,
        vendor_event_id=f"substitution:{change.off}:{change.on}",
    )


def _period(minute: int) -> str:
    return next((p for p, last in _LAST_MINUTES.items() if minute <= last), EXTRA_SECOND)


def _clock(change: Substitution, period: str, told: Sequence[FeedEvent], end_ms: int) -> int:
    """Return a clock inside the stated minute, after the last act of who goes off.

    The minute of the record is all there is; a period's last minute also holds its added time.
    """
    minute_ms = (change.minute - 1 - START_MIN[period]) * MINUTE_MS
    # Inside the minute: on its edge both players would have played whole minutes only.
    start_ms, limit_ms = minute_ms + 1_000, minute_ms + MINUTE_MS - 1_000
    if change.minute == _LAST_MINUTES[period]:
        limit_ms = max(end_ms, start_ms)
    off = [e.clock_ms for e in told if e.player == change.off and e.period == period]
    on = [e.clock_ms for e in told if e.player == change.on and e.period == period]
    if minute_ms == 0 and not off:
        # Changed during the break: nothing of the first minute was played.
        return 0
    low_ms = max(start_ms, max((clock for clock in off if clock <= limit_ms), default=0))
    high_ms = min(limit_ms, min((clock for clock in on if clock >= low_ms), default=limit_ms))
    return _stoppage(told, period, low_ms, high_ms)


def _stoppage(told: Sequence[FeedEvent], period: str, low_ms: int, high_ms: int) -> int:
    """Return the start of the longest pause between two acts: the ball is dead for a change."""
    acts = [low_ms]
    acts += [e.clock_ms for e in told if e.period == period and low_ms < e.clock_ms < high_ms]
    acts.append(high_ms)
    longest = max(pairwise(acts), key=lambda pair: pair[1] - pair[0])
    return longest[0]
