"""Results that stand: what nobody has changed for long after the end becomes final."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef

from matches.models import UNCONFIRMED_STATUSES, Match, PlayEvent
from matches.topics import MatchIngested
from streams.outbox import announce

UNCHANGED_FOR = timedelta(hours=12)
_MATCHES_PER_TRANSACTION = 200


def confirm_results(*, at: datetime) -> int:
    """Let results be final that had no change for twelve hours after the end; return how many.

    Not where log and vendor disagree, or where the fold is behind. The fold says `final`; what it
    has not said by the next time is announced again. Some matches per transaction.
    """
    confirmed, part = 0, _confirm_some(at=at, after=0)
    while part:
        confirmed += len(part)
        part = _confirm_some(at=at, after=part[-1])
    return confirmed


@transaction.atomic
def _confirm_some(*, at: datetime, after: int) -> Sequence[int]:
    """Confirm the next matches in key order; those being written to wait for another time."""
    since = at - UNCHANGED_FOR
    newest = PlayEvent.objects.filter(match=OuterRef("pk"), seq=OuterRef("head_seq"))
    unchanged = (
        Match.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
        .filter(
            ~Exists(newest.filter(ingested_at__gt=since)),
            pk__gt=after,
            status__in=UNCONFIRMED_STATUSES,
            finished_at__lte=since,
            score_mismatch=False,
            folded_seq=F("head_seq"),
        )
        .order_by("pk")
    )
    seqs = dict(unchanged.values_list("pk", "head_seq")[:_MATCHES_PER_TRANSACTION])
    Match.objects.filter(pk__in=seqs).update(unchanged_seq=F("head_seq"))
    announce(*(MatchIngested(match_id=pk, seq=seq) for pk, seq in seqs.items()))
    return list(seqs)
