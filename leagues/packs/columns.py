"""Reading `[[columns]]`: the numbers of a boxscore and the forms they are derived by."""

from collections.abc import Callable

from leagues.packs.flow import COUNTS as FLOW_COUNTS
from leagues.packs.forms import (
    Appeared,
    Bound,
    CategoryCount,
    Derivation,
    Flag,
    Longest,
    PresenceMinutes,
    Ratio,
    ScoreFlow,
    ScoreOf,
    Started,
    WeightedSum,
    WhilePresent,
)
from leagues.packs.reading import Table, suggestion
from leagues.packs.schema import Column

FORMATS = ("int", "decimal1", "decimal2", "pct1", "minutes", "made_attempted", "signed")
# Forms computed from a team's own numbers; in all others a team has the sum of its players.
TEAM_FORMS = (Ratio, WeightedSum)
_MOST_DECIMALS = 6


def read_columns(top: Table) -> tuple[Column, ...]:
    """Return [[columns]] in display order."""
    tables = top.tables("columns")
    every = [table.text("id") for table in tables]
    known = {table.text("id") for table in tables if table.raw("form", "count") == "count"}
    columns: dict[str, Column] = {}
    for table in tables:
        column = _column(table, known, every)
        if column.id in columns:
            raise table.error("id", f"'{column.id}' is defined twice; remove one")
        known.add(column.id)
        columns[column.id] = column
    for table, column in zip(tables, columns.values(), strict=True):
        _check_scopes(table, column, columns)
    return tuple(columns.values())


def _check_scopes(table: Table, column: Column, columns: dict[str, Column]) -> None:
    computed_for_team = column.for_team and isinstance(column.rule, TEAM_FORMS)
    for name in operands(column.rule):
        operand = columns[name]
        if column.for_player and not operand.for_player:
            raise table.error("scope", f"'{name}' has no player scope; add it or leave it out here")
        if computed_for_team and not operand.for_team:
            raise table.error("scope", f"'{name}' has no team scope; add it or leave it out here")


def operands(rule: Derivation | None) -> tuple[str, ...]:
    """Return the columns that a form computes with."""
    match rule:
        case Ratio():
            return (rule.num, rule.den)
        case WeightedSum():
            return tuple(name for name, _ in rule.of)
        case Flag():
            return tuple(bound.column for bound in rule.all)
        case CategoryCount():
            return rule.of
        case _:
            return ()


def _column(table: Table, known: set[str], every: list[str]) -> Column:
    column_id = table.text("id")
    form = table.text("form", "count", choices=("count", *_READERS))
    rule = _READERS[form](_Operands(table, known, every)) if form in _READERS else None
    column = Column(
        id=column_id,
        label=table.text("label", column_id),
        short=table.text("short", column_id),
        group=table.text("group", ""),
        scope=_scope(table, rule),
        team=table.text("team", "sum", choices=("sum", "own", "none")),
        form=form,
        rule=rule,
        format=table.text("format", "int", choices=FORMATS),
        show=table.flag("show", default=True),
        better=table.text("better", "high", choices=("high", "low", "none")),
    )
    table.close()
    return column


def _scope(table: Table, rule: Derivation | None) -> frozenset[str]:
    default = ["team"] if isinstance(rule, ScoreOf | ScoreFlow) else ["player", "team"]
    default = ["player"] if isinstance(rule, Longest) else default
    scope = table.texts("scope", default)
    for index, word in enumerate(scope):
        if word not in ("player", "team"):
            raise table.error(f"scope[{index}]", f"'{word}' is not one of player, team")
    if isinstance(rule, ScoreOf | ScoreFlow) and "player" in scope:
        raise table.error("scope", 'a score belongs to a team; use ["team"]')
    if isinstance(rule, Longest) and "team" in scope:
        raise table.error("scope", 'the longest belongs to a player; use ["player"]')
    return frozenset(scope)


