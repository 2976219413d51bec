"""Fantasy in a real browser: a squad picked, swapped by the keyboard, saved with a receipt."""

import gzip
import random
import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, Response, expect

from config.clock import now
from fantasy.live import tell_ages, tell_pages
from fantasy.models import ChipPlay, Entry, Game, Holding, PlayerScore, Receipt
from fantasy.services.live import refresh_round
from leagues.models import Player
from matches.models import Match
from tests.e2e.fantasy_team import join, log_in, pair, places, shirt, tap_swap
from tests.e2e.pages import visit, wait_until
from tests.e2e.test_pages import open_live
from tests.factories.fantasy import make_round, make_round_match
from tests.factories.matchday import Matchday
from tests.fantasy.live_rounds import make_live_round, play

pytestmark = pytest.mark.e2e

RULES = "fpl-2026-27"
BUDGET = {"document": 40_000, "stylesheet": 20_000, "script": 35_000, "image": 60_000}


def test_squad_is_picked_swapped_by_keyboard_and_saved(
    page: Page, phone: BrowserContext, site: str, game: Game
) -> None:
    log_in(phone, site)
    entry = join(page)
    held = Holding.objects.filter(entry=entry).select_related("game_player")
    on = held.filter(slot__gt=12).first()
    assert on is not None
    off = held.filter(slot__gt=1, slot__lte=11, game_player__position=on.game_player.position)[0]

    page.locator(shirt(page, off)).focus()
    page.keyboard.press("Enter")
    expect(page.locator(shirt(page, off))).to_have_attribute("aria-pressed", "true")
    other_keeper = held.get(slot=12)
    refused = page.locator(shirt(page, other_keeper))
    expect(refused).to_have_attribute("aria-disabled", "true")
    page.keyboard.press("Escape")
    expect(page.locator(shirt(page, off))).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("Enter")
    page.locator(shirt(page, on)).focus()
    page.keyboard.press("Enter")
    expect(page.locator("#say")).to_contain_text("comes on for")
    expect(page.locator("[data-waits]")).to_contain_text("Not saved yet")
    page.get_by_role("button", name="Save line-up").first.click()

    expect(page.locator("#say")).to_contain_text("Saved")
    expect(page.locator("#saved")).to_contain_text(re.compile(r"Saved \d\d:\d\d:\d\d"))
    on.refresh_from_db()
    assert on.slot <= 11
    page.get_by_role("link", name="receipt").click()
    expect(page.get_by_text(Receipt.objects.latest("sequence").digest)).to_be_visible()


def test_arrow_keys_walk_and_captain_changes(
    page: Page, phone: BrowserContext, site: str, game: Game
) -> None:
    log_in(phone, site)
    entry = join(page)
    third = Holding.objects.get(entry=entry, slot=4)

    page.locator(".spot__button").first.focus()
    page.keyboard.press("ArrowDown")
    row = page.locator(".spot__button:focus").locator("xpath=ancestor::ul")
    expect(row).to_have_attribute("data-row", "DEF")
    page.locator(shirt(page, third)).click()
    page.get_by_role("button", name="Captain", exact=True).click()
    page.get_by_role("button", name="Save line-up").first.click()

    expect(page.locator("#say")).to_contain_text("Saved")
    expect(page.locator("#saved")).to_be_visible()
    third.refresh_from_db()
    assert third.is_captain


def test_team_is_changed_without_javascript(
    browser: Browser, page: Page, phone: BrowserContext, site: str, game: Game
) -> None:
    user = log_in(phone, site)
    entry = join(page)
    plain = browser.new_context(base_url=site, java_script_enabled=False)
    client = Client()
    client.force_login(user)
    value = client.cookies[settings.SESSION_COOKIE_NAME].value
    plain.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": value, "url": site}])
    vice = Holding.objects.select_related("game_player__player").get(entry=entry, slot=6)

    opened = plain.new_page()
    opened.goto("/fantasy/premier/team/")
    opened.locator(f'[name="vice"][value="{vice.game_player_id}"]').check()
    opened.get_by_role("button", name="Save line-up").first.click()

    expect(opened.locator("#saved")).to_be_visible()
    vice.refresh_from_db()
    assert vice.is_vice
    plain.close()


