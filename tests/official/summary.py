"""A table at the end of a test run: how many official numbers the folds matched, by folder."""

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

PROPERTY = "official"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests recorded, also those that ran in other processes."""
    tables = [
        value
        for reports in terminalreporter.stats.values()
        for report in reports
        for name, value in getattr(report, "user_properties", ())
        if name == PROPERTY and report.when == "call"
    ]
    if not tables:
        return
    terminalreporter.section("official numbers matched / total")
    for table in sorted(tables, key=lambda told: told["title"]):
        for line in _lines(table, terminalreporter._tw.fullwidth):
            terminalreporter.write_line(line)


def _lines(table: Mapping[str, Any], width: int) -> Iterable[str]:
    line = f"{table['title']}:"
    for column, (matched, total) in table["columns"].items():
        cell = f" {column} {matched}/{total}"
        if len(line) + len(cell) > width:
            yield line
            line = "   "
        line += cell
    yield line
