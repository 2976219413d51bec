"""Ranks in leagues of entries, as the last settled round leaves them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from django.db import connection, transaction

from fantasy.enums import LeagueKind, RoundState
from fantasy.models import FantasyLeague, Game, HeadToHead, LeagueMember, Round
from fantasy.rules.chips import free_chips
from fantasy.rules.game import GameRules
from fantasy.rules.loading import load_game
from fantasy.rules.tables import (
    HeadToHeadRow,
    Meeting,
    head_to_head_rows,
    head_to_head_table,
    level_entries,
)
from fantasy.selectors.counted import counted_sums, tie_columns

# Totals grow from round to round, so a league's points are a difference of two of them: now, and
# before its first round. `transfers` are those outside chips; 0 where the game does not ask.
_CLASSIC: Final = """
WITH base AS (
    SELECT l.id AS league_id, s.number AS start, (
        SELECT r.id FROM fantasy_round r
        WHERE r.game_id = l.game_id AND r.state = 'settled' AND r.number < s.number
        ORDER BY r.number DESC LIMIT 1
    ) AS round_id
    FROM fantasy_fantasyleague l JOIN fantasy_round s ON s.id = l.start_round_id
    WHERE l.game_id = %(game)s AND l.kind = 'classic'
      AND (%(leagues)s::bigint[] IS NULL OR l.id = ANY(%(leagues)s::bigint[]))
), member AS (
    SELECT m.id, m.league_id, m.entry_id, base.start, base.round_id
    FROM fantasy_leaguemember m JOIN base ON base.league_id = m.league_id
), moves AS (
    SELECT t.entry_id, count(*) AS now,
           count(*) FILTER (WHERE r.number <= %(previous_number)s) AS before
    FROM fantasy_transfer t JOIN fantasy_round r ON r.id = t.round_id
    WHERE %(by_transfers)s AND t.chip = '' AND r.game_id = %(game)s
      AND NOT EXISTS (
          SELECT FROM fantasy_chipplay c WHERE c.entry_id = t.entry_id AND c.round_id = t.round_id
          AND c.cancelled_at IS NULL AND c.chip = ANY(%(free_chips)s)
      )
      AND r.number <= %(latest_number)s
      AND (%(leagues)s::bigint[] IS NULL OR t.entry_id IN (SELECT entry_id FROM member))
    GROUP BY t.entry_id
), scored AS (
    SELECT member.id, member.league_id,
           coalesce(latest.total, 0) - coalesce(base.total, 0) AS points,
           coalesce(moves.now, 0) AS transfers,
           previous.total - coalesce(base.total, 0) AS past_points,
           coalesce(moves.before, 0) AS past_transfers,
           previous.total IS NOT NULL AND member.start <= %(previous_number)s AS has_past
    FROM member
    LEFT JOIN fantasy_lineupresult latest
        ON latest.entry_id = member.entry_id AND latest.round_id = %(latest)s
    LEFT JOIN fantasy_lineupresult previous
        ON previous.entry_id = member.entry_id AND previous.round_id = %(previous)s
    LEFT JOIN fantasy_lineupresult base
        ON base.entry_id = member.entry_id AND base.round_id = member.round_id
    LEFT JOIN moves ON moves.entry_id = member.entry_id
), ranked AS (
    SELECT id, points,
           rank() OVER (PARTITION BY league_id ORDER BY points DESC, transfers) AS rank,
           CASE WHEN has_past THEN rank() OVER (
               PARTITION BY league_id, has_past ORDER BY past_points DESC, past_transfers
           ) END AS last_rank
    FROM scored
)
UPDATE fantasy_leaguemember m
SET points = ranked.points, rank = ranked.rank, last_rank = ranked.last_rank
FROM ranked
WHERE ranked.id = m.id
  AND (m.points, m.rank, m.last_rank)
      IS DISTINCT FROM (ranked.points, ranked.rank::int, ranked.last_rank::int)