def test_player_is_dragged_from_the_bench(
    page: Page, phone: BrowserContext, site: str, game: Game
) -> None:
    log_in(phone, site)
    entry = join(page)
    held = Holding.objects.filter(entry=entry).select_related("game_player")
    on = held.filter(slot__gt=12).first()
    assert on is not None
    off = held.filter(slot__gt=1, slot__lte=11, game_player__position=on.game_player.position)[0]

    page.drag_and_drop(shirt(page, on), shirt(page, off))

    bench = page.locator("[data-bench]")
    expect(bench.locator(f'[data-player="{off.game_player_id}"]')).to_be_visible()
    expect(page.locator("[data-waits]")).to_contain_text("Not saved yet")


def test_undo_puts_the_line_up_back_and_says_so(
    page: Page, phone: BrowserContext, site: str, game: Game
) -> None:
    log_in(phone, site)
    off, on = pair(join(page))
    before = places(page)

    tap_swap(page, off, on)
    expect(page.locator("#say")).to_contain_text("comes on for")
    expect(page.locator("#say")).to_contain_text("Undo")
    assert places(page) != before
    page.get_by_role("button", name="Undo").focus()
    page.keyboard.press("Enter")

    expect(page.locator("#say")).to_have_text("Undone.")
    expect(page.locator("[data-waits]")).to_be_hidden()
    expect(page.locator("[data-toast]")).to_be_hidden()
    assert places(page) == before
    focused = page.evaluate("document.activeElement.className")
    assert focused == "spot__button"


def test_undo_works_by_the_keyboard_alone_and_for_the_armband(
    page: Page, phone: BrowserContext, site: str, game: Game
) -> None:
    log_in(phone, site)
    entry = join(page)
    other = Holding.objects.get(entry=entry, slot=7)
    captain = page.locator('[name="captain"]:checked').get_attribute("value")

    page.locator(shirt(page, other)).focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Captain", exact=True).click()
    expect(
        page.locator(f'.spot[data-player="{other.game_player_id}"] .spot__badge--c')
    ).to_be_visible()
    page.keyboard.press("Control+z")

    expect(page.locator(f'.spot[data-player="{captain}"] .spot__badge--c')).to_be_visible()


def test_long_press_opens_the_sheet_with_all_a_player_can_do(
    page: Page, phone: BrowserContext, site: str, game: Game
) -> None:
    log_in(phone, site)
    entry = join(page)
    other = Holding.objects.select_related("game_player__player").get(entry=entry, slot=7)
    target = page.locator(shirt(page, other))
    target.scroll_into_view_if_needed()
    box = target.bounding_box()
    assert box is not None

    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
    page.mouse.down()
    sheet = page.get_by_role("dialog", name=other.game_player.player.display_name)
    expect(sheet).to_be_visible()
    page.mouse.up()

    expect(sheet).to_be_visible()
    for name in ("Make captain", "Make vice-captain", "Substitute", "Transfer out", "Stats", "Why"):
        expect(sheet.get_by_text(name, exact=False).first).to_be_visible()
    sheet.get_by_role("button", name="Make captain").click()
    badge = page.locator(f'.spot[data-player="{other.game_player_id}"] .spot__badge--c')
    expect(badge).to_be_visible()
    expect(target).to_be_focused()


