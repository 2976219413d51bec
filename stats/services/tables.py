"""Making a season's tables anew from its results, decisions and the pack's rules."""

from collections.abc import Sequence

from django.db import transaction

from config.clock import now
from leagues.models import Season
from leagues.packs.loader import load_pack
from matches.enums import MatchStatus
from matches.models import LIVE_STATUSES, OVER_STATUSES, Match
from stats.enums import TableKind
from stats.models import TableAdjustment, TableRow
from stats.rules.standings import Adjustment, Result, Row, TableTeam, table

_DECIDED_IN = {
    MatchStatus.FINISHED_AET: "overtime",
    MatchStatus.FINISHED_PENS: "shootout",
}

_FOLDED = ("group", "rank", "rank_before", "is_tied", "is_provisional", "values", "form")


@transaction.atomic
def refresh_tables(season_id: int) -> None:
    """Fold the season's results into its three tables; running it again changes nothing.

    Matches under way count as they stand. Locks the season row, so two refreshes queue up and
    the later one sees all that the earlier one saw. Raises Season.DoesNotExist.
    """
    season = (
        Season.objects.select_for_update(of=("self",), no_key=True)
        .select_related("league")
        .get(pk=season_id)
    )
    rules = load_pack(season.league.sport).table
    teams = [
        TableTeam(team=team, name=name, group=group)
        for team, name, group in season.season_teams.values_list("team_id", "team__name", "group")
    ]
    results = _results(season)
    adjustments = [
        Adjustment(team=row.team_id, points=row.points, goals=row.goals)
        for row in TableAdjustment.objects.filter(season=season)
    ]
    rows: list[TableRow] = []
    for kind in TableKind:
        folded = table(results, rules, adjustments, teams=teams, kind=kind.value)
        rows += [_table_row(season, kind, row) for row in folded]
    _write(season, rows)


def _results(season: Season) -> Sequence[Result]:
    counted = Match.objects.filter(
        season=season, status__in=(*LIVE_STATUSES, *OVER_STATUSES)
    ).order_by("kickoff_at", "pk")
    return [_result(match) for match in counted if _score(match) or _awarded(match)]


def _result(match: Match) -> Result:
    shootout = (
        (match.home_shootout, match.away_shootout)
        if match.home_shootout is not None and match.away_shootout is not None
        else None
    )
    return Result(
        home=match.home_id,
        away=match.away_id,
        score=_score(match),
        awarded=_awarded(match),
        shootout=shootout,
        decided_in=_DECIDED_IN.get(MatchStatus(match.status), "regular"),
        at=(match.kickoff_at, match.pk),
        is_live=match.is_live,
        is_final=match.status == MatchStatus.FINAL,
    )


def _score(match: Match) -> tuple[int, int] | None:
    if match.home_score is None or match.away_score is None:
        return None
    return match.home_score, match.away_score


def _awarded(match: Match) -> tuple[int, int] | None:
    if match.awarded_home is None or match.awarded_away is None:
        return None
    return match.awarded_home, match.awarded_away


def _table_row(season: Season, kind: TableKind, row: Row) -> TableRow:
    return TableRow(  # type: ignore[misc]  # row.team is the key that went in
        season=season,
        kind=kind,
        group=row.group,
        team_id=row.team,
        rank=row.rank,
        rank_before=row.rank_before,
        is_tied=row.is_tied,
        is_provisional=row.is_provisional,
        values=row.values,
        form=row.form,
        folded_at=now(),
    )


def _write(season: Season, rows: Sequence[TableRow]) -> None:
    held = TableRow.objects.filter(season=season)
    held.exclude(team_id__in={row.team_id for row in rows}).delete()
    before = {(key[0], key[1]): key[2:] for key in held.values_list("kind", "team_id", *_FOLDED)}
    TableRow.objects.bulk_create(
        [
            row
            for row in rows
            if before.get((row.kind, row.team_id)) != tuple(getattr(row, name) for name in _FOLDED)
        ],
        update_conflicts=True,
        unique_fields=["season", "kind", "team"],
        update_fields=[*_FOLDED, "folded_at"],
    )
