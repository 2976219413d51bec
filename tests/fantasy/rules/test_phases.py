"""Months of a season as runs of rounds."""

from datetime import date

from fantasy.rules.phases import PhaseSpan, phases_of


def test_a_season_has_itself_and_its_months():
    rounds = [(1, date(2026, 8, 21)), (2, date(2026, 8, 29)), (3, date(2026, 9, 12))]

    assert phases_of(rounds) == (
        PhaseSpan(name="overall", first_round=1, last_round=3),
        PhaseSpan(name="2026-08", first_round=1, last_round=2),
        PhaseSpan(name="2026-09", first_round=3, last_round=3),
    )


def test_nothing_has_no_phase():
    assert phases_of([]) == ()
