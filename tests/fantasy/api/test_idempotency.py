"""Writes that are sent again: one effect, one answer."""

from datetime import timedelta

import pytest

from accounts.models import IdempotentAnswer
from accounts.services import forget_answers
from config.clock import now
from fantasy.models import FantasyLeague, Receipt

pytestmark = pytest.mark.django_db


@pytest.fixture
def team(game, ada):
    return ada.join(game)


def make_league(manager, team, name="Friends", key="k-1"):
    return manager.post(f"teams/{team}/leagues", {"name": name}, **{"Idempotency-Key": key})


def test_the_same_request_again_has_the_same_answer_and_no_second_effect(ada, team):
    first = make_league(ada, team)
    again = make_league(ada, team)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again["Location"] == first["Location"]
    assert ("Idempotency-Replayed" in first, again["Idempotency-Replayed"]) == (False, "true")
    assert FantasyLeague.objects.count() == 1


def test_the_key_with_another_body_is_refused(ada, team):
    make_league(ada, team)

    other = make_league(ada, team, name="Foes")

    assert other.status_code == 422
    assert other.json()["errors"][0] == {
        "pointer": "/header/Idempotency-Key",
        "code": "key_reused",
        "detail": "This key was sent with another request; take a new key for a new request.",
    }
    assert FantasyLeague.objects.count() == 1


def test_another_key_does_it_again(ada, team):
    make_league(ada, team, key="k-1")
    make_league(ada, team, key="k-2")

    assert FantasyLeague.objects.count() == 2


def test_keys_of_others_are_their_own(game, ada, bob, team):
    theirs = bob.join(game)

    assert make_league(ada, team).status_code == 201
    assert make_league(bob, theirs).status_code == 201
    assert FantasyLeague.objects.count() == 2


def test_what_was_refused_may_be_tried_again_with_its_key(ada, team):
    refused = make_league(ada, team, name="")

    mended = make_league(ada, team, name="Friends")

    assert (refused.status_code, mended.status_code) == (422, 201)
    assert IdempotentAnswer.objects.count() == 1


def test_a_save_is_not_counted_twice_in_receipts(ada, team):
    squad = [row["player"]["id"] for row in ada.get(f"teams/{team}").json()["squad"]]
    body = {"players": squad, "captain": squad[1], "vice": squad[2]}
    for _ in range(3):
        answer = ada.send("PUT", f"teams/{team}/lineup", body, **{"Idempotency-Key": "save"})

    assert answer.status_code == 200, answer.content
    assert answer.json()["receipt"]["sequence"] == 2
    assert Receipt.objects.count() == 2


def test_a_key_holds_for_a_day(ada, team):
    make_league(ada, team)
    IdempotentAnswer.objects.update(made_at=now() - timedelta(hours=24, seconds=1))

    make_league(ada, team)

    assert FantasyLeague.objects.count() == 2
    assert forget_answers(at=now() + timedelta(days=2)) == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "\x7f"])
def test_an_odd_key_is_refused(ada, team, key):
    assert make_league(ada, team, key=key).status_code == 422
    assert not FantasyLeague.objects.exists()


def test_a_stranger_with_a_key_is_still_a_stranger(client, team):
    answer = client.post(
        f"/api/v1/fantasy/teams/{team}/leagues",
        {"name": "x"},
        content_type="application/json",
        headers={"Idempotency-Key": "k"},
    )

    assert answer.status_code == 401
    assert not IdempotentAnswer.objects.exists()


def test_reads_take_no_key(ada, team):
    ada.client.get(f"/api/v1/fantasy/teams/{team}", headers={"Idempotency-Key": "k"})

    assert not IdempotentAnswer.objects.exists()
