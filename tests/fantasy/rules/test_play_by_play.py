"""From play-by-play to points: real matches folded and scored, against the official game's rows.

-s or -rP prints the figures. Why components that are not whole are not: docs/rules/fantasy.md.
"""

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from fantasy.rules.bonus import bonus_of, components_of
from fantasy.rules.game import GameRules
from fantasy.rules.loading import load_game
from fantasy.rules.points import appeared, rule_points
from tests.official import football
from tests.official.report import Report, compare, fold_match, players_of, show

# The season of these matches, 2017-18, had the points of the oldest pack.
GAME = "fpl-2020-21"


def official_rows(folder: Path) -> dict[str, dict[str, dict[str, Any]]]:
    """Return the rows by match and player, with position, bonus and total, in our columns."""
    rows: dict[str, dict[str, dict[str, Any]]] = {}
    text = football.content(folder / "fpl_rows.csv.gz").decode()
    for row in csv.DictReader(io.StringIO(text)):
        told = {ours: int(row[theirs]) for ours, theirs in football.FPL.items()}
        told |= {name: int(row[name]) for name in ("bonus", "bps", "total_points")}
        rows.setdefault(row["wyId"], {})[row["playerId"]] = told | {"position": row["position"]}
    return rows


def components(rules: GameRules, position: str, columns: Mapping[str, Any]) -> dict[str, int]:
    return {r.id: rule_points(r, position=position, columns=columns) for r in rules.points}


@pytest.fixture(scope="module")
def report(shared_data: Path) -> Report:
    """Points by component, folded against official, of everyone who has an official row."""
    rules = load_game(GAME)
    folder = shared_data / "pbp/wyscout"
    official = official_rows(folder)
    report: Report = {}
    for key, document in football.documents("wyscout", folder):
        if key in official:
            folded = players_of(fold_match(document, document.matches[0]))
            compare_match(report, rules, official[key], folded, key)
    return report


def compare_match(
    report: Report,
    rules: GameRules,
    rows: Mapping[str, Mapping[str, Any]],
    folded: Mapping[Any, Mapping[str, Any]],
    match: str,
) -> None:
    positions = {p: rules.official.positions[row["position"]] for p, row in rows.items()}
    want = {p: components(rules, positions[p], row) for p, row in rows.items()}
    got = {p: components(rules, positions[p], folded.get(p, {})) for p in rows}
    for player, row in rows.items():
        want[player]["total"] = row["total_points"] - row["bonus"]
        got[player]["total"] = sum(got[player].values())
    compare(report, want, got, [rule.id for rule in rules.points] + ["total"], match)
    known = {c for line in folded.values() for c, value in line.items() if value}
    values = {
        at: components_of(
            rules, position=positions[p], columns=folded.get(p, {}), known=known
        ).value
        for at, p in enumerate(rows)
        if appeared(rules, folded.get(p, {}))
    }
    ours = bonus_of(rules, values)
    bonus = {p: {"bonus": ours.get(at, 0)} for at, p in enumerate(rows)}
    compare(report, rows, bonus, ["bonus"], match)


@pytest.mark.slow
def test_folded_matches_give_the_official_points(report: Report):
    show("Wyscout: points by component, fold against the official game", report, misses=40)

    assert {tally.total for tally in report.values()} == {1381}
    # The feed has no assists from rebounds and won penalties, and sees other saves; the bonus is
    # ranked by our components, of which it gives about half.
    assert {c: t.total - t.matched for c, t in report.items() if t.misses} == {
        "assists": 28,
        "goals_conceded": 1,
        "saves": 8,
        "total": 37,
        "bonus": 154,
    }
