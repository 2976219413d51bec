"""Every route of the site, and who may use it. A new route fails here until it is listed."""

import re
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.views import APIView

from accounts.enums import Role
from accounts.models import User
from accounts.services import grant_role, sync_roles
from stats.api.keys import NeedsKey

PUBLIC_API = {
    "api/schema",
    "api/v1",
    "api/v1/changes",
    # Leagues of entries: private ones are told to their members, and changed by their owners.
    "api/v1/fantasy/cups/<slug:public_id>",
    "api/v1/fantasy/entries/<slug:public_id>",
    "api/v1/fantasy/entries/<slug:public_id>/history",
    "api/v1/fantasy/entries/<slug:public_id>/rounds/<int:number>",
    "api/v1/fantasy/entries/<slug:public_id>/rounds/<int:number>/proof",
    "api/v1/fantasy/entries/<slug:public_id>/transfers",
    "api/v1/fantasy/games",
    "api/v1/fantasy/games/<slug:public_id>",
    "api/v1/fantasy/games/<slug:public_id>/cups",
    "api/v1/fantasy/games/<slug:public_id>/leagues",
    "api/v1/fantasy/games/<slug:public_id>/phases",
    "api/v1/fantasy/games/<slug:public_id>/players",
    "api/v1/fantasy/games/<slug:public_id>/players/<slug:player_id>",
    "api/v1/fantasy/games/<slug:public_id>/players/<slug:player_id>/rounds/<int:number>",
    "api/v1/fantasy/games/<slug:public_id>/prices",
    "api/v1/fantasy/games/<slug:public_id>/rounds",
    "api/v1/fantasy/games/<slug:public_id>/rounds/<int:number>",
    "api/v1/fantasy/games/<slug:public_id>/rules",
    "api/v1/fantasy/games/<slug:public_id>/table",
    "api/v1/fantasy/games/<slug:public_id>/top",
    "api/v1/fantasy/leagues/<slug:public_id>",
    "api/v1/fantasy/leagues/<slug:public_id>/adjustments",
    "api/v1/fantasy/leagues/<slug:public_id>/cups",
    "api/v1/fantasy/leagues/<slug:public_id>/fixtures",
    "api/v1/fantasy/leagues/<slug:public_id>/members/<slug:entry_id>",
    "api/v1/fantasy/leagues/<slug:public_id>/table",
    "api/v1/fantasy/receipts/keys",
    "api/v1/fantasy/receipts/verify",
    "api/v1/leagues",
    "api/v1/leagues/<slug:public_id>",
    "api/v1/leagues/<slug:public_id>/coverage",
    "api/v1/matches",
    "api/v1/matches/<slug:public_id>",
    "api/v1/matches/<slug:public_id>/boxscore",
    "api/v1/matches/<slug:public_id>/corrections",
    "api/v1/matches/<slug:public_id>/events/<uuid:event_id>/revisions",
    "api/v1/matches/<slug:public_id>/events",
    "api/v1/matches/<slug:public_id>/forecast",
    "api/v1/matches/<slug:public_id>/win-probability",
    "api/v1/players",
    "api/v1/players/<slug:public_id>",
    "api/v1/seasons",
    "api/v1/seasons/<slug:public_id>",
    "api/v1/standings",
    "api/v1/stream",
    "api/v1/teams",
    "api/v1/teams/<slug:public_id>",
}
# Of the signed-in user, who has his own and nothing else.
OWN_API = {
    "api/v1/fantasy/games/<slug:public_id>/fill",
    "api/v1/notifications",
    "api/v1/notifications/devices",
    "api/v1/notifications/devices/<slug:public_id>",
    "api/v1/notifications/follows",
    "api/v1/notifications/follows/<slug:public_id>",
    "api/v1/notifications/preferences",
    "api/v1/notifications/push-key",
    "api/v1/notifications/read",
    "api/v1/fantasy/teams",
    "api/v1/fantasy/teams/<slug:public_id>",
    "api/v1/fantasy/teams/<slug:public_id>/chips",
    "api/v1/fantasy/teams/<slug:public_id>/leagues",
    "api/v1/fantasy/teams/<slug:public_id>/leagues/<slug:league_id>",
    "api/v1/fantasy/teams/<slug:public_id>/leagues/join",
    "api/v1/fantasy/teams/<slug:public_id>/lineup",
    "api/v1/fantasy/teams/<slug:public_id>/receipts",
    "api/v1/fantasy/teams/<slug:public_id>/scoring/<int:number>",
    "api/v1/fantasy/teams/<slug:public_id>/submit",
    "api/v1/fantasy/teams/<slug:public_id>/transfers",
    "api/v1/fantasy/teams/<slug:public_id>/transfers/basket",
    "api/v1/fantasy/teams/<slug:public_id>/transfers/basket/<slug:player_id>",
    "api/v1/fantasy/teams/<slug:public_id>/transfers/basket/confirm",
    "api/v1/fantasy/teams/<slug:public_id>/transfers/preview",
}
# For partners' test keys, each owner's own.
KEYED_API = {
    "api/v1/replays",
    "api/v1/replays/<slug:replay_id>",
    "api/v1/replays/<slug:replay_id>/events",
}
CLOSED = dict.fromkeys(OWN_API, IsAuthenticated) | dict.fromkeys(KEYED_API, NeedsKey)
WRITES = {
    "api/v1/notifications/devices": {"POST"},
    "api/v1/notifications/devices/<slug:public_id>": {"DELETE"},
    "api/v1/notifications/follows": {"POST"},
    "api/v1/notifications/follows/<slug:public_id>": {"PATCH", "DELETE"},
    "api/v1/notifications/preferences": {"PUT"},
    "api/v1/notifications/read": {"POST"},
    "api/v1/replays": {"POST"},
    "api/v1/replays/<slug:replay_id>": {"PATCH", "DELETE"},
    "api/v1/fantasy/games/<slug:public_id>/fill": {"POST"},
    "api/v1/fantasy/leagues/<slug:public_id>": {"PATCH"},
    "api/v1/fantasy/leagues/<slug:public_id>/cups": {"POST"},
    "api/v1/fantasy/leagues/<slug:public_id>/members/<slug:entry_id>": {"DELETE"},
    "api/v1/fantasy/receipts/verify": {"POST"},
    "api/v1/fantasy/teams": {"POST"},
    "api/v1/fantasy/teams/<slug:public_id>": {"PATCH"},
    "api/v1/fantasy/teams/<slug:public_id>/chips": {"POST", "DELETE"},
    "api/v1/fantasy/teams/<slug:public_id>/leagues": {"POST"},
    "api/v1/fantasy/teams/<slug:public_id>/leagues/<slug:league_id>": {"DELETE"},
    "api/v1/fantasy/teams/<slug:public_id>/leagues/join": {"POST"},
    "api/v1/fantasy/teams/<slug:public_id>/lineup": {"PUT"},
    "api/v1/fantasy/teams/<slug:public_id>/submit": {"POST"},
    "api/v1/fantasy/teams/<slug:public_id>/transfers": {"POST"},
    "api/v1/fantasy/teams/<slug:public_id>/transfers/basket": {"PUT", "POST", "DELETE"},
    "api/v1/fantasy/teams/<slug:public_id>/transfers/basket/<slug:player_id>": {"DELETE"},
    "api/v1/fantasy/teams/<slug:public_id>/transfers/basket/confirm": {"POST"},
    "api/v1/fantasy/teams/<slug:public_id>/transfers/preview": {"POST"},
}
PUBLIC_PLAIN = {"health", "ready", "metrics", "api/docs", "api/problems/<slug:code>"}
PUBLIC_PAGES = {
    "",
    "leagues/",
    "leagues/<slug:slug>/",
    "leagues/<slug:slug>/fixtures/",
    "leagues/<slug:slug>/regions/",
    "players/<slug:slug>/regions/",
    "teams/<slug:slug>/regions/",
    "leagues/<slug:slug>/results/",
    "following/",
    "calendar/league/<str:public_id>.ics",
    "calendar/team/<str:public_id>.ics",
    "matches/<str:public_id>/",
    "matches/<str:public_id>/events/<slug:key>/",
    "matches/<str:public_id>/h2h/",
    "matches/<str:public_id>/lineups/",
    "matches/<str:public_id>/parts/",
    "matches/<str:public_id>/regions/<slug:tab>/",
    "matches/<str:public_id>/replay/",
    "matches/<str:public_id>/report/",
    "matches/<str:public_id>/replay/film/",
    "matches/<str:public_id>/stats/",
    "matches/<str:public_id>/table/",
    "matches/<str:public_id>/timeline/",
    "players/<slug:slug>/",
    "scores/parts/",
    "search",
    "tables/parts/",
    "teams/<slug:slug>/",
    "login/",
    # 403 where a site opens no accounts.
    "sign-up/",
    "fantasy/",
    "fantasy/<slug:slug>/",
    "fantasy/<slug:slug>/parts/",
    "fantasy/<slug:slug>/players/",
    "fantasy/<slug:slug>/players/<str:player_id>/",
    "fantasy/<slug:slug>/players/<str:player_id>/rounds/<int:number>/",
    "fantasy/<slug:slug>/points/",
    "fantasy/<slug:slug>/rules/",
    "fantasy/<slug:slug>/table/",
    "fantasy/cups/<str:public_id>/",
    "fantasy/entries/<str:public_id>/",
    "fantasy/entries/<str:public_id>/history/",
    "fantasy/entries/<str:public_id>/rounds/<int:number>/",
    "fantasy/entries/<str:public_id>/rounds/<int:number>/proof/",
    "matches/<str:public_id>/fantasy/",
    # Private leagues for members; what is made there is the reader's own.
    "fantasy/<slug:slug>/leagues/",
    "fantasy/leagues/<str:public_id>/",
    # Of the account, else of the browser.
    "preferences/follow/",
    # Of whoever has a message: its token says whose push about which match stops.
    "notices/stop/",
    "push-worker.js",
    # Of the browser, not of an account.
    "preferences/scores/",
    "preferences/spoilers/",
    "preferences/theme/",
}
SIGNED_IN_PAGES = {
    "profile/",
    "profile/keys/",
    "profile/keys/<slug:prefix>/revoke/",
    "profile/password/",
    "notices/",
    "notices/devices/",
    "notices/follow/<str:public_id>/",
    "notices/read/",
    "notices/settings/",
    "logout/",
    "fantasy/<slug:slug>/join/",
    "fantasy/<slug:slug>/team/",
    "fantasy/<slug:slug>/team/chip/",
    "fantasy/<slug:slug>/team/receipts/<int:sequence>/",
    "fantasy/<slug:slug>/transfers/",
    "fantasy/leagues/<str:public_id>/change/",
}
CATCH_ALL = {"^api(?:/.*)?$"}


