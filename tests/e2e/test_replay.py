"""A real match, replayed by a vendor over HTTP, reaches an open page: polled, folded, pushed.

Everything runs as it does for an operator: vendor, worker, beat and web are processes of their own.
"""

import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import orjson
import pytest
from django.conf import settings
from django.db import connection
from playwright.sync_api import Browser, Page, expect

from config.clock import now
from config.management.commands import up
from leagues.packs.loader import load_pack
from matches.ingest import adapters
from matches.ingest.documents import FeedDocument
from matches.models import Feed, Match
from matches.services.files import find_bundles, read_bundle
from stats.enums import TableKind
from stats.models import BoxScore, TableRow
from tests.e2e.pages import visit
from tests.factories.leagues import make_league, make_season

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[2]
# Where the pictures go: a folder that outlives the run when it is named.
PICTURES = Path(os.environ.get("VEZE_PICTURES") or tempfile.mkdtemp(prefix="replay-"))
MATCHES = {
    "football": ("wyscout", "pbp/wyscout", "2499719", "football", 300.0),
    "basketball": ("nba", "pbp/nba", "0022000001", "basketball", 240.0),
}
# Football has a timeline along its clock, sports with quarters list plays.
MOMENTS = ".timeline .moment:not(.moment--divider), .timeline .play"
_START_S = 90
_PLAY_S = 240


