"""How the tests open a page: not before its scripts answer."""

import time
from collections.abc import Callable

from playwright.sync_api import Page

_WAIT_S = 20


def visit(page: Page, address: str) -> None:
    """Open an address and wait until what its scripts offer works."""
    page.goto(address)
    has_begun(page)


def asks_at_once(page: Page) -> None:
    """Let a page wait no random time, up to half a minute, before it asks for its parts."""
    page.add_init_script("Math.random = () => 0")


def has_begun(page: Page) -> None:
    """Wait until the page that is open now answers, one that a click led to, too."""
    page.wait_for_load_state("load")
    page.locator("html[data-begun]").wait_for(state="attached")


def wait_until(page: Page, condition: str | Callable[[], bool]) -> None:
    """Wait until an expression of the page, or a condition of the test, is true.

    Playwright's own wait evaluates strings in the page, which its policy forbids.
    """
    ends_at = time.monotonic() + _WAIT_S
    while not (page.evaluate(condition) if isinstance(condition, str) else condition()):
        assert time.monotonic() < ends_at, f"it did not come true: {condition}"
        page.wait_for_timeout(20)


def cut_off(page: Page) -> None:
    """Close a page as an empty battery does: one that is closed goes on for a moment, online."""
    page.evaluate("void (window.fetch = () => new Promise(() => {}))")
    page.close()
