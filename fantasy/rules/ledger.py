"""Why a player has his points: each rule's row with the facts of the match behind it.

Pure. The rows of a match add up to the player's points in it, whatever the facts.
"""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

from fantasy.rules.bonus import Components
from fantasy.rules.game import GameRules, PointRule
from fantasy.rules.points import PointLine
from leagues.packs.facts import FoldEvent, Number
from leagues.packs.sources import Share, Sources

BONUS = "bonus"


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerFact:
    """A fact behind a row. `amount` is what it moved the row's column by, None where it decides
    with others; `points` what it gave by itself, where the rule counts one by one.
    """

    event: FoldEvent
    amount: Number
    points: int | None
    is_stated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRow:
    """Points by one rule and where they come from; `parts` are what a bonus was ranked by."""

    rule: str
    label: str
    count: int | float
    points: int
    column: str
    facts: tuple[LedgerFact, ...]
    parts: tuple["LedgerRow", ...] = ()


def ledger_rows(
    rules: GameRules,
    *,
    player: Hashable,
    position: str,
    lines: Sequence[PointLine],
    sources: Sources,
    components: Components | None = None,
) -> tuple[LedgerRow, ...]:
    """Return a row for each line; `components` is there where the bonus was ranked by ours."""
    known = {rule.id: rule for rule in rules.points}
    parts = {rule.id: rule for rule in rules.bonus.components} if rules.bonus else {}
    ranked = tuple(
        _row(line, parts[line.rule], player, position, sources)
        for line in (components.lines if components else ())
    )
    rows = []
    for line in lines:
        rule = known.get(line.rule)
        if rule is not None:
            rows.append(_row(line, rule, player, position, sources))
        else:
            rows.append(_bonus_row(rules, line, player, sources, ranked))
    return tuple(rows)


def _row(
    line: PointLine, rule: PointRule, player: Hashable, position: str, sources: Sources
) -> LedgerRow:
    own = sources.of(player, rule.column)
    others = (share for bound in rule.when for share in sources.of(player, bound.column))
    worth = 0 if rule.steps or rule.per > 1 else rule.each.get(position, 0)
    facts = _facts(own, others, worth)
    if sum(fact.points or 0 for fact in facts) != line.points:
        facts = _facts(own, _shares_of(facts), 0)
    return LedgerRow(
        rule=line.rule,
        label=line.label,
        count=line.count,
        points=line.points,
        column=rule.column,
        facts=facts,
    )


def _bonus_row(
    rules: GameRules,
    line: PointLine,
    player: Hashable,
    sources: Sources,
    parts: tuple[LedgerRow, ...],
) -> LedgerRow:
    column = rules.bonus.column if rules.bonus else ""
    own = () if parts else sources.of(player, column)
    return LedgerRow(
        rule=line.rule,
        label=line.label,
        count=line.count,
        points=line.points,
        column=column,
        facts=_facts(own, (), 0),
        parts=parts,
    )


def _facts(own: Iterable[Share], others: Iterable[Share], worth: int) -> tuple[LedgerFact, ...]:
    """Return own shares with their amounts, then those of conditions, each fact once."""
    facts: dict[Hashable, LedgerFact] = {}
    for share in own:
        whole = share.amount is not None and share.amount == int(share.amount)
        facts[share.event.lineage] = LedgerFact(
            event=share.event,
            amount=share.amount,
            points=worth * int(share.amount or 0) if worth and whole else None,
            is_stated=share.is_stated,
        )
    for share in others:
        facts.setdefault(
            share.event.lineage,
            LedgerFact(event=share.event, amount=None, points=None, is_stated=share.is_stated),
        )
    return tuple(facts.values())


def _shares_of(facts: Iterable[LedgerFact]) -> Iterable[Share]:
    return (Share(event=fact.event, is_stated=fact.is_stated) for fact in facts)