def test_finger_that_stays_opens_the_sheet_and_one_that_scrolls_does_not(
    browser: Browser, matchday: Matchday, site: str, game: Game
) -> None:
    context = browser.new_context(
        base_url=site, viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True
    )
    log_in(context, site)
    page = context.new_page()
    entry = join(page)
    target = page.locator(shirt(page, Holding.objects.get(entry=entry, slot=7)))
    finger = context.new_cdp_session(page)

    def middle() -> tuple[float, float]:
        target.evaluate("shirt => shirt.scrollIntoView({ block: 'center' })")
        box = target.bounding_box()
        assert box is not None
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def touch(kind: str, *points: dict[str, float]) -> None:
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": list(points)})

    x, y = middle()
    before = page.evaluate("scrollY")
    touch("touchStart", {"x": x, "y": y})
    for step in range(1, 9):
        touch("touchMove", {"x": x, "y": y - 15 * step})
    wait_until(page, f"scrollY > {before}")
    # Twice as long as a press takes; nothing may happen, so nothing can be awaited.
    page.wait_for_timeout(1000)
    touch("touchEnd")
    expect(page.locator("[data-player-sheet]")).to_be_hidden()

    x, y = middle()
    touch("touchStart", {"x": x, "y": y})
    expect(page.locator("[data-player-sheet]")).to_be_visible()
    touch("touchEnd")
    expect(page.locator("[data-player-sheet]")).to_be_visible()
    context.close()


def test_sheet_is_reached_without_gestures_and_leads_to_the_swap(
    page: Page, phone: BrowserContext, site: str, game: Game
) -> None:
    log_in(phone, site)
    off, on = pair(join(page))

    page.locator(shirt(page, off)).focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="More about him").click()
    sheet = page.get_by_role("dialog")
    expect(sheet.get_by_role("button", name="Substitute")).to_be_visible()
    sheet.get_by_role("button", name="Substitute").click()
    expect(sheet).to_be_hidden()
    page.locator(shirt(page, on)).click()
    expect(page.locator("#say")).to_contain_text("comes on for")

    page.locator(shirt(page, on)).click()
    page.get_by_role("button", name="More about him").click()
    page.get_by_role("dialog").get_by_role("link", name="Stats").click()
    expect(page.get_by_role("dialog").get_by_text("Round by round")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(shirt(page, on))).to_be_focused()


def test_chip_is_played_from_its_panel_and_taken_back(
    page: Page, phone: BrowserContext, site: str, game: Game
) -> None:
    log_in(phone, site)
    entry = join(page)
    chip = page.get_by_role("button", name="Bench Boost")

    expect(chip).to_contain_text("unused until round 19")
    chip.click()
    panel = page.get_by_role("dialog", name="Bench Boost")
    expect(panel.get_by_text("Rounds 20 to 38")).to_be_visible()
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    chip.click()
    panel.get_by_role("button", name="Play Bench Boost in round 1").click()

    expect(page.get_by_role("button", name="Bench Boost")).to_contain_text("in force")
    assert ChipPlay.objects.get(entry=entry).chip == "bboost"
    page.get_by_role("button", name="Bench Boost").click()
    page.get_by_role("button", name="Take back").click()
    expect(page.get_by_role("button", name="Bench Boost")).to_contain_text("unused until")
    assert not ChipPlay.objects.filter(entry=entry, cancelled_at=None).exists()


def test_points_move_on_an_open_page_without_reload(page: Page) -> None:
    dice = random.Random(3)
    round_ = make_live_round(dice, entries=2, plain=True, rules=RULES)
    play(dice, round_, share=1.0)
    entry = round_.game.entries.first()
    assert entry is not None
    open_live(page, f"/fantasy/entries/{entry.public_id}/")
    page.evaluate("window.stayed = true")

    PlayerScore.objects.update(points=100)
    tell_pages([round_.pk])

    expect(page.locator(".score-card__value")).to_have_text("1200", timeout=15_000)
    assert page.evaluate("window.stayed")


def test_open_page_hears_how_old_its_data_is(page: Page) -> None:
    round_ = make_live_round(random.Random(3), entries=2, plain=True, rules=RULES)
    matches = Match.objects.filter(fantasy_rounds__round=round_)
    matches.update(data_at=now() - timedelta(seconds=150))
    open_live(page, f"/fantasy/{round_.game.slug}/")
    header = page.locator(".game-head")
    expect(header.get_by_text("Silent 2 min")).to_be_visible()
    expect(page.get_by_text("Feed silent for 2 min")).to_be_visible()
    width = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(width) == 0

    matches.update(data_at=now())
    tell_ages()

    expect(header.get_by_text("Live data")).to_be_visible()
    expect(page.get_by_text("Feed silent for 2 min")).to_have_count(0)


