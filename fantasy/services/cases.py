"""Correction cases: what a vendor changed of a match whose round is settled."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from fantasy.enums import CaseState
from fantasy.models import CorrectionCase, PlayerScore, RoundMatch
from fantasy.services.refusals import refuse

FROZEN = "Points stand once a round is settled: the rules of this game say so."


def note_correction(
    place: RoundMatch, fresh: Iterable[PlayerScore], *, is_frozen: bool, at: datetime
) -> bool:
    """Open a case for a settled match, or bring the open one up to date; return whether one stands.

    None is opened where nobody's points change. An open one whose facts were taken back again is
    dismissed, and one that is dismissed stands for as long as the facts say the same. `is_frozen`
    dismisses at once. The caller holds the lock of the place.
    """
    moves = _moves(place, fresh)
    cases = CorrectionCase.objects.filter(round=place.round_id, match=place.match_id)
    held = cases.order_by("-opened_at", "-pk").first()
    if held is not None and held.state == CaseState.DISMISSED and _same(held, moves):
        return True
    if held is None or held.state != CaseState.OPEN:
        held = CorrectionCase(round_id=place.round_id, match_id=place.match_id, opened_at=at)
    if not moves:
        if held.pk is not None:
            # It says nothing of the next time that the facts are changed so.
            held.diff = {"players": []}
            _close(held, CaseState.DISMISSED, "The facts are as they were.", at=at)
        return False
    held.diff = {"players": moves}
    held.save()
    if is_frozen:
        _close(held, CaseState.DISMISSED, FROZEN, at=at)
    return True


def _same(case: CorrectionCase, moves: list[dict[str, int | bool]]) -> bool:
    return bool(moves) and case.diff.get("players") == moves


def _moves(place: RoundMatch, fresh: Iterable[PlayerScore]) -> list[dict[str, int | bool]]:
    rows = PlayerScore.objects.filter(round=place.round_id, match=place.match_id)
    before = {r.game_player.number: r for r in rows.select_related("game_player")}
    after = {row.game_player.number: row for row in fresh}
    moves: list[dict[str, int | bool]] = []
    for number in sorted(before.keys() | after.keys()):
        one, other = before.get(number), after.get(number)
        then, now_ = _counts(one), _counts(other)
        if then != now_ or (one is None) != (other is None):
            moves.append(
                {
                    "number": number,
                    "before": then[0],
                    "after": now_[0],
                    "appeared_before": then[1],
                    "appeared_after": now_[1],
                }
            )
    return moves


def _counts(row: PlayerScore | None) -> tuple[int, bool]:
    return (row.points, row.appeared) if row is not None else (0, False)


@transaction.atomic
def dismiss_case(case_id: int, *, reason: str, by_id: int | None, at: datetime) -> CorrectionCase:
    """Leave a settled round as it was, with a public reason. Raises Refused."""
    case = (
        CorrectionCase.objects.select_for_update(of=("self",))
        .select_related("match")
        .get(pk=case_id)
    )
    if case.state != CaseState.OPEN:
        raise refuse("closed", "This case is closed already.")
    if not reason.strip():
        raise refuse("reason", "Say why the points stay as they were.", "reason")
    case.closed_by_id = by_id
    # The newest facts were looked at: no sweep opens the case again for them.
    RoundMatch.objects.filter(round=case.round_id, match=case.match_id).update(
        scored_seq=case.match.folded_seq
    )
    _close(case, CaseState.DISMISSED, reason.strip(), at=at)
    return case


def _close(case: CorrectionCase, state: CaseState, reason: str, *, at: datetime) -> None:
    case.state, case.reason, case.closed_at = state, reason[:200], at
    case.save(update_fields=["state", "reason", "diff", "closed_at", "closed_by"])
