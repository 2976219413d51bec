"""The day's scores, line-ups and head to head, without JavaScript."""

import re
import uuid
from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client

from config.clock import now
from leagues.models import League, Season
from matches.enums import Certainty, EventOp, MatchStatus, SheetRole
from matches.models import Match, PlayEvent
from matches.templatetags.matchday import has_long_word
from tests.factories.leagues import make_league, make_season, make_team
from tests.factories.matchday import Matchday, make_matchday
from tests.factories.matches import make_live_match, make_match

pytestmark = pytest.mark.django_db


@pytest.fixture
def season() -> Season:
    return make_season(make_league("Alpha League", sport="football", priority=1))


@pytest.fixture
def matchday() -> Matchday:
    return make_matchday(now())


def shown(client: Client, **query: str) -> list[tuple[str, list[Match]]]:
    leagues = client.get("/", query).context["leagues"]
    return [(day.league.name, list(day.matches)) for day in leagues]


def test_scores_group_by_league_in_order_of_priority_then_kick_off(
    client: Client, season: Season
) -> None:
    other = make_season(make_league("Zeta First", sport="football", priority=0))
    late = make_match(season, kickoff_at=now())
    early = make_match(season, kickoff_at=now() - timedelta(seconds=5))
    first = make_match(other, kickoff_at=now())

    assert shown(client) == [("Zeta First", [first]), ("Alpha League", [early, late])]


def test_scores_leave_test_leagues_out(client: Client) -> None:
    make_match(make_season(make_league(is_test=True)), kickoff_at=now())

    assert shown(client) == []


@pytest.mark.parametrize(
    ("zone", "day"),
    [("Asia/Tokyo", "2026-03-02"), ("UTC", "2026-03-01"), ("nonsense", "2026-03-01")],
)
def test_scores_cut_the_day_in_the_viewers_zone(
    client: Client, season: Season, zone: str, day: str
) -> None:
    match = make_match(season, kickoff_at=datetime(2026, 3, 1, 20, 0, tzinfo=UTC))
    client.cookies["tz"] = zone

    assert shown(client, date=day) == [("Alpha League", [match])]


def test_scores_of_today_keep_yesterdays_match_that_is_still_live(
    client: Client, season: Season
) -> None:
    match = make_live_match(season, kickoff_at=now() - timedelta(days=1, hours=1))

    assert shown(client) == [("Alpha League", [match])]


def test_live_only_leaves_out_what_is_not_under_way(client: Client, season: Season) -> None:
    live = make_live_match(season)
    make_match(season, kickoff_at=now(), status=MatchStatus.FINISHED, home_score=1, away_score=0)

    assert shown(client, live="1") == [("Alpha League", [live])]


def test_live_only_without_any_says_so(client: Client) -> None:
    assert "No match is live right now" in client.get("/?live=1").content.decode()


@pytest.mark.parametrize("day", ["", "tomorrow", "2026-13-45", "0001-01-01", "9999-12-31"])
def test_scores_survive_any_date(client: Client, day: str) -> None:
    assert client.get("/", {"date": day}).status_code == 200


def test_scores_ask_no_more_for_more_matches(client: Client, django_assert_num_queries) -> None:
    for number in range(3):
        make_live_match(make_season(make_league(f"L{number}", sport="football")))
        with django_assert_num_queries(1):
            client.get("/")


def test_scores_say_each_match_in_words_and_link_it(client: Client, season: Season) -> None:
    home, away = make_team("Rovers", season=season), make_team("United", season=season)
    match = make_live_match(season, home=home, away=away, home_score=2, away_score=1)

    html = client.get("/").content.decode()

    link = re.search(rf'<a[^>]*href="/matches/{match.public_id}/"[^>]*>(.*?)</a>', html, re.DOTALL)
    assert link is not None
    assert "Rovers 2, United 1. Live, First half" in link[1]


