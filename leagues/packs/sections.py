"""The sections of a `sport.toml`, each read and checked on its own, except events and columns."""

from collections.abc import Collection, Mapping
from typing import Any

from leagues.packs.forms import Longest
from leagues.packs.reading import Table, suggestion
from leagues.packs.schema import (
    Allowance,
    AllowanceWindow,
    ClockRule,
    Column,
    Period,
    PointsRule,
    Position,
    PresenceRule,
    ReviewRule,
    ScoreRule,
    SportPack,
    TableRules,
    Tiebreak,
    Zone,
)

COMPARATORS = (
    "points",
    "wins",
    "goal_diff",
    "goals_for",
    "away_goals",
    "h2h_points",
    "h2h_goal_diff",
    "h2h_goals_for",
    "h2h_away_goals",
    "win_pct",
    "division_win_pct",
    "conference_win_pct",
    "fair_play",
    "coefficient",
    "draw_of_lots",
    "name",
)
TABLE_COLUMNS = (
    "played",
    "wins",
    "draws",
    "losses",
    "overtime_wins",
    "overtime_losses",
    "shootout_wins",
    "shootout_losses",
    "goals_for",
    "goals_against",
    "goal_diff",
    "points",
    "pct",
    "points_pct",
    "streak",
    "games_behind",
)
ZONE_KINDS = ("champion", "promotion", "relegation", "playoff", "qualification", "other")
_DEFAULT_COLUMNS = (
    "played",
    "wins",
    "draws",
    "losses",
    "goals_for",
    "goals_against",
    "goal_diff",
    "points",
)


def read_clock(top: Table) -> ClockRule:
    """Return [clock]."""
    table = top.table("clock")
    rule = ClockRule(
        direction=table.text("direction", "up", choices=("up", "down")),
        cumulative=table.flag("cumulative", default=False),
        usual_min=table.whole("usual_min", 120, minimum=1),
    )
    table.close()
    return rule


def read_periods(top: Table) -> tuple[Period, ...]:
    """Return [[periods]] in playing order."""
    periods = tuple(_period(table) for table in top.tables("periods"))
    if not periods:
        raise top.error("periods", "missing; a sport has at least one [[periods]]")
    _refuse_repeats(top, "periods", [period.id for period in periods])
    return periods


def _period(table: Table) -> Period:
    period_id = table.text("id")
    period = Period(
        id=period_id,
        label=table.text("label", period_id),
        short=table.text("short", period_id),
        kind=table.text("kind", "regular", choices=("regular", "overtime", "shootout")),
        length_ms=table.whole("length_ms", 0, minimum=0),
        offset_ms=table.whole("offset_ms", 0, minimum=0),
        sudden_death=table.flag("sudden_death", default=False),
    )
    table.close()
    return period


def read_positions(top: Table) -> tuple[Position, ...]:
    """Return [[positions]] by their order."""
    positions = []
    for index, table in enumerate(top.tables("positions")):
        position_id = table.text("id")
        label = table.text("label", position_id)
        order = table.whole("order", index)
        plays = table.flag("plays", True)
        positions.append(Position(id=position_id, label=label, order=order, plays=plays))
        table.close()
    _refuse_repeats(top, "positions", [position.id for position in positions])
    return tuple(sorted(positions, key=lambda position: position.order))


def read_score(top: Table, columns: tuple[Column, ...]) -> ScoreRule:
    """Return [score]."""
    table = top.table("score")
    rule = ScoreRule(
        label=table.text("label", "Score"),
        column=table.text("column", ""),
        shootout_adds=table.whole("shootout_adds", 0, minimum=0),
        by_period=tuple(table.texts("by_period", [])),
    )
    team_columns = [column.id for column in columns if column.for_team]
    for index, name in enumerate(rule.by_period):
        if name not in team_columns:
            hint = suggestion(name, team_columns)
            raise table.error(f"by_period[{index}]", f"'{name}' is not a team column; {hint}")
    if rule.column and rule.column not in team_columns:
        hint = suggestion(rule.column, team_columns)
        raise table.error("column", f"'{rule.column}' is not a team column; {hint}")
    table.close()
    return rule


def read_review(top: Table, events: Collection[str]) -> ReviewRule | None:
    """Return [review], None for a sport without it."""
    table = top.table("review")
    if "review" not in top:
        return None
    decided_by = tuple(table.texts("decided_by", []))
    for index, name in enumerate(decided_by):
        if name not in events:
            hint = suggestion(name, events)
            raise table.error(f"decided_by[{index}]", f"'{name}' is not an event; {hint}")
    rule = ReviewRule(label=table.text("label"), words=table.text("words"), decided_by=decided_by)
    table.close()
    return rule


def read_allowance(
    top: Table, columns: tuple[Column, ...], periods: tuple[Period, ...]
) -> Allowance | None:
    """Return [allowance] with its windows, None for a sport without a fixed number."""
    table = top.table("allowance")
    if "allowance" not in top:
        return None
    team_columns = [column.id for column in columns if column.for_team]
    column = table.text("column")
    if column not in team_columns:
        hint = suggestion(column, team_columns)
        raise table.error("column", f"'{column}' is not a team column; {hint}")
    known = [period.id for period in periods]
    windows = tuple(_window(window, known) for window in table.tables("windows"))
    if not windows:
        raise table.error("windows", "missing; say in which periods how many are allowed")
    limited = [period for window in windows for period in window.periods]
    for period in limited:
        if limited.count(period) > 1:
            raise table.error("windows", f"'{period}' stands in two of them; take one out")
    rule = Allowance(column=column, label=table.text("label"), windows=windows)
    table.close()
    return rule