@pytest.mark.parametrize("name", ["team", "transfers", "players", "rules", "leagues"])
def test_first_view_of_fantasy_stays_within_its_budget(
    page: Page, phone: BrowserContext, site: str, game: Game, name: str
) -> None:
    log_in(phone, site)
    join(page)
    answers: list[Response] = []
    first = phone.new_page()
    first.on("response", lambda answer: "favicon" in answer.url or answers.append(answer))

    visit(first, f"/fantasy/premier/{name}/")
    first.wait_for_load_state("networkidle")

    weights: dict[str, int] = dict.fromkeys(BUDGET, 0)
    for answer in answers:
        kind = answer.request.resource_type
        weights[kind] = weights.get(kind, 0) + len(gzip.compress(answer.body()))
    assert len(answers) <= 12, [answer.url for answer in answers]
    assert {kind: weights[kind] for kind in BUDGET if weights[kind] > BUDGET[kind]} == {}
    width = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert first.evaluate(width) == 0


TOO_SMALL = """() => [...document.querySelectorAll(
    "main :is(.btn, select, .icon-button, .segmented a, .chips .chip, .pick, .table td > .link)"
  )].filter((e) => e.getClientRects().length)
  .map((e) => [e.textContent.trim().slice(0, 30) || e.className, e.getBoundingClientRect()])
  .filter(([, box]) => box.width < 44 || box.height < 44)
  .map(([name, box]) => `${name}: ${Math.round(box.width)} x ${Math.round(box.height)}`)"""


@pytest.mark.parametrize(
    "part", ["", "team/", "team/?view=list", "transfers/", "players/", "rules/"]
)
def test_fingers_hit_every_control(
    page: Page, phone: BrowserContext, browser: Browser, site: str, game: Game, part: str
) -> None:
    log_in(phone, site)
    join(page)
    touched = browser.new_context(
        base_url=site,
        viewport={"width": 360, "height": 740},
        has_touch=True,
        storage_state=phone.storage_state(),
    )

    opened = touched.new_page()
    visit(opened, f"/fantasy/premier/{part}")

    assert opened.evaluate(TOO_SMALL) == []
    assert opened.evaluate("document.documentElement.scrollWidth") <= 360
    touched.close()


def test_shirts_say_what_tells_players_apart(
    page: Page, phone: BrowserContext, site: str, game: Game
) -> None:
    log_in(phone, site)
    entry = join(page)
    held = Holding.objects.select_related("game_player__player").filter(entry=entry)
    names = ["Kevin De Bruyne", "Ilia Silva", "Theo Silva"]
    for holding, name in zip(held.order_by("slot"), names, strict=False):
        Player.objects.filter(pk=holding.game_player.player_id).update(name=name, short_name="")

    visit(page, "/fantasy/premier/team/")

    shirts = page.locator(".spot__name")
    assert shirts.all_inner_texts()[:3] == ["De Bruyne", "I. Silva", "T. Silva"]
    expect(page.get_by_role("button", name=re.compile("^Kevin De Bruyne, "))).to_be_visible()
    expect(page.locator(".deadline__left")).to_have_text(re.compile(r"Time left: \d+ \w+"))


def test_what_an_act_did_to_the_squad_is_spoken(
    page: Page, phone: BrowserContext, site: str, game: Game
) -> None:
    log_in(phone, site)
    visit(page, "/fantasy/premier/join/")

    page.locator(".market__act button").first.click()

    expect(page.locator("#say")).to_have_text(re.compile(r"1 of 15 players\. Money left \d+\.\d\."))


