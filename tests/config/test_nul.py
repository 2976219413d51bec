"""NUL, which Postgres refuses in any text: never a broken page, wherever it comes in."""

import re
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts.models import User
from fantasy.models import FantasyLeague
from tests.factories.fantasy import make_club, make_entry, make_game, make_round

# What a broken statement leaves behind must not hide the next one.
pytestmark = pytest.mark.django_db(transaction=True)


def pages(resolver: URLResolver, before: str = "") -> Iterator[str]:
    for part in resolver.url_patterns:
        route = before + str(part.pattern)
        if isinstance(part, URLResolver):
            yield from pages(part, route)
        elif isinstance(part, URLPattern) and not route.startswith(("api", "admin", "^")):
            yield route


BY_TEXT = sorted(route for route in pages(get_resolver()) if "<str:" in route)


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


def test_pages_by_a_text_are_known():
    assert len(BY_TEXT) > 10


@pytest.mark.parametrize("route", BY_TEXT)
def test_no_page_has_such_an_address(client, route):
    path = re.sub(r"<int:\w+>", "1", re.sub(r"<(str|slug|uuid):\w+>", "a%00", route))

    assert client.get(f"/{path}").status_code == 404


@pytest.fixture
def place(client) -> str:
    game = make_game()
    make_round(game)
    for _ in range(8):
        make_club(game)
    user = User.objects.create_user("ada@example.org", "x")
    make_entry(game, owner=user)
    client.force_login(user)
    return reverse("fantasy:game", args=[game.slug])


@pytest.mark.parametrize("query", ["players/?q=%00", "players/?position=%00", "players/?team=a%00"])
def test_no_filter_takes_it(client, place, query):
    assert client.get(place + query).status_code == 400


@pytest.mark.parametrize("path", ["/search?q=%00ab", "/?date=%00", "/leagues/?show=%00"])
def test_no_query_of_a_page_takes_it(client, path):
    assert client.get(path).status_code == 400


@pytest.mark.parametrize(
    "form",
    [
        {"act": "join", "code": "A\0"},
        {"act": "public", "league": "\0"},
        {"act": "create", "kind": "classic", "name": "Friends\0"},
    ],
)
def test_no_form_takes_it(client, place, form):
    assert client.post(f"{place}leagues/", form).status_code == 400
    assert not FantasyLeague.objects.exists()


@pytest.mark.parametrize("path", ["/", "/profile/", "/api/v1/leagues", "/api/v1/fantasy/teams"])
@pytest.mark.parametrize("key", ['"abcdefghijkl\\000"', "abcdefgh" * 5, "../../etc/passwd"])
def test_a_cookie_that_is_no_key_of_ours_is_no_session(client, path, key):
    answer = client.get(path, headers={"cookie": f"sessionid={key}"})

    assert answer.status_code in {200, 302, 401, 403}


def test_a_cookie_that_is_no_key_of_ours_costs_no_query(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = client.get("/login/", headers={"cookie": f"sessionid={'A' * 32}"})

    assert answer.status_code == 200
