"""Both sides' players with their numbers of a match."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leagues.models import Player, Team
from leagues.packs.schema import Column, SportPack
from matches.enums import SheetRole
from matches.models import Match, TeamSheetSpot
from stats.models import BoxScore, StatLine
from stats.rules.season_totals import Number, telling_columns

_MOST_COLUMNS = 40
ALL_GROUPS = "all"


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
        for row in TeamSheetSpot.objects.filter(
            sheet__match=match, sheet__is_confirmed=True
        ).values_list("player_id", "role", "shirt", "position", "order")
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


def _player_line(line: StatLine, spot: Sequence[Any] | None) -> PlayerLine:
    role, shirt, position, _order = spot or ("", "", line.player.position, 0)
    return PlayerLine(
        player=line.player,
        shirt=shirt,
        position=position,
        is_starter=role == SheetRole.STARTER,
        values=line.values,
    )
