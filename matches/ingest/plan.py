"""What a document changes in a match's log: compares what the vendor says with what is held.

Facts are the same fact when the vendor's event id says so, else when type, team, player, related
player and period agree and the clocks lie within a minute. A fact that a snapshot leaves out is
retracted only after it was missing from two successive good polls and for twenty seconds, because
feeds drop events for a moment and bring them back with another minute.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

SAME_FACT_MS = 60_000
VANISHED_POLLS = 2
# Why a fact that a snapshot left out was retracted, and why it was added again.
REMOVED = "vendor_removed"
RETURNED = "vendor_returned"
VANISHED_AFTER = timedelta(seconds=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One fact with our own integer keys for team and players."""

    type: str
    period: str = ""
    clock_ms: int = 0
    clock_label: str = ""
    order: int = 0
    team: int | None = None
    player: int | None = None
    related_player: int | None = None
    x: float | None = None
    y: float | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)
    vendor_event_id: str | None = None
    rev: int | None = None
    is_retracted: bool = False
    certainty: str = "confirmed"
    reason: str = ""
    occurred_at: datetime | None = None
    vendor_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldFact:
    """The newest revision of one lineage of the log."""

    lineage: uuid.UUID
    rev: int
    is_retracted: bool
    source: str
    fact: Fact
    missing_polls: int = 0
    missing_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A row to append.

    `held` is what it revises; `follows` is the place in the same plan of the row it revises,
    where one document tells a fact twice; neither: a new lineage.
    """

    op: str
    fact: Fact
    held: HeldFact | None = None
    follows: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Rows to append in order, and the lineages that are missing for now."""

    revisions: Sequence[Revision]
    missing: Sequence[HeldFact] = ()
    seen_again: Sequence[HeldFact] = ()


def make_plan(
    told: Sequence[Fact],
    held: Sequence[HeldFact],
    *,
    is_snapshot: bool,
    at: datetime,
    is_authoritative: bool = False,
) -> Plan:
    """Return what to append so that the log says what the vendor says; nothing when it does.

    With `is_authoritative` (a file somebody chose to import) what a snapshot leaves out is
    retracted at once. Facts an admin has pinned are left alone.
    """
    pairs = _pair(told, held)
    revisions: list[Revision] = []
    places: dict[str, int] = {}
    for fact, match in pairs:
        earlier = places.get(fact.vendor_event_id or "")
        revision = _revise(fact, match) if earlier is None else _retell(fact, revisions, earlier)
        if revision is None:
            continue
        if fact.vendor_event_id is not None:
            places[fact.vendor_event_id] = len(revisions)
        revisions.append(revision)
    paired = {match.lineage for _, match in pairs if match is not None}
    absent = (
        [h for h in held if h.lineage not in paired and not h.is_retracted] if is_snapshot else []
    )
    absent = [h for h in absent if h.source != "admin"]
    gone = [h for h in absent if is_authoritative or _is_gone(h, at)]
    revisions += [
        Revision(op="retract", fact=replace(h.fact, reason=REMOVED), held=h) for h in gone
    ]
    still_missing = [h for h in absent if h not in gone] if gone else absent
    seen_again = [h for h in held if h.missing_since is not None and h.lineage in paired]
    return Plan(revisions=revisions, missing=still_missing, seen_again=seen_again)


def _is_gone(held: HeldFact, at: datetime) -> bool:
    return (
        held.missing_since is not None
        and held.missing_polls + 1 >= VANISHED_POLLS
        and at - held.missing_since >= VANISHED_AFTER
    )


def _revise(fact: Fact, held: HeldFact | None) -> Revision | None:
    if held is None:
        return None if fact.is_retracted else Revision(op="add", fact=fact)
    # Revisions of our own count up too, so from then on the vendor's numbers tell no order.
    is_ours = held.fact.reason in (REMOVED, RETURNED)
    is_late = fact.rev is not None and fact.rev < held.rev and not is_ours
    if held.source == "admin" or is_late:
        return None
    if is_ours and not fact.reason:
        fact = replace(fact, reason=RETURNED)
    if fact.is_retracted:
        return None if held.is_retracted else Revision(op="retract", fact=fact, held=held)
    if held.is_retracted:
        return Revision(op="add", fact=fact, held=held)
    if _content(fact) == _content(held.fact):
        return None
    return Revision(op="amend", fact=fact, held=held)


def _retell(fact: Fact, revisions: Sequence[Revision], earlier: int) -> Revision | None:
    """Compare with what this very document said of the fact before."""
    before = revisions[earlier]
    told_before = before.fact.rev or 1
    if fact.rev is not None and fact.rev < told_before:
        return None
    if fact.is_retracted:
        op = None if before.op == "retract" else "retract"
    elif before.op == "retract":
        op = "add" if fact.rev is None or fact.rev > told_before else None
    else:
        op = None if _content(fact) == _content(before.fact) else "amend"
    return None if op is None else Revision(op=op, fact=fact, follows=earlier)


def _content(fact: Fact) -> tuple[Any, ...]:
    # `order` is the place in the vendor's list and moves when an earlier fact is inserted.
    return (
        fact.type,
        fact.period,
        fact.clock_ms,
        fact.clock_label,
        fact.team,
        fact.player,
        fact.related_player,
        fact.x,
        fact.y,
        fact.certainty,
        dict(fact.payload),
    )


def _pair(told: Sequence[Fact], held: Sequence[HeldFact]) -> list[tuple[Fact, HeldFact | None]]:
    by_id = {h.fact.vendor_event_id: h for h in held if h.fact.vendor_event_id is not None}
    nameless = [h for h in held if h.fact.vendor_event_id is None]
    if not nameless:
        return [
            (fact, by_id.get(fact.vendor_event_id) if fact.vendor_event_id else None)
            for fact in told
        ]
    matched = _pair_by_likeness([f for f in told if f.vendor_event_id is None], nameless)
    return [
        (
            fact,
            by_id.get(fact.vendor_event_id)
            if fact.vendor_event_id is not None
            else matched.get(id(fact)),
        )
        for fact in told
    ]


def _pair_by_likeness(told: Sequence[Fact], held: Sequence[HeldFact]) -> dict[int, HeldFact]:
    """Pair facts without ids: exact likeness first, then a changed player at the same clock."""
    matched: dict[int, HeldFact] = {}
    free = set(range(len(held)))
    for likeness in (_likeness, _likeness_but_player):
        places: dict[tuple[Any, ...], list[int]] = defaultdict(list)
        for index in sorted(free):
            places[likeness(held[index].fact)].append(index)
        for fact in told:
            if id(fact) in matched:
                continue
            near = _nearest(fact, places[likeness(fact)], held, free)
            if near is not None:
                matched[id(fact)] = held[near]
                free.discard(near)
    return matched


def _likeness(fact: Fact) -> tuple[Any, ...]:
    return (fact.type, fact.team, fact.player, fact.related_player, fact.period)


def _likeness_but_player(fact: Fact) -> tuple[Any, ...]:
    return (fact.type, fact.team, fact.period)


def _nearest(
    fact: Fact, places: Iterable[int], held: Sequence[HeldFact], free: set[int]
) -> int | None:
    def distance(index: int) -> tuple[int, bool]:
        return (abs(held[index].fact.clock_ms - fact.clock_ms), held[index].is_retracted)

    near = [i for i in places if i in free and distance(i)[0] <= SAME_FACT_MS]
    return min(near, key=distance, default=None)
