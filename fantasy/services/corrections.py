"""Corrections after settlement: the match is scored again, the round and all after it counted anew.

The result is that of settling the corrected log in the first place. Cups that were drawn stay.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import F

from fantasy.enums import CaseState, RoundState, ScoreState
from fantasy.models import CorrectionCase, PlayerScore, Round, RoundMatch
from fantasy.services.leagues import settle_leagues
from fantasy.services.refusals import refuse
from fantasy.services.scoring import folded_match, fresh_scores, write_scores
from fantasy.services.settlement import lock_round, write_results
from fantasy.topics import FantasyScoreUpdate
from streams.outbox import announce


def cases_to_apply() -> list[int]:
    """Return open cases, oldest first."""
    cases = CorrectionCase.objects.filter(state=CaseState.OPEN)
    return list(cases.order_by("opened_at", "pk").values_list("pk", flat=True))


@transaction.atomic
def apply_case(case_id: int, *, at: datetime, by_id: int | None = None) -> CorrectionCase:
    """Score a settled match as its log says now and count the round anew; close the case.

    Locks the round's matches, then the round. The case keeps points before and after of all players
    and how many entries got other points. Applying a closed case raises Refused. Announces
    `fantasy.score.update`.
    """
    case = CorrectionCase.objects.get(pk=case_id)
    round_ = lock_round(case.round_id)
    case.refresh_from_db()
    if case.state != CaseState.OPEN or round_.state != RoundState.SETTLED:
        raise refuse("closed", "This case is closed already.")
    numbers = _score_again(case, round_)
    moved = write_results(round_)
    settle_leagues(round_.pk)
    Round.objects.filter(pk=round_.pk).update(corrections=F("corrections") + 1)
    case.state, case.closed_at, case.closed_by_id = CaseState.APPLIED, at, by_id
    case.diff |= {"entries": moved, "correction": round_.corrections + 1}
    case.save()
    _announce(round_, case, numbers)
    return case


def _score_again(case: CorrectionCase, round_: Round) -> tuple[int, ...]:
    """Write the match's scores as they are now; return whose points changed."""
    place = RoundMatch.objects.select_related("round__game").get(round=round_, match=case.match_id)
    folded = folded_match(case.match_id)
    rows = PlayerScore.objects.filter(round=round_, match=case.match_id)
    held = {row.game_player_id: row for row in rows.select_related("game_player")}
    fresh = fresh_scores(place, folded)
    changed = []
    for row in fresh:
        before = held.pop(row.game_player_id, None)
        is_same = before is not None and (before.points, before.lines) == (row.points, row.lines)
        row.state = ScoreState(before.state) if before and is_same else ScoreState.CORRECTED
        if not is_same:
            changed.append(row.game_player.number)
    rows.filter(game_player__in=held).delete()
    write_scores(fresh)
    RoundMatch.objects.filter(pk=place.pk).update(scored_seq=folded.match.folded_seq)
    return tuple(sorted([*changed, *(row.game_player.number for row in held.values())]))


def _announce(round_: Round, case: CorrectionCase, numbers: tuple[int, ...]) -> None:
    totals = dict.fromkeys(numbers, 0)
    scores = PlayerScore.objects.filter(round=round_, game_player__number__in=numbers)
    for number, points in scores.values_list("game_player__number", "points"):
        totals[number] += points
    announce(
        FantasyScoreUpdate(
            game_id=round_.game_id,
            round_id=round_.pk,
            match_id=case.match_id,
            state=ScoreState.CORRECTED.value,
            numbers=numbers,
            points=tuple(totals[number] for number in numbers),
        )
    )
