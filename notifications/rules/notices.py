"""What of a match is worth telling: from its timeline to notices, by the sport's pack."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from leagues.packs.schema import MATCH_END, PERIOD_END, PERIOD_START, NoticeRule, Period, SportPack
from matches.rules.timeline import TimelineItem, moment_words
from notifications.rules.keys import lineage_for

Score = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Where a match stands, as far as notices need it. `sheets_at`: both line-ups are known since.

    `base` is the match's own id, from which lineages of what follows from many facts are made.
    `begun_at` and `over_at` are None before; they count where no fact of the log says when.
    """

    base: UUID
    begun_at: datetime | None
    over_at: datetime | None
    score: Score | None
    shootout: Score | None
    sheets_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something worth telling. `players` are slugs of who did it.

    Two revisions with one `meaning` are the same news. `is_deduced`: no fact of the log says it,
    so nobody knows since when it was known.
    """

    kind: str
    lineage: UUID
    rev: int
    label: str
    meaning: str
    told_at: datetime
    is_deduced: bool = False
    sentence: str = ""
    clock: str = ""
    score: Score | None = None
    is_withdrawn: bool = False
    tells_score: bool = True
    players: frozenset[str] = frozenset()
    first_told_at: datetime | None = None

    @property
    def began_at(self) -> datetime:
        """Return when its fact was told first: a correction is no news to who came later."""
        return self.first_told_at or self.told_at

    @property
    def likeness(self) -> tuple[str, str, str]:
        """Return by what the same news is known in a log that was told anew."""
        return (self.kind, self.meaning, self.clock)


def notices_of(pack: SportPack, items: Sequence[TimelineItem], told: Told) -> list[Notice]:
    """Return the notices of a match, the oldest first; `items` are its timeline, newest first."""
    in_order = tuple(reversed(items))
    by_event = {event: rule for rule in pack.notices for event in rule.events}
    notices = [
        _event_notice(pack, by_event[item.type], item)
        for item in in_order
        if item.type in by_event and not item.is_divider
    ]
    for rule in pack.notices:
        notices += _DERIVED[rule.form](pack, rule, in_order, told) if rule.form in _DERIVED else ()
    return notices


def _event_notice(pack: SportPack, rule: NoticeRule, item: TimelineItem) -> Notice:
    return Notice(
        kind=rule.id,
        lineage=UUID(hex=item.key),
        rev=item.revisions[-1].rev if item.revisions else 1,
        label=item.label or rule.label,
        meaning="|".join((item.type, item.side, item.player_slug)),
        # The newest word: nobody may know sooner that a fact is told otherwise.
        told_at=item.told_at,
        sentence=item.sentence,
        clock=moment_words(pack, item),
        score=item.score,
        is_withdrawn=item.is_cancelled,
        players=frozenset(filter(None, (item.player_slug, item.related_slug))),
        first_told_at=item.revisions[0].told_at if item.revisions else None,
    )


def _follows_from(  # noqa: PLR0913 - what a notice says
    rule: NoticeRule,
    lineage: UUID,
    *,
    meaning: str,
    told_at: datetime,
    is_deduced: bool = False,
    sentence: str = "",
    clock: str = "",
    score: Score | None = None,
    label: str = "",
) -> Notice:
    return Notice(
        kind=rule.id,
        lineage=lineage,
        rev=1,
        label=label or rule.label,
        meaning=f"{rule.form}|{meaning}",
        told_at=told_at,
        is_deduced=is_deduced,
        sentence=sentence,
        clock=clock,
        score=score,
        tells_score=rule.tells_score,
    )


def _start(
    _pack: SportPack, rule: NoticeRule, items: Sequence[TimelineItem], told: Told
) -> Iterator[Notice]:
    if told.begun_at:
        first = next((item for item in items if item.type == PERIOD_START), None)
        yield _follows_from(
            rule,
            lineage_for(told.base, rule.form),
            meaning="",
            told_at=first.told_at if first else told.begun_at,
            is_deduced=first is None,
        )


def _lineups(
    _pack: SportPack, rule: NoticeRule, _items: Sequence[TimelineItem], told: Told
) -> Iterator[Notice]:
    if told.sheets_at is not None:
        yield _follows_from(
            rule, lineage_for(told.base, rule.form), meaning="", told_at=told.sheets_at
        )


def _end(
    _pack: SportPack, rule: NoticeRule, items: Sequence[TimelineItem], told: Told
) -> Iterator[Notice]:
    if told.over_at:
        last = next((item for item in items if item.type == MATCH_END), None)
        shootout = f" ({told.shootout[0]}-{told.shootout[1]})" if told.shootout else ""
        yield _follows_from(
            rule,
            lineage_for(told.base, rule.form),
            meaning=f"{told.score}{shootout}",
            told_at=last.told_at if last else told.over_at,
            is_deduced=last is None,
            score=told.score,
        )


def _period_ends(
    pack: SportPack, rule: NoticeRule, items: Sequence[TimelineItem], _told: Told
) -> Iterator[Notice]:
    last = _last_periods(pack)
    for item in items:
        period = pack.period(item.period)
        if item.type != PERIOD_END or period is None:
            continue
        # Without a draw the match ends with it, which is told as its end.
        if item.score is None or item.period not in last or item.score[0] == item.score[1]:
            yield _follows_from(
                rule,
                lineage_for(UUID(hex=item.key), rule.form),
                meaning=item.period,
                told_at=item.told_at,
                score=item.score,
                label=period.label,
                sentence=item.sentence,
            )


def _last_periods(pack: SportPack) -> dict[str, Period]:
    """Return the periods that a match may end with by its clock."""
    regular = [period for period in pack.periods if period.kind == "regular"]
    overtimes = [period for period in pack.periods if period.kind == "overtime"]
    return {period.id: period for period in (*regular[-1:], *overtimes)}


def _moments(
    pack: SportPack, items: Iterable[TimelineItem]
) -> Iterator[tuple[TimelineItem, Score]]:
    """Yield what stands, with the score after it."""
    shootouts = {period.id for period in pack.periods if period.kind == "shootout"}
    score = (0, 0)
    for item in items:
        if item.is_cancelled or item.period in shootouts:
            continue
        score = item.score or score
        yield item, score


def _lead_changes(
    pack: SportPack, rule: NoticeRule, items: Sequence[TimelineItem], _told: Told
) -> Iterator[Notice]:
    leader = 0
    for item, (home, away) in _moments(pack, items):
        leads = (home > away) - (home < away)
        if not leads or leads == leader:
            continue
        if leader:
            yield _follows_from(
                rule,
                lineage_for(UUID(hex=item.key), rule.form),
                meaning="home" if leads > 0 else "away",
                told_at=item.told_at,
                score=(home, away),
                sentence=item.sentence,
                clock=moment_words(pack, item),
            )
        leader = leads


def _close(
    pack: SportPack, rule: NoticeRule, items: Sequence[TimelineItem], told: Told
) -> Iterator[Notice]:
    last = _last_periods(pack)
    found: set[str] = set()
    for item, (home, away) in _moments(pack, items):
        period = last.get(item.period)
        if period is None or item.is_divider or item.period in found:
            continue
        if item.clock_ms >= period.length_ms - rule.last_ms and abs(home - away) <= rule.within:
            found.add(item.period)
            yield _follows_from(
                rule,
                lineage_for(told.base, f"{rule.form} {item.period}"),
                meaning=item.period,
                told_at=item.told_at,
                score=(home, away),
                clock=moment_words(pack, item),
            )


_DERIVED = {
    "start": _start,
    "lineups": _lineups,
    "end": _end,
    "period_end": _period_ends,
    "lead_change": _lead_changes,
    "close": _close,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The newest revision of a notice that was told."""

    kind: str
    lineage: UUID
    rev: int
    meaning: str
    clock: str
    epoch: UUID
    is_withdrawn: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """A notice to be told, and what it replaces: None for the first word."""

    notice: Notice
    rev: int
    replaces: Held | None