def test_page_that_is_open_past_the_deadline_leads_on(
    page: Page, phone: BrowserContext, site: str, game: Game
) -> None:
    log_in(phone, site)
    join(page)
    page.clock.install()
    visit(page, "/fantasy/premier/team/")
    expect(page.locator("[data-passed]")).to_be_hidden()

    page.clock.fast_forward(100 * 24 * 3600 * 1000)

    expect(page.get_by_role("link", name="Squads are locked")).to_be_visible()
    expect(page.locator(".deadline__left")).to_be_hidden()


def test_time_left_is_that_of_the_server_where_the_device_is_wrong(
    page: Page, phone: BrowserContext, site: str, game: Game
) -> None:
    log_in(phone, site)
    game.rounds.update(deadline_at=now() + timedelta(minutes=50, seconds=30))
    page.clock.install(time=now() + timedelta(hours=3))
    visit(page, "/fantasy/premier/rules/")
    left = page.locator(".deadline__left")

    page.clock.fast_forward(6_000)
    expect(left).to_have_text("Time left: 50 min")
    page.clock.fast_forward(60_000)
    expect(left).to_have_text("Time left: 49 min")
    expect(page.locator("[data-passed]")).to_be_hidden()
    page.clock.fast_forward(50 * 60_000)
    expect(page.locator("[data-passed]")).to_be_visible()


# Texts in which a word stands on more lines than one, or with `whole` the text itself.
BROKEN = """(all, whole) => all.filter((element) => {
  const text = element.firstChild;
  return [...text.textContent.matchAll(whole ? /^.+$/g : /\\S+/g)].some(({ 0: found, index }) => {
    const range = document.createRange();
    range.setStart(text, index);
    range.setEnd(text, index + found.length);
    return new Set([...range.getClientRects()].map(({ top }) => Math.round(top))).size > 1;
  });
}).map((element) => element.textContent)"""
CUT_OFF = "(wrap) => wrap.scrollWidth - wrap.clientWidth"


@pytest.fixture
def told_form(game: Game) -> Game:
    """Round 1 is settled, so that the market tells form and expected points, too."""
    at = now() - timedelta(days=3)
    game.rounds.update(state="settled", deadline_at=at, locked_at=at, settled_at=at)
    make_round(game, 2, deadline_at=now() + timedelta(days=3))
    home, away = game.season.teams.order_by("pk")[:2]
    match = make_round_match(game.rounds.get(number=1), home, away, status="final")
    PlayerScore.objects.bulk_create(
        PlayerScore(
            round=game.rounds.get(number=1),
            match=match,
            game_player=player,
            points=7,
            appeared=True,
        )
        for player in game.players.filter(team__in=(home, away))
    )
    return game


def test_market_reads_well_on_wide_and_on_the_smallest_screens(
    page: Page, phone: BrowserContext, site: str, told_form: Game
) -> None:
    log_in(phone, site)
    join(page)
    Player.objects.update(name="Theo Sandoval", short_name="")
    page.set_viewport_size({"width": 1280, "height": 800})
    far = told_form.players.order_by("pk").last()
    assert far is not None
    visit(page, f"/fantasy/premier/transfers/?team={far.team.public_id}")
    reasons, names = page.locator(".why-not"), page.locator(".market__text > a")
    assert reasons.filter(has_text="Sell").count() > 0
    assert reasons.evaluate_all(BROKEN, True) == []

    page.set_viewport_size({"width": 320, "height": 740})
    assert page.locator(".market-wrap").evaluate(CUT_OFF) == 0
    assert names.evaluate_all(BROKEN, False) == []


def test_parts_of_live_points_do_not_push_the_totals_off_a_phone(page: Page) -> None:
    dice = random.Random(3)
    round_ = make_live_round(dice, entries=20, rules=RULES, past=True)
    play(dice, round_, share=1.0)
    Entry.objects.update(name="Wandering Minstrels")
    refresh_round(round_.pk)
    page.set_viewport_size({"width": 320, "height": 740})
    visit(page, f"/fantasy/{round_.game.slug}/table/")

    expect(
        page.locator(".entry-link__note", has_text=re.compile("subs|transfers")).first
    ).to_be_visible()
    assert page.locator(".table-wrap").evaluate(CUT_OFF) == 0
