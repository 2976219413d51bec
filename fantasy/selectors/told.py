"""What of a game the present reader may know: nothing newer than a moment, or no points at all.

Live points have no past of their own, so a reader with a delay is told those of a round only while
none of its matches has news for him; what is settled comes to him once it is as old as his delay.
"""

from config.sight import sight
from fantasy.enums import CaseState, RoundState
from fantasy.models import CorrectionCase, Game, Round, RoundMatch
from matches.models import is_withheld, pasts_of


def tells_points(game: Game) -> bool:
    """Whether points and ranks may be told; a reader who hides scores may ask for a game's."""
    seen = sight()
    return seen is None or not seen.hides(game.public_id)


def round_told(round_: Round) -> bool:
    """Whether the points of a round may be told as they are now; no query without a wish."""
    seen = sight()
    if seen is None:
        return True
    if seen.hides(round_.game.public_id):
        return False
    if seen.until is None:
        return True
    if round_.settled_at is not None and round_.settled_at > seen.until:
        return False
    cases = CorrectionCase.objects.filter(round=round_, state=CaseState.APPLIED)
    if cases.filter(closed_at__gt=seen.until).exists():
        return False
    changed = pasts_of(seen).keys()
    return not RoundMatch.objects.filter(round=round_, match__in=changed).exists()


def score_told(round_: Round, match_id: int) -> bool:
    """Whether what a player did in a match of the round may be told."""
    seen = sight()
    if seen is None:
        return True
    return not seen.hides(round_.game.public_id) and not is_withheld(match_id)


def ranks_told(game: Game) -> bool:
    """Whether the ranks and totals of the latest settled round may be told."""
    seen = sight()
    if seen is None:
        return True
    latest = Round.objects.filter(game=game, state=RoundState.SETTLED).select_related("game")
    newest = latest.order_by("-number").first()
    return tells_points(game) and (newest is None or round_told(newest))
