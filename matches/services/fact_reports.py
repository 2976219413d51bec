"""What readers say is wrong: opening a task for the curators, and closing it."""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import F

from config.clock import now
from matches.enums import ReportStatus
from matches.models import FactReport

_MOST_SAID: Final = 20


@transaction.atomic
def report_fact(
    match_id: int, *, subject: str, words: str = "", lineage_id: UUID | None = None
) -> FactReport:
    """Open a task about a match or one of its events; the same complaint is added to the open one.

    Locks the open task. Two readers who are first at the same moment still make one.
    """
    about = {"match_id": match_id, "lineage_id": lineage_id, "subject": subject}
    said = [words] if words else []
    fresh = FactReport(**about, said=said, count=0)
    FactReport.objects.bulk_create([fresh], ignore_conflicts=True)
    held = FactReport.objects.select_for_update().filter(**about, status=ReportStatus.OPEN).first()
    if held is None:
        # A curator closed it meanwhile.
        return report_fact(match_id, subject=subject, words=words, lineage_id=lineage_id)
    held.count += 1
    if words and words not in held.said and len(held.said) < _MOST_SAID:
        held.said.append(words)
    held.save(update_fields=["count", "said"])
    return held


@transaction.atomic
def close_reports(
    keys: Collection[int], *, status: ReportStatus, by: int | None, answer: str = ""
) -> int:
    """Close the open ones among the reports and return how many; closed ones stay as they are."""
    return (
        FactReport.objects.filter(pk__in=keys, status=ReportStatus.OPEN)
        .order_by()
        .update(
            status=status,
            closed_at=now(),
            closed_by=by,
            answer=answer or F("answer"),
        )
    )
