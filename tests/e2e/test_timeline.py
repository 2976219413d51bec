"""Timelines that are open: a group of events, and a log that is told anew."""

from datetime import timedelta

import pytest
from django.db import transaction
from playwright.sync_api import Page, expect

from config.clock import now
from matches.models import Match
from matches.services.log import delete_log
from tests.e2e.pages import asks_at_once, visit, wait_until
from tests.e2e.test_pages import go_on, lines, open_live, tell
from tests.factories.matchday import Log, Matchday

pytestmark = pytest.mark.e2e


def ends_as_a_page_opened_now(page: Page) -> None:
    """Wait until both show the same: a page may begin with frames that are on their way."""
    other = page.context.new_page()
    visit(other, page.url)
    wait_until(page, lambda: lines(page) == lines(other))
    other.close()


def begin_anew(matchday: Matchday, match: Match) -> Log:
    with transaction.atomic():
        delete_log(Match.objects.select_for_update().get(pk=match.pk))
    return go_on(matchday, match)


def test_open_page_of_a_group_gets_its_lines_though_they_are_no_key_moments(
    page: Page, matchday: Matchday
) -> None:
    match = matchday.matches["live"]
    log = go_on(matchday, match)
    first = log.tell("shot", "2H", 31, team=match.home, player="9")
    log.fold()
    open_live(page, f"/matches/{match.public_id}/timeline/?show=shots")
    shots = page.locator("[data-list] .moment:not(.moment--divider)")
    held = shots.count()

    log.tell("shot", "2H", 33, team=match.away, player="9")
    log.tell("foul", "2H", 34, team=match.away, player="9")
    tell(log)
    expect(shots).to_have_count(held + 1)
    expect(shots.first).to_contain_text("79'")
    log.retract(first, reason="No shot")
    tell(log)

    expect(page.locator("[data-list] .moment--cancelled")).to_have_count(1)
    ends_as_a_page_opened_now(page)


@pytest.mark.parametrize("show", ["key", "all", "shots", "fouls"])
def test_open_page_of_a_log_that_is_told_anew_ends_with_its_lines(
    page: Page, matchday: Matchday, show: str
) -> None:
    asks_at_once(page)
    match = matchday.matches["live"]
    log = go_on(matchday, match)
    log.tell("shot", "2H", 31, team=match.home, player="9")
    tell(log)
    open_live(page, f"/matches/{match.public_id}/timeline/?show={show}")
    page.evaluate("window.stayed = true")
    log.tell("foul", "2H", 32, team=match.home, player="9")
    tell(log)

    log = begin_anew(matchday, match)
    log.tell("period_start", "1H", 0)
    log.tell("goal", "1H", 3, team=match.away, player="9")
    log.tell("shot", "1H", 4, team=match.away, player="9")
    tell(log)
    expect(page.locator(".board .score")).to_contain_text("0–")
    expect(page.locator(f'[data-moments="{match.epoch}"]')).to_have_count(1)
    log.tell("shot", "1H", 5, team=match.home, player="9")
    log.tell("yellow_card", "1H", 6, team=match.home, player="6")
    tell(log)

    # A group that has no events any more gives way to the key moments.
    newest = {"key": "7'", "all": "7'", "shots": "6'", "fouls": "7'"}[show]
    expect(page.locator("[data-list] > li").first).to_contain_text(newest)
    ends_as_a_page_opened_now(page)
    assert page.evaluate("window.stayed")

    # Nor does what the topic kept bring them back to whoever comes now.
    open_live(page, f"/matches/{match.public_id}/timeline/?show={show}")
    log.tell("goal", "1H", 7, team=match.home, player="9")
    tell(log)
    expect(page.locator(".board .score")).to_have_attribute("data-flash", "1-1")
    ends_as_a_page_opened_now(page)


def test_page_opened_while_a_log_is_told_anew_shows_no_line_of_the_one_before(
    page: Page, matchday: Matchday
) -> None:
    match = matchday.matches["live"]
    tell(go_on(matchday, match))
    # Somebody has listened to the old log, so its parts are kept.
    first = page.context.new_page()
    open_live(first, f"/matches/{match.public_id}/timeline/")

    log = begin_anew(matchday, match)
    log.tell("period_start", "1H", 0)
    log.tell("goal", "1H", 3, team=match.away, player="9")
    log.fold()
    # Its clock stands still: it asks for nothing again.
    page.clock.install()
    page.clock.pause_at(now() + timedelta(seconds=5))
    open_live(page, f"/matches/{match.public_id}/timeline/")
    # As the snapshot says, and not as the page itself did.
    expect(page.locator(".board .score")).to_contain_text("3–")

    told = lines(page)
    first.close()
    assert len(told) == 2
    assert "4'" in told[0]
