"""Phases of a season: the whole of it and its months, each a run of rounds with a table."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import groupby

OVERALL = "overall"


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseSpan:
    """A run of rounds, both ends in it; a month is called by its year and number: 2026-09."""

    name: str
    first_round: int
    last_round: int


def phases_of(rounds: Iterable[tuple[int, date]]) -> tuple[PhaseSpan, ...]:
    """Return the phases of (number, local day of the deadline): the season, then its months.

    A round belongs to the month of its deadline. A month that a moved round splits in two
    stays one span from its first round to its last.
    """
    ordered = sorted(rounds)
    if not ordered:
        return ()
    months: dict[str, list[int]] = {}
    for name, group in groupby(ordered, key=lambda row: f"{row[1]:%Y-%m}"):
        months.setdefault(name, []).extend(number for number, _ in group)
    season = PhaseSpan(name=OVERALL, first_round=ordered[0][0], last_round=ordered[-1][0])
    return (
        season,
        *(
            PhaseSpan(name=name, first_round=numbers[0], last_round=numbers[-1])
            for name, numbers in sorted(months.items())
        ),
    )
