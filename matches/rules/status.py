"""How what the log says and what the vendor states make a match's status and score."""

from matches.enums import MatchStatus

_OVER = frozenset(
    {
        MatchStatus.FINISHED,
        MatchStatus.FINISHED_AET,
        MatchStatus.FINISHED_PENS,
        MatchStatus.AWARDED,
        MatchStatus.UNDER_REVIEW,
        MatchStatus.FINAL,
        MatchStatus.ABANDONED,
        MatchStatus.CANCELLED,
    }
)
# Over by play alone: what stands for long enough becomes final.
_PLAYED = frozenset({MatchStatus.FINISHED, MatchStatus.FINISHED_AET, MatchStatus.FINISHED_PENS})
# What no log of play can tell, so the vendor's word decides.
_DECLARED = frozenset(
    {
        MatchStatus.DELAYED,
        MatchStatus.SUSPENDED,
        MatchStatus.ABANDONED,
        MatchStatus.POSTPONED,
        MatchStatus.CANCELLED,
        MatchStatus.AWARDED,
        MatchStatus.UNDER_REVIEW,
        MatchStatus.FINAL,
    }
)
# Said of matches that have not begun: play that has can only be interrupted.
_PUT_OFF = frozenset({MatchStatus.DELAYED, MatchStatus.POSTPONED})


def effective_status(folded: str, stated: str, *, has_begun: bool) -> str:
    """Return the status to show from the log's and the vendor's stated one ("" when none).

    No time-out ends a match: it is over when the log or the vendor says so. One that is put off
    when the log `has_begun` to tell play is interrupted until somebody says how it ended.
    """
    status = _strongest(folded, stated)
    return str(MatchStatus.SUSPENDED) if has_begun and status in _PUT_OFF else status


def _strongest(folded: str, stated: str) -> str:
    if stated in _DECLARED:
        return stated
    if folded in _OVER:
        return folded
    if stated in _OVER:
        return stated
    if folded == MatchStatus.SCHEDULED and stated:
        return stated
    return folded


def settled_status(status: str, folded: str, *, is_unchanged: bool, is_disputed: bool) -> str:
    """Return the status once it is asked whether the result stands.

    Final is what the vendor confirmed, or what has not changed for long after the end, and what log
    and vendor do not dispute.
    """
    if is_disputed:
        played = folded if folded in _PLAYED else str(MatchStatus.FINISHED)
        return played if status == MatchStatus.FINAL else status
    return str(MatchStatus.FINAL) if status in _PLAYED and is_unchanged else status


def shown_score(
    folded: tuple[int, int] | None, stated: tuple[int, int] | None
) -> tuple[tuple[int, int] | None, bool]:
    """Return the score to show and whether log and vendor disagree; then the vendor's is shown."""
    if stated is None:
        return folded, False
    if folded is None:
        return stated, False
    return stated, folded != stated
