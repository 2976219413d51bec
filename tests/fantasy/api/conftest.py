"""A game with clubs and rounds, and managers who speak JSON."""

from datetime import timedelta

import orjson
import pytest
from django.test import Client

from accounts.models import User
from config.clock import now
from tests.factories.fantasy import make_club, make_game, make_round, pick_squad
from tests.openapi import check_answer


class Manager:
    """A signed-in fan with a client; what is answered has to be what the description says."""

    def __init__(self, name, **fields):
        self.user = User.objects.create_user(
            f"{name}@example.org", "x", display_name=name, **fields
        )
        self.client = Client()
        self.client.force_login(self.user)

    def get(self, path, **query):
        answer = self.client.get(f"/api/v1/fantasy/{path}", query)
        check_answer(answer)
        return answer

    def send(self, method, path, body=None, **headers):
        answer = self.client.generic(
            method,
            f"/api/v1/fantasy/{path}",
            b"" if body is None else _json(body),
            content_type="application/json",
            headers=headers,
        )
        check_answer(answer)
        return answer

    def post(self, path, body=None, **headers):
        return self.send("POST", path, body, **headers)

    def join(self, game, squad=None, name="Rovers"):
        """Make a team in the game and return its id."""
        squad = pick_squad(game) if squad is None else squad
        players = [row.player.public_id for row in squad]
        body = {"game": game.public_id, "name": name, "players": players}
        answer = self.post("teams", body)
        assert answer.status_code == 201, answer.content
        return answer.json()["id"]


def _json(body):
    return orjson.dumps(body)


@pytest.fixture
def game(db):
    game = make_game()
    for _ in range(8):
        make_club(game)
    for number in range(1, 5):
        make_round(game, starts_at=now() + timedelta(days=7 * number))
    return game


@pytest.fixture
def ada(db):
    return Manager("ada")


@pytest.fixture
def bob(db):
    return Manager("bob")
