"""Pages of matches, leagues, teams and players with their numbers, without JavaScript."""

import re
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from django.test import Client

from config.clock import now
from matches.models import Match
from stats.models import StatLine
from tests.factories.matchday import Matchday, make_matchday

pytestmark = pytest.mark.django_db


@pytest.fixture
def matchday() -> Matchday:
    return make_matchday(now())


def page(client: Client, match: Match, tail: str = "") -> str:
    return client.get(f"/matches/{match.public_id}/{tail}").content.decode()


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


class Outline(HTMLParser):
    """Headings, landmarks, ids and unlabelled controls of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.headings: list[int] = []
        self.landmarks: list[str] = []
        self.ids: list[str] = []
        self.inline: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag in {"main", "header", "footer", "nav"}:
            self.landmarks.append(tag)
        if given.get("id"):
            self.ids.append(str(given["id"]))
        if "style" in given or any(name.startswith("on") for name in given):
            self.inline.append(tag)
        if tag == "script" and "src" not in given:
            self.inline.append(tag)


def all_pages(matchday: Matchday) -> list[str]:
    match = matchday.matches["live"].public_id
    team = matchday.teams[0]
    return [
        "/",
        "/leagues/",
        "/search?q=ash",
        "/login/",
        f"/matches/{match}/",
        f"/matches/{match}/stats/",
        f"/matches/{match}/lineups/",
        f"/matches/{match}/table/",
        f"/matches/{match}/h2h/",
        "/leagues/premier-division/",
        "/leagues/premier-division/fixtures/",
        "/leagues/premier-division/results/",
        f"/teams/{team.slug}/",
        f"/players/{team.slug}-10/",
    ]


def test_every_page_has_one_h1_landmarks_unique_ids_and_nothing_inline(
    client: Client, matchday: Matchday
) -> None:
    for address in all_pages(matchday):
        answer = client.get(address)
        outline = Outline(answer.content.decode())

        assert answer.status_code == 200, address
        assert outline.headings.count(1) == 1, address
        assert {"main", "header", "footer", "nav"} <= set(outline.landmarks), address
        assert len(outline.ids) == len(set(outline.ids)), address
        assert outline.inline == [], address
        assert "Content-Security-Policy" in answer.headers, address


def test_every_page_has_one_polite_status_region(client: Client, matchday: Matchday) -> None:
    region = '<p id="say" class="vh" role="status" aria-live="polite" aria-atomic="true">'

    for address in all_pages(matchday):
        assert client.get(address).content.decode().count(region) == 1, address


def test_match_shows_the_score_and_the_scorers(client: Client, matchday: Matchday) -> None:
    text = text_of(page(client, matchday.matches["live"]))

    assert "Ashford Rovers 3 – , Eastgate Wanderers 1" in text
    assert "Silva 13', 68'" in text.replace("&#x27;", "'")
    assert "Delacroix-Fontaine (Own goal)" in text


def test_match_tells_its_timeline_in_sentences_newest_first(
    client: Client, matchday: Matchday
) -> None:
    html = page(client, matchday.matches["live"])

    moments = re.findall(r'<li class="moment moment--(\w+)', html)
    assert moments == [
        "home",  # penalty, 3-1
        "away",  # second yellow card
        "home",  # own goal by the away side
        "away",  # substitution
        "home",  # cancelled goal
        "divider",
        "away",
        "away",
        "home",
        "divider",
    ]
    assert "Goal! Silva scores for Ashford" in html


def test_cancelled_goal_stays_struck_through_with_its_reason(
    client: Client, matchday: Matchday
) -> None:
    html = page(client, matchday.matches["live"])

    (item,) = re.findall(
        r"<li class=\"moment [^\"]*moment--cancelled.*?</li>\s*</ol>", html, re.DOTALL
    )
    assert "Cancelled: VAR: offside" in text_of(item)


def test_filters_are_links_that_need_no_script(client: Client, matchday: Matchday) -> None:
    match = matchday.matches["live"]

    html = client.get(f"/matches/{match.public_id}/", {"show": "cards"}).content.decode()

    assert len(re.findall(r'data-groups="key all cards"', html)) == 2
    assert '<a class="chip" href="?show=cards" aria-current="true">Cards</a>' in html
    assert html.count("moment__spine") == 2


@pytest.mark.parametrize("query", ["show=nonsense", "period=9Q", "show=all&period=1H"])
def test_match_survives_any_filter(client: Client, matchday: Matchday, query: str) -> None:
    match = matchday.matches["live"]

    assert client.get(f"/matches/{match.public_id}/?{query}").status_code == 200


def test_match_queries_do_not_grow_with_the_log(
    client: Client, matchday: Matchday, django_assert_num_queries
) -> None:
    for name in ("suspended", "break", "finished"):
        page(client, matchday.matches[name])  # draws the charts, once a fold
        with django_assert_num_queries(7):
            page(client, matchday.matches[name])


@pytest.mark.parametrize(
    ("age_s", "kind"),
    [(4, "fresh"), (29, "fresh"), (31, "delayed"), (119, "delayed"), (185, "silent")],
)
def test_age_of_the_data_is_told(client: Client, matchday: Matchday, age_s: int, kind: str) -> None:
    match = matchday.matches["live"]
    Match.objects.filter(pk=match.pk).update(data_at=now() - timedelta(seconds=age_s))

    html = page(client, match)

    assert f'class="age age--{kind}"' in html
    assert ("Feed silent for 3 min" in text_of(html)) is (kind == "silent")


def test_match_says_when_source_and_log_disagree(client: Client, matchday: Matchday) -> None:
    match = matchday.matches["live"]
    Match.objects.filter(pk=match.pk).update(score_mismatch=True)

    assert "differs from its own events" in page(client, match)


@pytest.mark.parametrize(
    ("name", "ended_ago", "is_told"),
    [
        ("live", None, True),
        ("finished", timedelta(minutes=1), True),
        ("finished", timedelta(hours=23), True),
        ("finished", timedelta(hours=25), False),
    ],
)
def test_page_listens_until_a_day_after_the_end(
    client: Client, matchday: Matchday, name: str, ended_ago: timedelta | None, *, is_told: bool
) -> None:
    match = matchday.matches[name]
    if ended_ago is not None:
        Match.objects.filter(pk=match.pk).update(
            kickoff_at=now() - timedelta(days=3), finished_at=now() - ended_ago
        )

    html = page(client, match)

    assert (f'data-live-topics="page:match:{match.public_id}' in html) is is_told
    assert ("data-say-choice" in html) is is_told


def test_page_of_an_archive_opens_no_socket(client: Client, matchday: Matchday) -> None:
    old = matchday.season.matches.filter(matchday=1).first()

    assert "data-live-topics" not in page(client, old)


def test_stats_show_both_sides_with_the_numbers_in_text(client: Client, matchday: Matchday) -> None:
    context = client.get(f"/matches/{matchday.matches['live'].public_id}/stats/").context

    bars = {bar.column.id: (bar.home, bar.away) for bar in context["bars"].all}
    assert bars["goals"] == (3, 1)
    home, away = context["tables"].sides
    assert (home.side, away.side) == ("home", "away")
    scorer = next(line for line in home.starters if line.player.display_name == "Silva")
    assert scorer.values["goals"] == 2


def test_stats_show_one_group_of_columns_on_request(client: Client, matchday: Matchday) -> None:
    address = f"/matches/{matchday.matches['live'].public_id}/stats/"

    tables = client.get(address, {"columns": "discipline"}).context["tables"]

    (away,) = tables.sides
    assert {column.group for column in away.columns} == {"discipline"}
    assert [line.player.display_name for line in away.starters] == ["Marchetti"]
    assert client.get(address, {"columns": "nonsense"}).context["tables"].group == "all"


def test_stats_queries_do_not_grow_with_players(
    client: Client, matchday: Matchday, django_assert_num_queries
) -> None:
    match = matchday.matches["live"]
    lines = StatLine.objects.filter(match=match)
    for kept in (3, 1):
        keep = list(lines.values_list("pk", flat=True)[:kept])
        lines.exclude(pk__in=keep).delete()
        page(client, match, "stats/")  # draws the charts, once a fold
        with django_assert_num_queries(5):
            page(client, match, "stats/")


def test_table_marks_both_teams_and_what_is_provisional(client: Client, matchday: Matchday) -> None:
    html = page(client, matchday.matches["live"], "table/")

    assert html.count('<tr class="is-marked">') == 2
    assert "Table as it stands" in html


def test_parts_of_a_live_match_are_those_of_its_page(client: Client, matchday: Matchday) -> None:
    match = matchday.matches["live"]
    html = page(client, match)

    parts = client.get(f"/matches/{match.public_id}/parts/").json()["k"]

    for key, part in parts.items():
        if key.startswith("t:"):
            assert " ".join(part.split()) in " ".join(html.split())
    assert {"score", "age", "banner", "scorers", "b:goals"} <= set(parts)


def test_parts_after_an_event_are_only_what_came_since(client: Client, matchday: Matchday) -> None:
    match = matchday.matches["live"]

    parts = client.get(f"/matches/{match.public_id}/parts/?after={match.head_seq - 1}").json()["k"]

    assert len([key for key in parts if key.startswith("t:")]) == 1
    assert "say" not in parts  # told a minute ago


def test_league_table_switches_to_home_and_away(client: Client, matchday: Matchday) -> None:
    tables = {
        kind: client.get("/leagues/premier-division/", {"table": kind}).context["table"]
        for kind in ("", "home", "away", "nonsense")
    }

    assert [table.kind for table in tables.values()] == ["total", "home", "away", "total"]


def test_league_table_shows_a_phone_all_columns_on_request(
    client: Client, matchday: Matchday
) -> None:
    address = "/leagues/premier-division/"

    few = client.get(address, {"table": "home"}).content.decode()
    whole = client.get(address, {"table": "home", "columns": "all"}).content.decode()
    parts = client.get(f"{address}regions/", {"columns": "all"}).json()["regions"]

    assert "standings--all" not in few
    assert 'href="?table=home&amp;columns=all"' in few
    assert "standings--all" in whole
    assert 'href="?table=home">Fewer columns' in whole
    assert "standings--all" in parts["table"]


def test_league_table_queries_do_not_grow_with_teams(
    client: Client, matchday: Matchday, django_assert_num_queries
) -> None:
    for kept in (8, 3, 1):
        rows = matchday.season.table_rows
        keep = list(rows.filter(kind="total").values_list("pk", flat=True)[:kept])
        rows.exclude(pk__in=keep).delete()
        with django_assert_num_queries(7):
            client.get("/leagues/premier-division/")


def test_league_shows_another_season_on_request(client: Client, matchday: Matchday) -> None:
    matchday.league.seasons.create(name="2025-26")

    answer = client.get("/leagues/premier-division/", {"season": "2025-26"})

    assert answer.context["season"].name == "2025-26"
    assert "No table yet" in answer.content.decode()


def test_results_are_grouped_by_round_newest_first(client: Client, matchday: Matchday) -> None:
    rounds = client.get("/leagues/premier-division/results/").context["rounds"]

    assert [found["matchday"] for found in rounds] == [5, 4, 3, 2, 1]


def test_fixtures_hold_what_is_not_over(client: Client, matchday: Matchday) -> None:
    rounds = client.get("/leagues/premier-division/fixtures/").context["rounds"]

    found = {match.pk for part in rounds for match in part["matches"]}
    coming = ("live", "break", "scheduled", "postponed", "suspended")
    assert found == {matchday.matches[name].pk for name in coming}


@pytest.mark.parametrize("number", ["0", "-1", "999", "x", "9" * 40])
def test_pages_of_results_survive_any_number(
    client: Client, matchday: Matchday, number: str
) -> None:
    answer = client.get("/leagues/premier-division/results/", {"page": number})

    assert answer.status_code == 200


def test_team_shows_matches_squad_and_its_part_of_the_table(
    client: Client, matchday: Matchday
) -> None:
    context = client.get("/teams/ash/").context

    assert [match.pk for match in context["next"]] == [
        matchday.matches["live"].pk,
        matchday.matches["suspended"].pk,
    ]
    assert len(context["last"]) == 4
    assert [line["label"] for line in context["lines"]] == [
        "Goalkeeper",
        "Defender",
        "Midfielder",
        "Forward",
    ]
    assert len(context["table"].groups[0].rows) == 5


def test_team_queries_do_not_grow_with_the_squad(
    client: Client, matchday: Matchday, django_assert_num_queries
) -> None:
    team = matchday.teams[0]
    for kept in (14, 3, 1):
        keep = list(team.roster_spots.values_list("pk", flat=True)[:kept])
        team.roster_spots.exclude(pk__in=keep).delete()
        with django_assert_num_queries(8):
            client.get(f"/teams/{team.slug}/")


def test_player_totals_are_the_sum_of_the_matches(client: Client, matchday: Matchday) -> None:
    (season,) = client.get("/players/ash-10/").context["seasons"]

    assert season.totals["goals"] == sum(line.values["goals"] for line in season.lines) == 2
    assert season.match_count == 2


def test_player_who_plays_has_live_numbers_with_their_age(
    client: Client, matchday: Matchday
) -> None:
    match = matchday.matches["live"]
    Match.objects.filter(pk=matchday.matches["suspended"].pk).update(data_at=None)
    Match.objects.filter(pk=match.pk).update(data_at=now() - timedelta(seconds=150))

    html = client.get("/players/ash-10/").content.decode()
    asked = client.get("/players/ash-10/regions/").json()["regions"]

    assert 'class="age age--silent"' in html
    assert "Feed silent for 2 min" in html
    assert f'data-live-topics="page:match:{match.public_id}"' in html
    assert asked["seasons"] in html


def test_player_whose_matches_are_over_opens_no_socket(client: Client, matchday: Matchday) -> None:
    Match.objects.live().update(status="finished")

    html = client.get("/players/ash-10/").content.decode()

    assert "data-live-topics" not in html
    assert "data-age=" not in html


@pytest.mark.parametrize("address", ["/teams/ash/", "timeline"])
def test_short_table_with_live_matches_says_how_old_its_data_is(
    client: Client, matchday: Matchday, address: str
) -> None:
    match = matchday.matches["live"]
    if address == "timeline":
        address = f"/matches/{match.public_id}/timeline/"
    Match.objects.filter(pk=match.pk).update(data_at=now() - timedelta(seconds=150))

    html = client.get(address).content.decode()

    told = html.partition('data-k="table-age">')[2].partition("</p>")[0]
    assert 'class="age age--silent"' in told
    Match.objects.live().update(status="finished")
    assert "table-age" not in client.get(address).content.decode()


def test_open_page_of_a_team_asks_for_its_part_of_a_newer_table(
    client: Client, matchday: Matchday
) -> None:
    html = client.get("/teams/ash/").content.decode()

    regions = client.get("/teams/ash/regions/").json()["regions"]

    assert f" page:league:{matchday.season.league.public_id}" in html
    assert 'data-regions="/teams/ash/regions/" data-regions-by="table-news"' in html
    assert list(regions) == ["table"]
    assert "Ash" in regions["table"]


@pytest.mark.parametrize("address", ["/teams/ash/", "/leagues/premier-division/"])
def test_page_with_a_table_asks_for_a_newer_one_without_a_socket_too(
    client: Client, matchday: Matchday, address: str
) -> None:
    html = client.get(address).content.decode()
    place, reason = (
        html.partition(f'{name}="')[2].partition('"')[0]
        for name in ("data-fragments", "data-regions-by")
    )

    parts = client.get(place).json()["k"]

    rows = {key for key in parts if key.startswith("m:")}
    assert parts.keys() - rows == {reason}
    assert f"m:{matchday.matches['live'].public_id}" in rows


def test_player_queries_do_not_grow_with_matches(
    client: Client, matchday: Matchday, django_assert_num_queries
) -> None:
    for _round in range(2):
        with django_assert_num_queries(3):
            client.get("/players/ash-10/")
        StatLine.objects.filter(match=matchday.matches["live"]).delete()


@pytest.mark.parametrize("address", ["/leagues/x/", "/teams/x/", "/players/x/"])
def test_unknown_names_are_not_found(client: Client, address: str) -> None:
    assert client.get(address).status_code == 404


def test_match_before_the_start_shows_where_both_stand(client: Client, matchday: Matchday) -> None:
    html = page(client, matchday.matches["scheduled"])

    preview = html.split('id="preview"')[1].split("</section>")[0]
    assert re.findall(r'href="/teams/(\w+)/"', preview) == ["dun", "wol"]
    assert 'id="preview"' not in page(client, matchday.matches["live"])
