"""Spoilers as a person avoids them, without JavaScript."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.factories.matchday import Matchday

pytestmark = pytest.mark.e2e


@pytest.fixture
def plain_page(browser: Browser, site: str):
    context = browser.new_context(base_url=site, java_script_enabled=False)
    yield context.new_page()
    context.close()


def test_delay_is_chosen_in_the_header_and_stays_in_sight(
    plain_page: Page, matchday: Matchday
) -> None:
    match = matchday.matches["live"]
    plain_page.goto(f"/matches/{match.public_id}/")

    plain_page.get_by_role("link", name="Spoilers: delay or hide scores").click()
    plain_page.get_by_label("Delay in seconds").fill("60")
    plain_page.get_by_role("button", name="Save").click()

    expect(plain_page).to_have_url(re.compile(f"/matches/{match.public_id}/$"))
    expect(plain_page.get_by_role("complementary", name="Spoilers")).to_contain_text(
        "60 s behind live."
    )
    expect(plain_page.get_by_role("link", name="Spoilers: 60 s behind live")).to_be_visible()


def test_hidden_score_is_shown_on_request(plain_page: Page, matchday: Matchday) -> None:
    match = matchday.matches["finished"]
    plain_page.goto(f"/preferences/spoilers/?next=/matches/{match.public_id}/")
    plain_page.get_by_label("Hide scores").check()
    plain_page.get_by_role("button", name="Save").click()
    expect(plain_page.locator(".score.ltr")).to_have_count(0)

    plain_page.get_by_role("button", name="Show this match").click()

    expect(plain_page.locator(".score.ltr")).to_be_visible()
    plain_page.get_by_role("button", name="Hide this match again").click()
    expect(plain_page.locator(".score.ltr")).to_have_count(0)
