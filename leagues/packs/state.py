"""Status, clock and score of a match as a walk over its facts in match order."""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeGuard

from leagues.packs.counting import CompiledPack
from leagues.packs.entries import Entries, Entry, Key
from leagues.packs.facts import FoldEvent
from leagues.packs.flow import FlowCount
from leagues.packs.schema import (
    CLOCK,
    MATCH_END,
    PERIOD_END,
    PERIOD_START,
    SCORE_SET,
    STATUS,
)

_NOT_BEGUN = frozenset(("scheduled", "delayed", "lineups", "postponed", "cancelled"))
_STOPPED = frozenset(
    (
        "suspended",
        "abandoned",
        "awarded",
        "finished",
        "finished_aet",
        "finished_pens",
        "under_review",
        "final",
    )
)
STATUSES = _NOT_BEGUN | _STOPPED | {"live", "break"}
OVER = _STOPPED - {"suspended", "abandoned"}


@dataclass(slots=True)
class Steps:
    """The score over the match: `keys[i]` is the place at which it became `scores[i]`."""

    keys: list[Key] = field(default_factory=list)
    scores: list[tuple[int, int]] = field(default_factory=list)
    flow: FlowCount = field(default_factory=FlowCount)

    def add(self, key: Key, score: tuple[int, int]) -> None:
        """Note the next step."""
        self.keys.append(key)
        self.scores.append(score)
        self.flow.add(score)

    def before(self, key: Key) -> tuple[int, int]:
        """Return the score as it stood just before the place."""
        at = bisect_left(self.keys, key)
        return self.scores[at - 1] if at else (0, 0)


@dataclass(slots=True)
class State:
    """Where a match stands after the walk; `current` is the index of the period reached.

    `lengths` holds the lengths of periods that the log tells, in place of the pack's; `all_moves`
    the periods of which it says that everyone's coming and going is told.
    """

    status: str = "scheduled"
    reason: str = ""
    current: int | None = None
    running: bool = False
    clock_ms: int = 0
    ended: dict[int, int] = field(default_factory=dict)
    lengths: dict[int, int] = field(default_factory=dict)
    all_moves: set[int] = field(default_factory=set)
    score: tuple[int, int] = (0, 0)
    shootout: tuple[int, int] | None = None
    steps: Steps = field(default_factory=Steps)
    by_period: dict[str, list[int]] = field(default_factory=dict)
    running_score: dict[Any, tuple[int, int]] = field(default_factory=dict)

    @property
    def has_begun(self) -> bool:
        """Play has started."""
        return self.current is not None


