"""Readers with a delay: every address of the site tells them just what it told all others then."""

import re
from datetime import UTC, datetime, timedelta
from difflib import unified_diff

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import URLResolver, get_resolver

from accounts.models import User
from config.clock import now
from matches.enums import MatchStatus
from matches.models import Match, MatchPast
from matches.tasks import prune_pasts
from stats.live import publish_matches
from stats.services.fold import fold_match
from stats.services.tables import refresh_tables
from streams.relay import relay
from tests.factories.matchday import Log, make_matchday

pytestmark = pytest.mark.django_db
_START = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
_DELAY_S = 60
# Workplaces, probes and what has no reader.
_LEFT_OUT = ("admin/", "health", "ready", "metrics", "logout/", "api/schema", "preferences/")
# What differs by the moment alone, or says how the reader is spared.
_NOISE = re.compile(
    r'<aside class="notice spare".*?</aside>'
    r'|<a class="icon-button spare-switch".*?</a>'
    r'|name="csrfmiddlewaretoken" value="\w+"'
    r'|data-age="[^"]*"'
    r'|"data_age_ms":\w+,?'
    r'|data-now="\d+"'
    r"|cursor=[^\"]+",
    re.S,
)


class Clock:
    """A clock that moves only when it is told to."""

    at = _START

    @classmethod
    def pass_s(cls, seconds):
        cls.at += timedelta(seconds=seconds)


def clock_now():
    return Clock.at


@pytest.fixture(autouse=True)
def clock(settings):
    Clock.at = _START
    settings.CLOCK = f"{__name__}.clock_now"
    settings.API_REQUESTS_PER_MINUTE = {"read": 100_000, "live": 100_000}
    return Clock


@pytest.fixture
def day():
    made = make_matchday(now())
    relay()
    Clock.pass_s(300)
    return made


@pytest.fixture
def reader():
    """Somebody who watches a late stream, without an account."""
    return delayed(Client())


def delayed(client, seconds=_DELAY_S):
    client.cookies["delay"] = str(seconds)
    return client


def go_on(day):
    """Let all that may happen happen to a match under way, up to its end, and tell everybody."""
    match = Match.objects.get(pk=day.matches["live"].pk)
    Clock.pass_s(10)
    log = Log(day=day, match=match, at=now(), seq=match.head_seq)
    log.tell("goal", "2H", 30, team=match.home, player="11", related="8", payload={"xg": 0.4})
    log.tell("red_card", "2H", 31, team=match.away, player="3")
    fold_and_tell(log)
    Clock.pass_s(10)
    cancelled = log.tell("goal", "2H", 35, team=match.away, player="10")
    log.retract(cancelled, reason="VAR: handball")
    log.tell("period_end", "2H", 50)
    log.tell("match_end", "2H", 50)
    fold_and_tell(log)
    assert Match.objects.get(pk=match.pk).status == MatchStatus.FINISHED


def fold_and_tell(log):
    Match.objects.filter(pk=log.match.pk).update(head_seq=log.seq)
    publish_matches([fold_match(log.match.pk)])
    refresh_tables(log.match.season_id)
    relay()


