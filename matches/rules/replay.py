"""The time machine's arithmetic: when each telling of a log comes, and where a replay stands.

A *reel* is a log laid out on the clock of play: milliseconds since the start, of which the periods
take what they took. Between two of them lies a second, which keeps a place for the break and costs
no pace. Where a replay stands follows from its *pace* and the moment, so nothing has to tick.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import takewhile
from typing import NamedTuple

from leagues.packs.counting import compiled
from leagues.packs.entries import BEFORE_PLAY, entry_of
from leagues.packs.facts import FoldEvent
from leagues.packs.schema import MATCH_END, PERIOD_END, PERIOD_START, Period, SportPack

SLOWEST, FASTEST = 1.0, 600.0
BREAK_MS = 1_000
# Where events have no clock, as in a shoot-out, each takes this long.
_UNTIMED_MS = 30_000
# A clock beyond this is a slip of the vendor's.
_LONGEST_PERIOD_MS = 3 * 3_600_000
_LONGEST_SILENCE_MS = 600_000
_RETRACT = "retract"
_PERIOD_AND_CLOCK = re.compile(r"(?P<period>\S+?)(?:\s+(?P<clock>\S+))?", re.ASCII)
_CLOCK = re.compile(r"(?:(\d{1,2}):)?(\d{1,3}):([0-5]\d)", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRow:
    """One telling of a log as a reel needs it."""

    event: FoldEvent
    told_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A period on the clock of play."""

    period: Period
    start_ms: int
    length_ms: int

    @property
    def end_ms(self) -> int:
        return self.start_ms + self.length_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """A telling and when it comes: `row` is its place among the rows that the reel was made of."""

    at_ms: int
    row: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reel:
    """A log laid out: cues in order, how long all takes, and the periods if it keeps to them."""

    cues: tuple[Cue, ...]
    stretches: tuple[Stretch, ...]
    length_ms: int

    def count_at(self, position_ms: float) -> int:
        """Return how many cues have come at a position, those of this very moment included."""
        return bisect_right(self.cues, position_ms, key=lambda cue: cue.at_ms)

    def clock_at(self, position_ms: float) -> tuple[Period, int] | None:
        """Return the period and its clock at a position, in a break those of its beginning."""
        begun = [s for s in self.stretches if s.start_ms <= position_ms]
        if not begun:
            return None
        last = begun[-1]
        return last.period, min(int(position_ms) - last.start_ms, last.length_ms)


def corrected_reel(pack: SportPack, rows: Sequence[LogRow], *, is_played_out: bool) -> Reel:
    """Lay out the current log: the newest revision of each fact, in match order.

    What is told of the match as a whole, such as a vendor's totals, comes at its end.
    `is_played_out`: the match was not broken off, so its regular periods had their full length.
    """
    current = _current(rows)
    layout = _Layout(pack, [rows[at].event for at in current], is_played_out=is_played_out)
    placed = sorted((layout.place(rows[at].event), at) for at in current)
    cues = tuple(Cue(at_ms=place.at_ms, row=at) for place, at in placed)
    return Reel(cues=cues, stretches=layout.stretches, length_ms=layout.length_ms)


def told_reel(pack: SportPack, rows: Sequence[LogRow], *, is_played_out: bool) -> Reel:
    """Lay out the whole log as it was told: every revision, in order of arrival.

    Follows the times of arrival where they are those of a match being played. Else a first telling
    comes at its own clock, but none before what was told earlier, and a correction right after
    what was told before it.
    """
    current = [rows[at].event for at in _current(rows)]
    layout = _Layout(pack, current, is_played_out=is_played_out)
    moments = _arrivals(rows, layout)
    stretches = layout.stretches if moments is None else ()
    length_ms = layout.length_ms if moments is None else moments[-1]
    if moments is None:
        moments = _own_clocks(rows, layout)
    cues = tuple(Cue(at_ms=at_ms, row=at) for at, at_ms in enumerate(moments))
    return Reel(cues=cues, stretches=stretches, length_ms=length_ms)


def _current(rows: Sequence[LogRow]) -> list[int]:
    newest: dict[str, int] = {}
    for at, row in enumerate(rows):
        held = newest.get(row.event.lineage)
        if held is None or rows[held].event.rev < row.event.rev:
            newest[row.event.lineage] = at
    return [at for at in newest.values() if rows[at].event.op != _RETRACT]


