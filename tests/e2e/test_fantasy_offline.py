"""Line-ups that are changed without a network, in two tabs, too late, or while the server fails."""

import json
from datetime import timedelta

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from config.clock import now
from fantasy.models import Game, Holding, Receipt
from fantasy.services.lineups import LineupChoice, save_lineup
from tests.e2e.fantasy_team import join, log_in, pair, tap_swap
from tests.e2e.pages import cut_off, visit, wait_until

pytestmark = pytest.mark.e2e


def swap_offline(page: Page, phone: BrowserContext) -> Holding:
    """Join, and let a substitute come on without a network: he waits on this page."""
    off, on = pair(join(page))
    phone.set_offline(True)
    tap_swap(page, off, on)
    expect(page.locator("[data-waits]")).to_contain_text("1 change waits")
    return on


def test_changes_made_offline_wait_survive_a_reload_and_are_sent_once(
    page: Page, phone: BrowserContext, site: str, game: Game
) -> None:
    log_in(phone, site)
    entry = join(page)
    off, on = pair(entry)
    before = Receipt.objects.filter(entry=entry).count()
    keys: list[str | None] = []
    phone.on(
        "request",
        lambda sent: (
            keys.append(sent.headers.get("idempotency-key")) if sent.method == "PUT" else None
        ),
    )

    phone.set_offline(True)
    tap_swap(page, off, on)
    expect(page.locator("[data-waits]")).to_contain_text(
        "Not saved yet: you are offline. 1 change waits."
    )
    expect(page.locator("#say")).to_contain_text("you are offline")
    kept = page.evaluate(f"localStorage.getItem('lineup:{entry.public_id}')")
    assert keys == []
    # A page cannot be loaded without a network; it comes with one, and with what waited.
    cut_off(page)
    phone.set_offline(False)
    page = phone.new_page()
    with page.expect_response(lambda answer: answer.request.method == "PUT"):
        visit(page, "/fantasy/premier/team/")

    expect(page.locator("#say")).to_contain_text("Saved")
    expect(page.locator("[data-waits]")).to_be_hidden()
    on.refresh_from_db()
    assert on.slot <= 11
    assert keys == [json.loads(kept)["key"]]
    assert Receipt.objects.filter(entry=entry).count() == before + 1
    assert page.evaluate(f"localStorage.getItem('lineup:{entry.public_id}')") is None


def test_newest_choice_of_two_tabs_is_the_one_that_is_sent(
    page: Page, phone: BrowserContext, site: str, game: Game
) -> None:
    log_in(phone, site)
    entry = join(page)
    off, on = pair(entry)
    keeper, spare = entry.holdings.get(slot=1), entry.holdings.get(slot=12)
    second = phone.new_page()
    visit(second, "/fantasy/premier/team/")
    sent: list[str | None] = []
    phone.on(
        "request",
        lambda asked: (
            sent.append(asked.headers.get("idempotency-key")) if asked.method == "PUT" else None
        ),
    )

    phone.set_offline(True)
    tap_swap(page, off, on)
    expect(page.locator("[data-waits]")).to_contain_text("1 change waits")
    tap_swap(second, keeper, spare)
    expect(second.locator("[data-waits]")).to_contain_text("1 change waits")
    expect(page.locator("[data-waits]")).to_contain_text("Changed in another tab")
    kept = second.evaluate(f"localStorage.getItem('lineup:{entry.public_id}')")
    phone.set_offline(False)

    expect(second.locator("[data-waits]")).to_be_hidden()
    assert sent == [json.loads(kept)["key"]]
    on.refresh_from_db()
    spare.refresh_from_db()
    assert (on.slot > 11, spare.slot) == (True, 1)


def test_what_waited_replaces_no_later_choice_of_another_device_unasked(
    page: Page, phone: BrowserContext, site: str, game: Game
) -> None:
    log_in(phone, site)
    on = swap_offline(page, phone)
    entry = on.entry
    cut_off(page)
    held = list(entry.holdings.order_by("slot").values_list("game_player", flat=True))
    save_lineup(entry.pk, LineupChoice(players=held, captain=held[5], vice=held[6]))
    phone.set_offline(False)
    page = phone.new_page()
    visit(page, "/fantasy/premier/team/")

    waits = page.locator("[data-waits]")
    expect(waits).to_contain_text("changed elsewhere since")
    # A network that goes and comes is no consent either.
    phone.set_offline(True)
    wait_until(page, "!navigator.onLine")
    phone.set_offline(False)
    wait_until(page, "navigator.onLine")
    expect(waits).to_contain_text("changed elsewhere since")
    on.refresh_from_db()
    assert on.slot > 11
    assert entry.holdings.get(is_captain=True).game_player_id == held[5]
    page.get_by_role("button", name="Save line-up").first.click()
    expect(page.locator("[data-waits]")).to_be_hidden()
    on.refresh_from_db()
    assert on.slot <= 11