def addresses(day):
    """Every address that takes nothing, or the name of something of the match, and answers."""
    match, people = day.matches["live"], day.players
    values = {
        "public_id": [match.public_id, day.league.public_id, match.home.public_id],
        "slug": [day.league.slug, match.home.slug, people[match.home_id, "11"].slug, "invalid"],
    }
    values["public_id"] += [day.season.public_id, people[match.home_id, "11"].public_id]
    found = set()
    for route in routes(get_resolver()):
        if route.startswith(_LEFT_OUT):
            continue
        given = re.findall(r"<(?:\w+:)?(\w+)>", route)
        if not given:
            found.add("/" + route)
        elif len(given) == 1:
            # An address by a new name of a thing has to be added here.
            for value in values.get(given[0], ["unknown"]):
                found.add("/" + re.sub(r"<[^>]+>", value, route))
    match_path, api_path = f"/matches/{match.public_id}/", f"/api/v1/matches/{match.public_id}"
    found |= {
        f"/?live=1&day={_START.date()}",
        f"{match_path}?show=key",
        f"{match_path}?period=2H",
        f"{match_path}stats/?columns=all",
        f"{match_path}parts/?after={match.folded_seq}",
        f"/leagues/{day.league.slug}/?table=home",
        "/search?q=Okafor",
        f"/api/v1/matches?status=live,break&league={day.league.public_id}",
        f"/api/v1/matches?status=finished&league={day.league.public_id}",
        f"{api_path}/events?after={match.folded_seq}",
        f"{api_path}/events?type=goal",
        f"{api_path}/boxscore?as_of=500",
        f"{api_path}/boxscore?fields=score",
        f"/api/v1/standings?season={day.season.public_id}",
        f"/api/v1/standings?season={day.season.public_id}&kind=away",
        "/api/v1/changes?after=0&limit=1000",
        "/api/v1/changes?after=latest",
    }
    return sorted(found)


def routes(resolver, prefix=""):
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, route)
        elif "^" not in route:
            yield route


def told(client, paths):
    """What the client is told by each address that answers, in lines."""
    answers = {}
    for path in paths:
        response = client.get(path)
        if response.status_code == 200:
            text = _NOISE.sub("", response.content.decode())
            answers[path] = [line for line in re.split(r'\n|(?<=,)(?=")', text) if line.strip()]
    return answers


def differences(left, right):
    """Line by line what two tellings differ in, by address."""
    assert left.keys() == right.keys()
    lines = {path: list(unified_diff(left[path], right[path], n=0)) for path in left}
    return {path: diff for path, diff in lines.items() if diff}


def test_a_reader_with_a_delay_is_told_everywhere_what_all_were_told_then(day, reader):
    before = told(Client(), addresses(day))
    match = day.matches["live"].public_id
    changing = {
        "/",
        f"/matches/{match}/",
        f"/matches/{match}/stats/",
        f"/matches/{match}/parts/",
        f"/leagues/{day.league.slug}/",
        f"/api/v1/matches/{match}",
        f"/api/v1/matches/{match}/boxscore",
        f"/api/v1/matches/{match}/win-probability",
        "/api/v1/changes",
    }

    go_on(day)
    Clock.pass_s(_DELAY_S - 20 - 1)  # the first event is 49 s old, and nobody's time is lost
    Clock.at = _START + timedelta(seconds=300 + _DELAY_S)
    late = told(reader, addresses(day))
    fresh = told(Client(), sorted(changing))

    assert differences(late, before) == {}
    assert {path for path in changing if fresh[path] == before[path]} == set()


@pytest.mark.slow
def test_what_happened_comes_once_the_delay_is_over(day, reader):
    match = day.matches["live"]
    go_on(day)
    fresh = told(Client(), addresses(day))

    Clock.pass_s(_DELAY_S - 0.5)
    still_hidden = reader.get(f"/api/v1/matches/{match.public_id}").json()
    Clock.pass_s(0.5)
    late = told(reader, addresses(day))

    assert still_hidden["status"] == MatchStatus.LIVE
    assert differences(late, fresh) == {}


def test_between_two_events_a_reader_is_told_of_the_first(day, reader):
    match = day.matches["live"]
    go_on(day)

    Clock.pass_s(_DELAY_S - 10)
    told_then = reader.get(f"/api/v1/matches/{match.public_id}").json()
    events = reader.get(f"/api/v1/matches/{match.public_id}/events?limit=200").json()["results"]

    assert (told_then["score"]["home"], told_then["status"]) == (4, MatchStatus.LIVE)
    assert events[-1]["type"] == "red_card"
    assert told_then["seq"] == events[-1]["seq"]


