"""Reading `[events]`: the words of a sport and what each counts."""

from collections.abc import Iterable, Mapping
from typing import Any

from leagues.packs.reading import Table, suggestion
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
    EventPresence,
    EventType,
    PayloadValue,
    Period,
    Value,
)

COMMON = {
    PERIOD_START: EventType(
        id=PERIOD_START,
        label="Start of the period",
        icon="whistle",
        group="match",
        payload={"length_ms": "int", "moves": "str"},
        acts=False,
    ),
    PERIOD_END: EventType(
        id=PERIOD_END, label="End of the period", icon="whistle", group="match", acts=False
    ),
    MATCH_END: EventType(
        id=MATCH_END, label="End of the match", icon="whistle", key=True, group="match", acts=False
    ),
    STATUS: EventType(
        id=STATUS,
        label="Match status",
        icon="whistle",
        key=True,
        group="match",
        sentence="The match is {status}. {reason}",
        payload={"status": "str", "reason": "str"},
        acts=False,
    ),
    CLOCK: EventType(id=CLOCK, label="Clock", hidden=True, payload={"running": "bool"}, acts=False),
    SCORE_SET: EventType(
        id=SCORE_SET,
        label="Score",
        hidden=True,
        payload={"home": "int", "away": "int", "bucket": "str"},
        marks=("result",),
        acts=False,
    ),
    STAT_SET: EventType(
        id=STAT_SET, label="Totals", hidden=True, payload={"values": "table"}, acts=False
    ),
    OVERRIDE: EventType(
        id=OVERRIDE,
        label="Correction",
        hidden=True,
        payload={"values": "table", "score": "table", "status": "str"},
        acts=False,
    ),
}
TYPES = ("str", "int", "number", "bool", "table")
PERIOD_KINDS = ("regular", "overtime", "shootout")
_SPECIAL = ("$period_kind", "$period", "$has_related", "$has_player")
_SIDES = ("acting", "opposing")
_STATES = ("in", "out", "sent_off")
_MISPLACED = {
    key: f"'{key}' belongs to the event: put the line above its first [[events.*.counts]]"
    for key in ("presence", "marks", "acts", "payload", "sentence", "icon", "label")
}


def read_events(
    top: Table, columns: tuple[Column, ...], periods: tuple[Period, ...]
) -> dict[str, EventType]:
    """Return the event types by id, the common ones included."""
    section = top.table("events")
    own = {
        type_id: _event_type(type_id, section.table(type_id), columns, periods)
        for type_id in list(section.keys())
    }
    return {**COMMON, **own}


def _event_type(
    type_id: str, table: Table, columns: tuple[Column, ...], periods: tuple[Period, ...]
) -> EventType:
    base = COMMON.get(type_id, EventType(id=type_id, label=type_id))
    payload = {**base.payload, **_payload(table.table("payload"))}
    reader = _CountReader(columns, payload, periods)
    event_type = EventType(
        id=type_id,
        label=table.text("label", base.label),
        icon=table.text("icon", base.icon),
        key=table.flag("key", base.key),
        hidden=table.flag("hidden", base.hidden),
        group=table.text("group", base.group),
        sentence=table.text("sentence", base.sentence),
        sentence_related=table.text("sentence_related", ""),
        payload=payload,
        counts=tuple(reader.read(block) for block in table.tables("counts")),
        presence=_presence(table),
        marks=table.texts("marks", base.marks),
        acts=table.flag("acts", base.acts),
    )
    table.close()
    return event_type


def _payload(table: Table) -> dict[str, str]:
    return {key: table.text(key, choices=TYPES) for key in list(table.keys())}


def _presence(table: Table) -> EventPresence | None:
    if "presence" not in table:
        return None
    inner = table.table("presence")
    rule = EventPresence(
        player=inner.text("player", "", choices=("", *_STATES)),
        related=inner.text("related", "", choices=("", *_STATES)),
        related_side=inner.text("related_side", "acting", choices=_SIDES),
    )
    inner.close()
    return rule


def read_when(
    table: Table, payload: Mapping[str, str], periods: tuple[Period, ...]
) -> tuple[Condition, ...]:
    """Return the conditions of a `when` on an event with that payload."""
    return _CountReader((), dict(payload), periods).conditions(table)


