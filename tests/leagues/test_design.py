"""The design system: colours that can be read, tiles, icons, queries."""

import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.test import RequestFactory

from leagues.models import Team
from leagues.packs.loader import load_pack, pack_ids
from leagues.templatetags.design import (
    contrast,
    icon,
    icon_ids,
    main_color,
    query,
    readable_on,
    shape_color,
    tile_letters,
    time_left,
)

COLORS = ("#ffffff", "#000000", "#fdb913", "#6cabdd", "#d21f2b", "#0b0b3b", "#7f7f7f", "#00ff00")
PAGE_LIGHT, PAGE_DARK = "#ffffff", "#131a17"


@pytest.mark.parametrize("background", COLORS)
@pytest.mark.parametrize("wish", COLORS)
def test_letters_on_club_colours_reach_the_contrast_of_text(background: str, wish: str) -> None:
    assert contrast(background, readable_on(background, wish)) >= 4.5


@pytest.mark.parametrize("color", COLORS)
def test_bars_in_club_colours_stand_out_in_both_themes(color: str) -> None:
    shade = shape_color(color)

    assert contrast(shade, PAGE_LIGHT) >= 3
    assert contrast(shade, PAGE_DARK) >= 3


@pytest.mark.parametrize(
    ("name", "code", "letters"),
    [
        ("Arsenal", "ARS", "AR"),
        ("Manchester City", "", "MC"),
        ("Wolves", "", "WO"),
        ("1. FC Köln", "", "1F"),
        ("é", "", "É"),
        ("---", "", "?"),
    ],
)
def test_tile_has_up_to_two_letters(name: str, code: str, letters: str) -> None:
    assert tile_letters(Team(name=name, code=code)) == letters


def test_team_without_a_told_colour_keeps_its_own() -> None:
    one, same, other = (Team(slug=slug) for slug in ("rovers", "rovers", "united"))

    assert main_color(one) == main_color(same) != main_color(other)
    assert main_color(Team(slug="rovers", color="#123456")) == "#123456"


def test_every_icon_of_every_pack_is_drawn() -> None:
    wanted = {
        event.icon for pack_id in pack_ids() for event in load_pack(pack_id).events.values()
    } - {""}

    assert wanted - icon_ids() == set()


def test_icon_is_decoration_unless_it_has_a_label() -> None:
    assert 'aria-hidden="true"' in icon("goal")
    assert 'aria-label="Goal &lt;b&gt;"' in icon("goal", "Goal <b>")
    assert "#dot" in icon("no-such-drawing")


def test_query_changes_one_key_and_keeps_the_rest() -> None:
    context = {"request": RequestFactory().get("/", {"date": "2026-11-22", "live": "1"})}

    assert query(context, live=None) == "?date=2026-11-22"
    assert query(context, show="a&b") == "?date=2026-11-22&live=1&show=a%26b"
    assert query({}, show="all") == "?show=all"


TOKENS = (settings.BASE_DIR / "static/css/tokens.css").read_text()


def token(name: str, theme: str) -> str:
    found = re.search(rf"--{name}: light-dark\((#\w+), (#\w+)\)", TOKENS)
    assert found is not None, name
    return found[1] if theme == "light" else found[2]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    ("ink", "ground"),
    [
        (ink, ground)
        for ink in ("text", "muted", "accent", "danger", "warn")
        for ground in ("bg", "surface", "surface-2")
    ]
    + [
        ("accent", "accent-soft"),
        ("on-accent", "accent"),
        ("danger", "danger-soft"),
        ("warn", "warn-soft"),
        ("text", "surface-3"),
        ("text", "accent-soft"),
    ],
)
def test_text_tokens_reach_the_contrast_of_text(ink: str, ground: str, theme: str) -> None:
    assert contrast(token(ink, theme), token(ground, theme)) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("ground", ["bg", "surface"])
def test_edges_of_fields_stand_out(ground: str, theme: str) -> None:
    assert contrast(token("line-strong", theme), token(ground, theme)) >= 3


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        (timedelta(days=9, hours=5), "9 days"),
        (timedelta(days=1, hours=4, minutes=30), "1 day 4 hr"),
        (timedelta(hours=3, minutes=20, seconds=59), "3 hr 20 min"),
        (timedelta(hours=2), "2 hr"),
        (timedelta(minutes=12), "12 min"),
        (timedelta(seconds=40), "0 min"),
        (timedelta(seconds=-40), "0 min"),
    ],
)
def test_time_left_is_told_in_two_units_at_most(left: timedelta, expected: str) -> None:
    assert time_left(left) == expected
