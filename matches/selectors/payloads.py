"""Which bytes of a vendor a row of a log was read from."""

from collections.abc import Collection, Mapping
from datetime import datetime

from matches.models import FeedPoll, RawDocument

# A vendor and the moment at which his document was read.
Reading = tuple[str, datetime]


def payload_hashes(readings: Collection[Reading]) -> Mapping[Reading, str]:
    """Return the SHA-256 of the documents read at those moments; two queries.

    Left out is what no document told: a curator's word, or a log that was told anew. Bytes that
    came a second time are known by their poll, while polls are kept.
    """
    if not readings:
        return {}
    moments = {at for _, at in readings}
    adapters = {adapter for adapter, _ in readings}
    polls = FeedPoll.objects.filter(
        feed__adapter__in=adapters, polled_at__in=moments, document__isnull=False
    )
    told = polls.values_list("document__adapter", "polled_at", "document__sha256")
    found = {(adapter, at): sha256 for adapter, at, sha256 in told}
    documents = RawDocument.objects.filter(adapter__in=adapters, fetched_at__in=moments)
    for adapter, at, sha256 in documents.values_list("adapter", "fetched_at", "sha256"):
        found.setdefault((adapter, at), sha256)
    return {reading: found[reading] for reading in readings if reading in found}
