"""Reading the ways to points of a game's file: [[points]] and [bonus]."""

from collections.abc import Mapping

from fantasy.rules.game import BonusRules, PointRule, Step
from fantasy.rules.sections import Words
from leagues.packs.reading import Table


def read_points(top: Table, words: Words) -> tuple[PointRule, ...]:
    """Return [[points]], in the order of the rules page."""
    rules = tuple(_rule(table, words) for table in top.tables("points"))
    if not rules:
        raise top.error("points", "a game needs [[points]]")
    _refuse_twins(top, "points", rules)
    return rules


def read_bonus(top: Table, words: Words) -> BonusRules | None:
    """Return [bonus]; a game without it has none."""
    if "bonus" not in top:
        return None
    table = top.table("bonus")
    awards = table.raw("awards")
    if not isinstance(awards, list) or not awards or not all(type(a) is int for a in awards):
        raise table.error("awards", "must be a list of points for rank 1, 2, ...")
    bonus = BonusRules(
        column=words.column(table, "column", table.text("column")),
        awards=tuple(awards),
        components=tuple(_rule(inner, words) for inner in table.tables("components")),
        unmeasured=table.texts("unmeasured", ()),
    )
    table.close()
    _refuse_twins(top, "bonus.components", bonus.components)
    return bonus


def _refuse_twins(top: Table, key: str, rules: tuple[PointRule, ...]) -> None:
    ids = [rule.id for rule in rules]
    for twin in {rule_id for rule_id in ids if ids.count(rule_id) > 1}:
        raise top.error(key, f"'{twin}' is there twice")


def _rule(table: Table, words: Words) -> PointRule:
    steps = tuple(_step(inner) for inner in table.tables("steps"))
    rule = PointRule(
        id=table.text("id"),
        label=table.text("label"),
        column=words.column(table, "column", table.text("column")),
        each=_stepped(table, words) if steps else _each(table, words),
        per=table.whole("per", 1, minimum=1),
        steps=tuple(sorted(steps, key=lambda step: step.at)),
        when=words.bounds(table, "when"),
    )
    table.close()
    return rule


def _step(table: Table) -> Step:
    step = Step(at=table.number("at"), points=table.whole("points"))
    table.close()
    return step


def _stepped(table: Table, words: Words) -> Mapping[str, int]:
    """Who a rule by steps is for: `positions`, or all."""
    names = table.texts("positions", words.positions)
    return {words.position(table, "positions", name): 1 for name in names}


def _each(table: Table, words: Words) -> Mapping[str, int]:
    """What one of it is worth: `each = 3` for all or `positions`, or by position."""
    if not isinstance(table.raw("each"), dict):
        worth = table.whole("each")
        names = table.texts("positions", words.positions)
        return {words.position(table, "positions", name): worth for name in names}
    inner = table.table("each")
    return {words.position(inner, key, key): inner.whole(key) for key in list(inner.keys())}