class _Place(NamedTuple):
    """Where a fact belongs: on the clock of play, then as the fold orders facts."""

    at_ms: int
    period: int
    phase: int
    clock_ms: int
    order: int
    lineage: str


class _Layout:
    """The periods of a match as its current facts tell them, and the place of any fact in them."""

    def __init__(
        self, pack: SportPack, current: Iterable[FoldEvent], *, is_played_out: bool
    ) -> None:
        self._pack = compiled(pack)
        self._inside: dict[int, list[_Place]] = {}
        for event in current:
            place = self._unplaced(event)
            self._inside.setdefault(place.period, []).append(place)
        self._turns = {
            index: {place.lineage: turn for turn, place in enumerate(sorted(places), start=1)}
            for index, places in self._inside.items()
            if not any(place.clock_ms for place in places)
        }
        self._stretches = self._stretch(pack.periods, is_played_out=is_played_out)
        self.stretches = tuple(self._stretches.values())
        self.length_ms = self.stretches[-1].end_ms if self.stretches else 0

    def place(self, event: FoldEvent) -> _Place:
        """Return where a fact belongs."""
        place = self._unplaced(event)
        stretch = self._stretches.get(place.period)
        if place.period == BEFORE_PLAY:
            at_ms = 0
        elif stretch is None:
            at_ms = self.length_ms
        elif place.phase:
            at_ms = stretch.start_ms if place.phase < 0 else stretch.end_ms
        else:
            at_ms = stretch.start_ms + min(self._clock(place), stretch.length_ms)
        return place._replace(at_ms=at_ms)

    def is_in_play(self, event: FoldEvent) -> bool:
        """Whether the fact belongs to a period."""
        return self._unplaced(event).period in self._stretches

    def _unplaced(self, event: FoldEvent) -> _Place:
        rule = self._pack.rules.get(event.type)
        beyond = len(self._pack.period_index) + 2
        if rule is None:
            index = self._pack.period_index.get(event.period, beyond)
            return _Place(0, index, 0, event.clock_ms, event.order, event.lineage)
        entry = entry_of(event, rule, self._pack)
        index = beyond if rule.is_set and not event.period else entry.period
        return _Place(0, index, entry.phase, entry.clock_ms, entry.order, entry.lineage)

    def _clock(self, place: _Place) -> int:
        turns = self._turns.get(place.period)
        if turns is not None:
            return max(0, turns.get(place.lineage, 1) - 1) * _UNTIMED_MS
        return min(place.clock_ms, _LONGEST_PERIOD_MS)

    def _stretch(self, periods: Sequence[Period], *, is_played_out: bool) -> dict[int, Stretch]:
        last = max((index for index in self._inside if index < len(periods)), default=-1)
        stretches: dict[int, Stretch] = {}
        end_ms = -BREAK_MS
        for index, period in enumerate(periods):
            is_full = period.kind == "regular" and (is_played_out or index < last)
            if index not in self._inside and not is_full:
                continue
            length_ms = self._length(index, period if is_full else None)
            stretch = Stretch(period=period, start_ms=end_ms + BREAK_MS, length_ms=length_ms)
            stretches[index] = stretch
            end_ms = stretch.end_ms
        return stretches

    def _length(self, index: int, full: Period | None) -> int:
        places = self._inside.get(index, ())
        told_ms = max((self._clock(place) for place in places), default=0)
        has_end = any(place.phase > 0 and place.clock_ms for place in places)
        return told_ms if full is None or has_end else max(told_ms, full.length_ms)


def _arrivals(rows: Sequence[LogRow], layout: _Layout) -> list[int] | None:
    """Return when each row arrived, breaks cut short; None where it was not while it was played."""
    # What is told after the end may come days later.
    live = takewhile(lambda row: row.event.type != MATCH_END, rows)
    played = [row.told_at for row in live if layout.is_in_play(row.event) and row.event.rev == 1]
    if not played or not layout.length_ms:
        return None
    begun_at = min(played)
    took_ms = (max(played) - begun_at) / timedelta(milliseconds=1)
    if not 0.5 <= took_ms / layout.length_ms <= 4:
        return None
    moments, at_ms, before, is_break = [], 0.0, begun_at, False
    for row in rows:
        gap_ms = max(0.0, (row.told_at - before) / timedelta(milliseconds=1))
        at_ms += min(gap_ms, BREAK_MS if is_break else _LONGEST_SILENCE_MS)
        moments.append(int(at_ms))
        before = max(before, row.told_at)
        if row.event.type in {PERIOD_START, PERIOD_END, MATCH_END}:
            is_break = row.event.type != PERIOD_START
    return moments


