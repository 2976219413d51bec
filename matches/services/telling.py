"""What a document's play changes in the logs: who may tell, which fact is which."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from leagues.packs.loader import load_pack
from leagues.packs.schema import OVERRIDE, PERIOD_START, STAT_SET, SportPack
from matches.enums import MatchStatus
from matches.ingest.documents import FeedEvent, FeedMatch
from matches.ingest.plan import Fact, HeldFact, Plan, Revision, make_plan
from matches.models import Match
from matches.selectors.logs import held_by_vendor_ids, held_facts
from matches.services.log import append_plans
from matches.services.reports import IngestReport, Keys


def held_for(
    pairs: Sequence[tuple[FeedMatch, int]], source: str
) -> Mapping[int, Sequence[HeldFact]]:
    """Look up in one query what the log holds of the facts that carry vendor ids.

    Matches told as snapshots, or with facts without ids, need their whole log and are left out.
    """
    by_ids = [(told, pk) for told, pk in pairs if told.events and _has_ids(told)]
    if not by_ids:
        return {}
    ids = [event.vendor_event_id or "" for told, _ in by_ids for event in told.events]
    found = held_by_vendor_ids([pk for _, pk in by_ids], source, ids)
    return {pk: found.get(pk, []) for _, pk in by_ids}


def _has_ids(told: FeedMatch) -> bool:
    return not told.is_snapshot and all(event.vendor_event_id is not None for event in told.events)


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """One document's play: what the log holds of its facts, and how far its word goes."""

    keys: Keys
    held: Mapping[int, Sequence[HeldFact]]
    is_authoritative: bool
    at: datetime
    report: IngestReport


def plan_match(match: Match, told: FeedMatch, telling: Telling) -> Plan:
    """Return what the document changes in the match's log and count it in the report.

    Needs the match row locked. May set `event_source`, which the caller saves.
    """
    keys, report, held = telling.keys, telling.report, telling.held
    events = [event for event in told.events if event.type != OVERRIDE]
    if len(events) < len(told.events):
        _note_refused(report, told, keys.source, "decisions are for curators")
    if events and not _may_tell(match, told, telling):
        # Totals may come from any source, beside whoever tells the play.
        events = [event for event in events if event.type == STAT_SET]
    if not events:
        return Plan(revisions=())
    facts = [_fact(event, told, keys, report) for event in events]
    known = held[match.pk] if match.pk in held else held_facts(match.pk, keys.source)
    if match.event_source != keys.source:
        # What curators added stands beside the play, and another source does not tell that.
        known = [h for h in known if h.source == keys.source or h.stands_for]
    plan = make_plan(
        facts,
        known,
        is_snapshot=told.is_snapshot,
        at=telling.at,
        is_authoritative=telling.is_authoritative,
        is_final=match.status == MatchStatus.FINAL,
    )
    for revision in plan.revisions:
        if revision.op == "add":
            report.added += 1
        elif revision.op == "amend":
            report.amended += 1
        else:
            report.retracted += 1
    return plan


def _may_tell(match: Match, told: FeedMatch, telling: Telling) -> bool:
    """Return whether the source may tell this match's play: one source does, others add totals.

    Who is better in the season's order takes over, and so does a source that tells play from one
    that only told results; the facts of the one before are retracted.
    """
    source = telling.keys.source
    if match.event_source == source:
        return True
    pack = load_pack(match.season.league.sport)
    kinds = {event.type for event in told.events} - {STAT_SET}
    if not kinds:
        return True
    tells_play = not all(_is_result(pack, kind) for kind in kinds)
    if match.event_source:
        if not _takes_over(match, told, source, pack, tells_play=tells_play):
            reason = f"this match is told by {match.event_source}"
            _note_refused(telling.report, told, source, reason)
            return False
        _retract_all(match, source, telling.at)
    match.event_source, match.event_source_tells_play = source, tells_play
    return True


def _takes_over(
    match: Match, told: FeedMatch, source: str, pack: SportPack, *, tells_play: bool
) -> bool:
    if tells_play != match.event_source_tells_play:
        return tells_play
    order = match.season.sources
    is_better = source in order and match.event_source not in order[: order.index(source)]
    # Whoever comes in the middle with news alone would leave a hole where he was not heard.
    return is_better and (told.is_snapshot or _tells_from_the_start(told, pack))


def _tells_from_the_start(told: FeedMatch, pack: SportPack) -> bool:
    first = pack.periods[0].id
    return any(event.type == PERIOD_START and event.period == first for event in told.events)


def _note_refused(report: IngestReport, told: FeedMatch, source: str, reason: str) -> None:
    report.unplaced.append({"kind": "events", "ref": source, "match": told.ref, "reason": reason})


def _is_result(pack: SportPack, kind: str) -> bool:
    event = pack.events.get(kind)
    return kind in {"period_start", "period_end", "match_end", "status"} or (
        event is not None and "result" in event.marks
    )


def _retract_all(match: Match, by: str, at: datetime) -> None:
    source = match.event_source
    held = [
        h
        for h in held_facts(match.pk, source)
        if not h.is_retracted and h.source != "admin" and h.fact.type != STAT_SET
    ]
    reason = f"superseded by {by}"
    plan = Plan(
        revisions=[
            Revision(op="retract", fact=replace(h.fact, reason=reason), held=h) for h in held
        ]
    )
    append_plans([(match, plan)], source, at=at)


def _fact(event: FeedEvent, told: FeedMatch, keys: Keys, report: IngestReport) -> Fact:
    unplaced = {}
    for role, ref in (("player", event.player), ("related_player", event.related_player)):
        if ref is not None and ref not in keys.players:
            unplaced[role] = ref
            report.unplaced.append({"kind": "player", "ref": ref, "match": told.ref})
    fact = Fact(
        type=event.type,
        period=event.period,
        clock_ms=max(0, event.clock_ms),
        clock_label=event.clock_label,
        order=event.order,
        team=keys.teams.get(event.team) if event.team is not None else None,
        player=keys.players.get(event.player) if event.player is not None else None,
        related_player=(
            keys.players.get(event.related_player) if event.related_player is not None else None
        ),
        x=event.x,
        y=event.y,
        payload=event.payload,
        vendor_event_id=event.vendor_event_id,
        rev=event.rev,
        is_retracted=event.is_retracted,
        certainty=event.certainty,
        reason=event.reason,
        occurred_at=event.occurred_at,
        vendor_at=event.vendor_at,
    )
    return replace(fact, payload={**event.payload, "unplaced": unplaced}) if unplaced else fact
