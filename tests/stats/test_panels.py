"""Charts and fetched parts of match pages: what they draw, their numbers, what they cost."""

import gzip
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.test import Client

from config.clock import now
from matches.models import Match
from matches.services.files import find_bundles, import_bundle
from mlmodels.models import MatchForecast, ModelVersion
from stats.live import page_fragments
from stats.services.fold import fold_matches
from stats.services.tables import refresh_tables
from tests.factories.leagues import make_league, make_season
from tests.factories.matchday import Log, Matchday, make_matchday

pytestmark = pytest.mark.django_db

HTML_BUDGET = 40_000
TABS = {"timeline": "", "stats": "stats/", "table": "table/", "lineups": "lineups/", "h2h": "h2h/"}


@pytest.fixture
def matchday() -> Matchday:
    return make_matchday(now())


def page(client: Client, match: Match, tail: str = "") -> str:
    return client.get(f"/matches/{match.public_id}/{tail}").content.decode()


def regions(client: Client, match: Match, tab: str = "timeline", query: str = "") -> dict[str, str]:
    answer = client.get(f"/matches/{match.public_id}/regions/{tab}/{query}")
    assert set(answer["Cache-Control"].split(", ")) == {"private", "max-age=2"}
    found: dict[str, str] = answer.json()["regions"]
    return found


def section(html: str, name: str) -> str:
    """Return the card of that chart."""
    card = rf'<section class="card chart" aria-labelledby="{name}">.*?</section>'
    found = re.search(card, html, re.S)
    return found[0] if found else ""


def rows(html: str) -> list[str]:
    body = re.search(r"<tbody>(.*)</tbody>", html, re.S)
    assert body
    return re.findall(r"<tr>(.*?)</tr>", body[1])


