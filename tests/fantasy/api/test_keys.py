"""A program that plays for a fan with his key: his teams, and nothing that he did not allow."""

from datetime import timedelta

import pytest
from django.test import Client

from accounts.enums import KeyMode, KeyScope
from accounts.services import make_key, revoke_key
from config.clock import now
from tests.fantasy.api.conftest import Manager

pytestmark = pytest.mark.django_db


class Program(Manager):
    """Shows a key of the fan's; there is no session, and the server looks for forged requests."""

    def __init__(self, manager, *scopes, mode=KeyMode.LIVE):
        self.user = manager.user
        end = now() + timedelta(days=1)
        self.key, token = make_key(
            self.user, name=f"{mode} {scopes}", mode=mode, scopes=scopes, expires_at=end, at=now()
        )
        headers = {"HTTP_AUTHORIZATION": f"Bearer {token}"}
        self.client = Client(enforce_csrf_checks=True, **headers)


@pytest.fixture
def program(ada):
    return Program(ada, KeyScope.READ, KeyScope.PLAY)


def code(answer):
    return answer.status_code, answer.json()["code"]


def test_program_joins_saves_and_reads_for_the_fan(game, ada, program):
    team = program.join(game)
    squad = [held["player"]["id"] for held in program.get(f"teams/{team}").json()["squad"]]
    body = {"players": squad, "captain": squad[3], "vice": squad[2]}

    saved = program.send("PUT", f"teams/{team}/lineup", body)

    assert saved.status_code == 200
    captain = next(h for h in ada.get(f"teams/{team}").json()["squad"] if h["is_captain"])
    assert captain["player"]["id"] == squad[3]
    assert program.post(f"teams/{team}/leagues", {"name": "Friends"}).status_code == 201


def test_private_league_is_told_to_the_program_of_a_member_alone(game, ada, bob, program):
    league = program.post(f"teams/{program.join(game)}/leagues", {"name": "Friends"}).json()
    place = f"leagues/{league['id']}"

    assert program.get(place).json()["code"] == league["code"]
    assert program.send("PATCH", place, {"name": "Foes"}).json()["name"] == "Foes"
    for other in (Program(ada, KeyScope.READ), Program(bob, KeyScope.READ, KeyScope.PLAY)):
        assert other.get(place).status_code == 404


def test_key_without_the_scope_plays_for_nobody(game, ada):
    team = ada.join(game)
    reader = Program(ada, KeyScope.READ)
    tester = Program(ada, KeyScope.READ, KeyScope.REPLAY, mode=KeyMode.TEST)

    for one in (reader, tester):
        assert code(one.get("teams")) == (403, "scope_missing")
        assert code(one.send("PATCH", f"teams/{team}", {"name": "X"})) == (403, "scope_missing")
    assert reader.get(f"games/{game.public_id}/players").status_code == 200


def test_program_sees_teams_of_its_fan_alone(game, bob, program):
    team = bob.join(game)

    assert program.get("teams").json()["results"] == []
    assert program.get(f"teams/{team}").status_code == 404


def test_revoked_key_plays_no_more(game, program):
    revoke_key(program.key, at=now())

    assert code(program.get("teams")) == (401, "key_revoked")


def test_key_opens_no_other_door_of_the_fan(program):
    assert program.client.get("/api/v1/notifications").status_code in {401, 403}
    assert program.client.get("/profile/").status_code == 302


def test_write_of_a_program_is_done_once(game, program):
    team = program.join(game)
    first, again = (
        program.post(f"teams/{team}/leagues", {"name": "Once"}, **{"Idempotency-Key": "k"})
        for _ in range(2)
    )

    assert again.json() == first.json()
    assert again["Idempotency-Replayed"] == "true"
    assert len(program.get(f"teams/{team}/leagues").json()["results"]) == 1
