"""Reading `[strength]`, `[momentum]`, `[shot_map]`: what models and charts need of a sport."""

from collections.abc import Mapping
from typing import Any

from leagues.packs.event_types import read_when
from leagues.packs.reading import Table, suggestion
from leagues.packs.schema import (
    EventType,
    MomentumRule,
    Period,
    Pressure,
    ShotKind,
    ShotMapRule,
    StrengthRule,
    TableRules,
)

_DISTRIBUTIONS = ("poisson", "normal")
_GROUNDS = ("pitch", "court", "rink")
_OUTCOMES = ("scored", "saved", "blocked", "off")


def read_strength(top: Table, rules: TableRules) -> StrengthRule | None:
    """Return [strength], None for a sport whose matches are not forecast."""
    if "strength" not in top:
        return None
    table = top.table("strength")
    typical, sent_off = table.table("typical"), table.table("sent_off")
    distribution = table.text("distribution", choices=_DISTRIBUTIONS)
    rule = StrengthRule(
        distribution=distribution,
        half_life_days=_positive(table, "half_life_days", 365),
        prior_matches=_positive(table, "prior_matches", 5),
        draw_share=_draw_share(table, rules),
        typical_home=_positive(typical, "home"),
        typical_away=_positive(typical, "away"),
        typical_margin_sd=_margin_sd(typical, distribution),
        added_ms=table.whole("added_ms", 0, minimum=0),
        sent_off_own=_positive(sent_off, "own", 1.0),
        sent_off_other=_positive(sent_off, "other", 1.0),
    )
    for inner in (typical, sent_off, table):
        inner.close()
    return rule


def _draw_share(table: Table, rules: TableRules) -> float:
    share = table.number("draw_share", 1.0 if rules.draws else 0.0)
    if not 0 <= share <= 1:
        raise table.error("draw_share", f"{share} is no share; use 0 to 1")
    if share and not rules.draws:
        raise table.error("draw_share", "must be 0, for [table] says draws = false")
    return share


def _margin_sd(table: Table, distribution: str) -> float:
    if distribution == "normal":
        return _positive(table, "margin_sd")
    if "margin_sd" in table:
        raise table.error("margin_sd", "belongs to distribution = 'normal'; remove it")
    return 0.0


def _positive(table: Table, key: str, *default: float) -> float:
    value = table.number(key, *default)
    if value <= 0:
        raise table.error(key, f"{value} is too small; use a number above 0")
    return value


def read_momentum(
    top: Table, events: Mapping[str, EventType], periods: tuple[Period, ...]
) -> MomentumRule | None:
    """Return [momentum], None for a sport without the graph."""
    if "momentum" not in top:
        return None
    table = top.table("momentum")
    rule = MomentumRule(
        fade_s=_positive(table, "fade_s", 180),
        full=_positive(table, "full"),
        pressures=tuple(_pressure(t, events, periods) for t in table.tables("pressures")),
    )
    if not rule.pressures:
        raise table.error("pressures", "missing; say which events count in [[momentum.pressures]]")
    table.close()
    return rule


def _pressure(
    table: Table, events: Mapping[str, EventType], periods: tuple[Period, ...]
) -> Pressure:
    names = _event_names(table, events)
    payload = _shared_payload([events[name] for name in names])
    pressure = Pressure(
        events=frozenset(names),
        weight=table.number("weight", 0),
        plus=_plus(table, payload),
        when=read_when(table.table("when"), payload, periods),
        x=_range(table, "x"),
        y=_range(table, "y"),
        side=table.text("side", "acting", choices=("acting", "opposing")),
    )
    if not pressure.weight and not pressure.plus:
        raise table.error("weight", "is 0 and nothing is added by plus: this counts nothing")
    table.close()
    return pressure


def _event_names(table: Table, events: Mapping[str, EventType]) -> list[str]:
    names = table.texts("events")
    if not names:
        raise table.error("events", "is empty; name at least one event type")
    for index, name in enumerate(names):
        if name not in events:
            raise table.error(f"events[{index}]", f"unknown '{name}'; {suggestion(name, events)}")
    return list(names)


def read_shot_map(
    top: Table, events: Mapping[str, EventType], periods: tuple[Period, ...]
) -> ShotMapRule | None:
    """Return [shot_map], None for a sport without one."""
    if "shot_map" not in top:
        return None
    table = top.table("shot_map")
    rule = ShotMapRule(
        ground=table.text("ground", choices=_GROUNDS),
        length_m=_positive(table, "length_m"),
        width_m=_positive(table, "width_m"),
        expected=table.text("expected", "").removeprefix("payload."),
        kinds=tuple(_shot_kind(t, events, periods) for t in table.tables("kinds")),
    )
    if not rule.kinds:
        raise table.error("kinds", "missing; say which events are shots in [[shot_map.kinds]]")
    shots = [events[name] for kind in rule.kinds for name in kind.events]
    if rule.expected and not any(dict(s.payload).get(rule.expected) == "number" for s in shots):
        raise table.error("expected", f"no shot has a number '{rule.expected}' in its payload")
    table.close()
    return rule


def _shot_kind(
    table: Table, events: Mapping[str, EventType], periods: tuple[Period, ...]
) -> ShotKind:
    names = _event_names(table, events)
    payload = _shared_payload([events[name] for name in names])
    kind = ShotKind(
        events=frozenset(names),
        outcome=table.text("outcome", choices=_OUTCOMES),
        label=table.text("label"),
        when=read_when(table.table("when"), payload, periods),
    )
    table.close()
    return kind


def _shared_payload(types: list[EventType]) -> dict[str, str]:
    """Return the payload keys that all the types have with one kind."""
    first, *others = (dict(event_type.payload) for event_type in types)
    return {key: kind for key, kind in first.items() if all(o.get(key) == kind for o in others)}


def _plus(table: Table, payload: Mapping[str, str]) -> str:
    words = table.text("plus", "")
    if not words:
        return ""
    name = words.removeprefix("payload.")
    numbers = [key for key, kind in payload.items() if kind in ("int", "number")]
    if name == words or name not in numbers:
        hint = suggestion(name, numbers)
        raise table.error("plus", f"'{words}' is not \"payload.<number of all events>\"; {hint}")
    return name


def _range(table: Table, key: str) -> tuple[float, float] | None:
    value: Any = table.raw(key, None)
    match value:
        case None:
            return None
        case [int() | float() as low, int() | float() as high] if 0 <= low <= high <= 100:
            return float(low), float(high)
    raise table.error(key, f"must be [lowest, highest] within 0 to 100, not {value!r}")
