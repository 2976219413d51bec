"""Reading `[simulation]`: the rates from which a simulated vendor plays matches."""

from collections.abc import Mapping
from typing import Any

from leagues.packs.reading import Table, suggestion
from leagues.packs.schema import EventType, Period, Position, SimulatedEvent, Simulation


def read_simulation(
    top: Table,
    events: Mapping[str, EventType],
    positions: tuple[Position, ...],
    periods: tuple[Period, ...],
) -> Simulation | None:
    """Return [simulation], None for a pack without it."""
    if "simulation" not in top:
        return None
    table = top.table("simulation")
    reader = _Reader(events, [p.id for p in positions], [p.id for p in periods])
    simulation = Simulation(
        lineup=reader.squad(table.table("lineup")),
        bench=reader.squad(table.table("bench")),
        stoppage_ms=_range(table, "stoppage_ms"),
        break_s=table.whole("break_s", 900, minimum=0),
        overtime=table.number("overtime", 0.0),
        events=tuple(reader.event(inner) for inner in table.tables("events")),
    )
    table.close()
    return simulation


class _Reader:
    """Checks the rates against the words of their pack."""

    def __init__(
        self, events: Mapping[str, EventType], positions: list[str], periods: list[str]
    ) -> None:
        self._events = events
        self._positions = positions
        self._periods = periods

    def squad(self, table: Table) -> Mapping[str, int]:
        """Return how many players of each position."""
        return {
            self._known(table, position, position, self._positions): table.whole(position)
            for position in list(table.keys())
        }

    def event(self, table: Table) -> SimulatedEvent:
        """Return one event's rates."""
        type_id = self._known(table, "type", table.text("type"), self._events)
        periods = table.texts("periods", ())
        event = SimulatedEvent(
            type=type_id,
            per_team=table.number("per_team"),
            positions=self._weights(table.table("positions")),
            related=table.number("related", 0.0),
            related_side=table.text("related_side", "acting", choices=("acting", "opposing")),
            related_positions=self._weights(table.table("related_positions")),
            payload=self._payload(table, type_id),
            periods=tuple(self._known(table, "periods", p, self._periods) for p in periods),
            from_ms=table.whole("from_ms", 0, minimum=0),
            once=table.flag("once", default=False),
            after=self._known_or_none(table, "after"),
        )
        table.close()
        return event

    def _weights(self, table: Table) -> Mapping[str, float]:
        return {
            self._known(table, name, name, self._positions): table.number(name)
            for name in list(table.keys())
        }

    def _payload(self, table: Table, type_id: str) -> Mapping[str, tuple[Any, ...]]:
        inner = table.table("payload")
        payload = {}
        for key in list(inner.keys()):
            self._known(inner, key, key, self._events[type_id].payload)
            value = inner.raw(key)
            payload[key] = tuple(value) if isinstance(value, list) else (value,)
        return payload

    def _known_or_none(self, table: Table, key: str) -> str:
        word = table.text(key, "")
        return self._known(table, key, word, self._events) if word else ""

    def _known(self, table: Table, key: str, word: str, known: Any) -> str:
        if word not in known:
            raise table.error(key, f"unknown '{word}'; {suggestion(word, known)}")
        return word


def _range(table: Table, key: str) -> tuple[int, int]:
    value = table.raw(key, [0, 0])
    match value:
        case [int(low), int(high)] if 0 <= low <= high:
            return low, high
    raise table.error(key, f"must be [lowest, highest] in milliseconds, not {value!r}")
