"""Whom a visitor follows: remembered by a browser, kept in an account, first on the day's list."""

import re

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from accounts.models import User
from config.clock import now
from leagues import services
from leagues.models import Follow
from leagues.rules.follows import MOST_REMEMBERED, Follows, read_follows, write_follows
from leagues.selectors import follows_of
from tests.factories.leagues import make_league, make_season, make_team
from tests.factories.matches import make_match


def public_id(kind: str, number: int) -> str:
    return f"vz_{kind}_{number:026}"


def test_browser_remembers_what_it_was_told() -> None:
    follows = Follows().with_id(public_id("team", 1)).with_id(public_id("league", 2))

    assert read_follows(write_follows(follows)) == follows
    assert follows.without_id(public_id("team", 1)).ids == (public_id("league", 2),)


@pytest.mark.parametrize("text", ["", "..", "vz_team_1", "x" * 5000, "vz_user_" + "0" * 26, "\x00"])
def test_nonsense_in_a_cookie_is_nothing(text: str) -> None:
    assert not read_follows(text)


def test_browser_forgets_the_oldest_beyond_its_room() -> None:
    follows = Follows()
    for number in range(MOST_REMEMBERED + 2):
        follows = follows.with_id(public_id("team", number))

    assert len(follows.ids) == MOST_REMEMBERED
    assert public_id("team", 1) not in follows
    assert public_id("team", MOST_REMEMBERED + 1) in follows


@pytest.mark.django_db
def test_stranger_follows_in_his_browser(client: Client) -> None:
    team = make_team()

    answer = client.post("/preferences/follow/", {"follow": team.public_id, "next": "/leagues/"})

    assert (answer.status_code, answer["Location"]) == (302, "/leagues/")
    assert client.cookies["follow"].value == team.public_id
    assert team.name in client.get("/following/").content.decode()
    client.post("/preferences/follow/", {"unfollow": team.public_id})
    assert client.cookies["follow"].value == ""
    assert not Follow.objects.exists()


@pytest.mark.django_db
def test_user_follows_in_his_account(client: Client) -> None:
    user = User.objects.create_user("fan@example.org", "x")
    team, league = make_team(), make_league()
    client.force_login(user)

    for _ in range(2):
        client.post("/preferences/follow/", {"follow": team.public_id})
    client.post("/preferences/follow/", {"follow": league.public_id})

    assert follows_of(user, {}).ids == (team.public_id, league.public_id)
    assert "follow" not in client.cookies
    client.post("/preferences/follow/", {"unfollow": team.public_id})
    assert follows_of(user, {}).ids == (league.public_id,)


@pytest.mark.django_db
def test_account_follows_nothing_without_a_token() -> None:
    client = Client(enforce_csrf_checks=True)
    user = User.objects.create_user("fan@example.org", "x")
    team = make_team()
    client.force_login(user)

    answer = client.post("/preferences/follow/", {"follow": team.public_id})

    assert answer.status_code == 403
    assert not Follow.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("wish", ["", "vz_team_1", "vz_team_" + "0" * 26, "vz_user_" + "0" * 26])
def test_nobody_is_followed_who_is_not_there(client: Client, wish: str) -> None:
    client.force_login(User.objects.create_user("fan@example.org", "x"))

    assert client.post("/preferences/follow/", {"follow": wish}).status_code == 404


@pytest.mark.django_db
def test_test_league_cannot_be_followed(client: Client) -> None:
    client.force_login(User.objects.create_user("fan@example.org", "x"))
    league = make_league(is_test=True)

    answer = client.post("/preferences/follow/", {"follow": league.public_id})

    assert answer.status_code == 404


@pytest.mark.django_db
def test_next_page_is_of_this_site(client: Client) -> None:
    wish = {"follow": make_team().public_id, "next": "https://evil.example/"}

    assert client.post("/preferences/follow/", wish)["Location"] == "/"


@pytest.mark.django_db
def test_follows_of_a_merged_team_are_those_of_the_other() -> None:
    user = User.objects.create_user("fan@example.org", "x")
    kept, dropped = make_team(), make_team()
    services.follow(user.pk, dropped.public_id)
    dropped.merged_into = kept
    dropped.save()

    assert follows_of(user, {}).ids == (kept.public_id,)
    services.unfollow(user.pk, kept.public_id)
    assert not follows_of(user, {})


@pytest.mark.django_db
def test_database_keeps_a_follow_single_and_of_one_thing() -> None:
    user = User.objects.create_user("fan@example.org", "x")
    team, league = make_team(), make_league()
    Follow.objects.create(user=user, league=league)

    for row in ({"league": league}, {"team": team, "league": league}, {}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Follow.objects.create(user=user, **row)


@pytest.mark.django_db
def test_day_has_followed_teams_then_followed_leagues_first(client: Client) -> None:
    first, second, third = (
        make_league(name=name, priority=priority)
        for name, priority in (("Alpha", 10), ("Beta", 20), ("Gamma", 30))
    )
    for league in (first, second):
        make_match(season=make_season(league), kickoff_at=now())
    own = make_match(season=make_season(third), kickoff_at=now())
    make_match(season=own.season, kickoff_at=now())
    for followed in (own.away.public_id, second.public_id):
        client.post("/preferences/follow/", {"follow": followed})

    html = client.get("/").content.decode()

    assert re.findall(
        r'<section class="card league-block" aria-labelledby="league-(\w+)"', html
    ) == [
        "own",
        str(second.pk),
        str(first.pk),
        str(third.pk),
    ]
    assert html.count(f'data-k="m:{own.public_id}"') == 1


@pytest.mark.django_db
def test_star_says_whether_a_team_is_followed(client: Client) -> None:
    team = make_team()
    page = f"/teams/{team.slug}/"
    before = client.get(page).content.decode()

    client.post("/preferences/follow/", {"follow": team.public_id})
    after = client.get(page).content.decode()

    assert f'name="follow" value="{team.public_id}" aria-pressed="false"' in before
    assert f'name="unfollow" value="{team.public_id}" aria-pressed="true"' in after


@pytest.mark.django_db
def test_following_costs_one_query_for_a_user_and_none_for_others(
    client: Client, django_assert_num_queries
) -> None:
    user = User.objects.create_user("fan@example.org", "x")
    for _ in range(3):
        services.follow(user.pk, make_team().public_id)

    with django_assert_num_queries(0):
        follows_of(None, {"follow": public_id("team", 1)})
    with django_assert_num_queries(1):
        follows_of(user, {})
