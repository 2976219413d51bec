"""Making a season's tables anew from its results, decisions and the pack's rules."""

import pickle
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final

from django.core.cache import cache
from django.db import transaction
from redis.exceptions import RedisError

from config.clock import now
from config.sight import sight
from leagues.models import Season, SeasonTeam, Team
from leagues.packs.loader import load_pack
from matches.enums import MatchStatus
from matches.models import LIVE_STATUSES, OVER_STATUSES, Match, status_is
from stats.enums import TableKind
from stats.models import TableAdjustment, TableRow
from stats.rules.standings import Adjustment, Result, Row, TableTeam, table

_DECIDED_IN = {
    MatchStatus.FINISHED_AET: "overtime",
    MatchStatus.FINISHED_PENS: "shootout",
}

_KICKOFF_TABLE_KEPT_S: Final = 30
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
    _write(season, folded_rows(season, TableKind))


def folded_rows(
    season: Season, kinds: Iterable[TableKind], *, before: datetime | None = None
) -> list[TableRow]:
    """Return tables as the results make them, unsaved; the league must be fetched along.

    Results and decisions are those that the present reader may know. With `before` only matches
    count that began earlier and are over, and decisions of that time.
    """
    rules = load_pack(season.league.sport).table
    teams = [
        TableTeam(team=team, name=name, group=group)
        for team, name, group in season.season_teams.values_list("team_id", "team__name", "group")
    ]
    decided = TableAdjustment.objects.filter(season=season)
    if before is not None:
        decided = decided.filter(decided_at__lt=before)
    adjustments = [
        Adjustment(team=row.team_id, points=row.points, goals=row.goals) for row in decided
    ]
    results = _results(season, before)
    return [
        _table_row(season, kind, row)
        for kind in kinds
        for row in table(results, rules, adjustments, teams=teams, kind=kind.value)
    ]


def rows_told(season: Season, kind: str) -> list[TableRow]:
    """Return a table's rows by `folded_rows`, each with its team, as stored ones come."""
    return _with_teams(folded_rows(season, [TableKind(kind)]))


def rows_at_kickoff(match: Match) -> list[TableRow]:
    """Return the table that the match began with, as `rows_before` does."""
    return rows_before(match.season, match.kickoff_at)


def rows_before(season: Season, moment: datetime) -> list[TableRow]:
    """Return the table of the matches that began before a moment, each row with its team.

    Writes nothing. For half a minute every reader without a wish gets the same one.
    """
    if sight() is not None:
        return _then(season, moment)
    key = f"kickoff-table:{season.pk}:{moment.timestamp():.0f}"
    with suppress(RedisError, OSError, pickle.UnpicklingError):
        held: list[TableRow] | None = cache.get(key)
        if held is not None:
            return held
    rows = _then(season, moment)
    with suppress(RedisError, OSError):
        cache.set(key, rows, timeout=_KICKOFF_TABLE_KEPT_S)
    return rows


def _then(season: Season, moment: datetime) -> list[TableRow]:
    rows = folded_rows(season, [TableKind.TOTAL], before=moment)
    for row in rows:
        # Nothing that is under way moves it any more.
        row.is_provisional = False
    return _with_teams(rows)


def _with_teams(rows: list[TableRow]) -> list[TableRow]:
    teams = Team.objects.in_bulk({row.team_id for row in rows})
    for row in rows:
        row.team = teams[row.team_id]
        # In the order of jsonb, so that equal tables have equal bytes.
        row.values = {key: row.values[key] for key in sorted(row.values, key=_jsonb_order)}
    return sorted(rows, key=lambda row: (row.group, row.rank, row.team.name))


def _jsonb_order(key: str) -> tuple[int, bytes]:
    return len(key.encode()), key.encode()


def seasons_of(team_ids: Collection[int]) -> Sequence[int]:
    """Return the seasons that the teams take part in."""
    played = SeasonTeam.objects.filter(team__in=team_ids).order_by("season")
    return list(played.values_list("season_id", flat=True).distinct())


def _results(season: Season, before: datetime | None) -> Sequence[Result]:
    statuses = OVER_STATUSES if before is not None else (*LIVE_STATUSES, *OVER_STATUSES)
    counted = (
        Match.objects.select_related("season__league")
        .filter(status_is(statuses), season=season)
        .order_by("kickoff_at", "pk")
    )
    if before is not None:
        counted = counted.filter(kickoff_at__lt=before)
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
        double_forfeit=match.awarded_both_lose,
        awarded_points=_awarded_points(match),
        shootout=shootout,
        decided_in=_decided_in(match),
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


def _awarded_points(match: Match) -> tuple[int, int] | None:
    if match.awarded_home_points is None or match.awarded_away_points is None:
        return None
    return match.awarded_home_points, match.awarded_away_points


def _decided_in(match: Match) -> str:
    """Return in what a match was decided; its status may be one that says nothing of it."""
    if match.home_shootout is not None:
        return "shootout"
    return _DECIDED_IN.get(MatchStatus(match.status)) or _longest_kind(match)


def _longest_kind(match: Match) -> str:
    pack = load_pack(match.season.league.sport)
    kinds = {period.id: period.kind for period in pack.periods}
    played = {kinds.get(period) for period, *_ in match.period_scores}
    return "overtime" if "overtime" in played else "regular"


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
