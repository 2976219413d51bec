"""Who was on and when: intervals from line-ups, substitutions, sendings-off and first acts."""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field

from leagues.packs.counting import CompiledPack
from leagues.packs.entries import Entries, Entry, Key
from leagues.packs.facts import Sheet
from leagues.packs.forms import PresenceMinutes
from leagues.packs.schema import PresenceRule
from leagues.packs.state import OVER, State

Who = tuple[str, Hashable]
_OTHER = {"home": "away", "away": "home"}
_MINUTE_MS = 60_000


@dataclass(slots=True, kw_only=True)
class Interval:
    """A stretch of being on, from one place of the match to another."""

    from_period: int
    from_ms: int
    from_key: Key
    to_period: int
    to_ms: int
    to_key: Key


@dataclass(slots=True)
class Presence:
    """All intervals by side and player; `sent_off` is the place of a sending-off."""

    intervals: dict[Who, list[Interval]] = field(default_factory=dict)
    sent_off: dict[Who, Key] = field(default_factory=dict)


def presence_of(
    pack: CompiledPack, sheet: Sheet, entries: Entries, moves: Entries, state: State
) -> Presence:
    """Return who was on when; nobody before play has begun."""
    rule = pack.pack.presence
    if rule is None or state.current is None:
        return Presence()
    reader = _Reader(pack, state)
    if rule.infer:
        reader.infer(rule, sheet, entries)
    else:
        reader.follow(rule, sheet, moves)
    return reader.presence


class _Reader:
    """Opens and closes intervals while it goes through the match."""

    def __init__(self, pack: CompiledPack, state: State) -> None:
        self._periods = pack.pack.periods
        self._state = state
        self._open: dict[Who, tuple[int, int, Key]] = {}
        self.presence = Presence()

    def follow(self, rule: PresenceRule, sheet: Sheet, moves: Entries) -> None:
        """Trust the sheet and the moves: who is on stays on until told otherwise."""
        if rule.starts == "team_sheet":
            for who in _starters(sheet):
                self._open[who] = (0, 0, ())
        for entry in moves:
            for who, move in _moves(entry):
                self._move(who, move, entry)
        self._close_all(self._state.current or 0)

    def infer(self, rule: PresenceRule, sheet: Sheet, entries: Entries) -> None:
        """Read each period's line-up from who acts in it before coming in.

        Where the log tells all moves, whoever ended the last period begins this one.
        """
        carried = list(_starters(sheet))
        for index in range((self._state.current or 0) + 1):
            if self._periods[index].kind == "shootout" or not entries.has_period(index):
                continue
            period = entries.of_period(index)
            first, last = _first_and_last(period)
            told = index in self._state.all_moves
            for who in carried if told else _at_start(first, carried, rule.size):
                if who not in self.presence.sent_off:
                    self._open[who] = (index, 0, (index,))
            for entry in period:
                if entry.rule.presence is not None:
                    for who, move in _moves(entry):
                        self._move(who, move, entry)
            carried = sorted(self._open, key=lambda who: (-last.get(who, -1), str(who[1])))
            self._close_all(index)

    def _move(self, who: Who, move: str, entry: Entry) -> None:
        index = min(max(entry.period, 0), len(self._periods) - 1)
        if move == "in":
            self._open.setdefault(who, (index, entry.clock_ms, entry[:5]))
            return
        self._close(who, index, entry.clock_ms, entry[:5])
        if move == "sent_off":
            self.presence.sent_off.setdefault(who, entry[:5])

    def _close_all(self, index: int) -> None:
        end_ms = self._state.clock_ms if index == self._state.current else 0
        for who in list(self._open):
            self._close(who, index, end_ms, (index + 1,))

    def _close(self, who: Who, index: int, clock_ms: int, key: Key) -> None:
        start = self._open.pop(who, None)
        if start is None:
            return
        interval = Interval(
            from_period=start[0],
            from_ms=start[1],
            from_key=start[2],
            to_period=index,
            to_ms=clock_ms,
            to_key=key,
        )
        self.presence.intervals.setdefault(who, []).append(interval)


def _starters(sheet: Sheet) -> Iterator[Who]:
    for player in sheet.home:
        yield "home", player
    for player in sheet.away:
        yield "away", player


def _moves(entry: Entry) -> Iterator[tuple[Who, str]]:
    event, rule = entry.event, entry.rule.presence
    if rule is None or event.team is None:
        return
    if rule.player and event.player is not None:
        yield (event.team, event.player), rule.player
    if rule.related and event.related is not None:
        opposing = rule.related_side == "opposing"
        yield (_OTHER[event.team] if opposing else event.team, event.related), rule.related


