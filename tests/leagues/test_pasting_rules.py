"""Pasted teams: how lines are read, and what each would do."""

import pytest

from leagues.enums import Pasted
from leagues.rules.pasting import (
    MOST_LINES,
    HeldTeam,
    PasteError,
    TypedTeam,
    compare_teams,
    digest_of,
    read_teams,
)

ARSENAL = HeldTeam(pk=1, name="Arsenal FC", short_name="Arsenal", is_joined=True)
ROVERS = HeldTeam(pk=2, name="Blackburn Rovers", short_name="", is_joined=False)


def kinds(*names: str) -> list[tuple[str, Pasted, int | None]]:
    typed = [TypedTeam(line=n, name=name) for n, name in enumerate(names, start=1)]
    return [(one.typed.name, one.kind, one.team) for one in compare_teams(typed, [ROVERS, ARSENAL])]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  Rovers  ", [("Rovers", "", "", 1)]),
        ("Rovers\n\n  \nUnited\n", [("Rovers", "", "", 1), ("United", "", "", 4)]),
        ("Rovers; Rov; rvs", [("Rovers", "Rov", "RVS", 1)]),
        ("Rovers\tRov\trvs", [("Rovers", "Rov", "RVS", 1)]),
        ("Brighton & Hove, Albion", [("Brighton & Hove, Albion", "", "", 1)]),
        ('"Rovers; Old";Rov', [("Rovers; Old", "Rov", "", 1)]),
        ("Bodø/Glimt\r\n1. FC Köln", [("Bodø/Glimt", "", "", 1), ("1. FC Köln", "", "", 2)]),
    ],
)
def test_lines_are_read(text, expected):
    read = [(team.name, team.short_name, team.code, team.line) for team in read_teams(text)]

    assert read == expected


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "at least one name"),
        (" \n\t\n", "at least one name"),
        ("Rovers\n;R;ROV", "line 2: give a name"),
        ("***", "line 1: give a name"),
        ("Rovers;R;ROV;more", "line 1: give a name, or name; short name; code"),
        ("R" * 121, "line 1: the name has more than 120 letters"),
        (f"Rovers;{'R' * 25}", "line 1: the short name has more than 24 letters"),
        ("Rovers;R;ROVER", "line 1: a code has two to four letters"),
        ("\n".join(f"Team {n}" for n in range(MOST_LINES + 1)), "at most 200 names"),
    ],
)
def test_paste_that_cannot_be_taken_is_refused(text, complaint):
    with pytest.raises(PasteError, match=complaint):
        read_teams(text)


def test_each_line_is_compared():
    assert kinds("Arsenal", "Blackburn Rovers", "blackburn  ROVERS", "Blackburn Rover", "Ajax") == [
        ("Arsenal", Pasted.JOINED, 1),
        ("Blackburn Rovers", Pasted.KNOWN, 2),
        ("blackburn  ROVERS", Pasted.TWICE, None),
        ("Blackburn Rover", Pasted.SIMILAR, None),
        ("Ajax", Pasted.NEW, None),
    ]


def test_two_names_of_one_team_join_once():
    assert kinds("Arsenal FC", "Arsenal") == [
        ("Arsenal FC", Pasted.JOINED, 1),
        ("Arsenal", Pasted.TWICE, 1),
    ]


def test_new_names_that_resemble_each_other_are_told():
    assert kinds("Feyenoord", "Feyenord") == [
        ("Feyenoord", Pasted.NEW, None),
        ("Feyenord", Pasted.SIMILAR, None),
    ]


@pytest.mark.parametrize(
    ("name", "other", "kind"),
    [
        ("Arsenal", "FC Arsenal", Pasted.SIMILAR),
        ("Bexley Rover", "Bexley Rovers", Pasted.SIMILAR),
        ("Garth Wanderers", "Northam Wanderers", Pasted.NEW),
        ("Bexley Town", "Bexley Rovers", Pasted.NEW),
    ],
)
def test_likeness_is_more_than_a_common_word(name, other, kind):
    held = HeldTeam(pk=1, name=other, short_name="", is_joined=False)

    assert compare_teams([TypedTeam(line=1, name=name)], [held])[0].kind == kind


def test_digest_tells_whether_the_same_would_follow():
    typed = [TypedTeam(line=1, name="Blackburn Rovers")]
    shown = digest_of(compare_teams(typed, [ROVERS]))

    assert digest_of(compare_teams(typed, [ARSENAL, ROVERS])) == shown
    assert digest_of(compare_teams(typed, [ARSENAL])) != shown