def test_scores_refresh_themselves_without_javascript_today_only(client: Client) -> None:
    refresh = '<noscript><meta http-equiv="refresh" content="60"></noscript>'

    assert refresh in client.get("/").content.decode()
    assert refresh not in client.get("/", {"date": "2020-01-01"}).content.decode()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"status": "live", "period": "1H", "clock_ms": 66 * 1000}, "2&#x27;"),
        ({"status": "live", "period": "1H", "clock_ms": 46 * 60_000}, "45+2&#x27;"),
        ({"status": "break", "period": "1H"}, "HT"),
        ({"status": "finished", "period": "2H"}, "FT"),
        ({"status": "finished_aet"}, "AET"),
        ({"status": "finished_pens", "home_shootout": 4, "away_shootout": 3}, "Pens"),
        ({"status": "suspended"}, "Suspended"),
        ({"status": "postponed"}, "Postponed"),
        ({"status": "abandoned"}, "Abandoned"),
        ({"status": "awarded"}, "Awarded"),
    ],
)
def test_state_of_a_match_is_in_words(
    client: Client, season: Season, fields: dict, words: str
) -> None:
    make_match(season, kickoff_at=now(), home_score=1, away_score=1, **fields)

    row = client.get("/").content.decode().split('<li class="match-row')[1]

    state = row.split("match-row__sides")[0]
    assert re.search(rf">{re.escape(words)}<", state)


def test_awarded_and_shoot_out_decide_who_is_bold(client: Client, season: Season) -> None:
    scored = {"kickoff_at": now(), "home_score": 1, "away_score": 1}
    make_match(season, status="finished_pens", home_shootout=2, away_shootout=4, **scored)

    row = client.get("/").content.decode().split('<li class="match-row')[1]

    assert re.findall(r'match-row__side (is-\w+)"', row) == ["is-loser", "is-winner"]


def test_parts_of_the_scores_are_the_rows_of_the_page(client: Client, season: Season) -> None:
    match = make_live_match(season)

    parts = client.get("/scores/parts/").json()["k"]

    assert list(parts) == [f"m:{match.public_id}"]
    assert 'class="match-row match-row--live"' in parts[f"m:{match.public_id}"]


def test_line_ups_stand_on_a_pitch_with_what_happened(client: Client, matchday: Matchday) -> None:
    match = matchday.matches["live"]

    answer = client.get(f"/matches/{match.public_id}/lineups/")

    home, away = answer.context["line_ups"]
    assert [len(row) for row in home.rows] == [1, 4, 3, 3]
    captain = next(place for row in home.rows for place in row if place.is_captain)
    assert [mark.icon for mark in captain.marks] == ["goal", "goal"]
    came_on = next(place for place in away.bench if place.name == "Kovac")
    assert [(mark.icon, mark.clock) for mark in came_on.marks] == [("sub-in", "56")]


def test_line_ups_that_are_not_out_say_so(client: Client, matchday: Matchday) -> None:
    match = matchday.matches["scheduled"]

    html = client.get(f"/matches/{match.public_id}/lineups/").content.decode()

    assert "Line-ups are not out yet" in html


def test_line_ups_ask_no_more_for_more_players(
    client: Client, matchday: Matchday, django_assert_num_queries
) -> None:
    match = matchday.matches["live"]
    sheet = match.team_sheets.first()
    sheet.spots.exclude(pk__in=sheet.spots.values("pk")[:1]).delete()
    client.get(f"/matches/{match.public_id}/h2h/")  # what is asked once a minute

    for extra in range(2):
        with django_assert_num_queries(6):
            client.get(f"/matches/{match.public_id}/lineups/")
        if not extra:
            spot = sheet.spots.get()
            for shirt in ("4", "5"):
                player = matchday.players[sheet.team_id, shirt]
                sheet.spots.create(player=player, role=spot.role, shirt=shirt)


def test_head_to_head_counts_wins_from_this_matchs_view(client: Client, matchday: Matchday) -> None:
    match = matchday.matches["live"]
    swapped = {"home": match.away, "away": match.home, "season": match.season}
    past = {"status": MatchStatus.FINISHED, "round_name": ""}
    Match.objects.filter(home__in=(match.home, match.away)).results().delete()
    for number, (home, away) in enumerate(((2, 1), (0, 0), (1, 3))):
        Match.objects.create(
            kickoff_at=now() - timedelta(days=number + 2),
            home_score=home,
            away_score=away,
            **swapped,
            **past,
        )

    context = client.get(f"/matches/{match.public_id}/h2h/").context

    assert context["balance"] == {"home": 1, "away": 1, "draws": 1}
    assert len(context["meetings"]) == 3


