"""Boxscores of the past: what the log said after so many events, or by a reader's moment."""

import copy
import pickle
from contextlib import suppress
from typing import Any, Final

from django.core.cache import cache
from redis.exceptions import RedisError

from config.sight import MAX_DELAY_S, sight
from matches.models import Match, is_hidden
from stats.models import Numbers
from stats.services.documents import boxscore_document, etag_of
from stats.services.fold import has_begun, set_award
from stats.services.kept import fold_up_to, name_players

# Readers with different delays come to the same event one after the other.
_HELD_FOR_S: Final = 2 * MAX_DELAY_S


def boxscore_as_of(match: Match, *, seq: int) -> bytes:
    """Return the boxscore after the first `seq` events of the log, as JSON bytes; writes nothing.

    The log alone counts: what a vendor states beside its events is known for the present only.
    """
    kept = fold_up_to(match, seq)
    fold = kept.fold.result()
    name_players(kept, [*fold.home.players, *fold.away.players])  # type: ignore[list-item]
    past = copy.copy(match)
    past.status, past.score_mismatch = fold.status, False
    past.is_reviewed = kept.is_reviewed and past.is_live
    decided = kept.decided()
    has_score = kept.seq > 0 and (has_begun(fold) or bool(decided.get("score")))
    set_award(past, decided)
    past.home_score, past.away_score = fold.score if has_score else (None, None)
    past.period, past.clock_ms, past.folded_seq = fold.period, fold.clock_ms, kept.seq
    return boxscore_document(past, fold, kept.cards, kept.external_ids)


def numbers_told(match_id: int) -> Numbers:
    """Return a match's numbers as the present reader may see them; writes nothing.

    Nothing where scores are hidden, or where the log of that moment is no more.
    """
    seen = sight()
    if seen is None or is_hidden(match_id):
        return Numbers()
    key = f"numbers:{match_id}"
    if key not in seen.memo:
        seen.memo[key] = _numbers_of(Match.objects.with_sides().get(pk=match_id))
    told: Numbers = seen.memo[key]
    return told


def _numbers_of(match: Match) -> Numbers:
    # By columns alone, which come as they are now.
    epoch = Match.objects.filter(pk=match.pk).values_list("epoch", flat=True).get()
    if epoch != match.epoch or not match.folded_seq:
        return Numbers()
    key = f"then:{match.pk}:{epoch}:{match.folded_seq}:{match.sheet_version}:{match.status}"
    with suppress(RedisError, OSError, pickle.UnpicklingError):
        if (held := cache.get(key)) is not None:
            return Numbers(**held)
    kept = fold_up_to(match, match.folded_seq)
    fold = kept.fold.result()
    lines = {**fold.home.players, **fold.away.players}
    name_players(kept, lines)  # type: ignore[arg-type]
    document = boxscore_document(match, fold, kept.cards, kept.external_ids)
    told: dict[str, Any] = {
        "folded_seq": kept.seq,
        "home_totals": dict(fold.home.totals),
        "away_totals": dict(fold.away.totals),
        "lines": {player: dict(values) for player, values in lines.items()},
        "document": document,
        "etag": etag_of(document),
    }
    with suppress(RedisError, OSError):
        cache.set(key, told, timeout=_HELD_FOR_S)
    return Numbers(**told)
