"""Telling a match's log anew from the raw documents, for a better adapter or a broken past."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from matches.enums import EventOp
from matches.ingest import adapters
from matches.ingest.documents import FeedError
from matches.ingest.plan import ADMIN
from matches.models import Match, PlayEvent, RawDocument
from matches.selectors.logs import held_lineage
from matches.services.corrections import tell_again
from matches.services.curation import MAX_DOCUMENTS
from matches.services.feeds import unpack_files
from matches.services.ingest import apply_document
from matches.services.log import delete_log
from matches.services.reports import IngestReport


@transaction.atomic
def rerun_from_raw(match: Match, documents: Sequence[RawDocument]) -> IngestReport:
    """Forget the match's log and tell it from the documents, oldest first; raises its epoch.

    What curators said and nobody took back is said again on top. Locks the match. Raises
    FeedError, and changes nothing, when a document is refused or none of them tells of the match,
    and when there are more than can be told at once: a log of the first ones would be half a log.
    """
    if len(documents) > MAX_DOCUMENTS:
        raise FeedError(f"there are more than {MAX_DOCUMENTS} documents", code="too_many_documents")
    locked = Match.objects.select_for_update(no_key=True).get(pk=match.pk)
    decided = _decided(locked)
    delete_log(locked)
    report = IngestReport()
    for document in documents:
        parsed = adapters.get(document.adapter).parse(unpack_files(document))
        report.include(apply_document(parsed, season=match.season))
    if not PlayEvent.objects.filter(match=locked).exists():
        raise FeedError("no document tells of this match", code="nothing_told")
    for word in decided:
        _say_again(locked, word)
    return report


@dataclass(frozen=True, slots=True, kw_only=True)
class _Decided:
    """A curator's word that stands, and the vendor's newest telling of the fact, if any told it."""

    row: PlayEvent
    vendors: PlayEvent | None


def _decided(match: Match) -> list[_Decided]:
    newest = (
        PlayEvent.objects.filter(match=match).order_by("lineage_id", "-rev").distinct("lineage_id")
    )
    own = sorted((row for row in newest if row.source == ADMIN), key=lambda row: row.seq)
    told = PlayEvent.objects.filter(match=match).exclude(source=ADMIN).order_by("-rev")
    return [
        _Decided(row=row, vendors=told.filter(lineage_id=row.lineage_id).first()) for row in own
    ]


def _say_again(match: Match, word: _Decided) -> None:
    """Say it again; the vendor's fact has a new lineage, so it is found by id or likeness."""
    held = None
    if word.vendors is not None:
        found = _same_fact(match, word.vendors)
        held = held_lineage(match.pk, found.lineage_id) if found else None
    if held is not None or word.row.op != EventOp.RETRACT:
        tell_again(match.pk, word.row, held)


def _same_fact(match: Match, row: PlayEvent) -> PlayEvent | None:
    told = PlayEvent.objects.filter(match=match, type=row.type).exclude(source=ADMIN)
    same = (
        told.filter(vendor_event_id=row.vendor_event_id)
        if row.vendor_event_id
        else told.filter(
            team=row.team_id, player=row.player_id, period=row.period, clock_ms=row.clock_ms
        )
    )
    return same.order_by("-seq").first()
