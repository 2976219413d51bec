"""From an empty league to a published schedule, in the admin alone (ADM-1)."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.enums import Role
from accounts.models import User
from accounts.services import grant_role, sync_roles
from leagues.models import League, Season, SeasonTeam, Team
from matches.models import Match
from streams.models import OutboxEvent
from tests.factories.leagues import make_league, make_season, make_team
from tests.factories.matches import make_match

pytestmark = pytest.mark.django_db

CALENDAR = {"first_on": "2027-08-14", "kickoff": "15:00", "every_days": 7, "legs": 2}


@pytest.fixture
def curator(client: Client) -> Client:
    sync_roles()
    user = User.objects.create_user("curator@example.org", "x")
    grant_role(user, Role.ADMIN)
    client.force_login(user)
    return client


def paste_address(season: Season) -> str:
    return reverse("admin:leagues_season_paste", args=[season.pk])


def look(curator: Client, address: str, form: dict) -> dict:
    """What the form becomes after a look at what follows."""
    page = curator.post(address, {**form, "look": "1"})
    assert page.status_code == 200
    return {**form, "seen": page.context["seen"], "save": "1"}


def test_empty_league_gets_a_schedule_of_twenty_teams(curator: Client):
    league = {
        "slug": "cup",
        "name": "Cup",
        "sport": "football",
        "priority": 1,
        "time_zone": "Europe/London",
        "seasons-TOTAL_FORMS": 1,
        "seasons-INITIAL_FORMS": 0,
        "seasons-0-name": "2027-28",
        "seasons-0-is_current": "on",
    }
    names = {"names": "\n".join(f"Club {chr(65 + n)}{'xyz'[n % 3] * 9}" for n in range(20))}

    assert curator.post(reverse("admin:leagues_league_add"), league).status_code == 302
    season = Season.objects.get(league=League.objects.get())
    told = {**look(curator, paste_address(season), names), "are_others": "on"}
    assert curator.post(paste_address(season), told).status_code == 302
    address = reverse("admin:matches_match_schedule")
    form = {**CALENDAR, "season": season.pk, "blackouts": "2027-12-25 Christmas"}
    told = look(curator, address, form)
    assert not Match.objects.exists()
    answer = curator.post(address, told)

    assert answer.status_code == 302, answer.content.decode()
    assert Match.objects.filter(season=season).count() == 380
    assert not Match.objects.filter(kickoff_at__date="2027-12-25").exists()
    listed = curator.get(answer["Location"])
    assert listed.context["cl"].result_count == 380


def test_paste_shows_what_would_follow_and_writes_nothing(curator: Client):
    season = make_season()
    make_team("Rovers", season=season)
    make_team("United")
    make_team("Wanderers", sport="football")

    page = curator.post(
        paste_address(season),
        {"names": "Rovers\nUnited\nunited\nWanderers\nWanderer", "look": "1"},
    )

    assert [str(one.kind) for one in page.context["pasted"]] == [
        "joined",
        "known",
        "twice",
        "new",
        "similar",
    ]
    assert (SeasonTeam.objects.count(), Team.objects.count()) == (1, 3)


def test_paste_joins_known_teams_and_makes_new_ones(curator: Client):
    season = make_season()
    united = make_team("United")
    form = look(curator, paste_address(season), {"names": "United\nRovers;Rov;rvs"})

    answer = curator.post(paste_address(season), form)

    assert answer["Location"] == reverse("admin:leagues_season_change", args=[season.pk])
    rovers = Team.objects.get(name="Rovers")
    assert set(season.teams.all()) == {united, rovers}
    assert (rovers.short_name, rovers.code, rovers.sport) == ("Rov", "RVS", "generic")
    assert OutboxEvent.objects.get().payload["fields"] == ["teams"]


def test_second_paste_of_the_same_names_changes_nothing(curator: Client):
    season = make_season()
    form = look(curator, paste_address(season), {"names": "United\nRovers"})
    curator.post(paste_address(season), form)

    again = curator.post(paste_address(season), {"names": "United\nRovers", "look": "1"})

    assert again.context["joining"] == 0
    assert SeasonTeam.objects.count() == 2


def test_names_that_resemble_need_a_word(curator: Client):
    season = make_season()
    form = look(curator, paste_address(season), {"names": "Feyenoord\nFeyenord"})

    refused = curator.post(paste_address(season), form)
    before = Team.objects.count()
    curator.post(paste_address(season), {**form, "are_others": "on"})

    assert "Say that they are other teams" in refused.content.decode()
    assert (before, Team.objects.count()) == (0, 2)


@pytest.mark.parametrize("change", ["names", "teams"])
def test_paste_does_only_what_was_shown(curator: Client, change: str):
    season = make_season()
    form = look(curator, paste_address(season), {"names": "United"})
    if change == "names":
        form["names"] += "\nRovers"
    else:
        make_team("United")
    before = Team.objects.count()

    page = curator.post(paste_address(season), form)

    assert "Names or teams changed since you looked: look again." in page.content.decode()
    assert (SeasonTeam.objects.count(), Team.objects.count()) == (0, before)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"first_on": ""}, "This field is required."),
        ({"first_on": "9999-12-30"}, "Give a year from 1800 to 2200."),
        ({"every_days": 0}, "greater than or equal to 1"),
        ({"legs": 9}, "less than or equal to 4"),
        ({"blackouts": "2027-12-25\nChristmas"}, "Line 2: begin with a day such as 2026-12-25."),
        ({"blackouts": "2027-12-25 to 2027-12-24"}, "Line 1: the last day is before the first"),
    ],
)
def test_wrong_calendar_is_refused(curator: Client, change: dict, complaint: str):
    season = make_season()
    for _ in range(4):
        make_team(season=season)
    form = {**CALENDAR, "season": season.pk, "look": "1", **change}

    page = curator.post(reverse("admin:matches_match_schedule"), form)

    assert complaint in page.content.decode()
    assert page.context["rounds"] == []


def test_blackouts_are_days_and_stretches_with_names(curator: Client):
    season = make_season()
    for _ in range(4):
        make_team(season=season)
    form = {
        **CALENDAR,
        "season": season.pk,
        "look": "1",
        "blackouts": "2027-08-21 to 2027-09-05 internationals\n\n2027-09-18 final elsewhere",
    }

    page = curator.post(reverse("admin:matches_match_schedule"), form)

    days = [f"{planned.kickoff_at:%m-%d}" for planned in page.context["rounds"]]
    assert days == ["08-14", "09-11", "09-25", "10-02", "10-09", "10-16"]


def test_too_few_teams_are_told(curator: Client):
    season = make_season()
    form = {**CALENDAR, "season": season.pk, "look": "1"}

    page = curator.post(reverse("admin:matches_match_schedule"), form)

    assert "Choose at least three different teams and one leg." in page.content.decode()


def test_season_with_matches_is_not_offered(curator: Client):
    season = make_match().season
    form = {**CALENDAR, "season": season.pk, "save": "1"}

    page = curator.post(reverse("admin:matches_match_schedule"), form)

    assert "This season has matches already." in page.content.decode()
    assert Match.objects.count() == 1


def test_schedule_of_other_teams_than_shown_is_not_published(curator: Client):
    season = make_season()
    for _ in range(4):
        make_team(season=season)
    address = reverse("admin:matches_match_schedule")
    form = look(curator, address, {**CALENDAR, "season": season.pk})
    make_team(season=season)

    page = curator.post(address, form)

    assert "teams changed since you looked" in page.content.decode()
    assert len(page.context["rounds"]) == 10
    assert not Match.objects.exists()


@pytest.mark.parametrize("role", [Role.FAN, Role.ANALYST])
def test_pages_are_for_those_who_may_add(client: Client, role: Role):
    sync_roles()
    user = User.objects.create_user("other@example.org", "x")
    grant_role(user, role)
    client.force_login(user)
    season = make_season()
    expected = 302 if role == Role.FAN else 403

    for address in (paste_address(season), reverse("admin:matches_match_schedule")):
        assert client.get(address).status_code == expected
        assert client.post(address, {"names": "Rovers", "save": "1"}).status_code == expected
    assert not Team.objects.exists()


def test_season_page_shows_ways_that_the_role_has(curator: Client):
    season = make_season(make_league())

    page = curator.get(reverse("admin:leagues_season_change", args=[season.pk])).content.decode()

    assert paste_address(season) in page
    assert f"{reverse('admin:matches_match_schedule')}?season={season.pk}" in page