def test_the_bytes_and_the_tag_of_a_late_boxscore_are_those_of_then(day, reader):
    path = f"/api/v1/matches/{day.matches['live'].public_id}/boxscore"
    before = Client().get(path)
    go_on(day)
    cache.delete(f"boxscore:{day.matches['live'].public_id}")
    fresh = Client().get(path)  # and is held for others now

    late = reader.get(path)
    unchanged = reader.get(path, headers={"If-None-Match": before["ETag"]})
    tricked = reader.get(path, headers={"If-None-Match": fresh["ETag"]})

    assert late["ETag"] == before["ETag"] != fresh["ETag"]
    assert unchanged.status_code == 304
    assert tricked.status_code == 200
    assert tricked.content == late.content
    Clock.pass_s(_DELAY_S)
    assert reader.get(path, headers={"If-None-Match": fresh["ETag"]}).status_code == 304


def test_an_event_has_no_page_of_its_own_before_its_time(day, reader):
    match = Match.objects.get(pk=day.matches["live"].pk)
    go_on(day)
    event = match.events.order_by("seq").last()
    path = f"/api/v1/matches/{match.public_id}/events/{event.event_id}/revisions"

    assert (reader.get(path).status_code, Client().get(path).status_code) == (404, 200)
    Clock.pass_s(_DELAY_S)
    assert reader.get(path).status_code == 200


def test_no_shared_cache_gives_one_reader_the_answer_of_another(day, reader):
    for path in ("/", f"/api/v1/matches/{day.matches['live'].public_id}", "/api/v1/changes"):
        plain, late = Client().get(path), reader.get(path)

        assert "Cookie" in plain["Vary"]
        assert "Cookie" in late["Vary"]
        assert late["Cache-Control"] == "private, no-cache"


def test_what_nobody_may_keep_is_not_kept_by_readers_with_a_wish_either(reader):
    assert "no-store" in Client().get("/login/")["Cache-Control"]
    assert "no-store" in reader.get("/login/")["Cache-Control"]


def test_no_shared_cache_holds_a_page_of_who_is_signed_in(client, day):
    pages = ("/", "/fantasy/", f"/matches/{day.matches['live'].public_id}/")
    assert {client.get(path).get("Cache-Control") for path in pages} == {None}

    client.force_login(User.objects.create_user("fan@example.org", "x"))

    assert {client.get(path)["Cache-Control"] for path in pages} == {"private"}
    assert "public" in client.get("/api/v1/leagues")["Cache-Control"]


def test_a_profile_counts_before_the_cookie(day):
    client = delayed(Client(), seconds=180)
    user = User.objects.create_user("fan@example.org", "x", spoiler_delay_s=15)
    client.force_login(user)
    path = f"/api/v1/matches/{day.matches['live'].public_id}"
    go_on(day)

    Clock.pass_s(14)
    early = client.get(path).json()
    Clock.pass_s(1)

    assert early["status"] == MatchStatus.LIVE
    assert client.get(path).json()["status"] == MatchStatus.FINISHED


def test_readers_without_a_wish_cost_no_query_more(day, django_assert_num_queries):
    client = Client()
    path = f"/api/v1/matches/{day.matches['live'].public_id}"
    client.get(path)

    with django_assert_num_queries(1):
        client.get(path)


@pytest.mark.parametrize(
    ("cookie", "delay_s"),
    [("60", 60), ("61", 65), ("100000", 180), ("9999999", 180), ("-5", 0), ("x", 0), ("", 0)],
)
def test_a_delay_is_bounded_and_in_steps(client, day, cookie, delay_s):
    client.cookies["delay"] = cookie

    assert client.get("/").wsgi_request.wish.delay_s == delay_s


def test_what_headers_said_is_forgotten_after_a_while(day):
    go_on(day)
    assert MatchPast.objects.exists()

    Clock.pass_s(601)
    prune_pasts()

    assert not MatchPast.objects.exists()


