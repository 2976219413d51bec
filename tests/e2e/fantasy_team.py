"""What browser tests of the fantasy game begin with: a login, a squad, ways to change it."""

from django.conf import settings
from django.test import Client
from playwright.sync_api import BrowserContext, Page, expect

from accounts.models import User
from fantasy.models import Entry, Holding
from tests.e2e.pages import has_begun, visit


def log_in(context: BrowserContext, site: str) -> User:
    user = User.objects.create_user("alice@example.org", "correct horse battery")
    client = Client()
    client.force_login(user)
    value = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": value, "url": site}])
    return user


def join(page: Page) -> Entry:
    visit(page, "/fantasy/premier/join/")
    page.get_by_role("button", name="Auto-pick the rest").click()
    expect(page.get_by_text("15 / 15")).to_be_visible()
    page.get_by_label("Name of your team").fill("Alice's Eleven")
    page.get_by_role("button", name="Join with this squad").click()
    expect(page.get_by_role("heading", name="Alice's Eleven")).to_be_visible()
    has_begun(page)
    return Entry.objects.get()


def shirt(page: Page, holding: Holding) -> str:
    return f'.spot[data-player="{holding.game_player_id}"] .spot__button'


def pair(entry: Entry) -> tuple[Holding, Holding]:
    """A starter, and who may come on for him."""
    held = Holding.objects.filter(entry=entry).select_related("game_player__player")
    on = held.filter(slot__gt=12).first()
    assert on is not None
    off = held.filter(slot__gt=1, slot__lte=11, game_player__position=on.game_player.position)[0]
    return off, on


def tap_swap(page: Page, off: Holding, on: Holding) -> None:
    page.locator(shirt(page, off)).click()
    page.locator(shirt(page, on)).click()


def places(page: Page) -> list[str | None]:
    spots = page.locator(".spot").all()
    return [spot.get_attribute("data-player") for spot in spots]
