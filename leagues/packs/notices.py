"""What is worth a message to those who follow: [[notices]] of a `sport.toml`."""

from collections.abc import Collection, Mapping
from typing import Final

from leagues.packs.reading import Table, suggestion
from leagues.packs.schema import PERIOD_END, PERIOD_START, EventType, NoticeRule, Period

FORMS: Final = ("start", "lineups", "events", "lead_change", "period_end", "close", "end")
# Everything is in the preset "all" without being said.
PRESETS: Final = ("minimal", "standard")
# What every sport has that says nothing itself.
_DEFAULT: Final = (
    NoticeRule(id="start", label="Start", form="start", presets=PRESETS),
    NoticeRule(id="end", label="Final score", form="end", presets=PRESETS),
)


def read_notices(
    top: Table, events: Mapping[str, EventType], periods: Collection[Period]
) -> tuple[NoticeRule, ...]:
    """Return [[notices]] in file order; a pack without any tells start and end."""
    notices = tuple(_notice(table, events, len(periods) > 1) for table in top.tables("notices"))
    told: dict[str, str] = {}
    names = [notice.id for notice in notices]
    for index, notice in enumerate(notices):
        if notice.id in names[:index]:
            raise top.error(f"notices[{index}].id", f"'{notice.id}' is defined twice; remove one")
        for event in notice.events:
            if event in told:
                message = f"'{event}' is told by '{told[event]}' already; take one out"
                raise top.error(f"notices[{index}].events", message)
            told[event] = notice.id
    return notices or _DEFAULT


def _notice(table: Table, events: Mapping[str, EventType], has_periods: bool) -> NoticeRule:
    form = table.text("form", "events", choices=FORMS)
    presets = table.texts("presets", [])
    for index, name in enumerate(presets):
        if name not in PRESETS:
            hint = suggestion(name, PRESETS)
            raise table.error(f"presets[{index}]", f"'{name}' is no preset; {hint}")
    if form == "period_end" and not has_periods:
        raise table.error("form", "a sport of one period ends with 'end'")
    notice = NoticeRule(
        id=table.text("id"),
        label=table.text("label"),
        form=form,
        presets=presets,
        events=_events(table, events) if form == "events" else (),
        last_ms=table.whole("last_ms", minimum=1) if form == "close" else 0,
        within=table.whole("within", minimum=0) if form == "close" else 0,
    )
    table.close()
    return notice


def _events(table: Table, events: Mapping[str, EventType]) -> tuple[str, ...]:
    names = table.texts("events")
    for index, name in enumerate(names):
        if name in (PERIOD_START, PERIOD_END):
            raise table.error(f"events[{index}]", "use the form 'start' or 'period_end'")
        if name not in events:
            hint = suggestion(name, events)
            raise table.error(f"events[{index}]", f"'{name}' is not an event; {hint}")
        if events[name].hidden:
            raise table.error(f"events[{index}]", f"'{name}' is hidden, so nobody may be told")
    if not names:
        raise table.error("events", "missing; name the events that are told")
    return names
