"""Points given or taken by hand: with a reason, seen by all, taken back by another row."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from fantasy.enums import RoundState, ScoreState
from fantasy.models import Entry, LineupResult, Round, ScoreAdjustment
from fantasy.services.leagues import settle_leagues
from fantasy.services.refusals import refuse
from fantasy.services.settlement import lock_round, total_again
from fantasy.topics import FantasyScoreUpdate
from streams.outbox import announce


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Why points are given or taken, by whom and when; the reason is public."""

    reason: str
    by_id: int | None
    at: datetime


@transaction.atomic
def adjust_score(
    entry_id: int, round_id: int, *, points: int, decision: Decision
) -> ScoreAdjustment:
    """Give an entry points in a round, or take some with a number below 0. Raises Refused.

    Points are in the game's unit. In a settled round they count at once, in totals and ranks of it
    and all after it; before, they count when it is settled. Locks the round.
    """
    round_ = lock_round(round_id)
    entry = Entry.objects.get(pk=entry_id)
    if entry.game_id != round_.game_id:
        raise refuse("other_game", "The entry plays another game.", "round")
    if not points:
        raise refuse("no_points", "Say how many points are given or taken.", "points")
    if not decision.reason.strip():
        raise refuse("reason", "Say why: everybody sees the reason.", "reason")
    if round_.state == RoundState.VOID:
        raise refuse("void_round", "A void round has no points.", "round")
    row = ScoreAdjustment.objects.create(
        game_id=round_.game_id,
        entry=entry,
        round=round_,
        points=points,
        reason=decision.reason.strip(),
        by_id=decision.by_id,
        made_at=decision.at,
    )
    _count(round_, entry, points)
    return row


@transaction.atomic
def take_back(adjustment_id: int, *, decision: Decision) -> ScoreAdjustment:
    """Undo an adjustment by one of the opposite sign. Raises Refused when that was done before."""
    row = ScoreAdjustment.objects.select_for_update().get(pk=adjustment_id)
    if row.taken_back_by_id is not None:
        raise refuse("taken_back", "This adjustment was taken back already.")
    if ScoreAdjustment.objects.filter(taken_back_by=row).exists():
        raise refuse("takes_back", "This row takes another one back; make a new one instead.")
    undone = adjust_score(row.entry_id, row.round_id, points=-row.points, decision=decision)
    row.taken_back_by = undone
    row.save(update_fields=["taken_back_by"])
    return undone


def _count(round_: Round, entry: Entry, points: int) -> None:
    if round_.state != RoundState.SETTLED:
        return
    result = LineupResult.objects.filter(round=round_, entry=entry).first()
    if result is None:
        raise refuse("no_lineup", "The entry had no line-up in this round.", "round")
    LineupResult.objects.filter(pk=result.pk).update(adjusted=result.adjusted + points)
    total_again(round_.game, after=round_.number - 1)
    settle_leagues(round_.pk)
    announce(
        FantasyScoreUpdate(
            game_id=round_.game_id, round_id=round_.pk, state=ScoreState.CORRECTED.value
        )
    )
