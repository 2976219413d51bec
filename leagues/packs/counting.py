"""Counting rules of a pack, compiled once so that an event is counted in microseconds."""

import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from leagues.packs.facts import FoldEvent
from leagues.packs.schema import (
    CLOCK,
    MATCH_END,
    OVERRIDE,
    PERIOD_END,
    PERIOD_START,
    SCORE_SET,
    STAT_SET,
    STATUS,
    Column,
    Condition,
    Count,
    EventType,
    PayloadValue,
    SportPack,
    Value,
)

# Decimal payload values are kept as whole millionths: sums of floats depend on their order.
MICRO = 1_000_000

Check = Callable[[FoldEvent], bool]
Getter = Callable[[Mapping[str, Any]], int]
Constants = tuple[tuple[int, int], ...]
Dynamics = tuple[tuple[int, Getter], ...]


class Gains:
    """What one party gains by a block: (column index, amount) pairs and amounts to be read."""

    __slots__ = ("constants", "dynamics")

    def __init__(self, constants: Constants, dynamics: Dynamics) -> None:
        self.constants = constants
        self.dynamics = dynamics

    def __bool__(self) -> bool:
        return bool(self.constants or self.dynamics)

    def add(self, line: list[int], payload: Mapping[str, Any], sign: int) -> None:
        """Add the gains to a line of counters, or take them off with sign -1."""
        for index, amount in self.constants:
            line[index] += sign * amount
        for index, get in self.dynamics:
            line[index] += sign * get(payload)


class Block:
    """One compiled counting block."""

    __slots__ = (
        "bucket",
        "check",
        "opposing",
        "player",
        "player_total",
        "related",
        "related_opposes",
        "related_total",
        "score",
        "team",
    )

    def __init__(self, count: Count, pack: "CompiledPack") -> None:
        self.check = check_all(count.when, pack)
        self.player = pack.gains(count.player)
        self.player_total = pack.gains(count.player, summed=True)
        self.related = pack.gains(count.related)
        self.related_total = pack.gains(count.related, summed=True)
        self.team = pack.gains(count.team)
        self.opposing = pack.gains(count.opposing)
        self.related_opposes = count.related_side == "opposing"
        self.bucket = count.bucket
        self.score = tuple((side, _getter(value, 1)) for side, value in count.score)


class Rule:
    """One compiled event type.

    `in_flow` marks types that move score, clock or status; `is_set` those that state totals.
    """

    __slots__ = (
        "acts",
        "blocks",
        "in_flow",
        "is_set",
        "kind",
        "presence",
        "related_opposes",
        "scores",
        "visible",
    )

    def __init__(self, event_type: EventType, pack: "CompiledPack") -> None:
        self.kind = event_type.id
        self.blocks = tuple(Block(count, pack) for count in event_type.counts)
        self.scores = any(block.score for block in self.blocks)
        self.presence = event_type.presence
        self.acts = event_type.acts
        self.visible = not event_type.hidden
        self.is_set = event_type.id in (STAT_SET, OVERRIDE)
        flow_types = (PERIOD_START, PERIOD_END, MATCH_END, STATUS, CLOCK, SCORE_SET)
        self.in_flow = self.scores or event_type.id in flow_types
        with_related = [block.related_opposes for block in self.blocks if block.related]
        # None: the event type does not tell which side its related player is on.
        self.related_opposes = with_related[0] if with_related else None


class CompiledPack:
    """All rules of a pack with the numbering of its columns and periods."""

    def __init__(self, pack: SportPack) -> None:
        self.pack = pack
        self.columns: tuple[Column, ...] = tuple(c for c in pack.columns if c.rule is None)
        self.index = {column.id: i for i, column in enumerate(self.columns)}
        self.width = len(self.columns)
        self._sums = {column.id for column in self.columns if _sums_up(column)}
        self.micro = _decimal_columns(pack)
        self.period_index = {period.id: i for i, period in enumerate(pack.periods)}
        self.kind_of = {period.id: period.kind for period in pack.periods}
        self.rules = {type_id: Rule(t, self) for type_id, t in pack.events.items()}

    def gains(self, pairs: tuple[tuple[str, Value], ...], *, summed: bool = False) -> Gains:
        """Return compiled gains, with `summed` only of the columns that add up to the team's."""
        chosen = [(name, value) for name, value in pairs if not summed or name in self._sums]
        scale = {name: MICRO if name in self.micro else 1 for name, _ in chosen}
        constants = tuple(
            (self.index[name], value * scale[name])
            for name, value in chosen
            if isinstance(value, int)
        )
        dynamics = tuple(
            (self.index[name], _getter(value, scale[name]))
            for name, value in chosen
            if not isinstance(value, int)
        )
        return Gains(constants, dynamics)


@lru_cache(maxsize=64)
def compiled(pack: SportPack) -> CompiledPack:
    """Return the pack's compiled rules; the same pack is compiled once."""
    return CompiledPack(pack)


def _sums_up(column: Column) -> bool:
    return column.for_team and column.team == "sum"


def _decimal_columns(pack: SportPack) -> frozenset[str]:
    decimal = set()
    for event_type in pack.events.values():
        for count in event_type.counts:
            for name, value in (*count.player, *count.related, *count.team, *count.opposing):
                if isinstance(value, PayloadValue) and event_type.payload[value.key] == "number":
                    decimal.add(name)
    return frozenset(decimal)


def _getter(value: Value, scale: int) -> Getter:
    if isinstance(value, int):
        return lambda _payload: value * scale
    key, factor, default = value.key, value.sign * scale, value.default

    def get(payload: Mapping[str, Any]) -> int:
        stated = payload.get(key, default)
        if isinstance(stated, int):
            return factor * stated
        # A vendor's nonsense counts nothing rather than ending the fold.
        if isinstance(stated, float) and math.isfinite(factor * stated):
            return round(factor * stated)
        return 0

    return get


def check_all(conditions: tuple[Condition, ...], pack: CompiledPack) -> Check | None:
    """Return a test of an event against all conditions, None where there are none."""
    checks = [_check(condition, pack) for condition in conditions]
    if not checks:
        return None
    if len(checks) == 1:
        return checks[0]
    return lambda event: all(check(event) for check in checks)


def _check(condition: Condition, pack: CompiledPack) -> Check:
    read = _reader(condition.key, pack)
    wanted = not condition.negated
    if condition.present:
        return lambda event: (event.payload.get(condition.key) is not None) is wanted
    if condition.values:
        values = condition.values
        # A flag that the vendor leaves out is not raised.
        absent = False in values
        return lambda event: (_among(read(event), values, absent=absent)) is wanted
    low = -math.inf if condition.min is None else condition.min
    high = math.inf if condition.max is None else condition.max

    def within(event: FoldEvent) -> bool:
        value = read(event)
        return (isinstance(value, int | float) and low <= value <= high) is wanted

    return within


def _among(value: Any, values: tuple[Any, ...], *, absent: bool) -> bool:
    return absent if value is None else value in values


def _reader(key: str, pack: CompiledPack) -> Callable[[FoldEvent], Any]:
    kind_of = pack.kind_of
    special: dict[str, Callable[[FoldEvent], Any]] = {
        "$period_kind": lambda event: kind_of.get(event.period, "regular"),
        "$period": lambda event: event.period,
        "$has_related": lambda event: event.related is not None,
        "$has_player": lambda event: event.player is not None,
    }
    return special.get(key) or (lambda event: event.payload.get(key))
