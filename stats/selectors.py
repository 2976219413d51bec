"""Reads of boxscores, tables and players' seasons for pages."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet, Subquery

from leagues.models import Player, Season, Team
from leagues.packs.forms import PresenceMinutes, Ratio
from leagues.packs.loader import load_pack
from leagues.packs.schema import Column, SportPack, Zone
from matches.enums import SheetRole
from matches.models import OVER_STATUSES, Feed, Match, TeamSheetSpot
from matches.selectors.fixtures import public_match_ids
from matches.selectors.plays import current_plays
from stats.models import BoxScore, StatLine, TableAdjustment, TableRow
from stats.rules.momentum import MinutePressure, act_of, momentum
from stats.rules.season_totals import Number, season_totals, telling_columns
from stats.topics import StatUpdate
from streams.changes import Told

_LEADING_BARS = 6
_MOST_COLUMNS = 40
ALL_GROUPS = "all"


def told_folds(events: Sequence[StatUpdate]) -> list[Told | None]:
    """Say in public which matches' numbers changed; one query."""
    ids = public_match_ids(event.match_id for event in events)
    return [
        Told(
            id=ids[event.match_id],
            data={
                "folded_seq": event.folded_seq,
                "status": event.status,
                "standing_changed": event.standing_changed,
            },
        )
        if event.match_id in ids
        else None
        for event in events
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One column of both teams side by side; `detail` is what a ratio is made of."""

    column: Column
    home: Number
    away: Number
    home_detail: str = ""
    away_detail: str = ""

    @property
    def better(self) -> str:
        """The side that is ahead in what the column counts, or nothing."""
        if self.column.better == "none" or self.home is None or self.away is None:
            return ""
        if self.home == self.away:
            return ""
        more = "home" if self.home > self.away else "away"
        less = "away" if more == "home" else "home"
        return more if self.column.better == "high" else less

    @property
    def shares(self) -> tuple[float, float]:
        """Each side's part of the sum, 0 to 1; zeros where there is nothing to share."""
        home, away = max(self.home or 0, 0), max(self.away or 0, 0)
        whole = home + away
        return (home / whole, away / whole) if whole else (0.0, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class BarGroup:
    """A titled group of bars."""

    label: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """The first few bars, then the others by group."""

    leading: tuple[Bar, ...] = ()
    groups: tuple[BarGroup, ...] = ()

    @property
    def all(self) -> tuple[Bar, ...]:
        return self.leading + tuple(bar for group in self.groups for bar in group.bars)


def stat_bars(pack: SportPack, box: BoxScore | None) -> Bars:
    """Return both teams' totals in the pack's order; columns without any number are left out.

    What a ratio is made of stands beside the ratio, not in a bar of its own. No query.
    """
    if box is None:
        return Bars()
    home, away = box.home_totals, box.away_totals
    shown = [c for c in telling_columns(pack.columns, (home, away)) if c.for_team]
    parts = {p for c in shown if isinstance(c.rule, Ratio) for p in (c.rule.num, c.rule.den)}
    visible = {column.id for column in shown}
    bars = [_bar(column, home, away, visible) for column in shown if column.id not in parts]
    groups: dict[str, list[Bar]] = {}
    for bar in bars[_LEADING_BARS:]:
        groups.setdefault(bar.column.group, []).append(bar)
    return Bars(
        leading=tuple(bars[:_LEADING_BARS]),
        groups=tuple(
            BarGroup(label=pack.column_groups.get(group, ""), bars=tuple(found))
            for group, found in groups.items()
        ),
    )


def _bar(
    column: Column, home: Mapping[str, Number], away: Mapping[str, Number], visible: set[str]
) -> Bar:
    rule = column.rule
    details = ["", ""]
    if isinstance(rule, Ratio) and column.format == "pct1" and rule.num in visible:
        details = [f"{side.get(rule.num) or 0}/{side.get(rule.den) or 0}" for side in (home, away)]
    return Bar(
        column=column,
        home=home.get(column.id),
        away=away.get(column.id),
        home_detail=details[0],
        away_detail=details[1],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerLine:
    """A player's numbers in one match."""

    player: Player
    shirt: str
    position: str
    is_starter: bool
    values: Mapping[str, Number]


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxTables:
    """Both sides' boxscores, of all columns or of one group of them (`group`)."""

    sides: tuple["SideTable", ...]
    groups: tuple[tuple[str, str], ...]
    group: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SideTable:
    """One side's boxscore by player, with the team's totals below."""

    side: str
    team: Team
    columns: tuple[Column, ...]
    starters: tuple[PlayerLine, ...]
    others: tuple[PlayerLine, ...]
    totals: Mapping[str, Number]


def player_tables(
    match: Match, pack: SportPack, box: BoxScore | None, *, group: str = ""
) -> BoxTables:
    """Return both sides' players, starters first, as far as they took part; two queries.

    `group` is a group of the pack's columns, or "all". A sport with more columns than fit on any
    screen shows its first group when none is asked for.
    """
    spots = {
        row[0]: row[1:]
        for row in TeamSheetSpot.objects.filter(sheet__match=match).values_list(
            "player_id", "role", "shirt", "position", "order"
        )
    }
    lines = list(StatLine.objects.filter(match=match).select_related("player"))
    telling = telling_columns(
        (column for column in pack.columns if column.for_player), (line.values for line in lines)
    )
    groups = _groups_of(pack, telling)
    chosen = _chosen_group(groups, telling, group)
    columns = tuple(c for c in telling if chosen in {ALL_GROUPS, c.group})
    held = [line for line in lines if any(line.values.get(column.id) for column in columns)]
    sides = (
        _side_table(side, team, columns, held, spots, box)
        for side, team in (("home", match.home), ("away", match.away))
    )
    return BoxTables(
        sides=tuple(table for table in sides if table.starters or table.others),
        groups=groups,
        group=chosen,
    )


def _groups_of(pack: SportPack, columns: Sequence[Column]) -> tuple[tuple[str, str], ...]:
    present = {column.group for column in columns}
    return tuple((key, label) for key, label in pack.column_groups.items() if key in present)


def _chosen_group(groups: Sequence[tuple[str, str]], columns: Sequence[Column], wish: str) -> str:
    known = [key for key, _ in groups]
    if wish in known or wish == ALL_GROUPS:
        return wish
    return known[0] if known and len(columns) > _MOST_COLUMNS else ALL_GROUPS


def _side_table(
    side: str,
    team: Team,
    columns: tuple[Column, ...],
    lines: Iterable[StatLine],
    spots: Mapping[int, Sequence[Any]],
    box: BoxScore | None,
) -> SideTable:
    own = sorted(
        (line for line in lines if line.team_id == team.pk),
        key=lambda line: (spots.get(line.player_id, ("", "", "", 999))[3], line.player.name),
    )
    players = [_player_line(line, spots.get(line.player_id)) for line in own]
    totals = (box.home_totals if side == "home" else box.away_totals) if box else {}
    return SideTable(
        side=side,
        team=team,
        columns=columns,
        starters=tuple(player for player in players if player.is_starter),
        others=tuple(player for player in players if not player.is_starter),
        totals=totals,
    )


def _took_part(pack: SportPack, values: Mapping[str, Number]) -> bool:
    return any(values.get(column.id) for column in pack.columns if column.for_player)


def _player_line(line: StatLine, spot: Sequence[Any] | None) -> PlayerLine:
    role, shirt, position, _order = spot or ("", "", line.player.position, 0)
    return PlayerLine(
        player=line.player,
        shirt=shirt,
        position=position,
        is_starter=role == SheetRole.STARTER,
        values=line.values,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A row of a table with its zone and whether it moved since the live matches began."""

    row: TableRow
    zone: Zone | None

    @property
    def moved(self) -> int:
        """Ranks won (positive) or lost since before the live matches."""
        before = self.row.rank_before
        return before - self.row.rank if before is not None else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TableGroup:
    """One group's or conference's rows."""

    name: str
    rows: tuple[Standing, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A season's table as a page shows it."""

    season: Season
    kind: str
    columns: tuple[str, ...]
    groups: tuple[TableGroup, ...]
    zones: tuple[Zone, ...]
    is_provisional: bool
    adjustments: tuple[TableAdjustment, ...]

    @property
    def brief_columns(self) -> tuple[str, ...]:
        """The few columns that fit beside other things, the deciding one last."""
        wanted = ("played", "goal_diff", "wins", "losses", "pct", "points")
        held = [column for column in wanted if column in self.columns]
        if "points" in held:
            held = [column for column in held if column in ("played", "goal_diff", "points")]
        return tuple(held)

    def standing_of(self, team_id: int) -> Standing | None:
        """Return the row of one team."""
        rows = (standing for group in self.groups for standing in group.rows)
        return next((standing for standing in rows if standing.row.team_id == team_id), None)

    def around(self, team_id: int, *, beside: int = 2) -> "Table":
        """Return the table cut down to the rows around one team."""
        for group in self.groups:
            ids = [standing.row.team_id for standing in group.rows]
            if team_id in ids:
                last_start = max(0, len(ids) - 2 * beside - 1)
                start = min(max(0, ids.index(team_id) - beside), last_start)
                rows = group.rows[start : start + 2 * beside + 1]
                return replace(self, groups=(replace(group, rows=rows),))
        return replace(self, groups=())


def season_table(season: Season, *, kind: str = "total") -> Table:
    """Return the season's table of that kind; two queries. The league must be fetched along."""
    pack = load_pack(season.league.sport)
    rows = TableRow.objects.filter(season=season, kind=kind).select_related("team")
    standings = [Standing(row=row, zone=zone_of(pack.zones, row.rank, kind)) for row in rows]
    groups = groupby(standings, key=lambda standing: standing.row.group)
    adjustments = TableAdjustment.objects.filter(season=season).select_related("team")
    present = {standing.zone for standing in standings if standing.zone}
    return Table(
        season=season,
        kind=kind,
        columns=pack.table.columns,
        groups=tuple(TableGroup(name=name, rows=tuple(found)) for name, found in groups),
        zones=tuple(zone for zone in pack.zones if zone in present),
        is_provisional=any(standing.row.is_provisional for standing in standings),
        adjustments=tuple(adjustments),
    )


def zone_of(zones: Iterable[Zone], rank: int, kind: str) -> Zone | None:
    """Return the zone of a rank; split tables have none."""
    if kind != "total":
        return None
    return next((zone for zone in zones if zone.first <= rank <= zone.last), None)


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


def momentum_of(match: Match) -> tuple[MinutePressure, ...]:
    """Return which side pressed, minute by minute; one query, the league must be fetched along.

    Empty for a sport without [momentum] and for a log without clock times.
    """
    pack = load_pack(match.season.league.sport)
    if pack.momentum is None:
        return ()
    plays = current_plays(match)
    lengths_ms: dict[str, int] = {}
    for play in plays:
        fact = play.fact
        lengths_ms[fact.period] = max(lengths_ms.get(fact.period, 0), fact.clock_ms)
    acts = (act_of(pack, play.fact, x=play.x, y=play.y) for play in plays)
    return momentum(pack, (act for act in acts if act), lengths_ms=lengths_ms)
