"""What a replay page shows: the match as it stood at a place of its film, and all that changes.

Nothing here writes.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from config.clock import now
from leagues.packs.engine import Fold
from leagues.packs.loader import load_pack
from matches.models import Match
from matches.rules.timeline import TimelineItem
from matches.selectors.timelines import MatchHead, match_head, match_timeline
from stats.models import BoxScore
from stats.selectors.bars import Bar, stat_bars
from stats.services.film import Film

_STATISTICS_EVERY_MS: Final = 60_000
_MOST_TICKS: Final = 60
MOST_ITEMS: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """An item of the timeline and when it comes."""

    at_ms: int
    item: TimelineItem


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """The match at a place: `items` newest first, `bars` the leading ones of the whole match."""

    at_ms: int
    match: Match
    items: tuple[TimelineItem, ...]
    head: MatchHead
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What one place of the film makes anew on the page: the score and its head, or bars."""

    at_ms: int
    match: Match
    head: MatchHead | None = None
    bars: tuple[Bar, ...] = ()


def placed_items(film: Film) -> tuple[Placed, ...]:
    """Return the timeline that the film tells, oldest first, with nothing of its corrections.

    Sports that are told by play have every play, others the key moments.
    """
    pack = load_pack(film.match.season.league.sport)
    moments = {row[0]: cue.at_ms for row, cue in zip(film.rows, film.reel.cues, strict=True)}
    return tuple(
        Placed(
            at_ms=moments[item.seq],
            item=replace(item, revisions=(), is_corrected=False, reason=""),
        )
        for item in reversed(match_timeline(film.match))
        if item.seq in moments and (item.is_key or not pack.clock.cumulative)
    )


def moment_of(film: Film, items: Sequence[Placed], at_ms: int) -> Moment:
    """Return the match as it stood at a place."""
    count = film.reel.count_at(at_ms)
    clock = film.reel.clock_at(at_ms)
    fold, _ = film.fold(count)
    past = _past(film, count, fold)
    if past.is_live and clock is not None and clock[0].id == past.period:
        past.clock_ms = clock[1]
    told = tuple(placed.item for placed in reversed(items) if placed.at_ms <= at_ms)
    return Moment(
        at_ms=at_ms,
        match=past,
        items=told[:MOST_ITEMS],
        head=match_head(past, told),
        bars=_bars(film, fold, _leading(film)),
    )


def changes(film: Film, items: Sequence[Placed]) -> Iterator[Change]:
    """Yield what the page shows anew: scores as they come, statistics then and by the minute."""
    scores = list(_score_changes(film, items))
    yield from scores
    yield from _statistics(film, (change.at_ms for change in scores))


def ticks(items: Sequence[Placed]) -> tuple[int, ...]:
    """Return places worth a mark on the bar; all marks are alike, so none gives a goal away."""
    key = tuple(sorted({placed.at_ms for placed in items if placed.item.is_key}))
    dividers = tuple(sorted({placed.at_ms for placed in items if placed.item.is_divider}))
    return key if len(key) <= _MOST_TICKS else dividers


def neighbours(items: Sequence[Placed], at_ms: int) -> tuple[int | None, int | None]:
    """Return the places of the key moments before and after a place."""
    key = [placed.at_ms for placed in items if placed.item.is_key]
    before = max((place for place in key if place < at_ms), default=None)
    after = min((place for place in key if place > at_ms), default=None)
    return before, after


def _past(film: Film, count: int, fold: Fold) -> Match:
    past = film.past(count)
    past.period_scores = [list(part) for part in fold.periods]
    return past


def _score_changes(film: Film, items: Sequence[Placed]) -> Iterator[Change]:
    shown: tuple[object, ...] | None = None
    periods: dict[str, list[int]] = {}
    before = (0, 0)
    for count in _last_counts(film):
        past = film.past(count)
        at_ms = film.reel.cues[count - 1].at_ms if count else 0
        score = (past.home_score or 0, past.away_score or 0)
        _share(periods, past.period, before, score)
        before = score
        shootout = (past.home_shootout, past.away_shootout)
        present = (past.status, past.period, past.home_score, *score, *shootout)
        if present == shown:
            continue
        told = tuple(p.item for p in reversed(items) if p.at_ms <= at_ms)
        if count < len(film.rows):
            past.period_scores = [[name, *share] for name, share in periods.items()]
        # The page's script lets the clock run; a chip without one could not.
        past.clock_running_since = now() if past.is_live else None
        yield Change(at_ms=at_ms, match=past, head=match_head(past, told))
        shown = present


def _share(
    periods: dict[str, list[int]], period: str, before: tuple[int, int], after: tuple[int, int]
) -> None:
    """Add what was scored since to the period in which the match is."""
    if not period:
        return
    share = periods.setdefault(period, [0, 0])
    share[0] += after[0] - before[0]
    share[1] += after[1] - before[1]


def _last_counts(film: Film) -> Iterator[int]:
    """Yield how many events have come at the start, and at each place where some come."""
    cues = film.reel.cues
    if cues[0].at_ms:
        yield 0
    for place, cue in enumerate(cues, start=1):
        if place == len(cues) or cues[place].at_ms != cue.at_ms:
            yield place


def _statistics(film: Film, scored_ms: Iterable[int]) -> Iterator[Change]:
    end_ms = film.reel.length_ms
    places = sorted({*range(0, end_ms, _STATISTICS_EVERY_MS), *scored_ms, end_ms})
    counts = [film.reel.count_at(at_ms) for at_ms in places]
    leading = _leading(film)
    shown: dict[str, Bar] = {}
    for at_ms, count, fold in zip(places, counts, film.folds(counts), strict=True):
        present = _bars(film, fold[0], leading)
        bars = tuple(bar for bar in present if shown.get(bar.column.id) != bar)
        if bars:
            yield Change(at_ms=at_ms, match=film.past(count), bars=bars)
        shown |= {bar.column.id: bar for bar in bars}


def _leading(film: Film) -> tuple[Bar, ...]:
    pack = load_pack(film.match.season.league.sport)
    return stat_bars(pack, BoxScore.objects.filter(match=film.match).first()).leading


def _bars(film: Film, fold: Fold, leading: Sequence[Bar]) -> tuple[Bar, ...]:
    """Return the bars that lead at the end, with the numbers of the fold."""
    pack = load_pack(film.match.season.league.sport)
    then = BoxScore(home_totals=dict(fold.home.totals), away_totals=dict(fold.away.totals))
    known: Mapping[str, Bar] = {bar.column.id: bar for bar in stat_bars(pack, then).all}
    blank = (Bar(column=bar.column, home=0, away=0) for bar in leading)
    return tuple(known.get(bar.column.id, bar) for bar in blank)
