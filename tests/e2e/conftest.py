"""A browser and a whole web process on the test's own database."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.conf import settings
from django.db import connection
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from config.clock import now
from fantasy.models import Game
from fantasy.rules.loading import load_game
from leagues.models import RosterSpot
from tests.factories.fantasy import make_game, make_game_player, make_round
from tests.factories.matchday import Matchday, make_matchday

ROOT = Path(__file__).resolve().parents[2]
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
)
# A machine that does other things, too, takes its time.
expect.set_options(timeout=20_000)
# Playwright runs an event loop in this thread, in which Django would refuse the database.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium")
    if path is None:
        pytest.fail("chromium is missing: run `make chromium`")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=list(_FLAGS))
        yield chromium
        chromium.close()


@pytest.fixture
def matchday(transactional_db: None) -> Matchday:
    return make_matchday(now())


@pytest.fixture(scope="session")
def site(django_db_setup: None) -> Iterator[str]:
    """The address of a web process that sees what the tests write."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "DATABASE_URL": _test_database_url(),
        "REDIS_URL": settings.REDIS_URL,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "config.server", "-b", "127.0.0.1", "-p", str(port)],
        cwd=ROOT,
        env=environment,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(address, process)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=30)


def _test_database_url() -> str:
    parts = urlsplit(settings.DATABASE_URL)
    return urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}"))


def _wait_for(address: str, process: "subprocess.Popen[bytes]") -> None:
    ends_at = time.monotonic() + 60
    while time.monotonic() < ends_at:
        if process.poll() is not None:
            pytest.fail(f"the web process ended with {process.returncode}")
        try:
            urllib.request.urlopen(f"{address}/health", timeout=5).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
        else:
            return
    pytest.fail("the web process did not answer within 60 s")


@pytest.fixture
def phone(browser: Browser, site: str, matchday: Matchday) -> Iterator[BrowserContext]:
    """A small screen in a zone of its own."""
    context = browser.new_context(
        base_url=site, viewport={"width": 360, "height": 740}, timezone_id="Asia/Tokyo"
    )
    context.set_default_timeout(30_000)
    yield context
    context.close()


@pytest.fixture
def page(phone: BrowserContext) -> Iterator[Page]:
    """A page that fails the test when its script or its policy complains."""
    opened = phone.new_page()
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on(
        "console", lambda said: complaints.append(said.text) if said.type == "error" else None
    )
    yield opened
    assert complaints == []


@pytest.fixture
def game(matchday: Matchday) -> Game:
    name = "fpl-2026-27"
    rules = load_game(name)
    made = make_game(matchday.season, rules=name, slug="premier", name="Premier Fantasy")
    make_round(made, 1)
    for spot in RosterSpot.objects.select_related("player", "team").order_by("pk"):
        position = rules.position_of(spot.player.position)
        assert position is not None
        make_game_player(made, spot.team, position.id, player=spot.player)
    return made
