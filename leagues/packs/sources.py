"""Where a player's numbers come from: the facts of the log behind each column of his line.

Pure, as the fold is. A share of a counted column says by how much the fact moved it, and the
shares of a column that nobody stated add up to it.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from leagues.packs.columns import operands
from leagues.packs.counting import MICRO, Rule, compiled
from leagues.packs.entries import Entries, Entry, Key, entry_of
from leagues.packs.facts import FoldEvent, Number, Sheet
from leagues.packs.forms import (
    Appeared,
    Longest,
    PresenceMinutes,
    WeightedSum,
    WhilePresent,
)
from leagues.packs.presence import Interval, Presence, Who, presence_of
from leagues.packs.schema import MATCH_END, OVERRIDE, PERIOD_END, PERIOD_START, SportPack
from leagues.packs.state import State, Steps, Walk
from leagues.packs.tally import Tally

_FOREVER = (float("inf"),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A fact behind a column. `amount` None: the number follows from this fact and others."""

    event: FoldEvent
    amount: Number = None
    is_stated: bool = False


Shares = tuple[Share, ...]


class Sources:
    """The facts behind the lines of a match's players, read off its current log."""

    def __init__(self, pack: SportPack, sheet: Sheet, events: Iterable[FoldEvent]) -> None:
        self._pack = pack
        self._rules = compiled(pack)
        self._sheet = sheet
        self._sides = _sides(sheet)
        self._every, self._moves, self._flow = Entries(), Entries(), Entries()
        self._sets: list[Entry] = []
        for event in _current(events):
            rule = self._rules.rules.get(event.type)
            if rule is not None:
                self._add(entry_of(event, rule, self._rules))
        self._by_lineage = {entry.lineage: entry.event for entry in self._every}
        walk = Walk(self._rules, self._every, lineups=bool(sheet.home and sheet.away))
        for entry in self._flow:
            walk.note(entry)
        self._state: State = walk.run(self._flow, self._sides, None)
        self._presence: Presence = presence_of(
            self._rules, sheet, self._every, self._moves, self._state
        )
        self._counted = self._count()
        self._stated = self._state_values()

    def of(self, player: Hashable, column_id: str) -> Shares:
        """Return the facts behind one column of a player, in match order; none for unknown ones.

        A number that somebody stated comes from that statement alone.
        """
        stated = self._stated.get((player, column_id))
        if stated is not None:
            return (stated,)
        column = self._pack.column(column_id)
        if column is None:
            return ()
        if column.rule is None:
            return tuple(self._counted.get((player, column_id), ()))
        return _ordered(self._derived(player, column.rule))

    def _add(self, entry: Entry) -> None:
        rule: Rule = entry.rule
        if rule.is_set:
            self._sets.append(entry)
            return
        self._every.add(entry)
        if rule.in_flow:
            self._flow.add(entry)
        if rule.presence is not None:
            self._moves.add(entry)

    def _count(self) -> Mapping[tuple[Hashable, str], list[Share]]:
        counted: dict[tuple[Hashable, str], list[Share]] = defaultdict(list)
        for entry in self._every:
            if not entry.rule.blocks:
                continue
            tally = Tally(self._rules.width, self._sides)
            tally.count(entry.event, entry.rule, 1)
            for lines in tally.lines.values():
                for player, line in lines.items():
                    for column_id, amount in self._gains(line):
                        counted[player, column_id].append(Share(event=entry.event, amount=amount))
        return counted

    def _gains(self, line: list[int]) -> Iterator[tuple[str, int | float]]:
        # Behind the columns stands how many facts mention the player.
        for column, counter in zip(self._rules.columns, line[:-1], strict=True):
            if counter:
                is_decimal = column.id in self._rules.micro
                yield column.id, counter / MICRO if is_decimal else counter

    def _state_values(self) -> Mapping[tuple[Hashable, str], Share]:
        stated: dict[tuple[Hashable, str], Share] = {}
        known = {column.id for column in self._pack.columns if column.for_player}
        for entry in sorted(self._sets, key=lambda e: (e.event.type == OVERRIDE, e[:5])):
            event, values = entry.event, entry.event.payload.get("values")
            side = event.team or self._sides.get(event.player)
            if event.player is None or side is None or not isinstance(values, Mapping):
                continue
            for column_id in values.keys() & known:
                share = Share(event=event, amount=values[column_id], is_stated=True)
                stated[event.player, column_id] = share
        return stated

    def _derived(self, player: Hashable, rule: Any) -> Iterator[Share]:
        match rule:
            case PresenceMinutes() | Appeared():
                yield from self._stays(player)
            case WhilePresent():
                yield from self._scored_while_on(player, rule)
            case Longest():
                yield from self._peak(player, rule)
            case WeightedSum():
                for column_id, weight in rule.of:
                    yield from (_weighed(s, weight) for s in self.of(player, column_id))
            case _:
                yield from self._of_all(player, rule)

    def _of_all(self, player: Hashable, rule: Any) -> Iterator[Share]:
        for column_id in operands(rule):
            for share in self.of(player, column_id):
                yield Share(event=share.event, is_stated=share.is_stated)

    def _intervals(self, player: Hashable) -> Iterator[tuple[Who, Interval]]:
        for who, intervals in self._presence.intervals.items():
            if who[1] == player:
                yield from ((who, interval) for interval in intervals)

    def _stays(self, player: Hashable) -> Iterator[Share]:
        """Yield what began and ended each stretch of being on."""
        for _, interval in self._intervals(player):
            yield from self._at(interval.from_key, interval.from_period, (PERIOD_START,))
            yield from self._at(interval.to_key, interval.to_period, (PERIOD_END, MATCH_END))

    def _at(self, key: Key, period: int, edges: tuple[str, ...]) -> Iterator[Share]:
        # A move has a whole place; the edge of a period, at most the period's number.
        if len(key) > 1:
            event = self._by_lineage.get(key[4])
            if event is not None:
                yield Share(event=event)
            return
        for entry in self._flow:
            is_of_it = entry.period == period or entry.event.type == MATCH_END
            if is_of_it and entry.event.type in edges:
                yield Share(event=entry.event)
                return

    def _scored_while_on(self, player: Hashable, rule: WhilePresent) -> Iterator[Share]:
        for who, spans in self._spans(player, keeps=rule.after_out == "keeps").items():
            for key, home, away in _steps(self._state.steps):
                event = self._by_lineage.get(key[4])
                times = sum((start <= key < end) - (end <= key < start) for start, end in spans)
                own, other = (home, away) if who[0] == "home" else (away, home)
                parts = {"acting_score": own, "opposing_score": other}
                amount = times * parts.get(rule.counts, own - other)
                if event is not None and amount:
                    yield Share(event=event, amount=amount)

    def _spans(self, player: Hashable, *, keeps: bool) -> dict[Who, list[tuple[Key, Key]]]:
        spans: dict[Who, list[tuple[Key, Key]]] = defaultdict(list)
        for who, interval in self._intervals(player):
            spans[who].append((interval.from_key, interval.to_key))
        for who, found in spans.items():
            if keeps and who in self._presence.sent_off:
                found.append((self._presence.sent_off[who], _FOREVER))
        return spans

    def _peak(self, player: Hashable, rule: Longest) -> Iterator[Share]:
        told = [
            (value, entry.event)
            for entry in self._every
            if entry.event.player == player and entry.event.type in rule.of
            for value in (entry.event.payload.get(rule.key),)
            if isinstance(value, int | float) and not isinstance(value, bool)
        ]
        if told:
            value, event = max(told, key=lambda pair: pair[0])
            yield Share(event=event, amount=value)