def news_of(
    notices: Sequence[Notice], held: Mapping[UUID, Held], *, epoch: UUID, lasting: Collection[str]
) -> tuple[list[News], list[Held]]:
    """Compare what is worth telling with what was told: what is new, and what is no more.

    A log that is told anew gives facts new lineages: its old news are not told twice, nor taken
    back while it is still coming in. Kinds that are `lasting` are never taken back: the timeline
    leaves out what says the same as the end of the match.
    """
    told_before = {
        (h.kind, h.meaning, h.clock)
        for h in held.values()
        if h.epoch != epoch and not h.is_withdrawn
    }
    news: list[News] = []
    for notice in notices:
        before = held.get(notice.lineage)
        if before is None:
            if not notice.is_withdrawn and notice.likeness not in told_before:
                news.append(News(notice=notice, rev=notice.rev, replaces=None))
        elif notice.is_withdrawn != before.is_withdrawn or (
            notice.meaning != before.meaning and not notice.is_withdrawn
        ):
            rev = max(notice.rev, before.rev + 1)
            news.append(News(notice=notice, rev=rev, replaces=before))
    present = {notice.lineage for notice in notices}
    gone = [
        h
        for h in held.values()
        if h.lineage not in present
        and not h.is_withdrawn
        and h.epoch == epoch
        and h.kind not in lasting
    ]
    return news, gone