def _own_clocks(rows: Sequence[LogRow], layout: _Layout) -> list[int]:
    moments, at_ms = [], 0
    for row in rows:
        if row.event.rev == 1 and layout.is_in_play(row.event):
            at_ms = max(at_ms, layout.place(row.event).at_ms)
        moments.append(at_ms)
    return moments


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How a replay runs: it stood at `offset_ms` at `since` and goes on from there, None: paused.

    `speed` 60 plays a minute in a second.
    """

    speed: float
    offset_ms: int
    since: datetime | None

    def position_ms(self, at: datetime, *, length_ms: int) -> int:
        """Return where the replay stands, at most at its end."""
        passed_ms = 0.0
        if self.since is not None:
            passed_ms = (at - self.since) / timedelta(milliseconds=1) * self.speed
        return max(0, min(length_ms, int(self.offset_ms + passed_ms)))

    def wait_s(self, until_ms: int, at: datetime) -> float | None:
        """Return the seconds until a position is reached; None while the replay is paused."""
        if self.since is None:
            return None
        left_ms = (until_ms - self.offset_ms) / self.speed
        return max(0.0, left_ms / 1000 - (at - self.since).total_seconds())


def changed(
    pace: Pace,
    *,
    at: datetime,
    length_ms: int,
    speed: float | None = None,
    is_paused: bool | None = None,
    position_ms: int | None = None,
) -> Pace:
    """Return the pace from `at` on; what is None stays as it is. No change moves the position."""
    stands_ms = pace.position_ms(at, length_ms=length_ms) if position_ms is None else position_ms
    paused = pace.since is None if is_paused is None else is_paused
    return replace(
        pace,
        speed=pace.speed if speed is None else speed,
        offset_ms=max(0, min(length_ms, stands_ms)),
        since=None if paused else at,
    )


def parse_position(text: str, reel: Reel, *, is_cumulative: bool) -> int:
    """Return the position that a person or a program wrote, in milliseconds of the reel.

    Whole milliseconds; `67:30` of the match's clock where that runs through the match, else of
    play; `2H` or `2H 10:00` for a period and the time since its start. Raises ValueError.
    """
    if text.isascii() and text.isdigit() and len(text) < 12:
        return min(int(text), reel.length_ms)
    if (clock_ms := _clock_ms(text)) is not None:
        return _on_reel(clock_ms, reel) if is_cumulative else min(clock_ms, reel.length_ms)
    named = _PERIOD_AND_CLOCK.fullmatch(text.strip())
    stretches = {stretch.period.id.lower(): stretch for stretch in reel.stretches}
    stretch = stretches.get(named["period"].lower()) if named else None
    clock_ms = _clock_ms(named["clock"] or "0:00") if named else None
    if stretch is None or clock_ms is None:
        known = ", ".join(s.period.id for s in reel.stretches) or "none"
        raise ValueError(
            f"{text[:40]!r} is no place in this match: give milliseconds, a clock such as 67:30, "
            f"or a period and a clock such as 2H 10:00; its periods are: {known}."
        )
    return stretch.start_ms + min(clock_ms, stretch.length_ms)


def _clock_ms(text: str) -> int | None:
    found = _CLOCK.fullmatch(text)
    if found is None:
        return None
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return ((hours * 60 + minutes) * 60 + seconds) * 1000


def _on_reel(clock_ms: int, reel: Reel) -> int:
    """Return where the clock of a match first shows that; added time belongs to its period."""
    begun = [s for s in reel.stretches if s.period.offset_ms <= clock_ms]
    if not begun:
        return 0
    last = begun[-1]
    return last.start_ms + min(clock_ms - last.period.offset_ms, last.length_ms)
