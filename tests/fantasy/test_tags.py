"""Numbers of the game as people read them."""

from fractions import Fraction

import pytest

from fantasy.selectors.outlook import Outlook
from fantasy.templatetags.fantasy_tags import (
    called,
    cup_stage,
    mean,
    mean_signed,
    minutes_words,
    month_name,
    ordinal,
    times,
)


@pytest.mark.parametrize(
    ("value", "expected"), [(Fraction(2), "2"), (Fraction(3, 2), "1.5"), (Fraction(3), "3")]
)
def test_how_often_a_captain_counts_is_no_fraction(value, expected):
    assert times(value) == expected


@pytest.mark.parametrize(
    ("value", "scale", "expected"),
    [(None, 1, "–"), (4.25, 1, "4.2"), (-0.5, 1, "−0.5"), (2550.0, 100, "25.5")],
)
def test_means_have_one_decimal(value, scale, expected):
    assert mean(value, scale) == expected


@pytest.mark.parametrize(("value", "expected"), [(3.14, "+3.1"), (-2.0, "−2.0"), (0.01, "0.0")])
def test_gains_have_their_sign(value, expected):
    assert mean_signed(value) == expected


def outlook(rounds, missed):
    return Outlook(rounds=rounds, form=1.0, missed=missed, matches=1, expected=None)


@pytest.mark.parametrize(
    ("rounds", "missed", "minutes", "expected"),
    [
        (5, 0, 60, "played in all of the last 5"),
        (5, 2, 60, "missed or under 60 min in 2 of the last 5"),
        (3, 1, 0, "missed 1 of the last 3"),
    ],
)
def test_minutes_are_told_in_words(rounds, missed, minutes, expected):
    assert minutes_words(outlook(rounds, missed), minutes) == expected


@pytest.mark.parametrize(
    ("ties", "entrants", "expected"),
    [(1, 2, "Final"), (2, 3, "Semi-finals"), (4, 8, "Quarter-finals"), (16, 24, "Last 24")],
)
def test_stages_of_a_cup_have_their_names(ties, entrants, expected):
    assert cup_stage(ties, entrants) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Rafael Schreiber", "Schreiber"),
        ("Kevin De Bruyne", "De Bruyne"),
        ("Alisson", "Alisson"),
        ("Ilia Silva", "I. Silva"),
        # As a vendor told it.
        (" Petrov", "Petrov"),
        ("", ""),
    ],
)
def test_shirts_name_players_as_short_as_they_can_be_told_apart(name, expected):
    squad = ["Rafael Schreiber", "Kevin De Bruyne", "Alisson", "Ilia Silva", "Theo Silva"]
    squad += [" Petrov", " Petrov"]

    assert called(name, squad) == expected


@pytest.mark.parametrize(
    ("rank", "expected"),
    [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (13, "13th"), (122, "122nd")],
)
def test_ranks_are_said_as_people_say_them(rank, expected):
    assert ordinal(rank) == expected


@pytest.mark.parametrize(
    ("phase", "expected"),
    [
        ("2026-09", "September 2026"),
        *((name, name) for name in ("overall", "2026-27", "2026-0", "0-5", "²-1")),
    ],
)
def test_months_have_names(phase, expected):
    assert month_name(phase) == expected