def _window(table: Table, known: list[str]) -> AllowanceWindow:
    periods = tuple(table.texts("periods"))
    for index, name in enumerate(periods):
        if name not in known:
            hint = suggestion(name, known)
            raise table.error(f"periods[{index}]", f"'{name}' is not a period; {hint}")
    window = AllowanceWindow(periods=periods, allowed=table.whole("allowed", minimum=0))
    table.close()
    return window


def read_labels(top: Table, key: str) -> Mapping[str, str]:
    """Return a table of id = "label"."""
    table = top.table(key)
    return {label_id: table.text(label_id) for label_id in table.keys()}  # noqa: SIM118 - not a dict


def read_column_groups(top: Table) -> Mapping[str, str]:
    """Return [[column_groups]] as id -> label in file order."""
    groups = {}
    for table in top.tables("column_groups"):
        group_id = table.text("id")
        groups[group_id] = table.text("label", group_id)
        table.close()
    return groups


def read_presence(top: Table) -> PresenceRule | None:
    """Return [presence], None for a sport without it."""
    if "presence" not in top:
        return None
    table = top.table("presence")
    rule = PresenceRule(
        starts=table.text("starts", "team_sheet", choices=("team_sheet", "events")),
        infer=table.flag("infer", default=False),
        size=table.whole("size", 0, minimum=0),
    )
    table.close()
    return rule


def read_table(top: Table) -> TableRules:
    """Return [table] with [[zones]]."""
    table = top.table("table")
    rules = TableRules(
        points=_points(table.table("points")),
        columns=_known(table, "columns", _DEFAULT_COLUMNS, TABLE_COLUMNS),
        tiebreak=_tiebreak(table),
        draws=table.flag("draws", default=True),
        form_length=table.whole("form_length", 5, minimum=1),
        zones=tuple(_zone(zone) for zone in top.tables("zones")),
    )
    table.close()
    return rules


def _points(table: Table) -> PointsRule:
    win, draw, loss = table.whole("win", 3), table.whole("draw", 1), table.whole("loss", 0)
    rule = PointsRule(
        win=win,
        draw=draw,
        loss=loss,
        overtime_win=table.whole("overtime_win", win),
        overtime_loss=table.whole("overtime_loss", loss),
        shootout_win=table.whole("shootout_win", table.whole("overtime_win", win)),
        shootout_loss=table.whole("shootout_loss", table.whole("overtime_loss", loss)),
    )
    table.close()
    return rule


def _known(
    table: Table, key: str, default: tuple[str, ...], known: tuple[str, ...]
) -> tuple[str, ...]:
    names = table.texts(key, default)
    for index, name in enumerate(names):
        if name not in known:
            raise table.error(f"{key}[{index}]", f"unknown '{name}'; {suggestion(name, known)}")
    return names


def _tiebreak(table: Table) -> tuple[Tiebreak, ...]:
    """A comparator is a name, or "name played" to leave awarded scores out of it."""
    default = ("points", "goal_diff", "goals_for")
    comparators = []
    for index, words in enumerate(table.texts("tiebreak", default)):
        name, _, basis = words.partition(" ")
        key = f"tiebreak[{index}]"
        if name not in COMPARATORS:
            raise table.error(key, f"unknown '{name}'; {suggestion(name, COMPARATORS)}")
        if basis not in ("", "played", "awarded"):
            raise table.error(key, f"after the name comes 'played' or 'awarded', not '{basis}'")
        comparators.append(Tiebreak(name=name, basis=basis or "awarded"))
    return tuple(comparators)


def _zone(table: Table) -> Zone:
    zone = Zone(
        first=table.whole("from", minimum=1),
        last=table.whole("to", minimum=1),
        label=table.text("label"),
        kind=table.text("kind", "other", choices=ZONE_KINDS),
    )
    if zone.last < zone.first:
        raise table.error("to", f"{zone.last} lies before from = {zone.first}")
    table.close()
    return zone


def check_references(top: Table, pack: SportPack) -> None:
    """Refuse columns of unknown groups and events of unlabelled groups."""
    for index, column in enumerate(pack.columns):
        if column.group and pack.column_groups and column.group not in pack.column_groups:
            hint = suggestion(column.group, pack.column_groups)
            raise top.error(f"columns[{index}].group", f"unknown group '{column.group}'; {hint}")
        if isinstance(column.rule, Longest):
            _check_longest(top, f"columns[{index}]", column.rule, pack)


def _check_longest(top: Table, path: str, rule: Longest, pack: SportPack) -> None:
    for name in rule.of:
        if name not in pack.events:
            raise top.error(f"{path}.of", f"no event '{name}'; {suggestion(name, pack.events)}")
        payload = pack.events[name].payload
        if payload.get(rule.key) not in ("int", "number"):
            numbers = [key for key, kind in payload.items() if kind in ("int", "number")]
            hint = suggestion(rule.key, numbers)
            raise top.error(f"{path}.key", f"'{rule.key}' is no number of '{name}'; {hint}")


def _refuse_repeats(top: Table, key: str, names: list[Any]) -> None:
    for index, name in enumerate(names):
        if name in names[:index]:
            raise top.error(f"{key}[{index}].id", f"'{name}' is defined twice; remove one")
