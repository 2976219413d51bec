"""A finished match played again in a browser: play, seek by keyboard, share the moment."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.pages import has_begun, visit
from tests.factories.matchday import Matchday

pytestmark = pytest.mark.e2e

WIDTH_OVER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def test_match_is_played_again_from_its_start_to_its_end(page: Page, matchday: Matchday) -> None:
    match = matchday.matches["finished"]
    visit(page, f"/matches/{match.public_id}/")
    parts = page.get_by_role("navigation", name="Parts of the match")
    parts.get_by_role("link", name="Replay").click()
    page.wait_for_url("**/replay/**")
    has_begun(page)
    score = page.locator(".board .score")
    expect(score).to_contain_text("0–")
    expect(page.locator(".timeline .moment")).to_have_count(1)
    assert page.evaluate(WIDTH_OVER) == 0

    page.get_by_label("Speed").select_option("600")
    page.get_by_role("button", name="Play").click()

    expect(page.locator(".scorers")).to_contain_text("Silva 13'")
    expect(page.locator(".timeline")).to_contain_text("Half-time", timeout=20_000)
    expect(page.locator(".board__state")).to_contain_text("FT", timeout=20_000)
    expect(score).to_contain_text("3–")
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    expect(page).to_have_url(re.compile(r"\?at=5761000$"))


def test_keyboard_seeks_pauses_and_leaves_an_address_to_share(
    page: Page, matchday: Matchday
) -> None:
    match = matchday.matches["finished"]
    visit(page, f"/matches/{match.public_id}/replay/?at=660000")
    bar = page.get_by_role("slider", name="Moment of the match")
    bar.focus()

    for _ in range(4):
        page.keyboard.press("ArrowRight")

    expect(page.locator(".board .score")).to_contain_text("1–")
    expect(bar).to_have_attribute("aria-valuetext", re.compile("13'.*Castlewick United 1"))
    expect(page).to_have_url(re.compile(r"\?at=720000$"))

    page.keyboard.press("ArrowLeft")
    expect(page.locator(".board .score")).to_contain_text("0–")
    page.keyboard.press("End")
    expect(page.locator(".board__state")).to_contain_text("FT")
    page.keyboard.press("Home")
    expect(page.locator(".board__state")).to_contain_text("1'")
    page.keyboard.press(" ")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.keyboard.press(" ")
    expect(page.get_by_role("button", name="Play")).to_be_visible()


def test_places_lead_into_the_match_without_a_reload(page: Page, matchday: Matchday) -> None:
    match = matchday.matches["finished"]
    visit(page, f"/matches/{match.public_id}/replay/")
    page.evaluate("window.stayed = true")

    page.get_by_role("link", name="Second half").click()

    expect(page.locator(".board .score")).to_contain_text("1–")
    expect(page.locator(".board__state")).to_contain_text("46'")
    assert page.evaluate("window.stayed")