@contextmanager
def running(*argv: str, env: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as out:
        process = subprocess.Popen(argv, cwd=ROOT, env=dict(env), stdout=out, stderr=out)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(timeout=40)


def until(condition: Callable[[], Any], what: str, seconds: float = _START_S) -> Any:
    """Wait for a condition of other processes and return its value."""
    ends_at = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < ends_at, f"not within {seconds} s: {what}"
        time.sleep(0.1)
    return value


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def product(transactional_db: None, tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Starts a vendor that replays, a worker, beat and web; returns the web's address."""
    parts = urlsplit(settings.DATABASE_URL)
    database = urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}"))
    env = {**os.environ, "DATABASE_URL": database, "REDIS_URL": settings.REDIS_URL}
    with ExitStack() as stack:

        def start(*argv: str, name: str) -> Path:
            log = tmp_path / f"{name}.log"
            stack.enter_context(running(*argv, env=env, log=log))
            return log

        def run(shared_data: Path, adapter: str, folder: str, key: str, speed: float) -> str:
            port, vendor_port = free_port(), free_port()
            start(*up.web(host="127.0.0.1", port=port).argv, name="web")
            start(*up.worker(count=2).argv, name="worker")
            start(*up.beat().argv, name="beat")
            until(lambda: up.listens("127.0.0.1", port), "the web answers")
            log = start(
                *(sys.executable, "manage.py", "fakevendor", f"--port={vendor_port}"),
                *("--replay", adapter, str(shared_data / folder), f"--only={key}"),
                *(f"--speed={speed}", "--kickoff-in=12"),
                name="vendor",
            )
            url = until(lambda: re.search(r"http\S+", log.read_text()), "the vendor serves")
            Feed.objects.update(url=url[0], next_poll_at=now(), is_enabled=True)
            return f"http://127.0.0.1:{port}"

        yield run


def official(shared_data: Path, adapter: str, folder: str, key: str) -> FeedDocument:
    bundles = find_bundles(adapter, str(shared_data / folder))
    (bundle,) = [bundle for bundle in bundles if bundle.key == key]
    return adapters.get(adapter).parse(read_bundle(bundle))


def key_moments(document: FeedDocument) -> list[tuple[str, str]]:
    """Return clock and player of every key moment of the document, in order of play."""
    pack = load_pack(document.sport)
    order = {period.id: place for place, period in enumerate(pack.periods)}
    names = {player.ref: player.short_name or player.name for player in document.players}
    dividers = {"period_start", "period_end", "match_end"}
    told = [e for e in document.matches[0].events if e.period and pack.events[e.type].key]
    told = [e for e in told if e.type not in dividers]
    told.sort(key=lambda e: (order[e.period], e.clock_ms, e.order))
    return [(pack.clock_label(e.period, e.clock_ms), names.get(e.player or "", "")) for e in told]


def shown_moments(page: Page) -> list[str]:
    """Return clock and sentence of the timeline's moments, first to last."""
    texts = page.locator(MOMENTS).evaluate_all(
        "all => all.map(li => li.querySelector('.moment__text .vh')?.textContent"
        " ?? li.querySelector('.play__clock').textContent"
        " + ' ' + li.querySelector('.play__text').textContent)"
    )
    return [" ".join(text.split()) for text in reversed(texts)]


def regions(page: Page) -> dict[str, str]:
    """Return the words of each part that an open page asks for after news: charts, bars, tables."""
    told: dict[str, str] = page.evaluate(
        "Object.fromEntries([...document.querySelectorAll('[data-region]')].map("
        "part => [part.dataset.region, part.textContent.replace(/\\s+/g, ' ').trim()]))"
    )
    return told


def table_margin(match: Match) -> int | None:
    """Return by how much the home side leads the other one in its season's table."""
    row = TableRow.objects.filter(
        season=match.season, team=match.home, kind=TableKind.TOTAL
    ).first()
    return row and row.values["goal_diff"]


def catches_up(page: Page) -> None:
    """Wait until the open page shows what a page opened now shows."""
    other = page.context.new_page()
    try:

        def is_alike() -> bool:
            visit(other, page.url)
            return regions(other) == regions(page)

        until(is_alike, "the open page shows what a new one does", 30)
        assert len(regions(page)) > 3
    finally:
        other.close()


def picture(page: Page, name: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    for width, height in ((360, 780), (1280, 900)):
        for look in ("light", "dark"):
            page.set_viewport_size({"width": width, "height": height})
            page.emulate_media(color_scheme=look)  # type: ignore[arg-type]
            page.screenshot(path=PICTURES / f"{name}-{width}-{look}.png", full_page=True)


@pytest.mark.parametrize("which", MATCHES)
def test_replayed_match_fills_an_open_page(
    browser: Browser, product: Callable[..., str], shared_data: Path, which: str
) -> None:
    adapter, folder, key, sport, speed = MATCHES[which]
    told = official(shared_data, adapter, folder, key)
    season = make_season(make_league("Replay League", sport=sport), name="Replay")
    Feed.objects.create(
        name="Replay",
        adapter="veze",
        url="http://127.0.0.1:9/",
        season=season,
        is_enabled=False,
        live_interval_ms=500,
        idle_interval_s=1,
    )
    site = product(shared_data, adapter, folder, key, speed)
    match = until(lambda: Match.objects.filter(season=season).first(), "the match is known")
    context = browser.new_context(base_url=site)
    page = context.new_page()
    try:
        visit(page, f"/matches/{match.public_id}/")
        watch(page, match, told, which)
    finally:
        context.close()


def watch(page: Page, match: Match, document: FeedDocument, which: str) -> None:
    (told,) = document.matches

    def is_over() -> bool:
        match.refresh_from_db()
        return match.is_over and match.folded_seq == match.head_seq

    until(lambda: match.is_live or is_over(), "the match is on")
    expect(page.locator(".moment--score, .play--score").first).to_be_visible(timeout=60_000)
    # A page opened before the start may load itself anew with what only a begun match shows.
    expect(page.locator('[data-k^="b:"]').first).to_be_attached(timeout=60_000)
    page.evaluate("window.stayed = true")
    picture(page, f"{which}-live")
    until(is_over, "the match is over", _PLAY_S)
    assert told.score is not None
    words = re.compile(rf"{match.home.name} {told.score[0]}–.*{match.away.name} {told.score[1]}")
    expect(page.locator(".board .score")).to_contain_text(words, timeout=20_000)
    box = orjson.loads(bytes(BoxScore.objects.get(match=match).document))
    assert (box["score"]["home"], box["score"]["away"]) == told.score
    moments, pack = key_moments(document), load_pack(document.sport)
    expect(page.locator(MOMENTS)).to_have_count(len(moments), timeout=20_000)
    live = shown_moments(page)
    until(lambda: table_margin(match) == told.score[0] - told.score[1], "the table counts it", 30)
    catches_up(page)
    assert page.evaluate("window.stayed")
    picture(page, f"{which}-over")
    for sentence, (clock, player) in zip(live, moments, strict=True):
        # In words, as it is read aloud; a list of plays shows the clock of its period.
        spoken = f"{clock.replace('+', ' plus ')} minute"
        assert sentence.startswith(spoken if pack.clock.cumulative else clock.split()[-1])
        assert player in sentence
    page.reload()
    again = shown_moments(page)
    # A list of plays begins with the period on now; the others are a click away.
    assert again == live[-len(again) :]
    assert len(again) == len(live) or not pack.clock.cumulative
