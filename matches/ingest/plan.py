"""What a document changes in a match's log: compares what the vendor says with what is held.

Facts are the same fact when the vendor's event id says so, else when type, team, player, related
player and period agree and the clocks lie within a minute. A fact that a snapshot leaves out is
retracted only after it was missing from two successive good polls and for twenty seconds, because
feeds drop events for a moment and bring them back with another minute.

What a curator pinned stands, whatever a vendor says; his word is kept beside it. What a curator
told without a pin stands until a vendor says otherwise.
"""

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from leagues.packs.schema import OVERRIDE, STAT_SET

SAME_FACT_MS = 60_000
VANISHED_POLLS = 2
# The source of what curators tell, and the pin that holds for good.
ADMIN = "admin"
FOREVER = "forever"
# Why a fact that a snapshot left out was retracted, and why it was added again.
REMOVED = "vendor_removed"
RETURNED = "vendor_returned"
# Why a curator's number without a pin was taken back.
TOLD_ANEW = "vendor_told_anew"
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
    """The newest revision of one lineage of the log; `fact.rev` is the vendor's own number.

    `beside` is what a vendor says since a curator pinned the fact; `stands_for` the vendor whose
    word a curator's revision corrects, empty where no vendor had told the fact. `was` is what
    another vendor, who told the match before, had said of a fact that a curator corrected.
    """

    lineage: uuid.UUID
    rev: int
    is_retracted: bool
    source: str
    fact: Fact
    missing_polls: int = 0
    missing_since: datetime | None = None
    pin: str = ""
    stands_for: str = ""
    beside: Fact | None = None
    was: Fact | None = None

    def is_pinned(self, *, is_final: bool) -> bool:
        """Return whether no word of a vendor counts now."""
        return self.pin == FOREVER or (bool(self.pin) and not is_final)

    @property
    def vendor_tells_it(self) -> bool:
        """Whether, as far as we heard, the vendor behind a curator's word tells the fact."""
        if self.beside is not None:
            return not self.beside.is_retracted
        return bool(self.stands_for) if self.source == ADMIN else not self.is_retracted

    @property
    def known_rev(self) -> int | None:
        """The vendor's number of the newest word we have of it."""
        return self.fact.rev if self.beside is None else self.beside.rev


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A row to append.

    `held` is what it revises; `follows` is the place in the same plan of the row it revises,
    where one document tells a fact twice; neither: a new lineage. `pin`, `stands_for` and `actor`
    are of curators.
    """

    op: str
    fact: Fact
    held: HeldFact | None = None
    follows: int | None = None
    pin: str = ""
    stands_for: str = ""
    actor: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Rows to append in order, and the lineages that are missing for now.

    `words` is what the vendor says anew of pinned facts.
    """

    revisions: Sequence[Revision]
    missing: Sequence[HeldFact] = ()
    seen_again: Sequence[HeldFact] = ()
    words: Sequence[tuple[HeldFact, Fact]] = ()

    @property
    def is_empty(self) -> bool:
        """There is nothing to write."""
        return not (self.revisions or self.missing or self.seen_again or self.words)


