"""Standings: a season's table as a pure function of results, rules and decisions.

Worked examples and the meaning of every column and comparator: docs/rules/standings.md.
"""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace

from leagues.packs.schema import TableRules, Zone
from stats.rules.records import AWAY, HOME, TOTAL, Record
from stats.rules.results import AWARDED, Adjustment, Outcome, Result, TableTeam, outcome
from stats.rules.tiebreaks import Season, Teams, ordered

__all__ = [
    "AWAY",
    "HOME",
    "TOTAL",
    "Adjustment",
    "Outcome",
    "Result",
    "Row",
    "TableTeam",
    "outcome",
    "table",
]

TableValue = int | float | str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A team's place in the table of its group.

    `is_tied`: the rules cannot separate it from the teams it shares the rank with.
    `is_provisional`: a match of the team is not final. `rank_before` is the rank without the
    matches under way, None when there are none. `form` is newest last.
    """

    team: Hashable
    group: str
    rank: int
    is_tied: bool
    is_provisional: bool
    rank_before: int | None
    values: dict[str, TableValue]
    form: str
    adjusted_points: int
    zone: Zone | None


def table(
    results: Iterable[Result],
    rules: TableRules,
    adjustments: Iterable[Adjustment] = (),
    *,
    teams: Iterable[TableTeam] = (),
    kind: str = TOTAL,
) -> list[Row]:
    """Return the rows by group and rank; the order of `results` makes no difference.

    Teams that only `results` name are put into the group "". Home and away tables ("home",
    "away") count one side's matches and no adjustments, and have no zones.
    """
    played = sorted(results, key=lambda r: (r.at, str(r.home), str(r.away)))
    decisions = tuple(adjustments) if kind == TOTAL else ()
    season = Season(
        teams=_with_unlisted(teams, played),
        results=played,
        points=rules.points,
        adjustments=decisions,
        kind=kind,
    )
    rows = _rows(season, rules)
    if not any(result.is_live for result in played):
        return rows
    over = [result for result in played if not result.is_live]
    kick_off = Season(
        teams=season.teams, results=over, points=rules.points, adjustments=decisions, kind=kind
    )
    before = {row.team: row.rank for row in _rows(kick_off, rules)}
    return [replace(row, rank_before=before[row.team]) for row in rows]


def _with_unlisted(
    teams: Iterable[TableTeam], results: Sequence[Result]
) -> dict[Hashable, TableTeam]:
    listed = {team.team: team for team in teams}
    for result in results:
        for team in (result.home, result.away):
            listed.setdefault(team, TableTeam(team=team, name=str(team)))
    return listed


def _rows(season: Season, rules: TableRules) -> list[Row]:
    groups: dict[str, list[Hashable]] = {}
    for team in sorted(season.teams.values(), key=lambda team: (team.name, str(team.team))):
        groups.setdefault(team.group, []).append(team.team)
    return [
        row
        for group in sorted(groups)
        for row in _group_rows(season, rules, group, tuple(groups[group]))
    ]


def _group_rows(season: Season, rules: TableRules, group: str, teams: Teams) -> list[Row]:
    levels = ordered(season, teams, rules.tiebreak)
    found = season.full(AWARDED)
    leader = found[levels[0][0]]
    open_teams = {
        team for r in season.results if not r.is_final or r.is_live for team in (r.home, r.away)
    }
    rows = []
    rank = 1
    for level in levels:
        for team in level:
            record = found[team]
            row = Row(
                team=team,
                group=group,
                rank=rank,
                is_tied=len(level) > 1,
                is_provisional=team in open_teams,
                rank_before=None,
                values=_values(record, rules, leader),
                form="".join(record.letters[-rules.form_length :]),
                adjusted_points=sum(a.points for a in season.adjustments if a.team == team),
                zone=_zone(rules, rank) if season.kind == TOTAL else None,
            )
            rows.append(row)
        rank += len(level)
    return rows


def _zone(rules: TableRules, rank: int) -> Zone | None:
    return next((zone for zone in rules.zones if zone.first <= rank <= zone.last), None)


def _values(record: Record, rules: TableRules, leader: Record) -> dict[str, TableValue]:
    """Return every column; a kind of win or loss with a column of its own is left out of the sum.

    So losses in overtime stand apart where the table shows them, and are losses where it does not.
    """
    shown = set(rules.columns)
    apart = {kind: record.count(kind) for kind in _APART if f"{kind}{_PLURAL[kind]}" in shown}
    best = record.played * rules.points.win
    return {
        "played": record.played,
        "wins": record.wins - sum(n for kind, n in apart.items() if kind.endswith("win")),
        "draws": record.draws,
        "losses": record.losses - sum(n for kind, n in apart.items() if kind.endswith("loss")),
        **{f"{kind}{_PLURAL[kind]}": record.count(kind) for kind in _APART},
        "goals_for": record.goals_for,
        "goals_against": record.goals_against,
        "goal_diff": record.goal_diff,
        "points": record.points,
        "pct": round(float(record.win_share), 3) if record.played else None,
        "points_pct": round(record.points / best, 3) if best else None,
        "streak": record.streak,
        "games_behind": _games_behind(record, leader),
    }


_PLURAL = {
    "overtime_win": "s",
    "overtime_loss": "es",
    "shootout_win": "s",
    "shootout_loss": "es",
}
_APART = tuple(_PLURAL)


def _games_behind(record: Record, leader: Record) -> TableValue:
    halves = leader.wins - record.wins + record.losses - leader.losses
    return halves // 2 if halves % 2 == 0 else halves / 2
