"""Which bytes of a vendor a row of a log was read from."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from matches.models import FeedPoll, RawDocument


def payload_hashes(
    read_at: Collection[datetime], *, season_ids: Collection[int]
) -> Mapping[datetime, str]:
    """Return the SHA-256 of the documents of seasons that were read at those moments; two queries.

    A row of a log bears the moment at which its document was read. Left out are moments at which
    none was, as of a log that was told anew, or several were. Bytes that came a second time are
    known by their poll, while polls are kept.
    """
    if not read_at:
        return {}
    polls = FeedPoll.objects.filter(
        feed__season__in=season_ids, polled_at__in=read_at, document__isnull=False
    )
    found = _unique(polls.values_list("polled_at", "document__sha256"))
    documents = RawDocument.objects.filter(fetched_at__in=set(read_at) - found.keys())
    return {**found, **_unique(documents.values_list("fetched_at", "sha256"))}


def _unique(told: Iterable[tuple[datetime, str]]) -> dict[datetime, str]:
    hashes: dict[datetime, set[str]] = {}
    for at, sha256 in told:
        hashes.setdefault(at, set()).add(sha256)
    return {at: own.pop() for at, own in hashes.items() if len(own) == 1}