def make_plan(
    told: Sequence[Fact],
    held: Sequence[HeldFact],
    *,
    is_snapshot: bool,
    at: datetime,
    is_authoritative: bool = False,
    is_final: bool = False,
) -> Plan:
    """Return what to append so that the log says what the vendor says; nothing when it does.

    With `is_authoritative` (a file somebody chose to import) what a snapshot leaves out is
    retracted at once. Pinned facts are left alone; `is_final` ends pins that hold until then.
    """
    pairs = _pair(told, held)
    pinned = {h.lineage for h in held if h.is_pinned(is_final=is_final)}
    revisions: list[Revision] = []
    words: dict[uuid.UUID, tuple[HeldFact, Fact]] = {}
    places: dict[str, int] = {}
    for fact, match in pairs:
        if match is not None and match.lineage in pinned:
            _hear(words, match, fact)
            continue
        earlier = places.get(fact.vendor_event_id or "")
        revision = _revise(fact, match) if earlier is None else _retell(fact, revisions, earlier)
        if revision is None:
            continue
        if fact.vendor_event_id is not None:
            places[fact.vendor_event_id] = len(revisions)
        revisions.append(revision)
    paired = {match.lineage for _, match in pairs if match is not None}
    absent = _absent(held, paired, pinned) if is_snapshot else []
    gone = [h for h in absent if is_authoritative or _is_gone(h, at)]
    for h in gone:
        if h.lineage in pinned:
            words[h.lineage] = (h, _taken_away(h.beside or h.fact))
        else:
            revisions.append(Revision(op="retract", fact=replace(h.fact, reason=REMOVED), held=h))
    given_up = {r.held.lineage for r in revisions if r.held}
    revisions += [
        Revision(op="retract", fact=replace(h.fact, reason=TOLD_ANEW), held=h)
        for h in _overtaken(held, revisions)
        if h.lineage not in pinned | given_up
    ]
    return Plan(
        revisions=revisions,
        missing=[h for h in absent if h not in gone] if gone else absent,
        seen_again=[h for h in held if h.missing_since is not None and h.lineage in paired],
        words=tuple(words.values()),
    )


def _overtaken(held: Sequence[HeldFact], revisions: Sequence[Revision]) -> list[HeldFact]:
    """Return the numbers of curators that the vendor's newly told totals speak of, too."""
    told: dict[Any, set[str]] = defaultdict(set)
    for revision in revisions:
        if revision.fact.type == STAT_SET and revision.op != "retract":
            told[_whose(revision.fact)] |= _numbers(revision.fact)
    return [
        h
        for h in held
        if h.fact.type == OVERRIDE
        and not h.is_retracted
        and _numbers(h.fact) & told.get(_whose(h.fact), set())
    ]


def _whose(fact: Fact) -> tuple[str, int | None]:
    return ("team", fact.team) if fact.player is None else ("player", fact.player)


def _numbers(fact: Fact) -> set[str]:
    values = fact.payload.get("values")
    return set(values) if isinstance(values, Mapping) else set()


def _absent(
    held: Sequence[HeldFact], paired: set[uuid.UUID], pinned: set[uuid.UUID]
) -> list[HeldFact]:
    """Return what the log holds as told by the vendor and the snapshot leaves out."""
    return [
        h
        for h in held
        if h.lineage not in paired
        and (h.vendor_tells_it if h.lineage in pinned else not h.is_retracted)
    ]


def _is_gone(held: HeldFact, at: datetime) -> bool:
    return (
        held.missing_since is not None
        and held.missing_polls + 1 >= VANISHED_POLLS
        and at - held.missing_since >= VANISHED_AFTER
    )


def _taken_away(fact: Fact) -> Fact:
    return replace(fact, is_retracted=True, reason=REMOVED)


def _hear(words: dict[uuid.UUID, tuple[HeldFact, Fact]], held: HeldFact, fact: Fact) -> None:
    """Note what the vendor says of a pinned fact, unless it is what he said before."""
    before = words[held.lineage][1] if held.lineage in words else held.beside
    known_rev = held.known_rev if before is None else before.rev
    if fact.rev is not None and known_rev is not None and fact.rev < known_rev:
        return
    is_same = (
        before is not None
        and before.is_retracted == fact.is_retracted
        and before.vendor_event_id == fact.vendor_event_id
        and (fact.is_retracted or _content(before) == _content(fact))
    )
    if not is_same:
        words[held.lineage] = (held, fact)


