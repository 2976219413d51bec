"""Telling a match's log anew from the raw documents, for a better adapter or a broken past."""

from collections.abc import Sequence

from django.db import transaction

from matches.enums import EventOp
from matches.ingest import adapters
from matches.ingest.documents import FeedError
from matches.models import Match, PlayEvent, RawDocument
from matches.services.feeds import unpack_files
from matches.services.ingest import apply_document
from matches.services.log import delete_log, retract_event, tell_as_admin
from matches.services.reports import IngestReport

ADMIN = "admin"


@transaction.atomic
def rerun_from_raw(match: Match, documents: Sequence[RawDocument]) -> IngestReport:
    """Forget the match's log and tell it from the documents, oldest first; raises its epoch.

    What admins decided is told again on top. Locks the match. Raises FeedError, and changes
    nothing, when a document is refused or none of them tells of the match.
    """
    locked = Match.objects.select_for_update(no_key=True).get(pk=match.pk)
    decided = list(PlayEvent.objects.filter(match=locked, source=ADMIN).order_by("seq"))
    delete_log(locked)
    report = IngestReport()
    for document in documents:
        parsed = adapters.get(document.adapter).parse(unpack_files(document))
        report.include(apply_document(parsed, season=match.season))
    if not PlayEvent.objects.filter(match=locked).exists():
        raise FeedError("no document tells of this match", code="nothing_told")
    _tell_again(locked, decided)
    return report


def _tell_again(match: Match, decided: Sequence[PlayEvent]) -> None:
    own = {row.lineage_id for row in decided if row.op == EventOp.ADD}
    taken_back = {row.lineage_id for row in decided if row.op == EventOp.RETRACT}
    for row in decided:
        if row.lineage_id in own - taken_back:
            tell_as_admin(match.pk, row)
        elif row.lineage_id not in own:
            _take_back_again(match, row)


def _take_back_again(match: Match, row: PlayEvent) -> None:
    """Take back what an admin had taken back; its lineage is new, so it is found by likeness."""
    told = PlayEvent.objects.filter(match=match, type=row.type).exclude(source=ADMIN)
    same = (
        told.filter(vendor_event_id=row.vendor_event_id)
        if row.vendor_event_id
        else told.filter(
            team=row.team_id, player=row.player_id, period=row.period, clock_ms=row.clock_ms
        )
    )
    newest = same.order_by("-seq").first()
    if newest is not None:
        retract_event(newest, reason=row.reason)
