"""How long the log of domain events is kept."""

from datetime import timedelta

from django.conf import settings
from django.db.models import Min

from config.clock import now
from streams.changes import head_position
from streams.groups import checkpoint_floor
from streams.models import OutboxEvent

_BATCH = 10_000


def prune_outbox() -> int:
    """Delete events older than OUTBOX_KEEP_DAYS and return how many.

    What is left has no hole. Kept whatever their age: what some group has not handled for certain,
    and the newest event, from which positions are counted on.
    """
    until = _first_kept()
    deleted = 0
    while True:
        oldest = OutboxEvent.objects.filter(position__lt=until).order_by("position")
        positions = list(oldest.values_list("position", flat=True)[:_BATCH])
        if not positions:
            return deleted
        deleted += OutboxEvent.objects.filter(
            position__gte=positions[0], position__lte=positions[-1]
        ).delete()[0]


def _first_kept() -> int:
    since = now() - timedelta(days=settings.OUTBOX_KEEP_DAYS)
    young = OutboxEvent.objects.filter(created_at__gte=since, position__isnull=False)
    first_young = young.aggregate(first=Min("position"))["first"]
    head = head_position()
    return min(head if first_young is None else int(first_young), checkpoint_floor() + 1, head)
