"""The page of a replay without a script: the match as it stood, and what the film tells."""

import re
from html import unescape

import pytest
from django.test import Client

from config.clock import now
from config.sight import HIDE_COOKIE
from matches.models import Match
from stats.enums import ReplayView
from stats.services.film import film_of
from stats.services.moments import changes, placed_items
from tests.factories.matchday import Matchday, make_matchday

pytestmark = pytest.mark.django_db
MIN = 60_000


@pytest.fixture
def matchday() -> Matchday:
    return make_matchday(now())


@pytest.fixture
def match(matchday: Matchday) -> Match:
    return Match.objects.with_sides().get(pk=matchday.matches["finished"].pk)


def page(client: Client, match: Match, at: object = "") -> str:
    response = client.get(f"/matches/{match.public_id}/replay/?at={at}")
    assert response.status_code == 200
    return response.content.decode()


def board(html: str) -> str:
    (part,) = re.findall(r'<div class="board__score".*?</div>', html, re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", part)).split())


@pytest.mark.parametrize(
    ("at", "says"),
    [
        ("", "0 – , Greyport City 0 1'"),
        (12 * MIN, "1 – , Greyport City 0 13'"),
        (12 * MIN - 1, "0 – , Greyport City 0 12'"),
        (46 * MIN, "1 – , Greyport City 1 HT"),
        ("2H 30:00", "3 – , Greyport City 1 76'"),
        (10**9, "3 – , Greyport City 1 FT"),
        ("nonsense", "0 – , Greyport City 0 1'"),
    ],
)
def test_page_shows_the_match_as_it_stood(client: Client, match: Match, at, says):
    assert board(page(client, match, at)) == f"Castlewick United {says}"


def test_page_tells_nothing_that_is_yet_to_come(client: Client, match: Match):
    html = page(client, match, 20 * MIN)

    assert "Silva" in html
    assert "Petrov" not in html
    assert "offside" not in html
    assert "data-live-topics" not in html
    assert "http-equiv" not in html


def test_page_leads_to_the_next_moment_and_the_one_before(client: Client, match: Match):
    html = page(client, match, 20 * MIN)

    assert re.search(r'rel="prev" href="\?at=720000"', html)
    assert re.search(r'rel="next" href="\?at=1980000"', html)
    assert 'href="?at=2761000"' in html


def test_tab_is_there_when_the_match_is_over(client: Client, matchday: Matchday, match: Match):
    over = client.get(f"/matches/{match.public_id}/").content.decode()
    live = client.get(f"/matches/{matchday.matches['live'].public_id}/").content.decode()

    assert f"/matches/{match.public_id}/replay/" in over
    assert "/replay/" not in live


@pytest.mark.parametrize("which", ["live", "scheduled", "postponed"])
def test_match_that_is_not_over_has_no_replay(client: Client, matchday: Matchday, which):
    public_id = matchday.matches[which].public_id

    assert client.get(f"/matches/{public_id}/replay/").status_code == 404
    assert client.get(f"/matches/{public_id}/replay/film/").status_code == 404


def test_result_without_a_log_has_no_replay(client: Client, matchday: Matchday):
    played = Match.objects.filter(status="finished", head_seq=0).first()

    assert client.get(f"/matches/{played.public_id}/replay/").status_code == 404


def test_whoever_hides_scores_may_watch_from_the_start(client: Client, match: Match):
    client.cookies[HIDE_COOKIE] = "1"

    assert "0 – , Greyport City 0" in board(page(client, match))


def test_film_tells_each_score_once_and_ends_with_the_match(match: Match):
    film = film_of(match, view=ReplayView.CORRECTED)
    items = placed_items(film)

    told = list(changes(film, items))

    scores = [c.match for c in told if c.head]
    assert [(m.home_score, m.away_score, m.status) for m in scores] == [
        (0, 0, "live"),
        (1, 0, "live"),
        (1, 1, "live"),
        (1, 1, "break"),
        (1, 1, "live"),
        (2, 1, "live"),
        (3, 1, "live"),
        (3, 1, "finished"),
    ]
    last = {bar.column.id: (bar.home, bar.away) for c in told for bar in c.bars}
    assert last["goals"] == (3, 1)


def test_film_comes_compressed_and_from_memory_the_second_time(client: Client, match: Match):
    address = f"/matches/{match.public_id}/replay/film/"

    first = client.get(address, headers={"Accept-Encoding": "gzip"})
    second = client.get(address)

    assert first["Content-Encoding"] == "gzip"
    assert b'data-part="score"' in second.content
    assert second.content.count(b"<li ") == len(
        placed_items(film_of(match, view=ReplayView.CORRECTED))
    )


def test_page_costs_as_many_queries_at_any_moment(
    client: Client, match: Match, django_assert_max_num_queries
):
    page(client, match)
    with django_assert_max_num_queries(16):
        page(client, match, 10**9)