@pytest.mark.parametrize(
    "tail", ["", "stats/", "lineups/", "table/", "h2h/", "parts/", "regions/stats/"]
)
def test_unknown_match_is_not_found(client: Client, tail: str) -> None:
    assert client.get(f"/matches/vz_match_nothing/{tail}").status_code == 404


def test_not_found_page_is_ours(client: Client) -> None:
    answer = client.get("/nothing/here/")

    assert answer.status_code == 404
    assert "That page is not here" in answer.content.decode()


def test_day_strip_marks_the_day_and_links_today_without_a_date(client: Client) -> None:
    html = client.get("/", {"date": "2026-03-01"}).content.decode()

    assert html.count('aria-current="date"') == 1
    assert date(2026, 3, 1).strftime('value="%Y-%m-%d"') in html


def test_unused_league_has_no_section(client: Client) -> None:
    League.objects.create(slug="quiet", name="Quiet League", sport="football")

    assert "Quiet League" not in client.get("/").content.decode()


def test_line_ups_say_who_is_missing_and_whether_they_are_predicted(
    client: Client, matchday: Matchday
) -> None:
    match = matchday.matches["live"]
    sheet = match.team_sheets.get(team=match.home)
    sheet.spots.filter(shirt="18").delete()
    missing = matchday.players[match.home_id, "18"]
    sheet.absences.create(player=missing, reason="Knee injury")
    sheet.is_confirmed = False
    sheet.updated_at = match.kickoff_at - timedelta(hours=2)
    sheet.save()

    answer = client.get(f"/matches/{match.public_id}/lineups/")

    home, away = answer.context["line_ups"]
    assert [(one.name, one.reason) for one in home.missing] == [("Kovac", "Knee injury")]
    assert (home.is_confirmed, home.told_at) == (False, sheet.updated_at)
    # What came after the start says nothing of when it was known.
    assert (away.is_confirmed, away.told_at, away.missing) == (True, None, ())
    words = " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())
    assert "Predicted" in words
    assert "Missing Kovac Knee injury" in words


def review_of(match: Match) -> None:
    goal = PlayEvent.objects.filter(match=match, type="goal").latest("seq")
    goal.pk, goal.event_id = None, uuid.uuid4()
    goal.seq, goal.rev, goal.op = match.head_seq + 1, goal.rev + 1, EventOp.AMEND
    goal.certainty = Certainty.PROVISIONAL
    goal.save(force_insert=True)
    Match.objects.filter(pk=match.pk).update(head_seq=goal.seq, folded_seq=goal.seq)


def test_match_says_what_is_being_checked(client: Client, matchday: Matchday) -> None:
    match = matchday.matches["live"]
    calm = client.get(f"/matches/{match.public_id}/").content.decode()

    review_of(match)
    checked = client.get(f"/matches/{match.public_id}/").content.decode()
    parts = client.get(f"/matches/{match.public_id}/parts/").json()["k"]

    assert "VAR check" not in calm
    assert '<span class="state state--trouble">VAR check</span>' in checked
    assert "The video referee checks:" in parts["review"]
    assert "VAR check" in parts["score"]


def test_match_that_is_over_is_not_being_checked(client: Client, matchday: Matchday) -> None:
    match = matchday.matches["finished"]

    review_of(match)

    assert "VAR check" not in client.get(f"/matches/{match.public_id}/").content.decode()


@pytest.mark.parametrize("status", ["postponed", "cancelled"])
def test_match_called_off_during_play_keeps_its_score(
    client: Client, season: Season, status: str
) -> None:
    match = make_match(season, status=status, period="2H", home_score=2, away_score=1)

    html = client.get(f"/matches/{match.public_id}/").content.decode()

    assert 'data-flash="2-1"' in html
    assert status.title() in html