class _CountReader:
    """Reads counting blocks of one event type against the pack's columns."""

    def __init__(
        self, columns: tuple[Column, ...], payload: dict[str, str], periods: tuple[Period, ...]
    ) -> None:
        self._columns = {column.id: column for column in columns}
        self._payload = payload
        self._period_ids = [period.id for period in periods]

    def read(self, table: Table) -> Count:
        """Return one counting block."""
        count = Count(
            when=self.conditions(table.table("when")),
            player=self._columns_of(table.table("player"), "player"),
            related=self._columns_of(table.table("related"), "player"),
            team=self._columns_of(table.table("team"), "team"),
            opposing=self._columns_of(table.table("opposing"), "team"),
            score=self._score(table.table("score")),
            bucket=table.text("bucket", "score", choices=("score", "shootout")),
            related_side=table.text("related_side", "acting", choices=_SIDES),
        )
        table.close(_MISPLACED)
        return count

    def _columns_of(self, table: Table, scope: str) -> tuple[tuple[str, Value], ...]:
        return tuple(
            (self._counted(table, name, scope), self._value(table, name))
            for name in list(table.keys())
        )

    def _counted(self, table: Table, name: str, scope: str) -> str:
        column = self._columns.get(name)
        if column is None:
            raise table.error(name, f"no such column; {suggestion(name, self._columns)}")
        if column.rule is not None:
            raise table.error(name, f"the column is derived (form = '{column.form}'), not counted")
        if not (column.for_player if scope == "player" else column.for_team):
            raise table.error(name, f"the column has no {scope} scope; add it in [[columns]]")
        return name

    def _score(self, table: Table) -> tuple[tuple[str, Value], ...]:
        sides = (*_SIDES, "home", "away")
        for side in table.keys():  # noqa: SIM118 - not a dict
            if side not in sides:
                raise table.error(side, f"a score goes to one of {', '.join(sides)}")
        return tuple((side, self._value(table, side)) for side in list(table.keys()))

    def _value(self, table: Table, key: str) -> Value:
        value = table.raw(key)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if not isinstance(value, str):
            raise table.error(key, f'must be a whole number or "payload.<key>", not {value!r}')
        return self._payload_value(table, key, value)

    def _payload_value(self, table: Table, key: str, words: str) -> PayloadValue:
        path, _, default = words.partition(" or ")
        sign, path = (-1, path[1:]) if path.startswith("-") else (1, path)
        if not path.startswith("payload.") or (default and not default.isdigit()):
            raise table.error(
                key, f'\'{words}\' is not "payload.<key>", "-payload.<key>" or "... or 1"'
            )
        name = path.removeprefix("payload.")
        kind = self._payload.get(name)
        if kind is None:
            hint = suggestion(name, self._payload)
            raise table.error(key, f"'{name}' is not in the event's payload; {hint}")
        if kind in ("str", "table"):
            raise table.error(key, f"payload.{name} is a {kind} and cannot be counted")
        return PayloadValue(key=name, sign=sign, default=int(default or 0))

    def conditions(self, table: Table) -> tuple[Condition, ...]:
        """Return what a block asks of its event."""
        return tuple(self._condition(table, key) for key in list(table.keys()))

    def _condition(self, table: Table, key: str) -> Condition:
        negated = key.startswith("!")
        name = key.removeprefix("!")
        value = table.raw(key)
        if name.startswith("?"):
            self._check_key(table, key, name[1:])
            present = bool(value) != negated
            return Condition(key=name[1:], present=True, negated=not present)
        self._check_key(table, key, name)
        if isinstance(value, dict):
            inner = table.table(key)
            low, high = inner.optional_number("min"), inner.optional_number("max")
            inner.close()
            return Condition(key=name, min=low, max=high, negated=negated)
        values = tuple(value) if isinstance(value, list) else (value,)
        self._check_values(table, key, name, values)
        return Condition(key=name, values=values, negated=negated)

    def _check_key(self, table: Table, key: str, name: str) -> None:
        known = (*_SPECIAL, *self._payload)
        if name not in known:
            raise table.error(key, f"'{name}' is not in the payload; {suggestion(name, known)}")

    def _check_values(self, table: Table, key: str, name: str, values: Iterable[Any]) -> None:
        allowed: dict[str, Iterable[Any]] = {
            "$period_kind": PERIOD_KINDS,
            "$period": self._period_ids,
            "$has_related": (True, False),
            "$has_player": (True, False),
        }
        if self._payload.get(name) == "bool":
            allowed[name] = (True, False)
        for value in values:
            if name in allowed and value not in tuple(allowed[name]):
                raise table.error(key, f"{value!r} is not one of {list(allowed[name])}")
