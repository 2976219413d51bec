"""Settling rounds: line-ups become results, totals and ranks, the morning after the last match."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.models import F, Max, Q

from fantasy.enums import GameState, RoundState, ScoreState
from fantasy.models import Game, PlayerScore, Round, RoundMatch
from fantasy.rules.loading import load_game
from fantasy.services.leagues import settle_leagues
from fantasy.services.live import settle_rows
from fantasy.services.scoring import DONE_STATUSES
from fantasy.topics import FantasyScoreUpdate
from matches.models import OVER_STATUSES
from streams.outbox import announce

_KEEP_BEFORE = """
    CREATE TEMPORARY TABLE fantasy_before ON COMMIT DROP AS
    SELECT entry_id, points - hit + adjusted AS net FROM fantasy_lineupresult
    WHERE round_id = %(round)s
"""
_COUNT_MOVED = """
    SELECT count(*) FROM fantasy_lineupresult held
    JOIN fantasy_before before ON before.entry_id = held.entry_id
    WHERE held.round_id = %(round)s AND before.net <> held.points - held.hit + held.adjusted
"""
# An entry goes on from its total after the last settled round that it was in.
_TOTAL_AGAIN = """
    WITH own AS (
        SELECT id, entry_id, points - hit + adjusted AS net
        FROM fantasy_lineupresult WHERE round_id = %(round)s
    ), fresh AS (
        SELECT own.id, own.net, own.net + COALESCE((
            SELECT earlier.total FROM fantasy_lineupresult earlier
            JOIN fantasy_round r ON r.id = earlier.round_id
            WHERE earlier.entry_id = own.entry_id AND r.game_id = %(game)s
              AND r.number < %(number)s
            ORDER BY r.number DESC LIMIT 1
        ), 0) AS total
        FROM own
    ), ranked AS (
        SELECT id, total, rank() OVER (ORDER BY total DESC) AS rank,
               rank() OVER (ORDER BY net DESC) AS round_rank
        FROM fresh
    )
    UPDATE fantasy_lineupresult held
    SET total = ranked.total, rank = ranked.rank, round_rank = ranked.round_rank
    FROM ranked WHERE ranked.id = held.id
      AND (held.total, held.rank, held.round_rank)
          IS DISTINCT FROM (ranked.total, ranked.rank, ranked.round_rank)