@pytest.mark.parametrize(
    ("reason", "on_board"),
    [("Weather", True), ("A floodlight failed; the referee waits", False)],
)
def test_suspended_match_says_why_once(
    client: Client, matchday: Matchday, reason: str, on_board: bool
) -> None:
    match = matchday.matches["suspended"]
    Match.objects.filter(pk=match.pk).update(status_reason=reason)

    html = client.get(f"/matches/{match.public_id}/").content.decode()

    board, below = html.split('data-k="banner"')
    assert (f'<span class="state__sub">{reason}</span>' in board) is on_board
    assert (f"<strong>Suspended.</strong> {reason}" in below) is not on_board


@pytest.mark.parametrize(
    ("tab", "place"),
    [("stats", "stats/"), ("lineups", "lineups/"), ("table", "table/"), ("h2h", "h2h/")],
)
def test_device_comes_back_to_the_part_it_saw_last(
    client: Client, matchday: Matchday, tab: str, place: str
) -> None:
    seen, next_one = matchday.matches["finished"].public_id, matchday.matches["live"].public_id

    first = client.get(f"/matches/{seen}/{place}")
    again = client.get(f"/matches/{seen}/{place}")
    answer = client.get(f"/matches/{next_one}/")

    assert (first.cookies["match_tab"].value, "match_tab" in again.cookies) == (tab, False)
    assert (answer.status_code, answer["Location"]) == (302, f"/matches/{next_one}/{place}")
    assert "Cookie" in answer["Vary"]
    assert "no-cache" in answer["Cache-Control"]


def test_timeline_is_where_a_device_comes_to_that_remembers_nothing_else(
    client: Client, matchday: Matchday
) -> None:
    match = matchday.matches["live"].public_id
    assert client.get(f"/matches/{match}/").status_code == 200
    client.get(f"/matches/{match}/h2h/")

    timeline = client.get(f"/matches/{match}/timeline/")

    assert timeline.context["tab"] == "timeline"
    assert client.cookies["match_tab"].value == ""
    assert client.get(f"/matches/{match}/").status_code == 200


def test_whoever_asks_for_something_of_the_timeline_gets_it(
    client: Client, matchday: Matchday
) -> None:
    client.cookies["match_tab"] = "h2h"

    answer = client.get(f"/matches/{matchday.matches['live'].public_id}/", {"show": "goals"})

    assert (answer.status_code, answer.context["tab"]) == (200, "timeline")


@pytest.mark.parametrize("tab", ["stats", "lineups", "nonsense", "../../", ""])
def test_nobody_is_led_to_an_empty_part(client: Client, matchday: Matchday, tab: str) -> None:
    client.cookies["match_tab"] = tab

    answer = client.get(f"/matches/{matchday.matches['scheduled'].public_id}/")

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("name", "is_tight"),
    [
        ("Brighthelm & Hove", False),
        ("Wolverhampton", True),
        ("", False),
        ("Ash Wolverhampton", True),
    ],
)
def test_scoreboard_sets_long_words_smaller(name: str, is_tight: bool) -> None:
    assert has_long_word(name) is is_tight


def test_fixture_with_a_preview_says_no_more_than_that_events_will_come(
    client: Client, matchday: Matchday
) -> None:
    match = matchday.matches["scheduled"]

    html = client.get(f"/matches/{match.public_id}/").content.decode()

    assert "Before the match" in html
    assert "Nothing to tell yet" not in html
    assert "What happens appears here the moment it happens." in html


def test_sheet_without_starters_is_a_list_of_players(client: Client, matchday: Matchday) -> None:
    match = matchday.matches["live"]
    for sheet in match.team_sheets.all():
        sheet.spots.update(role=SheetRole.BENCH)

    html = client.get(f"/matches/{match.public_id}/lineups/").content.decode()

    headings = re.findall(r'<h3 class="line-up__label">([^<]+)</h3>', html)
    assert headings == ["Players", "Players"]
    assert "Confirmed" not in html