"""
_LEAGUES_AT_ONCE: Final = 200


@transaction.atomic
def rank_leagues(game: Game, league_ids: Collection[int] | None = None) -> None:
    """Write points and ranks of all leagues of a game, or of some; the same again changes nothing.

    Ranks are those after the latest settled round, last ranks those after the one before it.
    """
    settled = Round.objects.filter(game=game, state=RoundState.SETTLED).order_by("-number")
    latest, previous = [*settled[:2], None, None][:2]
    rules = load_game(game.rules)
    with connection.cursor() as cursor:
        cursor.execute(
            _CLASSIC,
            {
                "game": game.pk,
                "leagues": None if league_ids is None else list(league_ids),
                "latest": latest.pk if latest else None,
                "previous": previous.pk if previous else None,
                "latest_number": latest.number if latest else 0,
                "previous_number": previous.number if previous else 0,
                "free_chips": free_chips(rules),
                "by_transfers": "-transfers" in rules.leagues.classic_ties,
            },
        )
    _rank_head_to_head(game, rules, league_ids)


def _rank_head_to_head(game: Game, rules: GameRules, league_ids: Collection[int] | None) -> None:
    leagues = FantasyLeague.objects.filter(game=game, kind=LeagueKind.HEAD_TO_HEAD)
    if league_ids is not None:
        leagues = leagues.filter(pk__in=league_ids)
    found = list(leagues.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(found), _LEAGUES_AT_ONCE):
        _rank_some(rules, found[start : start + _LEAGUES_AT_ONCE])


def _rank_some(rules: GameRules, league_ids: Sequence[int]) -> None:
    members: dict[int, list[LeagueMember]] = defaultdict(list)
    for member in LeagueMember.objects.filter(league__in=league_ids):
        members[member.league_id].append(member)
    played: dict[int, list[HeadToHead]] = defaultdict(list)
    fixtures = HeadToHead.objects.filter(league__in=league_ids, home_points__isnull=False)
    for fixture in fixtures.select_related("round"):
        played[fixture.league_id].append(fixture)
    changed = []
    for league_id, group in members.items():
        entries = [member.entry_id for member in group]
        rows = head_to_head_rows(entries, meetings(played[league_id]), rules.leagues)
        now = _places(rules, rows, played[league_id])
        before = _before(rules, entries, played[league_id])
        for member in group:
            points, rank = rows[member.entry_id].points, now[member.entry_id]
            last_rank = before.get(member.entry_id)
            if (member.points, member.rank, member.last_rank) != (points, rank, last_rank):
                member.points, member.rank, member.last_rank = points, rank, last_rank
                changed.append(member)
    fields = ["points", "rank", "last_rank"]
    LeagueMember.objects.bulk_update(changed, fields, batch_size=1000)


def _before(
    rules: GameRules, entries: Sequence[int], played: Sequence[HeadToHead]
) -> Mapping[int, int]:
    """Return the places before the last round that was played; nothing before the first one."""
    last = max((fixture.round.number for fixture in played), default=0)
    earlier = [fixture for fixture in played if fixture.round.number < last]
    if not earlier:
        return {}
    rows = head_to_head_rows(entries, meetings(earlier), rules.leagues)
    return _places(rules, rows, earlier)


def meetings(played: Iterable[HeadToHead]) -> list[Meeting]:
    """Return fixtures that were scored in the words of the rules."""
    return [
        Meeting(
            home=fixture.home_id,
            away=fixture.away_id,
            home_points=fixture.home_points,
            away_points=fixture.away_points,
        )
        for fixture in played
        if fixture.home_points is not None and fixture.away_points is not None
    ]


def _places(
    rules: GameRules, rows: Mapping[int, HeadToHeadRow], played: Sequence[HeadToHead]
) -> Mapping[int, int]:
    ties = rules.leagues.head_to_head_ties
    stats = counted_sums(
        rules,
        round_ids={fixture.round_id for fixture in played},
        # Those whom something else parts need not be looked at.
        entry_ids=level_entries(rows.values()),
        columns=tie_columns(ties),
    )
    return {place.entry: place.rank for place in head_to_head_table(rows.values(), ties, stats)}