class Drawings(HTMLParser):
    """What of title and desc each drawing with a role has."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[set[str]] = []
        self._depth = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "svg":
            given = dict(attrs)
            self._depth = int(given.get("role") == "img" and "aria-labelledby" in given)
            if self._depth:
                self.found.append(set())
        elif self._depth and tag in {"title", "desc"}:
            self.found[-1].add(tag)


def forecast(match: Match, **fields: float) -> MatchForecast:
    version = ModelVersion.objects.create(
        name="strength",
        league=match.season.league,
        sport="football",
        version=2,
        method="1",
        pack_version="1",
        state="active",
        trained_on_count=380,
        trained_through_on="2026-01-01",
        data_sha256="0" * 64,
        artefact_sha256="0" * 64,
    )
    given = {"home_expected": 1.6, "away_expected": 1.1, "home_prob": 0.488, "draw_prob": 0.25}
    values = {**given, "away_prob": 0.262, **fields}
    return MatchForecast.objects.create(
        match=match, model_version=version, inputs_sha256="0" * 64, **values
    )


def test_every_chart_has_title_description_and_a_table(client: Client, matchday: Matchday):
    html = page(client, matchday.matches["finished"])

    drawings = Drawings(html)
    assert len(drawings.found) == 4  # momentum, chances, a shot map for each side
    assert all(found == {"title", "desc"} for found in drawings.found)
    for name in ("momentum", "chances", "shots"):
        assert rows(section(html, name))


def test_momentum_has_a_number_for_every_minute_and_a_pin_for_every_goal(
    client: Client, matchday: Matchday
):
    card = section(page(client, matchday.matches["break"]), "momentum")

    assert len(rows(card)) == 46
    assert card.count('class="pin"') == 2
    assert "Silva 1–0" in card


def test_cancelled_goal_is_no_pin_and_no_mark(client: Client, matchday: Matchday):
    html = page(client, matchday.matches["finished"])

    # Of five goals told one was taken back, and an own goal is no shot of those who gain by it.
    assert section(html, "momentum").count('class="pin"') == 4
    assert section(html, "shots").count('class="shot shot--scored"') == 3


def test_shots_are_on_the_map_and_in_the_table(client: Client, matchday: Matchday):
    card = section(page(client, matchday.matches["finished"], "stats/"), "shots")

    assert card.count('class="shot shot--') == len(rows(card)) == 4
    assert "xG, as told by the source" in card
    assert "3 shots · 0.31" in card
    assert "1 shot · 0.12" in card


def test_match_without_places_has_no_shot_map(client: Client, matchday: Matchday):
    match = matchday.matches["scheduled"]
    log = Log(day=matchday, match=match, at=now())
    log.tell("period_start", "1H", 0)
    log.tell("goal", "1H", 3, team=match.home, player="9")
    log.fold()

    assert section(page(client, match, "stats/"), "shots") == ""


def test_forecast_stands_before_the_match_with_its_model(client: Client, matchday: Matchday):
    match = matchday.matches["scheduled"]
    forecast(match)

    card = section(page(client, match), "chances")

    assert re.findall(r"<dd>(\S+?)<small>", card) == ["49", "25", "26"]
    assert "Model 1.2" in card
    assert "Expected score 1.6–1.1" in card
    assert "learnt from 380 results" in card


def test_match_nobody_forecast_has_no_chances_before_it_starts(client: Client, matchday: Matchday):
    assert section(page(client, matchday.matches["scheduled"]), "chances") == ""


def test_chances_of_a_live_match_are_those_of_the_end_of_the_line(
    client: Client, matchday: Matchday
):
    card = section(page(client, matchday.matches["live"]), "chances")

    shown = re.findall(r"<dd>(\S+?)<small>", card)
    assert re.findall(r"<td>(\S+) %</td>", rows(card)[-1]) == shown
    assert sum(int(words) for words in shown if words.isdigit()) in {99, 100}
    assert "Formula 1" in card


def test_charts_follow_a_correction(client: Client, matchday: Matchday):
    match = matchday.matches["live"]
    before = regions(client, match)
    log = Log(day=matchday, match=match, at=now(), seq=match.head_seq)
    log.retract(match.events.filter(type="goal", op="add").latest("seq"), reason="VAR: handball")
    log.fold()

    after = regions(client, match)

    assert before["charts"].count('class="pin"') - after["charts"].count('class="pin"') == 1
    assert section(before["chances"], "chances") != section(after["chances"], "chances")


def test_chances_stand_above_the_timeline_until_it_begins(client: Client, matchday: Matchday):
    before, live = (regions(client, matchday.matches[name]) for name in ("scheduled", "live"))

    assert before["chances"] == ""
    assert 'id="chances"' in live["chances"]
    assert 'id="chances"' not in live["charts"]


@pytest.mark.parametrize("tab", TABS)
def test_regions_are_parts_of_the_page(client: Client, matchday: Matchday, tab: str):
    match = matchday.matches["live"]
    html = page(client, match, TABS[tab])

    found = regions(client, match, tab)

    assert set(found) == set(re.findall(r'data-region="([\w-]+)"', html))
    for part in found.values():
        assert part in html
    assert f"/regions/{tab}/" in html


def test_regions_keep_what_the_reader_chose(client: Client, matchday: Matchday):
    match = matchday.matches["live"]

    filters = regions(client, match, query="?show=cards")["filters"]

    assert re.search(r'href="\?show=cards" aria-current="true"', filters)
    assert 'data-regions="/matches/' in page(client, match, "?show=cards")
    assert "regions/timeline/?show=cards" in page(client, match, "?show=cards")


def test_boxscore_rows_of_an_open_page_follow_the_match(client: Client, matchday: Matchday):
    match = matchday.matches["live"]
    before = regions(client, match, "stats")["boxes"]
    log = Log(day=matchday, match=match, at=now(), seq=match.head_seq)
    log.tell("goal", "2H", 40, team=match.home, player="9")
    log.fold()

    assert regions(client, match, "stats")["boxes"] != before


def test_unknown_tab_is_not_found(client: Client, matchday: Matchday):
    match = matchday.matches["live"]

    assert client.get(f"/matches/{match.public_id}/regions/secrets/").status_code == 404


def test_charts_are_drawn_once_a_fold(
    client: Client, matchday: Matchday, django_assert_num_queries
):
    match = matchday.matches["live"]
    page(client, matchday.matches["scheduled"])  # what is asked once a minute
    with django_assert_num_queries(13):
        page(client, match)
    with django_assert_num_queries(7):
        page(client, match)


def test_preview_knows_meetings_and_line_ups(client: Client, matchday: Matchday):
    match = matchday.matches["scheduled"]
    earlier = matchday.matches["finished"]
    Match.objects.filter(pk=earlier.pk).update(home=match.away, away=match.home)

    html = regions(client, match)["preview"]

    assert "Last meetings" in html
    assert "Line-ups are out" not in html


def test_typical_frame_is_small(matchday: Matchday):
    match = matchday.matches["live"]
    before = page_fragments(match)
    log = Log(day=matchday, match=match, at=now(), seq=match.head_seq)
    log.tell("corner", "2H", 40, team=match.home)
    log.fold()

    parts = page_fragments(match, after_seq=log.seq - 1)
    fresh = {key: part for key, part in parts.items() if before.get(key) != part}

    # Sockets squeeze what they send.
    assert len(gzip.compress("".join(fresh.values()).encode())) <= 1024


@pytest.mark.slow
@pytest.mark.parametrize(
    ("adapter", "folder", "key", "sport"),
    [
        ("nba", "pbp/nba", "0022000001", "basketball"),
        ("statsbomb", "pbp/statsbomb", "15946", "football"),
    ],
)
def test_pages_of_real_matches_stay_within_their_budget(
    client: Client, shared_data: Path, adapter: str, folder: str, key: str, sport: str
):
    season = make_season(make_league(sport=sport))
    (bundle,) = [b for b in find_bundles(adapter, str(shared_data / folder)) if b.key == key]
    report = import_bundle(adapter, bundle, season=season)
    fold_matches(report.match_ids)
    match = Match.objects.get(pk=report.match_ids[0])

    for tail in ("", "?show=all", "stats/", "lineups/"):
        assert len(gzip.compress(page(client, match, tail).encode())) <= HTML_BUDGET, tail


@pytest.mark.parametrize("query", ["", "?table=home"])
def test_parts_of_a_league_are_those_of_its_page(client: Client, matchday: Matchday, query: str):
    html = client.get(f"/leagues/premier-division/{query}").content.decode()

    answer = client.get(f"/leagues/premier-division/regions/{query}")

    found = answer.json()["regions"]
    assert set(found) == set(re.findall(r'data-region="([\w-]+)"', html)) == {"table", "beside"}
    for part in found.values():
        assert part in html
    assert f'data-regions="/leagues/premier-division/regions/{query or "?"}"' in html
    assert f"page:league:{matchday.league.public_id}" in html
    assert set(answer["Cache-Control"].split(", ")) == {"private", "max-age=2"}


def test_table_of_an_open_league_page_follows_a_goal(client: Client, matchday: Matchday):
    place = "/leagues/premier-division/regions/"
    before = client.get(place).json()["regions"]["table"]
    match = matchday.matches["break"]
    log = Log(day=matchday, match=match, at=now(), seq=match.head_seq)
    log.tell("period_start", "2H", 0)
    log.tell("goal", "2H", 1, team=match.away, player="9")
    log.fold()
    refresh_tables(matchday.season.pk)

    assert client.get(place).json()["regions"]["table"] != before
