"""Appending to a match's log: the only writes that play-by-play rows ever get."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from django.db import connection, transaction
from django.db.models import F

from config.clock import now
from matches.enums import EventOp
from matches.ingest.plan import Fact, Plan, Revision
from matches.models import Match, MissingFact, PlayEvent
from matches.selectors.logs import held_facts
from matches.topics import MatchIngested
from streams import ids
from streams.outbox import announce

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


@transaction.atomic
def override_stats(
    match_id: int,
    *,
    values: Mapping[str, int | None],
    reason: str,
    team_id: int | None = None,
    player_id: int | None = None,
) -> None:
    """Let an admin's numbers stand for a player's or team's columns, whatever vendors say.

    Locks the match; announces `match.ingested`. Raises ValueError without a reason.
    """
    if not reason.strip():
        raise ValueError("reason: say why, everybody will see it")
    _append_admin(
        match_id,
        Fact(
            type="admin.override",
            team=team_id,
            player=player_id,
            payload={"values": dict(values)},
            reason=reason,
        ),
    )


@transaction.atomic
def decide_match(
    match_id: int, *, reason: str, status: str = "", score: tuple[int, int] | None = None
) -> None:
    """Let an admin's status or score of a match stand, whatever log and vendors say.

    Locks the match; announces `match.ingested`. Raises ValueError without a reason or a decision.
    """
    if not reason.strip():
        raise ValueError("reason: say why, everybody will see it")
    if not status and score is None:
        raise ValueError("decision: give a status, a score or both")
    payload: dict[str, Any] = {"reason": reason}
    if status:
        payload["status"] = status
    if score is not None:
        payload["score"] = {"home": score[0], "away": score[1]}
    _append_admin(match_id, Fact(type="admin.override", payload=payload, reason=reason))


@transaction.atomic
def tell_as_admin(match_id: int, row: PlayEvent) -> None:
    """Tell an admin's fact again, as a new lineage, after the log was told anew.

    Locks the match; announces `match.ingested`.
    """
    fact = Fact(
        type=row.type,
        team=row.team_id,
        player=row.player_id,
        payload=row.payload,
        reason=row.reason,
    )
    _append_admin(match_id, fact)


@transaction.atomic
def retract_event(event: PlayEvent, *, reason: str) -> None:
    """Take a fact back by an admin's word; later tellings of the vendor do not revive it.

    Locks the match; announces `match.ingested`. Raises ValueError without a reason.
    """
    if not reason.strip():
        raise ValueError("reason: say why, everybody will see it")
    match = Match.objects.select_for_update(no_key=True).get(pk=event.match_id)
    held = next(
        (h for h in held_facts(match.pk, event.source) if h.lineage == event.lineage_id), None
    )
    if held is None or held.is_retracted:
        return
    fact = Fact(**{**_fields(held.fact), "reason": reason, "rev": None})
    plan = Plan(revisions=[Revision(op=EventOp.RETRACT, fact=fact, held=held)])
    _append_as_admin(match, plan)


def _append_admin(match_id: int, fact: Fact) -> None:
    match = Match.objects.select_for_update(no_key=True).get(pk=match_id)
    _append_as_admin(match, Plan(revisions=[Revision(op=EventOp.ADD, fact=fact)]))


def _append_as_admin(match: Match, plan: Plan) -> None:
    append_plans([(match, plan)], "admin", at=now())
    match.save(update_fields=["head_seq"])
    announce(MatchIngested(match_id=match.pk, seq=match.head_seq))


def _fields(fact: Fact) -> dict[str, Any]:
    return {name: getattr(fact, name) for name in Fact.__slots__}


def delete_log(match: Match) -> None:
    """Forget the whole log so that it can be told anew from raw documents; raises the epoch.

    Needs the match row locked by the caller's transaction. Readers start over by the new epoch.
    """
    PlayEvent.objects.filter(match=match).delete()
    MissingFact.objects.filter(match=match).delete()
    match.epoch = uuid.uuid4()
    match.head_seq = match.folded_seq = 0
    match.event_source = ""
    match.save(update_fields=["epoch", "head_seq", "folded_seq", "event_source"])
