"""Parts of open pages that are replaced while a reader has his hands on them."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import APIResponse, BrowserContext, Page, Route, expect

from config.clock import now
from fantasy.live import tell_pages
from fantasy.models import Game, GamePlayer, PlayerScore, Round
from leagues.models import Player
from matches.models import Match
from tests.e2e.fantasy_team import join, log_in
from tests.e2e.pages import asks_at_once, visit, wait_until
from tests.e2e.test_pages import go_on, open_live, tell
from tests.e2e.test_timeline import begin_anew
from tests.factories.fantasy import make_round, make_round_match
from tests.factories.matchday import Matchday

pytestmark = pytest.mark.e2e

REGIONS = re.compile(r"regions=1")
# Longer than a list of players stays as it is after news.
CALM_MS = 31_000
FOCUSED = "document.activeElement.textContent.trim().replace(/\\s+/g, ' ')"
HAS_FOCUS = "(part) => part.contains(document.activeElement)"


@pytest.fixture
def under_way(game: Game) -> Round:
    """Round 1 is played, round 2 is next; no two players share a name."""
    began_at = now() - timedelta(hours=2)
    game.rounds.update(state="live", deadline_at=began_at, locked_at=began_at)
    make_round(game, 2, deadline_at=now() + timedelta(days=3))
    round_ = game.rounds.get(number=1)
    home, away = game.season.teams.order_by("pk")[:2]
    make_round_match(round_, home, away, status="live", data_at=now())
    for player in Player.objects.all():
        player.name = player.short_name = f"Player {player.pk}"
        player.save()
    return round_


class Listening:
    """A page whose clock the test moves, with what its socket brought and what it asked for."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.heard: list[str] = []
        self.asked: list[str] = []
        page.clock.install()
        page.once(
            "websocket",
            lambda opened: opened.on("framereceived", lambda frame: self.heard.append(str(frame))),
        )
        page.on("request", lambda sent: REGIONS.search(sent.url) and self.asked.append(sent.url))

    def hear_news(self, round_: Round) -> None:
        """Tell the page that points moved, and let pass the time until it asks for its parts."""
        tell_pages([round_.pk])
        wait_until(self.page, lambda: any('"ask"' in frame for frame in self.heard))
        self.heard.clear()
        self.asked.clear()
        self.page.clock.fast_forward(CALM_MS)
        wait_until(self.page, lambda: bool(self.asked))


def test_focus_stays_with_the_player_when_the_list_is_ordered_anew(
    page: Page, phone: BrowserContext, site: str, under_way: Round
) -> None:
    log_in(phone, site)
    listening = Listening(page)
    open_live(page, "/fantasy/premier/join/")
    rows = page.locator(".market tbody tr")
    rows.nth(3).get_by_role("button").focus()
    his = page.evaluate(FOCUSED)
    last = GamePlayer.objects.latest("pk")
    GamePlayer.objects.filter(pk=last.pk).update(price=150)

    listening.hear_news(under_way)

    expect(rows.first).to_contain_text(last.player.name)
    assert page.evaluate(FOCUSED) == his
    # Nor does it fall to somebody else's button when he is on the list no more.
    GamePlayer.objects.exclude(pk=last.pk).update(price=40)
    GamePlayer.objects.filter(pk__in=GamePlayer.objects.order_by("-pk")[1:40]).update(price=90)
    listening.hear_news(under_way)

    expect(page.get_by_role("button", name=his, exact=True)).to_have_count(0)
    assert page.evaluate("document.activeElement.className") == "table-wrap market-wrap"


def test_list_that_was_asked_for_before_an_act_does_not_undo_what_it_shows(
    page: Page, phone: BrowserContext, site: str, under_way: Round
) -> None:
    log_in(phone, site)
    listening = Listening(page)
    held: list[tuple[Route, APIResponse]] = []
    page.route(REGIONS, lambda route: held.append((route, route.fetch())))
    open_live(page, "/fantasy/premier/join/")
    listening.hear_news(under_way)
    wait_until(page, lambda: bool(held))

    first = page.locator(".market tbody tr").first
    first.get_by_role("button").click()
    expect(first).to_contain_text("In your squad")
    route, answer = held[0]
    route.fulfill(response=answer)
    # It asks again when it is done with what came.
    listening.hear_news(under_way)
    wait_until(page, lambda: len(held) == 2)

    expect(first).to_contain_text("In your squad")


def test_list_that_comes_late_gives_way_to_the_one_asked_for_after_it(
    page: Page, phone: BrowserContext, site: str, game: Game
) -> None:
    log_in(phone, site)
    held: list[tuple[Route, APIResponse]] = []
    asked: list[str] = []
    page.route(re.compile("position=GKP"), lambda route: held.append((route, route.fetch())))
    page.on("request", lambda sent: "position=" in sent.url and asked.append(sent.url))
    visit(page, "/fantasy/premier/players/")

    page.get_by_label("Position").select_option("GKP")
    wait_until(page, lambda: bool(held))
    page.get_by_label("Position").select_option("DEF")
    page.evaluate("new Promise(requestAnimationFrame)")
    # A page that asks at once is answered at once, and before the older answer comes.
    wait_until(page, lambda: len(asked) == 1 or page.url.endswith("position=DEF"))
    route, answer = held[0]
    route.fulfill(response=answer)

    wait_until(page, lambda: page.url.endswith("position=DEF"))
    page.evaluate("new Promise(requestAnimationFrame)")
    expect(page.get_by_label("Position")).to_have_value("DEF")
    assert page.url.endswith("position=DEF")