class TestHiddenScores:
    @pytest.fixture
    def hider(self):
        client = Client()
        client.cookies["hide_scores"] = "1"
        return client

    def test_no_address_tells_a_score_or_who_did_what(self, day, hider):
        go_on(day)
        answers = told(hider, addresses(day))
        # Whoever opens a replay asks for it, and it begins before the first goal.
        pages = {
            path: "".join(lines)
            for path, lines in answers.items()
            if not path.startswith("/api") and "/replay/" not in path
        }

        assert len(pages) > 15
        for path, html in pages.items():
            words = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))
            assert not re.search(r"class=\"score ltr\"|is-winner|is-loser", html), path
            assert "sub-in" not in html, path
            assert "Second yellow" not in words, path
        api = f"/api/v1/matches/{day.matches['live'].public_id}"
        match = hider.get(api).json()
        assert (match["score"], match["status"]) == (None, MatchStatus.FINISHED)
        assert hider.get(f"{api}/events").json()["results"] == []
        assert f"{api}/boxscore" not in answers
        chances = hider.get(f"{api}/win-probability").json()
        assert (chances["p_home"], chances["line"], chances["seq"]) == (None, [], 0)
        standings = hider.get(f"/api/v1/standings?season={day.season.public_id}").json()
        assert {row["values"]["points"] for row in standings["results"]} == {0}

    def test_one_match_is_shown_when_the_reader_asks_and_hidden_again(self, day, hider):
        go_on(day)
        match, other = day.matches["live"], day.matches["break"]
        page = f"/matches/{match.public_id}/"
        assert f'name="show" value="{match.public_id}"' in hider.get(page).content.decode()

        answer = hider.post(
            "/preferences/scores/", {"show": match.public_id, "next": page}, follow=True
        )
        shown = answer.content.decode()

        assert answer.redirect_chain == [(page, 302)]
        assert 'class="score ltr"' in shown
        assert f'name="hide" value="{match.public_id}"' in shown
        assert 'class="score ltr"' not in hider.get(f"/matches/{other.public_id}/").content.decode()
        hider.post("/preferences/scores/", {"hide": match.public_id, "next": page})
        assert 'class="score ltr"' not in hider.get(page).content.decode()

    def test_a_table_is_shown_when_the_reader_asks(self, day, hider):
        page = f"/leagues/{day.league.slug}/"
        hidden = hider.get(page).content.decode()
        plain = Client().get(page).content.decode()

        hider.post("/preferences/scores/", {"show": day.season.public_id, "next": page})
        shown = hider.get(page).content.decode()

        rows = re.compile(r"<tbody.*?</tbody>", re.S)
        assert rows.findall(shown) == rows.findall(plain) != rows.findall(hidden)

    def test_a_delay_holds_back_what_was_asked_for(self, day, hider):
        match = day.matches["live"]
        delayed(hider)
        hider.post("/preferences/scores/", {"show": match.public_id, "next": "/"})
        go_on(day)

        told_then = hider.get(f"/api/v1/matches/{match.public_id}").json()

        assert (told_then["score"]["home"], told_then["status"]) == (3, MatchStatus.LIVE)


def test_a_table_under_way_says_how_old_its_data_is(day):
    season = f"/api/v1/standings?season={day.season.public_id}"
    Match.objects.filter(pk=day.matches["break"].pk).update(data_at=now() - timedelta(seconds=90))
    Match.objects.filter(pk=day.matches["live"].pk).update(data_at=now())
    Match.objects.filter(pk=day.matches["suspended"].pk).update(data_at=now())

    answer = Client().get(season)
    page = Client().get(f"/leagues/{day.league.slug}/").content.decode()

    assert (answer.json()["data_age_ms"], answer["Data-Age-Ms"]) == (90_000, "90000")
    assert "Delayed 90 s" in page
