"""The assistant manager on a phone: chosen with his chip, left alone by the line-up's script."""

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from fantasy.models import Game, Holding
from leagues.models import RosterSpot
from tests.e2e.fantasy_team import log_in, shirt
from tests.e2e.pages import visit
from tests.factories.fantasy import make_entry, make_game, make_game_player, make_round, pick_squad
from tests.factories.leagues import make_player
from tests.factories.matchday import Matchday

pytestmark = pytest.mark.e2e


@pytest.fixture
def game(matchday: Matchday) -> Game:
    """Round 24 is next; every club has a manager."""
    made = make_game(matchday.season, rules="fpl-2024-25", slug="premier", name="Premier Fantasy")
    make_round(made, 23, state="locked")
    make_round(made, 24)
    for spot in RosterSpot.objects.select_related("player", "team").order_by("pk"):
        make_game_player(made, spot.team, spot.player.position, player=spot.player)
    for club in matchday.season.teams.all():
        coach = make_player(team=club, sport="football", position="MGR", name=f"Coach {club.code}")
        make_game_player(made, club, "AM", player=coach, price=10)
    return made


def test_manager_is_chosen_with_his_chip_and_stays_in_his_place(
    page: Page, phone: BrowserContext, site: str, game: Game
) -> None:
    owner = log_in(phone, site)
    squad = pick_squad(game)
    entry = make_entry(
        game, squad, owner=owner, name="Alice's", joined_round=game.rounds.get(number=23)
    )
    full = [row.team_id for row in squad]
    club = next(row.team for row in game.players.filter(position="AM") if row.team_id not in full)

    visit(page, "/fantasy/premier/team/")
    page.get_by_role("button", name=re.compile("^Assistant Manager")).click()
    choice = page.get_by_label("Whom Assistant Manager adds")
    choice.select_option(label=f"Coach {club.code} · {club.display_name} · 1.0")
    page.get_by_role("button", name="Play Assistant Manager in round 24").click()
    expect(page.locator("#saved")).to_contain_text(re.compile(r"Saved \d\d:\d\d:\d\d"))
    expect(page.locator(".added")).to_contain_text(f"Coach {club.code}")

    held = Holding.objects.filter(entry=entry).select_related("game_player")
    off, on = held.get(slot=5), held.get(slot=13)
    page.locator(shirt(page, off)).focus()
    page.keyboard.press("Enter")
    page.locator(shirt(page, on)).focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Save line-up").first.click()
    expect(page.locator("#say")).to_contain_text("Saved")

    on.refresh_from_db()
    assert on.slot <= 11
    assert held.get(slot=16).game_player.team == club
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width == 360
