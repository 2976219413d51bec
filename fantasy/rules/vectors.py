"""Conformance vectors of a game: worked examples that its rules must give."""

from collections.abc import Callable, Mapping
from typing import Any

from fantasy.rules.bonus import bonus_of
from fantasy.rules.game import GameRules, GameVector
from fantasy.rules.lineups import Slot, automatic_substitutions
from fantasy.rules.points import score_line, total
from fantasy.rules.settling import RoundForm, settle
from fantasy.rules.transfers import (
    free_transfers_next,
    is_unlimited,
    selling_price,
    transfer_cost,
)
from leagues.packs.reading import Table
from leagues.packs.schema import PackError


def read_vectors(top: Table) -> tuple[GameVector, ...]:
    """Return [[vectors]]; what they give and expect depends on their `kind`."""
    return tuple(_vector(table) for table in top.tables("vectors"))


def _vector(table: Table) -> GameVector:
    kind = table.text("kind", choices=_CHECKS)
    expect = table.raw("expect")
    name = table.text("name", table.text("id", ""))
    about = {"id", "name", "kind", "expect"}
    given = {key: table.raw(key) for key in list(table.keys()) if key not in about}
    table.close()
    return GameVector(
        name=name, kind=kind, file=table.file, key=table.path, given=given, expect=expect
    )


def check_game(rules: GameRules) -> list[str]:
    """Return what differs from the vectors' expectations, in words; empty when all hold."""
    return [
        f"{vector.file}: {vector.key} ({vector.name}): {wrong}"
        for vector in rules.vectors
        for wrong in check_vector(rules, vector)
    ]


def check_vector(rules: GameRules, vector: GameVector) -> list[str]:
    """Return what differs in one vector."""
    try:
        found = _CHECKS[vector.kind](rules, vector.given)
    except KeyError as error:
        raise PackError(vector.file, vector.key, f"{error} is missing or unknown") from error
    if isinstance(vector.expect, dict) and isinstance(found, dict):
        found = {key: value for key, value in found.items() if key in vector.expect}
    return [] if found == vector.expect else [f"expected {vector.expect!r}, is {found!r}"]


def _points(rules: GameRules, given: Mapping[str, Any]) -> dict[str, int]:
    lines = score_line(
        rules,
        position=given["position"],
        columns=given["columns"],
        bonus=given.get("bonus", 0),
    )
    return {"total": total(lines), **{line.rule: line.points for line in lines}}


def _bonus(rules: GameRules, given: Mapping[str, Any]) -> list[int]:
    values = dict(enumerate(given["values"]))
    awarded = bonus_of(rules, values)
    return [awarded.get(player, 0) for player in values]


def _selling(rules: GameRules, given: Mapping[str, Any]) -> int:
    return selling_price(rules, bought=given["bought"], now=given["now"])


def _transfers(rules: GameRules, given: Mapping[str, Any]) -> dict[str, int]:
    chip = rules.chip(given["chip"]) if given.get("chip") else None
    number = given.get("round", 5)
    unlimited = is_unlimited(rules, round_number=number, joined_round=1, chip=chip)
    free, made = given["free"], given["made"]
    return {
        "cost": transfer_cost(rules, made=made, free=free, unlimited=unlimited),
        "next": free_transfers_next(rules, free=free, made=made, round_number=number, chip=chip),
    }


def _substitutions(rules: GameRules, given: Mapping[str, Any]) -> dict[str, Any]:
    """Players are written "DEF1"; an absent one has a minus in front."""
    names = [name.lstrip("-") for name in given["lineup"]]
    slots = [
        Slot(
            player=at,
            position=name.rstrip("0123456789"),
            slot=at + 1,
            is_captain=name == given.get("captain"),
            is_vice=name == given.get("vice"),
        )
        for at, name in enumerate(names)
    ]
    result = automatic_substitutions(
        rules,
        slots,
        appeared={at for at, name in enumerate(given["lineup"]) if not name.startswith("-")},
        chip=rules.chip(given["chip"]) if given.get("chip") else None,
    )
    return {
        "substitutions": [[names[out], names[came]] for out, came in result.substitutions],
        "captain": "" if result.captain is None else names[result.captain],
        "counting": len(result.counting),
    }


def _lineup(rules: GameRules, given: Mapping[str, Any]) -> int:
    """What the players of a whole line-up bring together, their points given in slot order."""
    slots = [
        Slot(player=at, position="", slot=at + 1, is_captain=at + 1 == given["captain"])
        for at in range(len(given["points"]))
    ]
    points = dict(enumerate(given["points"]))
    form = RoundForm(points=points, appeared=points.keys(), positions={})
    return settle(rules, slots, form, chip=None).points


_CHECKS: Mapping[str, Callable[[GameRules, Mapping[str, Any]], Any]] = {
    "points": _points,
    "bonus": _bonus,
    "selling": _selling,
    "transfers": _transfers,
    "substitutions": _substitutions,
    "lineup": _lineup,
}
