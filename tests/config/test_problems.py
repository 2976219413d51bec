"""What the API says when something is wrong: RFC 9457, at every door."""

import pytest
from django.db import OperationalError
from django.http import HttpRequest
from django.test import Client
from psycopg_pool import PoolTimeout

from config import problems
from leagues.api.views import LeagueList
from tests.factories.leagues import make_team

pytestmark = pytest.mark.django_db

NOBODY = "vz_team_00000000000000000000000000"


def assert_problem(response, status: int, code: str) -> dict:
    body = response.json()
    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    assert response["Cache-Control"] == "no-store"
    assert set(body) == {
        "type",
        "title",
        "status",
        "detail",
        "instance",
        "code",
        "errors",
        "request_id",
    }
    assert (body["status"], body["code"]) == (status, code)
    assert body["request_id"] == response["X-Request-ID"]
    return body


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "code"),
    [
        ("get", "/api/v1/nothing", {}, 404, "not_found"),
        ("get", "/api", {}, 404, "not_found"),
        ("get", f"/api/v1/teams/{NOBODY}", {}, 404, "not_found"),
        ("get", "/api/v1/teams/12", {}, 404, "not_found"),
        ("get", "/api/v1/teams/%00", {}, 404, "not_found"),
        ("get", f"/api/v1/matches/{NOBODY}/events", {}, 404, "not_found"),
        ("post", "/api/v1/teams", {}, 405, "method_not_allowed"),
        ("delete", f"/api/v1/teams/{NOBODY}", {}, 405, "method_not_allowed"),
        ("get", "/api/v1/teams", {"Accept": "application/xml"}, 406, "not_acceptable"),
        ("get", "/api/v1/teams?limit=0", {}, 422, "invalid"),
    ],
)
def test_problem_for_each_kind_of_mistake(client: Client, method, path, headers, status, code):
    body = assert_problem(getattr(client, method)(path, headers=headers), status, code)

    assert body["instance"].startswith("/api")
    page = client.get(body["type"])
    assert page.status_code == 200
    assert code in page.content.decode()


@pytest.mark.parametrize(
    ("query", "parameter", "code", "fix"),
    [
        ("limti=5", "limti", "unknown_parameter", "did you mean 'limit'?"),
        ("zebra=5", "zebra", "unknown_parameter", "use cursor, date_from"),
        ("limit=201", "limit", "invalid", "a whole number from 1 to 200"),
        # Leading zeros hide how large it is from whoever looks at its first digits.
        ("limit=000000001999", "limit", "invalid", "a whole number from 1 to 200"),
        ("limit=-1", "limit", "invalid", "a whole number from 1 to 200"),
        ("limit=1e3", "limit", "invalid", "a whole number from 1 to 200"),
        ("limit=%C2%B2", "limit", "invalid", "a whole number from 1 to 200"),
        ("limit=1&limit=2", "limit", "repeated", "Give it once"),
        ("total=yes", "total", "invalid", "true or false"),
        ("cursor=abc", "cursor", "invalid_cursor", "from `next` of the same list"),
        ("fields=id,secret", "fields", "unknown_field", "No field 'secret' here; choose from"),
        ("league=7", "league", "invalid_id", "vz_league_ and 26 letters and digits"),
        ("league=vz_team_00000000000000000000000000", "league", "invalid_id", "vz_league_"),
        ("status=alive", "status", "invalid_choice", "alive is not one of the available"),
        ("date_from=22/11/2026", "date_from", "invalid", "valid date"),
        ("order=name", "order", "invalid_choice", "name is not one of the available"),
        ("round=%00", "round", "invalid", "none of them NUL"),
        ("round=" + "x" * 501, "round", "invalid", "at most 500 characters"),
    ],
)
def test_bad_parameter_is_named_with_its_fix(client: Client, query, parameter, code, fix):
    body = assert_problem(client.get(f"/api/v1/matches?{query}"), 422, "invalid")

    [error] = body["errors"]
    assert (error["parameter"], error["pointer"]) == (parameter, f"/query/{parameter}")
    assert error["code"] == code
    assert fix in error["detail"]


