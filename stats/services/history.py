"""Boxscores of the past: what the log said after so many events."""

import copy

from matches.enums import MatchStatus
from matches.models import Match
from stats.services.documents import boxscore_document
from stats.services.kept import fold_up_to, name_players


def boxscore_as_of(match: Match, *, seq: int) -> bytes:
    """Return the boxscore after the first `seq` events of the log, as JSON bytes; writes nothing.

    The log alone counts: what a vendor states beside its events is known for the present only.
    """
    kept = fold_up_to(match, seq)
    fold = kept.fold.result()
    name_players(kept, [*fold.home.players, *fold.away.players])  # type: ignore[list-item]
    past = copy.copy(match)
    past.status, past.score_mismatch = fold.status, False
    has_score = kept.seq > 0 and fold.status != MatchStatus.SCHEDULED
    past.home_score, past.away_score = fold.score if has_score else (None, None)
    past.period, past.clock_ms, past.folded_seq = fold.period, fold.clock_ms, kept.seq
    return boxscore_document(past, fold, kept.cards, kept.external_ids)