class Walk:
    """Reads flow entries in match order into a `State`.

    Goes on from where it was while new entries come last; any other change starts it over.
    """

    def __init__(self, pack: CompiledPack, entries: Entries, *, lineups: bool) -> None:
        self._pack = pack
        self._periods = pack.pack.periods
        self._entries = entries
        self._first_status = "lineups" if lineups else "scheduled"
        self.start_over()

    def start_over(self) -> None:
        """Forget what was read: an entry of it was changed or taken away."""
        self.state = self._read = State(status=self._first_status)
        self._count = 0
        self._last: Entry | None = None
        self._newest: Entry | None = None

    def note(self, entry: Entry) -> None:
        """Take heed of a new flow entry, before or after what was read."""
        is_late = self._last is not None and entry < self._last
        # Of the undated ones only the newest counts, so another one may change what was read.
        if is_late or _is_undated(entry):
            self.start_over()

    def run(self, flow: Entries, sides: Mapping[Any, str], at_ms: int | None) -> State:
        """Return the state after all entries of `flow`."""
        if not self._count:
            self._newest = _newest_stated(flow)
        self.state = self._read
        for entry in flow.items[self._count :]:
            if entry.rule.scores:
                self._score(entry, sides)
            elif entry.event.type != STATUS:
                self._mark(entry)
            elif entry.event.period or entry is self._newest:
                self._status(entry)
            self._last = entry
        self._count = len(flow.items)
        # What follows replaces what it changes, and changes no list or mapping in place.
        self.state = replace(self._read)
        return self._finish(at_ms)

    def _finish(self, at_ms: int | None) -> State:
        state = self.state
        self._catch_up()
        self._refine()
        self._settle_shootout()
        state.clock_ms = self._clock(at_ms)
        self._list_periods()
        return state

    def _mark(self, entry: Entry) -> None:
        kind = entry.event.type
        if kind == PERIOD_START and entry.period < len(self._periods):
            self._tell_terms(entry)
            self._start(entry.period)
        elif kind == PERIOD_END:
            self.state.ended[entry.period] = entry.clock_ms
            self._start(entry.period)
            if self.state.status == "live":
                self.state.status, self.state.running = "break", False
        elif kind == MATCH_END:
            self._end()
        elif kind == CLOCK:
            self.state.running = bool(entry.event.payload.get("running", True))
        elif kind == SCORE_SET:
            self._set_score(entry)

    def _tell_terms(self, entry: Entry) -> None:
        """Competitions differ in how long a period is, feeds in whether they tell all moves."""
        payload = entry.event.payload
        length_ms = payload.get("length_ms")
        if type(length_ms) is int and length_ms > 0:
            self.state.lengths[entry.period] = length_ms
        if payload.get("moves") == "all":
            self.state.all_moves.add(entry.period)

    def _start(self, index: int) -> None:
        state = self.state
        if index >= len(self._periods) or (state.current is not None and index < state.current):
            return
        if state.current != index or state.status in _NOT_BEGUN:
            state.current, state.status, state.running = index, "live", True
            state.reason = ""

    def _end(self) -> None:
        state = self.state
        if state.status not in _STOPPED or state.status == "suspended":
            state.status, state.running, state.reason = "finished", False, ""

    def _status(self, entry: Entry) -> None:
        stated = status_of(entry.event.payload)
        if stated is None:
            return
        state = self.state
        state.status = stated
        state.reason = str(entry.event.payload.get("reason") or "")
        state.running = stated == "live"
        if 0 <= entry.period < len(self._periods) and stated not in _NOT_BEGUN:
            state.current = max(state.current or 0, entry.period)

    def _catch_up(self) -> None:
        """Take play in a period whose start was never told as its start."""
        state = self.state
        for index in range(len(self._periods) - 1, -1, -1):
            if index == state.current and state.status not in _NOT_BEGUN:
                break
            if self._played(index):
                self._jump_to(index)
                break
        if state.current is None and state.status in ("live", "break"):
            state.current = 0

    def _jump_to(self, index: int) -> None:
        state = self.state
        state.current = index
        if state.status in _STOPPED:
            return
        ended = index in state.ended
        state.status, state.running = ("break", False) if ended else ("live", True)

    def _played(self, index: int) -> bool:
        last = self._entries.last_in_period(index)
        return last is not None and last.event.type != STATUS

    def _refine(self) -> None:
        state = self.state
        if state.status != "finished":
            return
        if state.shootout is not None or self._reached("shootout"):
            state.status = "finished_pens"
        elif self._reached("overtime"):
            state.status = "finished_aet"

    def _reached(self, kind: str) -> bool:
        return any(
            period.kind == kind and self._played(index)
            for index, period in enumerate(self._periods)
        )

    def _settle_shootout(self) -> None:
        state = self.state
        if state.shootout is None and self._reached("shootout"):
            state.shootout = (0, 0)
        adds = self._pack.pack.score.shootout_adds
        if not adds or state.shootout is None or state.status not in OVER:
            return
        home, away = state.shootout
        home_adds, away_adds = adds * (home > away), adds * (away > home)
        state.score = (state.score[0] + home_adds, state.score[1] + away_adds)

    def _clock(self, at_ms: int | None) -> int:
        state = self.state
        if state.current is None:
            return 0
        last = self._entries.last_in_period(state.current)
        clock_ms = last.clock_ms if last else 0
        if state.current in state.ended:
            return max(clock_ms, state.ended[state.current])
        return max(clock_ms, at_ms) if at_ms is not None and state.running else clock_ms

    def _score(self, entry: Entry, sides: Mapping[Any, str]) -> None:
        event = entry.event
        for block in entry.rule.blocks:
            if block.score and (block.check is None or block.check(event)):
                home, away = _shares(block.score, event, sides)
                self._add(entry, home, away, block.bucket)

    def _add(self, entry: Entry, home: int, away: int, bucket: str) -> None:
        state = self.state
        before = state.score if bucket == "score" else state.shootout or (0, 0)
        now = (before[0] + home, before[1] + away)
        if bucket == "score":
            self._step(entry, now)
        else:
            state.shootout = now
            state.running_score[entry.lineage] = now

    def _step(self, entry: Entry, now: tuple[int, int]) -> None:
        state = self.state
        # A score stated of the match as a whole does not say in which period it came about.
        if entry.event.period or entry.event.type != SCORE_SET:
            share = state.by_period.setdefault(self._period_id(entry), [0, 0])
            share[0] += now[0] - state.score[0]
            share[1] += now[1] - state.score[1]
        state.score = now
        state.steps.add(entry[:5], now)
        state.running_score[entry.lineage] = now

    def _set_score(self, entry: Entry) -> None:
        stated = pair_of(entry.event.payload)
        if stated is None:
            return
        if entry.event.payload.get("bucket") == "shootout":
            self.state.shootout = stated
        elif stated != self.state.score:
            self._step(entry, stated)

    def _period_id(self, entry: Entry) -> str:
        if entry.event.period:
            return entry.event.period
        current = self.state.current
        return self._periods[current or 0].id

    def _list_periods(self) -> None:
        state = self.state
        shares = state.by_period
        if state.current is None and not shares:
            return
        played = {}
        for index, period in enumerate(self._periods):
            reached = state.current is not None and index <= state.current
            regular = period.kind == "regular" and reached
            if period.kind != "shootout" and (regular or self._played(index)):
                played[period.id] = shares.get(period.id, [0, 0])
        state.by_period = {**played, **shares}


def _is_undated(entry: Entry) -> bool:
    return entry.event.type == STATUS and not entry.event.period


def _newest_stated(flow: Entries) -> Entry | None:
    """Return the newest status that a vendor stated for the match as a whole."""
    stated = [entry for entry in flow if _is_undated(entry)]
    return max(stated, key=lambda entry: (entry.order, entry.lineage), default=None)


def _shares(score: tuple[Any, ...], event: FoldEvent, sides: Mapping[Any, str]) -> tuple[int, int]:
    home = away = 0
    acting = event.team or sides.get(event.player)
    for side, get in score:
        amount = get(event.payload)
        to = side if side in ("home", "away") else _side_for(side, acting)
        if to == "home":
            home += amount
        elif to == "away":
            away += amount
    return home, away


def _side_for(side: str, acting: str | None) -> str | None:
    if acting is None or side == "acting":
        return acting
    return "away" if acting == "home" else "home"


def status_of(payload: Mapping[str, Any]) -> str | None:
    """Return the stated status, None when it is not one."""
    stated = payload.get("status")
    return stated if isinstance(stated, str) and stated in STATUSES else None


def pair_of(payload: Mapping[str, Any]) -> tuple[int, int] | None:
    """Return home and away of a stated score, None when it is not one."""
    home, away = payload.get("home"), payload.get("away")
    if _is_whole(home) and _is_whole(away):
        return home, away
    return None


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
