"""Reads of tables as pages show them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

from django.db.models import Min, QuerySet

from config.sight import sight
from leagues.models import Season
from leagues.packs.loader import load_pack
from leagues.packs.schema import Zone
from matches.models import Match, pasts_of
from stats.enums import TableKind
from stats.models import TableAdjustment, TableRow

# `stats.services.tables` folds results again; until it is loaded nothing is told.
_rows_told: Callable[[Season, str], list[TableRow]] = lambda _season, _kind: []  # noqa: E731


def fold_rows_by(rows_told: Callable[[Season, str], list[TableRow]]) -> None:
    """Say how the tables are made that a reader with a delay may see."""
    global _rows_told  # noqa: PLW0603 - set once, when the app is loaded
    _rows_told = rows_told


def table_rows(season: Season, *, kind: str = "total") -> list[TableRow]:
    """Return a table's rows with their teams, as the present reader may see them."""
    if _is_withheld(season):
        return _rows_told(season, kind)
    return list(TableRow.objects.filter(season=season, kind=kind).select_related("team"))


def undecided_ties() -> QuerySet[TableRow]:
    """Return the rows of current tables that the rules cannot separate: people have to.

    Teams that have not played yet share their rank, and nobody minds.
    """
    rows = TableRow.objects.filter(
        is_tied=True, kind=TableKind.TOTAL, season__is_current=True, season__league__is_test=False
    )
    return rows.exclude(form="")


def _is_withheld(season: Season) -> bool:
    """Whether the stored table tells more than the present reader may know."""
    seen = sight()
    if seen is None:
        return False
    if seen.hides(season.public_id):
        return True
    recent = list(pasts_of(seen))
    return bool(recent) and Match.objects.filter(season=season, pk__in=recent).exists()


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
    # Of the live match whose vendor has been silent longest, None without live matches.
    data_at: datetime | None = None

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


def season_table(
    season: Season,
    *,
    kind: str = "total",
    tells_age: bool = False,
    rows: Sequence[TableRow] | None = None,
) -> Table:
    """Return the season's table of that kind; two queries. The league must be fetched along.

    With `tells_age` a provisional one says how old its live data is, by a third query. With `rows`
    it is made of those.
    """
    pack = load_pack(season.league.sport)
    if rows is None:
        rows = table_rows(season, kind=kind)
    standings = [Standing(row=row, zone=zone_of(pack.zones, row.rank, kind)) for row in rows]
    groups = groupby(standings, key=lambda standing: standing.row.group)
    adjustments = TableAdjustment.objects.filter(season=season).select_related("team")
    present = {standing.zone for standing in standings if standing.zone}
    is_provisional = any(standing.row.is_provisional for standing in standings)
    return Table(
        season=season,
        kind=kind,
        columns=pack.table.columns,
        groups=tuple(TableGroup(name=name, rows=tuple(found)) for name, found in groups),
        zones=tuple(zone for zone in pack.zones if zone in present),
        is_provisional=is_provisional,
        adjustments=tuple(adjustments),
        data_at=live_data_at(season) if is_provisional and tells_age else None,
    )


def live_data_at(season: Season) -> datetime | None:
    """Return when the vendor of the season's stalest live match last gave a good answer."""
    live = Match.objects.filter(season=season).live()
    oldest: datetime | None = live.aggregate(oldest=Min("data_at"))["oldest"]
    return oldest


def zone_of(zones: Iterable[Zone], rank: int, kind: str) -> Zone | None:
    """Return the zone of a rank; split tables have none."""
    if kind != "total":
        return None
    return next((zone for zone in zones if zone.first <= rank <= zone.last), None)
