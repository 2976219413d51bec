"""The timeline of a match: from the tellings of its log to what a reader sees, corrections kept.

An item shows the newest revision of a fact and remembers the others.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from leagues.packs.engine import FoldEvent, Sheet, fold
from leagues.packs.schema import MATCH_END, PERIOD_END, PERIOD_START, EventType, SportPack
from matches.enums import Tone
from matches.rules.tellings import (
    ADMIN,
    RETRACT,
    Revision,
    Sides,
    Telling,
    revisions_of,
    sentence_of,
)

_DIVIDERS = frozenset((PERIOD_START, PERIOD_END, MATCH_END))


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineItem:
    """One line of a timeline. `sort_key` orders items as text, later moments greater.

    `side` acted; `shown_side` is where it stands: an own goal stands with who gained by it.
    """

    key: str
    sort_key: str
    type: str
    period: str
    label: str
    icon: str
    group: str
    is_key: bool
    is_divider: bool
    side: str
    clock: str
    player: str
    player_slug: str
    related: str
    related_slug: str
    sentence: str
    score: tuple[int, int] | None
    is_cancelled: bool
    is_corrected: bool
    is_provisional: bool
    reason: str
    seq: int
    told_at: datetime
    revisions: tuple[Revision, ...]
    shown_side: str = ""
    pin: str = ""
    clock_ms: int = 0


def shown_types(pack: SportPack) -> frozenset[str]:
    """Return the event types that a timeline needs: all that are not hidden, or that score."""
    own = (kind.id for kind in pack.events.values() if not kind.hidden or _scores(kind))
    return _DIVIDERS | frozenset(own)


def timeline(
    pack: SportPack,
    tellings: Iterable[Telling],
    sides: Sides,
    *,
    with_all_dividers: bool = False,
) -> tuple[TimelineItem, ...]:
    """Return the items of a match, newest first.

    Of starts and ends of periods that follow each other one is left, unless all are wanted.
    """
    facts = _facts(tellings)
    period_order = {period.id: index for index, period in enumerate(pack.periods)}
    facts.sort(key=lambda fact: _place(_told(fact), fact[0], period_order))
    scores = _running_scores(pack, facts)
    items: list[TimelineItem] = []
    present = (0, 0)
    shootouts = {period.id for period in pack.periods if period.kind == "shootout"}
    for fact in facts:
        changed = scores.get(fact[0].lineage)
        before = present
        if changed and fact[-1].period not in shootouts:
            present = changed
        item = _item(pack, fact, sides, changed, present, period_order)
        if item:
            items.append(replace(item, shown_side=gaining_side(item.side, before, present)))
    return tuple(reversed(items if with_all_dividers else _without_doubled_dividers(items)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Retold:
    """A timeline and what of it a reader has yet to hear.

    `changed` are the items, newest first, that he has not, or has otherwise: a correction moves the
    running score of all that came after it. `gone` are those he has that are none any more.
    """

    items: tuple[TimelineItem, ...]
    changed: tuple[TimelineItem, ...]
    gone: tuple[TimelineItem, ...]


def retold(pack: SportPack, tellings: Sequence[Telling], sides: Sides, *, after_seq: int) -> Retold:
    """Compare the timeline with that of the tellings up to `after_seq`."""
    items = timeline(pack, tellings, sides)
    fresh = [telling for telling in tellings if telling.seq > after_seq]
    newest = items[: len(fresh)]
    if not any(map(_may_change_others, fresh)) and _are_told_by(newest, fresh):
        return Retold(items=items, changed=newest, gone=())
    earlier = [telling for telling in tellings if telling.seq <= after_seq]
    held = {item.key: item for item in timeline(pack, earlier, sides)}
    present = {item.key for item in items}
    return Retold(
        items=items,
        changed=tuple(item for item in items if held.get(item.key) != item),
        gone=tuple(item for key, item in held.items() if key not in present),
    )


def _may_change_others(telling: Telling) -> bool:
    # The end of the match stands for that of its last period, too.
    return telling.rev > 1 or telling.type == MATCH_END


def _are_told_by(items: Sequence[TimelineItem], tellings: Sequence[Telling]) -> bool:
    return {item.seq for item in items} == {telling.seq for telling in tellings}


def gaining_side(side: str, before: tuple[int, int], after: tuple[int, int]) -> str:
    """Return the side that an event moved the score for, else the acting one: own goals change."""
    if after[0] != before[0]:
        return "home"
    return "away" if after[1] != before[1] else side


def _facts(tellings: Iterable[Telling]) -> list[list[Telling]]:
    by_lineage: dict[UUID, list[Telling]] = defaultdict(list)
    for telling in tellings:
        by_lineage[telling.lineage].append(telling)
    return [sorted(rows, key=lambda row: row.rev) for rows in by_lineage.values()]


def _told(fact: Sequence[Telling]) -> Telling:
    """Return what was said of the fact last: a retraction may say nothing of it but that."""
    return next((row for row in reversed(fact) if row.op != RETRACT), fact[-1])


def _place(told: Telling, first: Telling, periods: Mapping[str, int]) -> tuple[int, ...]:
    ends = (PERIOD_START, "", PERIOD_END, MATCH_END)
    rank = ends.index(told.type) if told.type in ends else 1
    last = len(periods) if told.type == MATCH_END else periods.get(told.period, len(periods))
    # A period's end comes after all that happened in it, whatever clock the vendor gave it.
    clock_ms = told.clock_ms if rank == 1 else (0, 0, 10**9, 10**9)[rank]
    return (last, rank, clock_ms, max(told.order, 0), first.seq)


def _scores(kind: EventType) -> bool:
    return any(count.score for count in kind.counts)


def _running_scores(
    pack: SportPack, facts: Sequence[Sequence[Telling]]
) -> Mapping[UUID, tuple[int, int]]:
    scoring = {kind.id for kind in pack.events.values() if _scores(kind)}
    events = [
        FoldEvent(
            lineage=row.lineage,
            rev=row.rev,
            op=row.op,
            type=row.type,
            period=row.period,
            clock_ms=row.clock_ms,
            order=row.order,
            team=row.side or None,
            player=None,
            related=None,
            payload=row.payload,
        )
        for fact in facts
        for row in fact
        if row.type in scoring
    ]
    return cast("Mapping[UUID, tuple[int, int]]", fold(pack, Sheet(), events).running_score)


def _item(
    pack: SportPack,
    fact: Sequence[Telling],
    sides: Sides,
    changed: tuple[int, int] | None,
    present: tuple[int, int],
    period_order: Mapping[str, int],
) -> TimelineItem | None:
    newest = fact[-1]
    is_cancelled = newest.op == RETRACT
    told = _told(fact)
    kind = pack.events.get(told.type)
    is_divider = told.type in _DIVIDERS
    if (is_divider and is_cancelled) or (not is_divider and (kind is None or kind.hidden)):
        return None
    return TimelineItem(
        key=newest.lineage.hex,
        sort_key="".join(f"{part:010d}" for part in _place(told, fact[0], period_order)),
        type=told.type,
        period=told.period,
        label=kind.label if kind else "",
        icon=kind.icon if kind else "",
        group=kind.group if kind else "other",
        is_key=is_divider or (kind is not None and kind.key),
        is_divider=is_divider,
        side=told.side,
        clock=told.clock_label or pack.clock_label(told.period, told.clock_ms),
        player=told.player,
        player_slug=told.player_slug,
        related=told.related,
        related_slug=told.related_slug,
        sentence=sentence_of(pack, told, sides, changed),
        score=present if is_divider else changed,
        is_cancelled=is_cancelled,
        is_corrected=len(fact) > 1 and not is_cancelled,
        is_provisional=told.is_provisional and not is_cancelled,
        reason=newest.reason,
        seq=newest.seq,
        told_at=newest.told_at,
        revisions=revisions_of(pack, fact, sides)
        if len(fact) > 1 or newest.source == ADMIN
        else (),
        pin=newest.pin,
        clock_ms=told.clock_ms,
    )


def _without_doubled_dividers(items: Sequence[TimelineItem]) -> list[TimelineItem]:
    """Keep the first start, the ends of periods and, where the match is over, only its end."""
    kept: list[TimelineItem] = []
    for item in items:
        if item.type == PERIOD_START and any(other.type == PERIOD_START for other in kept):
            continue
        if item.type == MATCH_END and kept and kept[-1].type == PERIOD_END:
            kept.pop()
        kept.append(item)
    return kept


def tone_of(item: TimelineItem) -> Tone:
    """Return how the item is to be said; SAME where he who heard it before would hear no other."""
    if item.is_cancelled:
        return Tone.CANCELLED
    if item.is_provisional:
        return Tone.UNDER_REVIEW
    if not item.is_corrected:
        return Tone.NEW
    before, newest = item.revisions[-2:]
    if before.op == RETRACT:
        return Tone.CORRECTED
    changed = {change.field for change in newest.changes}
    # Of details only those count that are said.
    if changed - {"certainty", "details"} or before.sentence != newest.sentence:
        return Tone.CORRECTED
    return Tone.CONFIRMED if "certainty" in changed else Tone.SAME


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A look at the replay that lasts: what it is called, and the fact that is looked at."""

    label: str
    words: str
    item: TimelineItem