class _Operands:
    """A column's table together with the columns that its form may name."""

    def __init__(self, table: Table, known: set[str], every: list[str]) -> None:
        self.table = table
        self._known = known
        self._every = every

    def check(self, key: str, name: str) -> str:
        """Return `name` when it is a counted or an earlier derived column."""
        if name in self._known:
            return name
        if name in self._every:
            raise self.table.error(
                key, f"'{name}' is defined further down; put its [[columns]] above this one"
            )
        raise self.table.error(key, f"no such column '{name}'; {suggestion(name, self._every)}")

    def one(self, key: str) -> str:
        """Return the column named by `key`."""
        return self.check(key, self.table.text(key))


def _presence_minutes(operands: _Operands) -> Derivation:
    table = operands.table
    return PresenceMinutes(
        rounding=table.text("rounding", "nominal", choices=("nominal", "floor", "round", "ceil")),
        boundary=table.text("boundary", "floor", choices=("floor", "round", "ceil", "length")),
        unit=table.text("unit", "min", choices=("min", "s", "ms")),
        at_least=table.whole("at_least", 0, minimum=0),
    )


def _while_present(operands: _Operands) -> Derivation:
    table = operands.table
    choices = ("opposing_score", "acting_score", "score_margin")
    return WhilePresent(
        counts=table.text("counts", choices=choices),
        after_out=table.text("after_out", "stops", choices=("stops", "keeps")),
    )


def _ratio(operands: _Operands) -> Derivation:
    table = operands.table
    return Ratio(
        num=operands.one("num"),
        den=operands.one("den"),
        scale=table.number("scale", 1),
        decimals=table.whole("decimals", 1, minimum=0, maximum=_MOST_DECIMALS),
    )


def _sum(operands: _Operands) -> Derivation:
    weights = operands.table.table("of")
    names = list(weights.keys())
    of = tuple((operands.check(f"of.{name}", name), weights.number(name)) for name in names)
    if not of:
        raise operands.table.error("of", "is empty; write of = { column = weight }")
    decimals = operands.table.whole("decimals", 0, minimum=0, maximum=_MOST_DECIMALS)
    return WeightedSum(of=of, decimals=decimals)


def _flag(operands: _Operands) -> Derivation:
    bounds = []
    for index, table in enumerate(operands.table.tables("all")):
        column = operands.check(f"all[{index}].column", table.text("column"))
        low, high = table.optional_number("min"), table.optional_number("max")
        if low is None and high is None:
            raise table.error("min", "missing; give min, max or both")
        bounds.append(Bound(column=column, min=low, max=high))
        table.close()
    if not bounds:
        raise operands.table.error("all", "is empty; write all = [{ column = ..., min = ... }]")
    return Flag(all=tuple(bounds))


def _category_count(operands: _Operands) -> Derivation:
    names = operands.table.texts("of")
    of = tuple(operands.check(f"of[{i}]", name) for i, name in enumerate(names))
    return CategoryCount(of=of, min=operands.table.number("min"))


def _score(operands: _Operands) -> Derivation:
    return ScoreOf(side=operands.table.text("side", "acting", choices=("acting", "opposing")))


def _score_flow(operands: _Operands) -> Derivation:
    return ScoreFlow(counts=operands.table.text("counts", choices=FLOW_COUNTS))


def _longest(operands: _Operands) -> Derivation:
    of = operands.table.texts("of")
    if not of:
        raise operands.table.error("of", 'is empty; write of = ["event_type"]')
    return Longest(of=of, key=operands.table.text("key"))


_READERS: dict[str, Callable[[_Operands], Derivation]] = {
    "presence_minutes": _presence_minutes,
    "while_present": _while_present,
    "ratio": _ratio,
    "sum": _sum,
    "flag": _flag,
    "category_count": _category_count,
    "score": _score,
    "score_flow": _score_flow,
    "started": lambda _: Started(),
    "appeared": lambda _: Appeared(),
    "longest": _longest,
}
