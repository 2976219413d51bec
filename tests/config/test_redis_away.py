"""Redis is away: pages and reads of the API go on from the tables."""

import pytest
import redis
from django.core.cache import caches
from django.test import Client
from django.urls import reverse

from config.clock import now
from matches.models import Match
from tests.factories.fantasy import make_club, make_entry, make_game, make_round
from tests.factories.matchday import make_matchday

pytestmark = pytest.mark.django_db


@pytest.fixture
def redis_away(monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise redis.ConnectionError("connection refused")

    backend = type(caches["default"])
    for name in ("add", "incr", "get", "set", "get_many", "set_many", "delete"):
        monkeypatch.setattr(backend, name, fail)
    monkeypatch.setattr(redis.connection.ConnectionPool, "get_connection", fail)


@pytest.fixture
def addresses() -> list[str]:
    make_matchday(now())
    match = Match.objects.live().with_sides().filter(folded_seq__gt=0)[0]
    game = make_game(match.season)
    for _ in range(8):
        make_club(game)
    make_round(game)
    entry = make_entry(game)
    league = match.season.league
    tabs = ("match", "match_stats", "match_table", "match_fragments")
    return [
        "/",
        "/leagues/",
        "/search?q=ro",
        reverse("stats:league", args=[league.slug]),
        reverse("stats:team", args=[match.home.slug]),
        *(reverse(f"stats:{tab}", args=[match.public_id]) for tab in tabs),
        reverse("matches:lineups", args=[match.public_id]),
        reverse("fantasy:match", args=[match.public_id]),
        reverse("fantasy:game", args=[game.slug]),
        reverse("fantasy:players", args=[game.slug]),
        reverse("fantasy:entry", args=[entry.public_id]),
        f"/api/v1/matches/{match.public_id}",
        f"/api/v1/matches/{match.public_id}/events",
        f"/api/v1/matches/{match.public_id}/boxscore",
        f"/api/v1/matches/{match.public_id}/win-probability",
        f"/api/v1/standings?season={match.season.public_id}",
        f"/api/v1/fantasy/games/{game.public_id}/top",
        "/api/v1/changes",
    ]


def test_every_read_is_answered(addresses, redis_away):
    client = Client(raise_request_exception=False)

    answers = {address: client.get(address).status_code for address in addresses}

    assert set(answers.values()) == {200}, answers