def present_review(pack: SportPack, items: Sequence[TimelineItem]) -> Review | None:
    """Return the review of the newest provisional fact, None in a sport that has none, or no fact.

    It lasts until the fact is told otherwise, or until a decision is told after it.
    """
    if pack.review is None:
        return None
    for item in sorted(items, key=lambda item: -item.seq):
        if item.is_provisional:
            return Review(label=pack.review.label, words=pack.review.words, item=item)
        if item.type in pack.review.decided_by:
            return None
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorer:
    """Who scored for a side and when, in order."""

    name: str
    clocks: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorers:
    """Both sides' scorers and the icon of what they did."""

    home: tuple[Scorer, ...]
    away: tuple[Scorer, ...]
    icon: str


def counts_single_goals(pack: SportPack) -> bool:
    """Return whether every scoring event is worth one, so that naming each scorer makes sense."""
    values = {
        value
        for kind in pack.events.values()
        for count in kind.counts
        if count.bucket == "score"
        for _, value in count.score
    }
    return values == {1}


def scorers(pack: SportPack, items: Sequence[TimelineItem]) -> Scorers:
    """Return who scored, by the side it counted for: an own goal stands with its rival."""
    shootouts = {period.id for period in pack.periods if period.kind == "shootout"}
    found: dict[str, dict[tuple[str, str], list[str]]] = {"home": {}, "away": {}}
    icon, before = "", (0, 0)
    for item in reversed(items):
        if item.score is None or item.is_cancelled or item.is_divider or item.period in shootouts:
            continue
        side = "home" if item.score[0] > before[0] else "away"
        before = item.score
        icon = icon or item.icon
        note = "" if item.side == side else item.label
        clocks = found[side].setdefault((item.player or item.label, note), [])
        clocks.append(moment_words(pack, item))
    home, away = (
        tuple(
            Scorer(name=f"{name} ({note})" if note else name, clocks=", ".join(clocks))
            for (name, note), clocks in found[side].items()
        )
        for side in ("home", "away")
    )
    return Scorers(home=home, away=away, icon=icon)


def moment_words(pack: SportPack, item: TimelineItem) -> str:
    """Return the minute, or the period and its clock: "67'", "2nd 3:41"."""
    if pack.clock.cumulative:
        return f"{item.clock}'"
    period = pack.period(item.period)
    # A label of ours names the period, a vendor's may not.
    if period is None or not item.clock or item.clock.startswith(period.short):
        return item.clock
    return f"{period.short} {item.clock}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodScore:
    """The score of one period, None before it is played."""

    short: str
    home: int | None
    away: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineScore:
    """Score by period."""

    periods: tuple[PeriodScore, ...]


def line_score(pack: SportPack, played: Sequence[Sequence[Any]]) -> LineScore | None:
    """Return the score by period, all regular ones and what came after; None where none is kept.

    Sports whose clock runs through the match do not count by period.
    """
    if pack.clock.cumulative or not played:
        return None
    known = {period: (home, away) for period, home, away in played}
    shown = [p for p in pack.periods if p.kind == "regular" or p.id in known]
    return LineScore(
        periods=tuple(
            PeriodScore(
                short=period.short,
                home=known.get(period.id, (None, None))[0],
                away=known.get(period.id, (None, None))[1],
            )
            for period in shown
        )
    )
