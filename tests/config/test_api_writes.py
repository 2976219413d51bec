"""Writes of the API, all that its description names: nonsense is told where it is.

And with the ids of somebody else's things nothing is told, and nothing happens.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings as project
from django.test import Client

from accounts.enums import KeyMode, KeyScope
from accounts.models import User
from fantasy.models import Cup, Entry, FantasyLeague
from fantasy.services.leagues import NewLeague, create_league
from notifications.models import Device
from tests.factories.accounts import bearer, make_partner, make_user
from tests.factories.fantasy import make_club, make_entry, make_game, make_round
from tests.factories.leagues import make_player

pytestmark = pytest.mark.django_db

SCHEMA = yaml.safe_load((Path(project.BASE_DIR) / "docs" / "openapi.yaml").read_text())
OPERATIONS = sorted(
    (method.upper(), route, told)
    for route, held in SCHEMA["paths"].items()
    for method, told in held.items()
    if method in {"get", "post", "put", "patch", "delete"}
)
WRITES = [operation for operation in OPERATIONS if operation[0] != "GET"]
# Of one owner: whoever is not that owner, or a member, is told nothing.
OWN = ("fantasy/teams/", "fantasy/leagues/", "fantasy/cups/", "notifications/devices/")
BODIES = [
    *(b"", b"{", b"[]", b"null", b'"x"', b"1", b"\xff\xfe", b'{"a":NaN}', b"[" * 100_000),
    *(b'{"' + b"k" * 4000 + b'":1}', b'{"a":1,"a":2}', b"x" * 1_100_000),
]
VALUES: list[Any] = [
    *(None, True, -1, 2**63, 2**70, 1e308, 1.5, "", " ", "\0", "a\0b", "x" * 5000, "\u202e"),
    *([], [None], [[]], [1], ["x"], ["\0"], [{}], ["x"] * 41, {}, {"a": 1}, {"\0": 1}),
    *([{"out": "\0", "in": 1}], "vz_player_01K"),
]


class Owner:
    """A fan with a team, a private league, its cup and a browser, and the ids of all of them."""

    def __init__(self, game):
        self.user: User = make_user()
        self.entry = make_entry(game, owner=self.user)
        self.league = create_league(self.entry.pk, NewLeague(name="Friends"))
        self.cup = Cup.objects.create(
            game=game, league=self.league, name="Cup", start_round=self.league.start_round, seed="s"
        )
        address = f"https://push.example.org/{self.user.pk}"
        self.device = Device.objects.create(user=self.user, endpoint=address)
        self.client = Client(raise_request_exception=False)
        self.client.force_login(self.user)
        self.ids = {
            "fantasy/games": game.public_id,
            "fantasy/teams": self.entry.public_id,
            "fantasy/entries": self.entry.public_id,
            "fantasy/leagues": self.league.public_id,
            "fantasy/cups": self.cup.public_id,
            "notifications/devices": self.device.public_id,
            "notifications/follows": make_player().public_id,
        }

    def path(self, route: str) -> str:
        """Return the address of a route with ids of this owner's."""
        kind = "/".join(route.split("/")[3:5])
        path = route.replace("{public_id}", self.ids.get(kind, "none")).replace("{number}", "1")
        for hole, filling in (
            ("{player_id}", self.entry.holdings.first().game_player.player.public_id),
            ("{league_id}", self.league.public_id),
            ("{entry_id}", self.entry.public_id),
            ("{replay_id}", "vz_replay_" + "0" * 26),
        ):
            path = path.replace(hole, filling)
        return path


@pytest.fixture
def game(settings):
    settings.API_REQUESTS_PER_MINUTE = {"read": 10**6, "live": 10**6}
    settings.API_KEY_REQUESTS_PER_MINUTE = {"read": 10**6, "live": 10**6}
    made = make_game()
    for _ in range(8):
        make_club(made)
    for _ in range(4):
        make_round(made)
    return made


