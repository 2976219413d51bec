"""Reads of seasons: a player's numbers, what a league's season has to offer."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet, Subquery

from leagues.models import Player, Season, Team
from leagues.packs.forms import PresenceMinutes
from leagues.packs.loader import load_pack
from leagues.packs.schema import Column, SportPack
from matches.models import OVER_STATUSES, Feed, Match, TeamSheetSpot
from stats.models import StatLine, TableRow
from stats.rules.season_totals import Number, season_totals, telling_columns


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerSeason:
    """A player's season: totals by column and the matches they come from, newest first."""

    season: Season
    teams: tuple[Team, ...]
    match_count: int
    columns: tuple[Column, ...]
    totals: Mapping[str, Number]
    lines: tuple[StatLine, ...]


def player_seasons(player: Player) -> list[PlayerSeason]:
    """Return the player's seasons, newest first; one query."""
    pack = load_pack(player.sport)
    lines = (
        StatLine.objects.filter(player=player)
        .select_related("team", "match__season__league", "match__home", "match__away")
        .order_by("-match__kickoff_at")
    )
    by_season: dict[int, list[StatLine]] = {}
    for line in lines:
        by_season.setdefault(line.match.season_id, []).append(line)
    return [_player_season(pack, found) for found in by_season.values()]


def live_match(seasons: Iterable[PlayerSeason]) -> Match | None:
    """Return the match under way that the numbers of these seasons count in, None without one.

    Beside one that is suspended it is the one last heard of.
    """
    matches = (line.match for season in seasons for line in season.lines)
    live = [match for match in matches if match.is_live]
    return max(live, key=lambda match: (match.data_at is not None, match.data_at), default=None)


def _player_season(pack: SportPack, lines: list[StatLine]) -> PlayerSeason:
    played = [line for line in lines if _took_part(pack, line.values)]
    values = [line.values for line in played]
    return PlayerSeason(
        season=lines[0].match.season,
        teams=tuple({line.team_id: line.team for line in lines}.values()),
        match_count=len(played),
        columns=telling_columns((c for c in pack.columns if c.for_player), values),
        totals=season_totals(pack, values),
        lines=tuple(played),
    )


def _took_part(pack: SportPack, values: Mapping[str, Number]) -> bool:
    return any(values.get(column.id) for column in pack.columns if column.for_player)


def minutes_unit(column: Column) -> str:
    """Return the unit a column of minutes is kept in."""
    return column.rule.unit if isinstance(column.rule, PresenceMinutes) else "min"


def with_coverage(seasons: QuerySet[Season]) -> QuerySet[Season]:
    """Annotate seasons with `has_<feature>` and with `poll_ms`, the fastest enabled feed's pace."""
    matches = Match.objects.filter(season=OuterRef("pk"))
    over = matches.filter(status__in=OVER_STATUSES)
    feeds = Feed.objects.filter(season=OuterRef("pk"), is_enabled=True).order_by("live_interval_ms")
    return seasons.annotate(
        has_fixtures=Exists(matches),
        has_results=Exists(over),
        has_events=Exists(matches.filter(head_seq__gt=0)),
        has_lineups=Exists(TeamSheetSpot.objects.filter(sheet__match__season=OuterRef("pk"))),
        has_player_stats=Exists(StatLine.objects.filter(match__season=OuterRef("pk"))),
        has_standings=Exists(TableRow.objects.filter(season=OuterRef("pk"))),
        poll_ms=Subquery(feeds.values("live_interval_ms")[:1]),
    )