"""


def settles_at(round_: Round) -> datetime | None:
    """Return when the round may be settled: the morning after its last match, in the game's zone.

    None while it has no match. The game must be fetched along.
    """
    last = _matches(round_).aggregate(last=Max("match__kickoff_at"))["last"]
    if last is None:
        return None
    zone = ZoneInfo(round_.game.time_zone)
    day = last.astimezone(zone).date() + timedelta(days=1)
    hour = load_game(round_.game.rules).rounds.settle_hour
    return datetime(day.year, day.month, day.day, hour, tzinfo=zone)


def blockers(round_: Round) -> tuple[str, ...]:
    """Return why the round cannot be settled yet, whatever the time.

    Rounds are settled in their order: totals, tables and draws go on from the one before.
    """
    matches = _matches(round_)
    counts = {
        "not over": matches.exclude(match__status__in=DONE_STATUSES),
        "with another score by the vendor than by the events": matches.filter(
            match__score_mismatch=True
        ),
        "of which the log is not folded to its end": matches.filter(
            match__folded_seq__lt=F("match__head_seq")
        ),
        "not scored up to their fold": matches.filter(
            Q(scored_seq__isnull=True) | ~Q(scored_seq=F("match__folded_seq")),
            match__status__in=OVER_STATUSES,
        ),
    }
    found = ((text, rows.count()) for text, rows in counts.items())
    waiting = [f"{count} matches {text}" for text, count in found if count]
    begun = (RoundState.LIVE, RoundState.PROVISIONAL)
    earlier = Round.objects.filter(game=round_.game_id, number__lt=round_.number, state__in=begun)
    names = earlier.order_by("number").values_list("name", flat=True)
    return (*waiting, *(f"{name}, which comes before, not settled" for name in names))


def rounds_due(*, at: datetime) -> list[int]:
    """Return rounds to settle now, in order of their numbers."""
    waiting = Round.objects.filter(state=RoundState.PROVISIONAL).exclude(
        game__state=GameState.DRAFT
    )
    found = []
    for round_ in waiting.select_related("game").order_by("game", "number"):
        due_at = settles_at(round_)
        if due_at is not None and due_at <= at and not blockers(round_):
            found.append(round_.pk)
    return found


@transaction.atomic
def settle_round(round_id: int, *, at: datetime) -> bool:
    """Make the points of a provisional round final; return whether it was due.

    Locks the round's matches, so that no scoring comes in between, then the round. Writes results,
    totals and ranks of all entries: readers see all of them or, until the end and when it is cut
    short, none. Announces `fantasy.score.update`.
    """
    round_ = lock_round(round_id)
    if round_.state != RoundState.PROVISIONAL or blockers(round_):
        return False
    due_at = settles_at(round_)
    if due_at is None or due_at > at:
        return False
    PlayerScore.objects.filter(round=round_).exclude(
        match__in=RoundMatch.objects.filter(round=round_).values("match")
    ).delete()
    _finish_scores(round_)
    write_results(round_)
    round_.state, round_.settled_at = RoundState.SETTLED, at
    round_.save(update_fields=["state", "settled_at"])
    settle_leagues(round_.pk)
    announce(
        FantasyScoreUpdate(
            game_id=round_.game_id, round_id=round_.pk, state=ScoreState.SETTLED.value
        )
    )
    return True


def lock_round(round_id: int) -> Round:
    """Lock a round's matches in key order and then the round; needs a transaction."""
    places = RoundMatch.objects.select_for_update(no_key=True).filter(round=round_id)
    list(places.order_by("pk").values_list("pk"))
    rounds = Round.objects.select_for_update(no_key=True, of=("self",)).select_related("game")
    return rounds.get(pk=round_id)


def _finish_scores(round_: Round) -> None:
    """Note on each score that it is final, and up to where its match's log was read."""
    for match_id, seq in RoundMatch.objects.filter(round=round_).values_list("match", "scored_seq"):
        PlayerScore.objects.filter(round=round_, match=match_id).update(
            state=ScoreState.SETTLED, folded_seq=seq or 0
        )


def write_results(round_: Round) -> int:
    """Write the results of all line-ups of a round over those there are, and all totals after it.

    Returns how many entries that had points got other ones. The caller holds the round's lock.
    """
    before, moved = {"round": round_.pk}, 0
    with connection.cursor() as cursor:
        cursor.execute(_KEEP_BEFORE, before)
        had_points = cursor.rowcount > 0
        if had_points:
            cursor.execute("DELETE FROM fantasy_lineupresult WHERE round_id = %(round)s", before)
        settle_rows(round_.pk)
        if had_points:
            cursor.execute(_COUNT_MOVED, before)
            (moved,) = cursor.fetchone()
        cursor.execute("DROP TABLE fantasy_before")
    total_again(round_.game, after=round_.number)
    return int(moved)


def total_again(game: Game, *, after: int) -> None:
    """Count totals and ranks anew of settled rounds behind a number."""
    later = Round.objects.filter(game=game, state=RoundState.SETTLED, number__gt=after)
    with connection.cursor() as cursor:
        for round_ in later.order_by("number"):
            cursor.execute(_TOTAL_AGAIN, _places(round_))


def _places(round_: Round) -> dict[str, int]:
    return {"game": round_.game_id, "round": round_.pk, "number": round_.number}


def _matches(round_: Round) -> Any:
    return RoundMatch.objects.filter(round=round_)
