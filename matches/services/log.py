"""Appending to a match's log: the only writes that play-by-play rows ever get."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
from django.db import connection
from django.db.models import F

from config.clock import now
from matches.ingest.plan import Plan, Revision, packed
from matches.models import Match, MatchPast, MissingFact, PlayEvent, VendorWord
from streams import ids

_COLUMNS = (
    "event_id",
    "match_id",
    "seq",
    "lineage_id",
    "rev",
    "op",
    "type",
    "period",
    "clock_ms",
    "clock_label",
    "order",
    "team_id",
    "player_id",
    "related_player_id",
    "x",
    "y",
    "payload",
    "occurred_at",
    "vendor_at",
    "ingested_at",
    "source",
    "vendor_event_id",
    "certainty",
    "reason",
    "vendor_rev",
    "stands_for",
    "pin",
    "actor_id",
)
_LINEAGE, _REV = _COLUMNS.index("lineage_id"), _COLUMNS.index("rev")
_COPY = "COPY matches_playevent ({}) FROM STDIN".format(
    ", ".join(f'"{column}"' for column in _COLUMNS)
)


def append_plans(plans: Sequence[tuple[Match, Plan]], source: str, *, at: datetime) -> None:
    """Append the rows of the plans and raise `head_seq` on the instances.

    Needs the match rows locked by the caller's transaction, who also saves `head_seq`.
    """
    rows: list[tuple[Any, ...]] = []
    for match, plan in plans:
        own: list[tuple[Any, ...]] = []
        for place, revision in enumerate(plan.revisions, start=1):
            before = None if revision.follows is None else own[revision.follows]
            own.append(_row(match.pk, match.head_seq + place, source, revision, at, before))
        match.head_seq += len(own)
        rows += own
        _remember_missing(match, source, plan, at)
        _keep_words(match, source, plan, at)
    if rows:
        with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
            for row in rows:
                copy.write_row(row)


def _row(
    match_id: int,
    seq: int,
    source: str,
    revision: Revision,
    at: datetime,
    before: tuple[Any, ...] | None,
) -> tuple[Any, ...]:
    fact, held = revision.fact, revision.held
    event_id = lineage = ids.event_uuid()
    rev = fact.rev or 1
    if held is not None:
        lineage, rev = held.lineage, max(held.rev + 1, rev)
    elif before is not None:
        lineage, rev = before[_LINEAGE], max(before[_REV] + 1, rev)
    vendor_id = fact.vendor_event_id
    if vendor_id is None and held is not None:
        vendor_id = held.fact.vendor_event_id
    return (
        event_id,
        match_id,
        seq,
        lineage,
        rev,
        revision.op,
        fact.type,
        fact.period,
        fact.clock_ms,
        fact.clock_label[:12],
        fact.order,
        fact.team,
        fact.player,
        fact.related_player,
        fact.x,
        fact.y,
        orjson.dumps(fact.payload).decode(),
        fact.occurred_at,
        fact.vendor_at,
        at,
        source,
        vendor_id,
        fact.certainty,
        fact.reason[:200],
        fact.rev if fact.rev is not None or held is None else held.fact.rev,
        revision.stands_for,
        revision.pin,
        revision.actor,
    )


def _remember_missing(match: Match, source: str, plan: Plan, at: datetime) -> None:
    settled = [h.lineage for h in plan.seen_again] + [
        r.held.lineage for r in plan.revisions if r.held and r.held.missing_since is not None
    ]
    if settled:
        MissingFact.objects.filter(match=match, source=source, lineage_id__in=settled).delete()
    if plan.missing:
        MissingFact.objects.bulk_create(
            [
                MissingFact(match=match, source=source, lineage_id=h.lineage, missing_since=at)
                for h in plan.missing
            ],
            ignore_conflicts=True,
        )
        known = [h.lineage for h in plan.missing if h.missing_since is not None]
        MissingFact.objects.filter(match=match, source=source, lineage_id__in=known).update(
            polls=F("polls") + 1
        )


def _keep_words(match: Match, source: str, plan: Plan, at: datetime) -> None:
    """Keep what the vendor says of pinned facts, forget it where his word counts again."""
    settled = [r.held.lineage for r in plan.revisions if r.held and r.held.beside and not r.pin]
    if settled:
        VendorWord.objects.filter(match=match, lineage_id__in=settled).delete()
    if plan.words:
        VendorWord.objects.bulk_create(
            [
                VendorWord(
                    match=match,
                    source=source,
                    lineage_id=held.lineage,
                    is_retracted=fact.is_retracted,
                    fact=packed(fact),
                    said_at=at,
                )
                for held, fact in plan.words
            ],
            update_conflicts=True,
            unique_fields=["match", "source", "lineage_id"],
            update_fields=["is_retracted", "fact", "said_at"],
        )
        MissingFact.objects.filter(
            match=match, source=source, lineage_id__in=[h.lineage for h, _ in plan.words]
        ).delete()


def delete_log(match: Match) -> None:
    """Forget the whole log so that it can be told anew from raw documents; raises the epoch.

    Needs the match row locked by the caller's transaction. Readers start over by the new epoch.
    """
    MatchPast.objects.keep([match.pk], at=now())
    PlayEvent.objects.filter(match=match).delete()
    MissingFact.objects.filter(match=match).delete()
    VendorWord.objects.filter(match=match).delete()
    match.epoch = uuid.uuid4()
    match.head_seq = match.folded_seq = 0
    match.unchanged_seq = None
    match.event_source = ""
    match.save(update_fields=["epoch", "head_seq", "folded_seq", "unchanged_seq", "event_source"])
