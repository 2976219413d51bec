"""Groups of a test's own on a real topic, and what they heard."""

from collections.abc import Collection

from django.db import transaction

from matches.topics import MatchIngested
from streams import groups
from streams.outbox import announce

TOPIC = "match.ingested"
STREAM = f"veze:stream:{TOPIC}"


def tell(*match_ids: int) -> None:
    """Announce one event for each match in one transaction."""
    with transaction.atomic():
        announce(*(MatchIngested(match_id=match_id, seq=1) for match_id in match_ids))


class Probe:
    """A group that writes down its batches, and fails at what is poison to it."""

    def __init__(self, group: str = "probe", *, topic: str = TOPIC) -> None:
        self.group = group
        self.batches: list[list[int]] = []
        self.positions: list[int] = []
        self.poison: Collection[int] = ()
        self.failures = 0
        groups.subscribe(topic, group=group, queue=f"queue-{group}")(self.handle)

    def handle(self, deliveries) -> None:
        ids = [delivery.event.match_id for delivery in deliveries]
        if poisoned := [match_id for match_id in ids if match_id in self.poison]:
            self.failures += 1
            raise ValueError(f"cannot digest {poisoned}")
        self.batches.append(ids)
        self.positions += [delivery.position for delivery in deliveries]

    @property
    def heard(self) -> list[int]:
        return [match_id for batch in self.batches for match_id in batch]