@pytest.fixture
def unlimited(monkeypatch):
    for name in ("_PER_HOUR", "_IN_THE_LAST"):
        allowed = dict.fromkeys(("lineup", "transfers", "leagues", "codes"), 10**6)
        monkeypatch.setattr(f"fantasy.services.limits.{name}", allowed)


def body_of(told: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a request's body."""
    content = told.get("requestBody", {}).get("content", {})
    schema: dict[str, Any] = content.get("application/json", {}).get("schema", {})
    while "$ref" in schema:
        schema = SCHEMA["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def good_body(told: dict[str, Any]) -> bytes:
    """Return a body that nothing is wrong with: only the id of the address is another's."""
    schema = body_of(told)
    properties = schema.get("properties", {})
    named = {*schema.get("required", ()), "name"} & properties.keys()
    filled = {name: [] if properties[name].get("type") == "array" else "Mine" for name in named}
    return json.dumps(filled | ({"code": "MINE"} if "code" in properties else {})).encode()


def bodies_of(told: dict[str, Any], *, every: int) -> Iterator[bytes]:
    """Yield the bodies, for each field every third value, say: together they have all of them."""
    yield from BODIES
    for number, name in enumerate((*body_of(told).get("properties", ()), "unknown")):
        yield from (json.dumps({name: value}).encode() for value in VALUES[number % every :: every])


def check(answer: Any, told: dict[str, Any], asked: object) -> None:
    assert answer.status_code < 500, asked
    assert str(answer.status_code) in told["responses"], (asked, answer.status_code)
    if answer.status_code == 422:
        assert all(error["pointer"] for error in answer.json()["errors"]), (asked, answer.json())


@pytest.mark.parametrize("every", [3, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("method", "route", "told"), WRITES)
def test_nonsense_is_told_where_it_is(game, unlimited, method, route, told, every):
    owner = Owner(game)
    _, token = make_partner(owner.user, mode=KeyMode.TEST)
    headers = bearer(token) if route.startswith("/api/v1/replays") else {}

    for number, body in enumerate(bodies_of(told, every=every)):
        key = {"Idempotency-Key": f"key-{number}"} if number % 2 else {}
        answer = owner.client.generic(
            method, owner.path(route), body, "application/json", headers={**headers, **key}
        )
        check(answer, told, (method, route, body[:80]))
    for kind in ("text/plain", "multipart/form-data", "application/x-www-form-urlencoded", "\0"):
        answer = owner.client.generic(method, owner.path(route), b"a=1", kind, headers=headers)
        check(answer, told, (method, route, kind))


def everything() -> list[object]:
    """What is held: nobody else may change any of it."""
    return [
        list(Entry.objects.order_by("pk").values()),
        list(FantasyLeague.objects.order_by("pk").values()),
        list(FantasyLeague.members.rel.related_model.objects.order_by("pk").values()),
        list(Cup.objects.order_by("pk").values()),
        list(Device.objects.order_by("pk").values()),
        [list(entry.holdings.values()) for entry in Entry.objects.order_by("pk")],
    ]


@pytest.mark.parametrize("by", ["session", "key", "nobody"])
def test_what_is_somebody_elses_does_not_exist(game, by):
    ada, bob = Owner(game), Owner(game)
    _, token = make_partner(ada.user, mode=KeyMode.LIVE, scopes=[KeyScope.READ, KeyScope.PLAY])
    client = {
        "session": ada.client,
        "key": Client(headers=bearer(token), raise_request_exception=False),
        "nobody": Client(raise_request_exception=False),
    }[by]
    before = everything()
    seen = 0

    for method, route, told in OPERATIONS:
        if "{" not in route or not route.removeprefix("/api/v1/").startswith(OWN):
            continue
        body = b"" if method == "GET" else good_body(told)
        answer = client.generic(method, bob.path(route), body, "application/json")
        # Keys open nothing of notices.
        refused = {"session": {404}, "key": {403, 404}, "nobody": {401, 403, 404}}[by]
        assert answer.status_code in refused, (method, route, answer.status_code, answer.content)
        assert "Friends" not in answer.content.decode(), route
        seen += 1

    assert seen > 25
    assert everything() == before
