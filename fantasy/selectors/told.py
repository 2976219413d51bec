"""What of a game the present reader may know: nothing newer than a moment, or no points at all.

Points of players and entries are counted anew for a reader with a delay, as of his moment; live
totals and ranks are those that were published by then. What is settled or corrected has no past: he
is told once it is as old as his delay.
"""

from datetime import datetime

from django.db.models import Min, QuerySet

from config.sight import Sight, sight, told_now
from fantasy.enums import CaseState, RoundState
from fantasy.models import CorrectionCase, Game, Round, RoundMatch, ScoreAdjustment
from fantasy.selectors.live_ranks import snapshot_of
from matches.models import Match, is_hidden, pasts_of

_PLAYED = (RoundState.LOCKED, RoundState.LIVE, RoundState.PROVISIONAL)


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
    if _is_corrected_since(round_, seen):
        return False
    changed = pasts_of(seen).keys()
    return not RoundMatch.objects.filter(round=round_, match__in=changed).exists()


def live_told(round_: Round) -> bool:
    """Whether totals and ranks of a round being played may be told, as of the reader's moment.

    They cannot where it is not known what was published by then.
    """
    seen = sight()
    if seen is None or seen.until is None:
        return tells_points(round_.game)
    return points_told(round_) and snapshot_of(round_.pk) is not None


def points_told(round_: Round) -> bool:
    """Whether points of players and entries may be told, as of the reader's moment.

    Only a correction that was applied since is kept back: what stood before is nowhere else.
    """
    seen = sight()
    if seen is None:
        return True
    if seen.hides(round_.game.public_id):
        return False
    return seen.until is None or not _is_corrected_since(round_, seen)


def _is_corrected_since(round_: Round, seen: Sight) -> bool:
    key = f"corrected:{round_.pk}"
    if key not in seen.memo:
        cases = CorrectionCase.objects.filter(round=round_, state=CaseState.APPLIED)
        seen.memo[key] = cases.filter(closed_at__gt=seen.until).exists()
    return bool(seen.memo[key])


def is_settled(round_: Round) -> bool:
    """Whether the round was settled by the reader's moment."""
    if round_.state != RoundState.SETTLED:
        return False
    return round_.settled_at is None or round_.settled_at <= told_now()


def told_adjustments() -> QuerySet[ScoreAdjustment]:
    """Points given by hand by the reader's moment."""
    rows = ScoreAdjustment.objects.all()
    return rows if sight() is None else rows.filter(made_at__lte=told_now())


def score_told(round_: Round, match_id: int) -> bool:
    """Whether what a player did in a match of the round may be told, as of the reader's moment."""
    return points_told(round_) and not is_hidden(match_id)


def live_data_at(round_: Round | None) -> datetime | None:
    """Return when the vendor of the round's stalest live match last gave a good answer.

    None where no match of it is live, or its points are not told.
    """
    if round_ is None or round_.state not in _PLAYED or not points_told(round_):
        return None
    live = Match.objects.filter(fantasy_rounds__round=round_).live()
    oldest: datetime | None = live.aggregate(oldest=Min("data_at"))["oldest"]
    return oldest


def ranks_told(game: Game) -> bool:
    """Whether the ranks and totals of the latest settled round may be told."""
    seen = sight()
    if seen is None:
        return True
    latest = Round.objects.filter(game=game, state=RoundState.SETTLED).select_related("game")
    newest = latest.order_by("-number").first()
    return tells_points(game) and (newest is None or round_told(newest))
