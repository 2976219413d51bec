"""A guest becomes a fan, and a fan reads match pages: with a script, without one, on a phone."""

import re
import uuid
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from accounts.models import User
from config.clock import now
from leagues.models import Follow
from matches.enums import Certainty, EventOp
from stats import live
from tests.e2e.pages import visit
from tests.e2e.test_pages import WIDTH_OVER, open_live
from tests.factories.matchday import Log, Matchday

pytestmark = pytest.mark.e2e

PASSWORD = "correct horse battery staple"


def fill(page: Page, name: str) -> None:
    page.get_by_label("E-mail address").fill(f"{name.lower()}@example.org")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Display name").fill(name)


def test_guest_signs_up_on_the_way_to_the_game(page: Page, matchday: Matchday) -> None:
    visit(page, "/fantasy/")
    page.get_by_role("link", name="Sign up to play").click()
    fill(page, "Ann")
    page.locator("main").get_by_role("button", name="Sign up").click()

    expect(page).to_have_url(re.compile(r"/fantasy/$"))
    expect(page.get_by_role("status").first).to_contain_text("Welcome, Ann.")
    expect(page.get_by_role("link", name="Sign up")).to_have_count(0)


def test_guest_signs_up_without_a_script_and_keeps_whom_he_followed(
    browser: Browser, site: str, matchday: Matchday
) -> None:
    context = browser.new_context(base_url=site, java_script_enabled=False)
    page = context.new_page()
    match = matchday.matches["finished"]
    page.goto(f"/matches/{match.public_id}/")
    page.get_by_role("button", name=f"Follow {match.away.display_name}").click()
    page.goto("/following/")
    page.get_by_role("main").get_by_role("link", name="Sign up").click()
    page.get_by_label("E-mail address").fill("bea@example.org")
    page.get_by_label("Password", exact=True).fill("password")
    page.get_by_label("Display name").fill("Bea")
    page.locator("main").get_by_role("button", name="Sign up").click()
    expect(page.get_by_text("This password is too common.")).to_be_visible()
    expect(page.get_by_label("Password", exact=True)).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.locator("main").get_by_role("button", name="Sign up").click()

    expect(page).to_have_url(re.compile(r"/following/$"))
    expect(page.locator(".followed")).to_contain_text(match.away.name)
    assert Follow.objects.get().user.email == "bea@example.org"
    context.close()


def test_password_is_shown_on_request_and_can_be_pasted(page: Page, matchday: Matchday) -> None:
    visit(page, "/sign-up/")
    fill(page, "Cal")
    field = page.get_by_label("Password", exact=True)
    field.press("Control+A")
    field.press("Control+C")

    page.get_by_role("button", name="Show password").click()

    expect(field).to_have_attribute("type", "text")
    page.get_by_role("button", name="Hide password").click()
    expect(field).to_have_attribute("type", "password")
    page.get_by_label("Display name").press("Control+A")
    page.get_by_label("Display name").press("Control+C")
    field.press("Control+A")
    field.press("Control+V")
    expect(field).to_have_value("Cal")


def test_fan_changes_his_password_with_the_keyboard_alone(page: Page, matchday: Matchday) -> None:
    user = User.objects.create_user("dan@example.org", PASSWORD, display_name="Dan")
    visit(page, "/login/?next=/profile/password/")
    page.keyboard.type("dan@example.org")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Change password")).to_be_visible()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Tab")
    page.keyboard.type("another horse, another staple")
    page.keyboard.press("Enter")

    expect(page.get_by_text("Your password is changed.")).to_be_visible()
    user.refresh_from_db()
    assert user.check_password("another horse, another staple")


def test_pages_of_a_guest_fit_a_small_phone(page: Page, matchday: Matchday) -> None:
    page.set_viewport_size({"width": 320, "height": 640})

    wide = []
    for address in ("/sign-up/", "/login/", "/following/", "/fantasy/"):
        visit(page, address)
        if page.evaluate(WIDTH_OVER) > 0:
            wide.append(address)

    assert wide == []


def test_part_that_was_seen_last_opens_with_the_next_match(page: Page, matchday: Matchday) -> None:
    visit(page, f"/matches/{matchday.matches['finished'].public_id}/")
    page.get_by_role("link", name="Line-ups", exact=True).click()
    visit(page, "/")
    page.get_by_role("link", name=re.compile("Ashford Rovers 3, Eastgate Wanderers 1")).click()

    expect(page).to_have_url(re.compile(r"/lineups/$"))
    page.get_by_role("link", name="Timeline", exact=True).click()
    expect(page).to_have_url(re.compile(r"/timeline/$"))
    visit(page, "/")
    page.get_by_role("link", name=re.compile("Ashford Rovers 3, Eastgate Wanderers 1")).click()
    expect(page.locator(".timeline .moment").first).to_be_visible()


def test_review_comes_to_an_open_page_and_goes(page: Page, matchday: Matchday) -> None:
    match = matchday.matches["live"]
    open_live(page, f"/matches/{match.public_id}/")
    scores = page.context.new_page()
    open_live(scores, "/")
    row = scores.locator(f'[data-k="m:{match.public_id}"] .match-row__state')
    chip = page.locator(".board").get_by_text("VAR check")
    expect(chip).to_have_count(0)
    goal = match.events.filter(type="goal", op=EventOp.ADD).latest("seq")

    for certainty, count in ((Certainty.PROVISIONAL, 1), (Certainty.CONFIRMED, 0)):
        match.refresh_from_db()
        goal.pk, goal.event_id, goal.certainty = None, uuid.uuid4(), certainty
        goal.seq, goal.rev, goal.op = match.head_seq + 1, goal.rev + 1, EventOp.AMEND
        goal.ingested_at = now()
        goal.save(force_insert=True)
        Log(day=matchday, match=match, at=now(), seq=goal.seq).fold()
        live.publish_pages([match.pk])
        expect(chip).to_have_count(count)
        expect(row.get_by_text("VAR check")).to_have_count(count)
        expect(page.get_by_text("The video referee checks:")).to_have_count(count)


def test_snapshot_of_before_makes_no_row_look_late(page: Page, matchday: Matchday) -> None:
    match = matchday.matches["live"]
    of_match = type(match).objects.filter(pk=match.pk)
    # A day list that is the first page of all loads again in the reader's zone.
    visit(page, "/leagues/")
    open_live(page, "/")
    of_match.update(data_at=now() - timedelta(seconds=150))
    live.publish_pages([match.pk])
    late = f'[data-k="m:{match.public_id}"] .age--silent'
    expect(page.locator(late)).to_have_count(1)
    of_match.update(data_at=now())
    # After so many the next page is given what they come to, not each of them.
    for _ in range(70):
        live.publish_ages()
    expect(page.locator(late)).to_have_count(0)

    other = page.context.new_page()
    open_live(other, "/")

    # The page has heard all that its socket begins with.
    expect(other.locator(f'[data-k="m:{match.public_id}"] .age--fresh')).to_have_count(1)
    assert other.locator(late).count() == 0


def test_snapshot_of_before_does_not_take_the_warning_away(page: Page, matchday: Matchday) -> None:
    match = matchday.matches["live"]
    stale = now() - (now() - match.kickoff_at) / 2
    live.publish_pages([match.pk])
    open_live(page, f"/matches/{match.public_id}/")
    type(match).objects.filter(pk=match.pk).update(data_at=stale)

    open_live(page, f"/matches/{match.public_id}/")

    expect(page.locator("[data-k=banner]")).to_contain_text("Feed silent for")