def test_open_page_replaces_no_later_choice_of_another_device_unasked(
    phone: BrowserContext, site: str, game: Game
) -> None:
    # The browser itself complains of an answer that refuses, so this page has no such watch.
    log_in(phone, site)
    page = phone.new_page()
    on = swap_offline(page, phone)
    entry = on.entry
    waits = page.locator("[data-waits]")
    held = list(entry.holdings.order_by("slot").values_list("game_player", flat=True))
    save_lineup(entry.pk, LineupChoice(players=held, captain=held[5], vice=held[6]))
    phone.set_offline(False)

    expect(waits).to_contain_text("changed elsewhere since")
    on.refresh_from_db()
    assert on.slot > 11
    # Whoever opens the page anew is asked as well.
    page.reload()
    expect(waits).to_contain_text("changed elsewhere since")
    page.get_by_role("button", name="Save line-up").first.click()
    expect(waits).to_be_hidden()
    on.refresh_from_db()
    assert on.slot <= 11


def test_saves_of_an_open_page_follow_each_other(
    page: Page, phone: BrowserContext, site: str, game: Game
) -> None:
    log_in(phone, site)
    entry = join(page)
    off, on = pair(entry)
    save = page.get_by_role("button", name="Save line-up").first
    for _ in range(2):
        tap_swap(page, off, on)
        save.click()
        # While the first is on its way.
        tap_swap(page, on, off)
        save.click()
        expect(page.locator("[data-waits]")).to_be_hidden()

    wait_until(page, f"localStorage.getItem('lineup:{entry.public_id}') === null")
    on.refresh_from_db()
    assert on.slot > 11


def test_changes_are_sent_when_the_network_is_back(
    page: Page, phone: BrowserContext, site: str, game: Game
) -> None:
    log_in(phone, site)
    on = swap_offline(page, phone)
    with page.expect_response(lambda answer: answer.request.method == "PUT") as answered:
        phone.set_offline(False)

    assert answered.value.ok
    expect(page.locator("[data-waits]")).to_be_hidden()
    on.refresh_from_db()
    assert on.slot <= 11


def test_refusal_after_the_deadline_is_shown_and_nothing_waits_any_more(
    phone: BrowserContext, site: str, game: Game
) -> None:
    # The browser itself complains of an answer that refuses, so this page has no such watch.
    log_in(phone, site)
    page = phone.new_page()
    on = swap_offline(page, phone)
    entry = on.entry
    game.rounds.update(deadline_at=now() - timedelta(minutes=1))
    phone.set_offline(False)

    expect(page.locator("[data-waits]")).to_contain_text(
        "Not saved. The deadline of round 1 has passed."
    )
    on.refresh_from_db()
    assert on.slot > 11
    assert page.evaluate(f"localStorage.getItem('lineup:{entry.public_id}')") is None


def test_server_that_fails_is_asked_again_with_the_same_key(
    phone: BrowserContext, site: str, game: Game
) -> None:
    log_in(phone, site)
    page = phone.new_page()
    off, on = pair(join(page))
    keys: list[str | None] = []

    def fail_once(route: Route) -> None:
        keys.append(route.request.headers.get("idempotency-key"))
        if len(keys) == 1:
            route.fulfill(status=503, headers={"Retry-After": "1"}, body="")
        else:
            route.continue_()

    page.route("**/lineup", fail_once)
    tap_swap(page, off, on)
    page.get_by_role("button", name="Save line-up").first.click()

    expect(page.locator("[data-waits]")).to_contain_text("1 change waits and is sent again")
    expect(page.locator("[data-waits]")).to_be_hidden()
    assert len(keys) == 2
    assert keys[0] == keys[1]
    on.refresh_from_db()
    assert on.slot <= 11


def test_answer_without_a_receipt_saves_nothing(
    page: Page, phone: BrowserContext, site: str, game: Game
) -> None:
    log_in(phone, site)
    off, on = pair(join(page))
    answered: list[Route] = []

    def stand_between(route: Route) -> None:
        answered.append(route)
        if len(answered) == 1:
            route.fulfill(status=200, content_type="text/html", body="<p>Log in to this network")
        else:
            route.continue_()

    page.route("**/lineup", stand_between)
    tap_swap(page, off, on)
    page.get_by_role("button", name="Save line-up").first.click()

    expect(page.locator("[data-waits]")).to_contain_text("1 change waits")
    expect(page.locator("[data-waits]")).to_be_hidden()
    on.refresh_from_db()
    assert on.slot <= 11