def _revise(fact: Fact, held: HeldFact | None) -> Revision | None:
    if held is None:
        return None if fact.is_retracted else Revision(op="add", fact=fact)
    if fact.rev is not None and held.known_rev is not None and fact.rev < held.known_rev:
        return None
    if fact.is_retracted:
        return None if held.is_retracted else Revision(op="retract", fact=fact, held=held)
    if held.is_retracted:
        if held.fact.reason == REMOVED and not fact.reason:
            fact = replace(fact, reason=RETURNED)
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
    by_id: dict[str | None, HeldFact] = {
        h.fact.vendor_event_id: h for h in held if h.fact.vendor_event_id is not None
    }
    nameless = [h for h in held if h.fact.vendor_event_id is None]
    by_id |= {h.beside.vendor_event_id: h for h in nameless if h.beside and _has_id(h.beside)}
    if not nameless:
        return [(fact, by_id.get(fact.vendor_event_id)) for fact in told]
    strangers = [f for f in told if _has_id(f) and f.vendor_event_id not in by_id]
    unnamed = [f for f in told if not _has_id(f)]
    waiting = [h for h in nameless if _waits(h)]
    matched = {
        **_pair_by_likeness(unnamed, nameless, _LIKENESSES),
        # What a curator added because it was missing, and its vendor now tells.
        **_pair_by_likeness(strangers, waiting, (_same_moment,)),
    }
    matched |= _pair_with_corrected([*strangers, *unnamed], waiting, matched)
    return [
        (f, matched.get(id(f)) or (by_id.get(f.vendor_event_id) if _has_id(f) else None))
        for f in told
    ]


def _pair_with_corrected(
    told: Sequence[Fact], waiting: Sequence[HeldFact], matched: Mapping[int, HeldFact]
) -> dict[int, HeldFact]:
    """Pair what nothing was like with what curators corrected in the words of a former vendor.

    A new vendor may tell it as the former one did, or have a third opinion of who it was.
    """
    taken = {held.lineage for held in matched.values()}
    free = {h.lineage: h for h in waiting if h.was is not None and h.lineage not in taken}
    if not free:
        return {}
    rest = [fact for fact in told if id(fact) not in matched]
    as_they_were = [replace(h, fact=h.was or h.fact) for h in free.values()]
    pairs = _pair_by_likeness(rest, as_they_were, (_same_moment, _likeness_but_player))
    return {key: free[held.lineage] for key, held in pairs.items()}


def _has_id(fact: Fact) -> bool:
    return fact.vendor_event_id is not None


def _waits(held: HeldFact) -> bool:
    return held.source == ADMIN and (held.beside is None or not _has_id(held.beside))


def _pair_by_likeness(
    told: Sequence[Fact],
    held: Sequence[HeldFact],
    likenesses: Sequence[Callable[[Fact], tuple[Any, ...]]],
) -> dict[int, HeldFact]:
    """Pair facts that are alike within a minute, the closest likeness first."""
    matched: dict[int, HeldFact] = {}
    free = set(range(len(held)))
    for likeness in likenesses:
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


def _same_moment(fact: Fact) -> tuple[Any, ...]:
    return (fact.type, fact.team, fact.player, fact.period)


# Exactly alike, else another player at the same clock.
_LIKENESSES = (_likeness, _likeness_but_player)


def _nearest(
    fact: Fact, places: Iterable[int], held: Sequence[HeldFact], free: set[int]
) -> int | None:
    def distance(index: int) -> tuple[int, bool]:
        return (abs(held[index].fact.clock_ms - fact.clock_ms), held[index].is_retracted)

    near = [i for i in places if i in free and distance(i)[0] <= SAME_FACT_MS]
    return min(near, key=distance, default=None)


def packed(fact: Fact) -> dict[str, Any]:
    """Return the fact as JSON-ready values."""
    values = asdict(fact)
    return {k: v.isoformat() if isinstance(v, datetime) else v for k, v in values.items()}


def unpacked(values: Mapping[str, Any]) -> Fact:
    """Return the fact that was packed."""
    times = {
        name: datetime.fromisoformat(values[name])
        for name in ("occurred_at", "vendor_at")
        if values[name]
    }
    return Fact(**{**values, **times})