def test_focus_stays_on_the_filter_that_was_changed(page: Page, game: Game) -> None:
    visit(page, "/fantasy/premier/players/")
    position = page.get_by_label("Position")

    position.focus()
    position.select_option("DEF")

    wait_until(page, lambda: page.url.endswith("position=DEF"))
    expect(position).to_be_focused()


def test_focus_stays_in_the_row_whose_button_has_done_its_work(
    page: Page, phone: BrowserContext, site: str, under_way: Round
) -> None:
    log_in(phone, site)
    visit(page, "/fantasy/premier/join/")
    row = page.locator(".market tbody tr").nth(2)
    name = row.get_by_role("link").inner_text()

    row.get_by_role("button").focus()
    page.keyboard.press("Enter")

    expect(page.get_by_text("1 / 15")).to_be_visible()
    expect(row.get_by_role("link", name=name)).to_be_focused()


def test_sheet_is_opened_once_and_keeps_up_with_the_points(
    page: Page, phone: BrowserContext, site: str, under_way: Round
) -> None:
    log_in(phone, site)
    entry = join(page)
    listening = Listening(page)
    # The page below has nothing live of its own.
    visit(page, "/fantasy/premier/team/?view=list")
    holding = entry.holdings.select_related("game_player__player").get(slot=3)
    player = holding.game_player
    page.get_by_role("link", name=player.player.name).first.dblclick()
    sheet = page.locator("dialog.sheet:not([data-player-sheet])")
    expect(sheet.get_by_text("Round by round")).to_be_visible()
    expect(sheet.get_by_text("Live data")).to_be_visible()
    expect(sheet.locator(".figures").first).to_contain_text("Points0")
    expect(sheet).to_have_count(1)
    wait_until(page, lambda: any('"snapshot"' in frame for frame in listening.heard))

    match = Match.objects.get(fantasy_rounds__round=under_way)
    PlayerScore.objects.create(
        round=under_way, match=match, game_player=player, points=77, appeared=True
    )
    listening.hear_news(under_way)

    expect(sheet.locator(".figures").first).to_contain_text("Points77")
    page.keyboard.press("Escape")
    expect(sheet).to_have_count(0)


def test_region_that_is_older_than_a_frame_does_not_undo_it(page: Page, matchday: Matchday) -> None:
    match, other = matchday.matches["live"], matchday.matches["break"]
    held: list[tuple[Route, APIResponse]] = []
    page.route(re.compile("/regions/"), lambda route: held.append((route, route.fetch())))
    open_live(page, f"/matches/{match.public_id}/timeline/")
    beside = page.locator(f'[data-region="side"] [data-k="m:{other.public_id}"] .match-row__score')
    before = beside.inner_text()
    own = go_on(matchday, match)
    own.tell("goal", "2H", 40, team=match.home, player="9", related="8")
    tell(own)
    wait_until(page, lambda: bool(held))

    log = go_on(matchday, other)
    log.tell("goal", "1H", 44, team=other.home, player="9")
    tell(log)
    expect(beside).not_to_have_text(before)
    after = beside.inner_text()
    # What the region holds besides says when it was shown.
    page.locator('[data-region="side"]').evaluate("(side) => side.append('to be replaced')")
    route, answer = held[0]
    route.fulfill(response=answer)
    expect(page.locator('[data-region="side"]')).not_to_contain_text("to be replaced")

    assert beside.inner_text() == after


def test_focus_stays_in_a_timeline_whose_log_is_told_anew(page: Page, matchday: Matchday) -> None:
    asks_at_once(page)
    match = matchday.matches["live"]
    tell(go_on(matchday, match))
    open_live(page, f"/matches/{match.public_id}/timeline/?show=all")
    moments = page.locator("[data-moments]")
    moments.locator("a, summary").first.focus()

    log = begin_anew(matchday, match)
    log.tell("period_start", "1H", 0)
    log.tell("goal", "1H", 3, team=match.away, player="9")
    tell(log)

    expect(page.locator(f'[data-moments="{match.epoch}"]')).to_have_count(1)
    assert moments.evaluate(HAS_FOCUS)


def test_match_is_live_in_a_browser_that_keeps_nothing(page: Page, matchday: Matchday) -> None:
    page.add_init_script(
        """Object.defineProperty(window, "localStorage", {
             get() { throw new DOMException("no", "SecurityError"); } })"""
    )
    match = matchday.matches["live"]
    open_live(page, f"/matches/{match.public_id}/")

    log = go_on(matchday, match)
    log.tell("goal", "2H", 40, team=match.home, player="9", related="8")
    tell(log)

    expect(page.locator(".board .score")).to_contain_text("4–")
    expect(page.locator("#say")).to_contain_text("Ashford 4, Eastgate 1")