def test_all_unknown_parameters_are_named_at_once(client: Client):
    body = client.get("/api/v1/teams?a=1&b=2").json()

    assert [error["parameter"] for error in body["errors"]] == ["a", "b"]


@pytest.mark.parametrize("path", ["teams", f"teams/{NOBODY}", "standings"])
def test_every_resource_refuses_unknown_parameters(client: Client, path: str):
    assert client.get(f"/api/v1/{path}?zebra=1").status_code == 422


@pytest.mark.parametrize(
    "query",
    [
        "date_from=0001-01-01&date_to=9999-12-31",
        "search=%EF%BF%BD%F0%9F%98%80",
        "search=%ED%A0%80%ED%A0%80",
        "search=%25%5C_%27",
    ],
)
def test_odd_values_are_searched_for_not_tripped_over(client: Client, query: str):
    kind = "matches" if query.startswith("date") else "players"

    assert client.get(f"/api/v1/{kind}?{query}").json()["results"] == []


def test_cursor_of_another_order_is_refused(client: Client):
    for name in ("A", "B"):
        make_team(name)
    cursor = client.get("/api/v1/teams?limit=1").json()["next"].partition("cursor=")[2]

    response = client.get(f"/api/v1/matches?cursor={cursor}")

    assert response.json()["errors"][0]["code"] == "invalid_cursor"


def test_needless_slash_is_redirected(client: Client):
    response = client.get("/api/v1/teams/?limit=1")

    assert (response.status_code, response["Location"]) == (308, "/api/v1/teams?limit=1")


def test_own_request_id_comes_back_when_well_formed(client: Client):
    mine = client.get("/api/v1/nothing", headers={"X-Request-ID": "trace-0001"})
    forged = client.get("/api/v1/nothing", headers={"X-Request-ID": "bad id\twith spaces"})

    assert mine.json()["request_id"] == mine["X-Request-ID"] == "trace-0001"
    assert len(forged["X-Request-ID"]) == 36


def test_database_away_is_503_with_a_time_to_come_back(client: Client, monkeypatch):
    def fail(_: object) -> None:
        raise OperationalError("too many clients")

    monkeypatch.setattr(LeagueList, "get_queryset", fail)

    response = client.get("/api/v1/leagues")

    body = assert_problem(response, 503, "unavailable")
    assert response["Retry-After"] == "5"
    assert "too many clients" not in str(body)


@pytest.mark.parametrize("error", [OperationalError("too many clients"), PoolTimeout("5.00 sec")])
def test_page_without_a_database_says_when_to_come_back(client: Client, monkeypatch, error):
    def fail(**_: object) -> None:
        raise error

    monkeypatch.setattr("matches.views.day_matches", fail)
    client.raise_request_exception = False

    response = client.get("/")

    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert "Not available right now" in response.content.decode()


@pytest.mark.parametrize("path", ["/", "/api/v1/leagues"])
def test_middleware_without_a_database_says_when_to_come_back(client: Client, monkeypatch, path):
    """Who has a session is looked up before any view is there to answer."""

    def fail(*_: object) -> None:
        raise OperationalError("too many clients")

    monkeypatch.setattr("config.sessions.SessionStore.load", fail)
    client.raise_request_exception = False

    response = client.get(path, headers={"cookie": f"sessionid={'a' * 32}"})

    assert (response.status_code, response["Retry-After"]) == (503, "5")


def test_crash_is_a_problem_without_its_cause(client: Client, monkeypatch):
    def crash(_: object) -> None:
        raise RuntimeError("the secret is swordfish")

    monkeypatch.setattr(LeagueList, "get_queryset", crash)
    client.raise_request_exception = False

    body = assert_problem(client.get("/api/v1/leagues"), 500, "server_error")

    assert "swordfish" not in str(body)


@pytest.mark.parametrize("handler", [problems.bad_request, problems.permission_denied])
def test_pages_keep_their_own_errors(handler):
    request = HttpRequest()
    request.path = "/scores"

    assert "html" in handler(request, Exception())["Content-Type"]