def _mentions(entry: Entry) -> list[tuple[Who, str]]:
    """Return who is shown to be on by the entry, or moves by it."""
    event, rule = entry.event, entry.rule
    mentioned = [] if rule.presence is None else list(_moves(entry))
    if not rule.acts or event.team is None:
        return mentioned
    if event.player is not None and (rule.presence is None or not rule.presence.player):
        mentioned.append(((event.team, event.player), "act"))
    if event.related is not None and rule.related_opposes is not None:
        side = _OTHER[event.team] if rule.related_opposes else event.team
        mentioned.append(((side, event.related), "act"))
    return mentioned


def _first_and_last(period: list[Entry]) -> tuple[dict[Who, str], dict[Who, int]]:
    """Return how each player is first mentioned in the period, and where last."""
    first: dict[Who, str] = {}
    last: dict[Who, int] = {}
    for place, entry in enumerate(period):
        for who, how in _mentions(entry):
            first.setdefault(who, how)
            last[who] = place
    return first, last


def _at_start(first: dict[Who, str], carried: list[Who], size: int) -> list[Who]:
    """Return who was on when the period began, silent players as far as there is room."""
    shown = [who for who, how in first.items() if how != "in"]
    silent = [who for who in carried if who not in first]
    for side in ("home", "away"):
        room = size - sum(who[0] == side for who in shown) if size else len(silent)
        shown += [who for who in silent if who[0] == side][: max(room, 0)]
    return shown


class Stopwatch:
    """Measures intervals in a match: how long each period was played."""

    def __init__(self, pack: CompiledPack, state: State) -> None:
        self._periods = pack.pack.periods
        self._state = state
        self._lengths = {True: self._all(capped=True), False: self._all(capped=False)}

    def _all(self, *, capped: bool) -> list[int]:
        return [self._length(index, capped=capped) for index in range(len(self._periods))]

    def _length(self, index: int, *, capped: bool) -> int:
        state, period = self._state, self._periods[index]
        current = state.current if state.current is not None else -1
        if index > current or period.kind == "shootout" or not self._was_played(index):
            return 0
        nominal_ms = state.lengths.get(index, period.length_ms)
        over = index < current or index in state.ended or state.status in OVER
        if not over or (period.sudden_death and index == current):
            length_ms = state.clock_ms
        else:
            length_ms = max(nominal_ms, state.ended.get(index, 0))
        return min(length_ms, nominal_ms) if capped and nominal_ms else length_ms

    def _was_played(self, index: int) -> bool:
        return self._periods[index].id in self._state.by_period

    def measure(self, intervals: list[Interval], rule: PresenceMinutes) -> int:
        """Return the time on in the rule's unit."""
        if not intervals:
            return 0
        if rule.rounding == "nominal" and rule.boundary == "length":
            nominal_ms = sum(
                end - start for i in intervals for start, end in self._parts(i, capped=True)
            )
            return max(nominal_ms // _MINUTE_MS, rule.at_least)
        if rule.rounding == "nominal":
            total = sum(self._nominal(interval, rule.boundary) for interval in intervals)
            return max(total, rule.at_least)
        total_ms = sum(self._exact_ms(interval) for interval in intervals)
        unit_ms = {"min": _MINUTE_MS, "s": 1000, "ms": 1}[rule.unit]
        return max(rounded(total_ms, unit_ms, rule.rounding), rule.at_least)

    def _exact_ms(self, interval: Interval) -> int:
        return sum(end - start for start, end in self._parts(interval, capped=False))

    def _nominal(self, interval: Interval, boundary: str) -> int:
        return sum(
            rounded(end, _MINUTE_MS, boundary) - rounded(start, _MINUTE_MS, boundary)
            for start, end in self._parts(interval, capped=True)
        )

    def _parts(self, interval: Interval, *, capped: bool) -> Iterator[tuple[int, int]]:
        lengths = self._lengths[capped]
        for index in range(interval.from_period, interval.to_period + 1):
            length_ms = lengths[index]
            start = min(interval.from_ms, length_ms) if index == interval.from_period else 0
            # An interval that lasted to the end of a period has a place after all of it.
            to_end = interval.to_key == (index + 1,)
            inside = index == interval.to_period and not to_end
            end = min(interval.to_ms, length_ms) if inside else length_ms
            yield start, max(end, start)


def rounded(value: int, unit: int, how: str) -> int:
    """Return value / unit as a whole number by "floor", "ceil" or "round" (half up)."""
    if how == "ceil":
        return -(-value // unit)
    if how == "round":
        return (2 * value + unit) // (2 * unit)
    return value // unit
