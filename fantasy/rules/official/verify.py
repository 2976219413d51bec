"""A game against the original's published numbers: `manage.py packs verify`."""

from pathlib import Path
from typing import Any

from fantasy.rules.game import GameRules
from fantasy.rules.official.folder import SeasonFiles, read_season
from fantasy.rules.official.managers import read_weeks
from fantasy.rules.official.replay import CHECKS, Replay
from fantasy.rules.official.report import Check
from fantasy.rules.official.rows import check_bonus, check_points
from fantasy.rules.official.season import read_rows
from leagues.packs.schema import PackError


def verify(rules: GameRules, folder: Path) -> dict[str, dict[str, Any]]:
    """Return every check with how many numbers agree and which do not.

    A season may lack files: what cannot be compared has a total of 0 and a note. Raises PackError
    for a game of which no official data are known.
    """
    if not rules.official.positions and not rules.official.columns:
        raise PackError(rules.file, "official", "says nothing of official data: add the section")
    files = read_season(folder)
    season = read_rows(rules, files)
    checks = {
        "points": check_points(season),
        "bonus": check_bonus(season, files.fixtures),
        **{name: Check() for name in CHECKS},
    }
    managers = {name: checks[name] for name in CHECKS}
    for manager in files.managers:
        weeks = read_weeks(rules, manager)
        Replay(season=season, manager=manager.name, checks=managers).run(weeks)
    _explain(files, checks)
    return {name: check.document() for name, check in checks.items()}


def _explain(files: SeasonFiles, checks: dict[str, Check]) -> None:
    """Say of every check what could not be read, and where it compared nothing what is absent."""
    reasons = [f"{name}: {reason}" for name, reason in files.problems.items()]
    unread = [reason for reason in reasons if not reason.endswith(": absent")]
    if not files.managers:
        reasons.append("entry_*.json: absent")
    for manager in files.managers:
        if manager.gameweeks is None:
            reasons.append(f"gameweeks of {manager.name}: absent")
    for check in checks.values():
        for reason in unread:
            check.note(reason)
        if not check.total:
            check.note("; ".join(reasons) or "the data say nothing about it")
