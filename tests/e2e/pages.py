"""How the tests open a page: not before its scripts answer."""

from playwright.sync_api import Page


def visit(page: Page, address: str) -> None:
    """Open an address and wait until what its scripts offer works."""
    page.goto(address)
    has_begun(page)


def has_begun(page: Page) -> None:
    """Wait until the page that is open now answers, one that a click led to, too."""
    page.wait_for_load_state("load")
    page.locator("html[data-begun]").wait_for(state="attached")