def routes(resolver=None, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for entry in (resolver or get_resolver()).url_patterns:
        place = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from routes(entry, place)
        else:
            yield place, entry


def test_every_api_route_is_listed():
    found = {place for place, entry in routes() if hasattr(entry.callback, "cls")}

    assert found == PUBLIC_API | OWN_API | KEYED_API


def test_every_api_view_names_its_permission():
    for place, entry in routes():
        if view := getattr(entry.callback, "cls", None):
            expected = [CLOSED.get(place, AllowAny)]
            assert list(view.permission_classes) == expected, place
            writes = set(view().allowed_methods) - {"GET", "OPTIONS"}
            assert writes == WRITES.get(place, set()), place


def test_a_view_that_names_no_permission_is_closed(rf):
    class Forgotten(APIView):
        def get(self, request):
            raise AssertionError("reached")

    request = rf.get("/api/v1/forgotten")
    request.user = AnonymousUser()
    anonymous = Forgotten.as_view()(request)
    request.user = User(email="boss@example.org", is_staff=True, is_superuser=True)
    boss = Forgotten.as_view()(request)

    assert {anonymous.status_code, boss.status_code} == {403}


def test_every_other_route_outside_the_admin_is_listed():
    found = {
        place
        for place, entry in routes()
        if not hasattr(entry.callback, "cls") and not place.startswith("admin/")
    }

    assert found == PUBLIC_PLAIN | PUBLIC_PAGES | SIGNED_IN_PAGES | CATCH_ALL


@pytest.mark.django_db
def test_pages_of_an_account_send_strangers_to_the_login(client: Client):
    for route in SIGNED_IN_PAGES - {"logout/"}:
        place = re.sub(r"<\w+:\w+>", "1", route)
        response = client.get(f"/{place}")
        assert (response.status_code, response["Location"]) == (302, f"/login/?next=/{place}")


@pytest.mark.django_db
def test_nothing_is_changed_by_looking(client: Client):
    for place in ("logout/", "preferences/theme/", "preferences/follow/"):
        assert client.get(f"/{place}").status_code == 405, place


def admin_pages() -> list[str]:
    places = []
    for place, _ in routes():
        if place.startswith("admin/") and place.count("/") <= 3 and "<" not in place:
            places.append("/" + place)
    return [place for place in places if not place.startswith(("/admin/log", "/admin/^"))]


@pytest.mark.django_db
@pytest.mark.parametrize("role", [None, Role.FAN])
def test_admin_is_closed_to_strangers_and_fans(client: Client, role: Role | None):
    if role:
        sync_roles()
        fan = User.objects.create_user("fan@example.org", "x")
        grant_role(fan, role)
        client.force_login(fan)

    for place in admin_pages():
        response = client.get(place)
        assert response.status_code in {302, 404}, place
        if response.status_code == 302:
            assert response["Location"].startswith("/admin/login/"), place


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("role", "opened", "closed"),
    [
        (
            Role.ANALYST,
            ["/admin/matches/match/", "/admin/stats/boxscore/"],
            ["/admin/matches/match/add/", "/admin/accounts/user/", "/admin/streams/deadletter/"],
        ),
        (
            Role.ADMIN,
            [
                "/admin/matches/match/add/",
                "/admin/accounts/user/",
                "/admin/streams/deadletter/",
                "/admin/django_celery_beat/periodictask/",
            ],
            ["/admin/matches/playevent/add/", "/admin/streams/outboxevent/add/"],
        ),
    ],
)
def test_admin_opens_by_role(client: Client, role: Role, opened, closed):
    sync_roles()
    user = User.objects.create_user("someone@example.org", "x")
    grant_role(user, role)
    client.force_login(user)

    assert {place: client.get(place).status_code for place in opened} == dict.fromkeys(opened, 200)
    assert {place: client.get(place).status_code for place in closed} == dict.fromkeys(closed, 403)
