"""The basket of transfers over the API: put together, undone, confirmed once."""

from datetime import timedelta

import pytest

from fantasy.models import GamePlayer, Round, Transfer
from fantasy.services.deadlines import lock_round

pytestmark = pytest.mark.django_db


@pytest.fixture
def team(game, ada):
    team = ada.join(game)
    first = game.rounds.get(number=1)
    Round.objects.filter(pk=first.pk).update(deadline_at=first.deadline_at - timedelta(days=30))
    assert lock_round(first.pk)
    return team


@pytest.fixture
def moves(game, team):
    """Two transfers that are allowed, a defender and a forward."""
    found = []
    for position in ("DEF", "FWD"):
        rows = GamePlayer.objects.filter(game=game, position=position).select_related("player")
        held = rows.filter(holdings__entry__public_id=team).order_by("number").first()
        clubs = GamePlayer.objects.filter(holdings__entry__public_id=team).values("team")
        other = rows.exclude(team__in=clubs).order_by("number")[len(found)]
        found.append({"out": held.player.public_id, "in": other.player.public_id})
    return found


def pairs(basket):
    return [{side: row[side]["id"] for side in ("out", "in")} for row in basket["transfers"]]


def test_basket_is_filled_read_and_undone_without_any_effect(ada, team, moves):
    path = f"teams/{team}/transfers/basket"
    before = ada.get(f"teams/{team}").json()
    assert ada.get(path).json() == {"round": 2, "transfers": [], "deal": None}

    put = ada.send("PUT", path, {"transfers": moves[:1], "round": 2}).json()
    added = ada.post(path, moves[1]).json()
    read = ada.get(path).json()
    less = ada.send("DELETE", f"{path}/{moves[0]['out']}").json()
    cleared = ada.send("DELETE", path).json()

    assert pairs(put) == moves[:1]
    assert pairs(added) == pairs(read) == moves
    assert (read["deal"]["made"], read["deal"]["hit"], read["deal"]["is_allowed"]) == (2, 4, True)
    assert pairs(less) == moves[1:]
    assert cleared["transfers"] == []
    assert not Transfer.objects.exists()
    assert ada.get(f"teams/{team}").json() == before


def test_who_sells_a_player_anew_replaces_the_move(ada, team, moves, game):
    path = f"teams/{team}/transfers/basket"
    ada.post(path, moves[0])
    other = GamePlayer.objects.filter(game=game, position="DEF").order_by("-number").first()

    basket = ada.post(path, {"out": moves[0]["out"], "in": other.player.public_id}).json()

    assert pairs(basket) == [{"out": moves[0]["out"], "in": other.player.public_id}]


def test_confirmed_basket_is_final_and_empty(ada, team, moves):
    path = f"teams/{team}/transfers/basket"
    ada.send("PUT", path, {"transfers": moves})

    answer = ada.post(f"{path}/confirm", {"round": 2}, **{"Idempotency-Key": "k"})
    again = ada.post(f"{path}/confirm", {"round": 2}, **{"Idempotency-Key": "k"})
    empty = ada.post(f"{path}/confirm", {"round": 2})

    assert answer.status_code == 200
    assert (answer.json()["transfers_made"], answer.json()["hit"]) == (2, 4)
    assert again.content == answer.content
    assert Transfer.objects.count() == 2
    assert ada.get(path).json()["transfers"] == []
    assert empty.status_code == 422
    assert empty.json()["errors"][0]["code"] == "no_transfers"


def test_chip_is_played_with_the_basket(ada, team, moves):
    path = f"teams/{team}/transfers/basket"
    ada.send("PUT", path, {"transfers": moves})

    saved = ada.post(f"{path}/confirm", {"chip": "wildcard"}).json()

    assert saved["hit"] == 0
    assert ada.get(f"teams/{team}").json()["chip"] == "wildcard"


@pytest.mark.parametrize(
    ("method", "body", "code"),
    [
        ("PUT", {"transfers": [], "round": 1}, "deadline_passed"),
        ("POST", {"out": "vz_player_x", "in": "vz_player_y"}, "unknown_player"),
        ("POST", {"out": "vz_player_x"}, "required"),
        ("POST", {"out": "a", "in": "b", "chip": "wildcard"}, "unknown_field"),
    ],
)
def test_refusals_have_the_codes_of_all_saves(ada, team, method, body, code):
    answer = ada.send(method, f"teams/{team}/transfers/basket", body)

    assert answer.status_code == 422
    assert code in [error["code"] for error in answer.json()["errors"]]


def test_player_one_does_not_have_is_refused_where_he_is_named(ada, team, moves):
    answer = ada.post(
        f"teams/{team}/transfers/basket", {"out": moves[0]["in"], "in": moves[1]["in"]}
    )

    assert ("/out", "not_held") in [(e["pointer"], e["code"]) for e in answer.json()["errors"]]


def test_nothing_is_undone_that_is_not_there(ada, team, moves):
    answer = ada.send("DELETE", f"teams/{team}/transfers/basket/{moves[0]['out']}")

    assert answer.json()["errors"][0]["code"] == "not_in_basket"


def test_basket_of_somebody_else_does_not_exist(ada, bob, team, client):
    path = f"teams/{team}/transfers/basket"

    assert {bob.get(path).status_code, bob.send("DELETE", path).status_code} == {404}
    assert bob.post(f"{path}/confirm", {}).status_code == 404
    assert client.get(f"/api/v1/fantasy/{path}").status_code in {401, 403}