def _sides(sheet: Sheet) -> dict[Any, str]:
    home = dict.fromkeys((*sheet.home, *sheet.home_bench), "home")
    return home | dict.fromkeys((*sheet.away, *sheet.away_bench), "away")


def _current(events: Iterable[FoldEvent]) -> Iterator[FoldEvent]:
    newest: dict[Any, FoldEvent] = {}
    for event in events:
        held = newest.get(event.lineage)
        if held is None or event.rev > held.rev:
            newest[event.lineage] = event
    return (event for event in newest.values() if event.op != "retract")


def _steps(steps: Steps) -> Iterator[tuple[Key, int, int]]:
    """Yield each change of the score: its place, and what it gave the home and away side."""
    before = (0, 0)
    for key, score in zip(steps.keys, steps.scores, strict=True):
        yield key, score[0] - before[0], score[1] - before[1]
        before = score


def _weighed(share: Share, weight: float) -> Share:
    amount = None if share.amount is None else share.amount * weight
    return Share(event=share.event, amount=amount, is_stated=share.is_stated)


def _ordered(shares: Iterable[Share]) -> Shares:
    """Join shares of one fact, in the order in which they were found."""
    joined: dict[Any, Share] = {}
    for share in shares:
        held = joined.get(share.event.lineage)
        amount = share.amount
        if held is not None and held.amount is not None and amount is not None:
            amount += held.amount
        joined[share.event.lineage] = Share(
            event=share.event, amount=amount, is_stated=share.is_stated
        )
    return tuple(joined.values())
