"""The assistant manager's chip over the API: found, previewed, played, read, changed."""

import pytest

from fantasy.models import Entry, Holding
from tests.fantasy.test_added_players import make_managed_game, managers
from tests.fantasy.test_deadlines import lock_next

pytestmark = pytest.mark.django_db


@pytest.fixture
def game(db):
    return make_managed_game()


@pytest.fixture
def team(game, ada, clock):
    """A team in round 24."""
    made = ada.join(game)
    lock_next(game, clock)
    return made


def problems(answer):
    assert answer.status_code == 422, answer.content
    return [(error["pointer"], error["code"]) for error in answer.json()["errors"]]


def name_of(row) -> str:
    return row.player.public_id


def test_offer_says_whom_the_chip_adds_and_how_long_it_lasts(ada, team):
    offers = {row["chip"]: row for row in ada.get(f"teams/{team}/chips").json()["results"]}

    assert (offers["manager"]["adds"], offers["manager"]["rounds"]) == ("AM", 3)
    assert (offers["bboost"]["adds"], offers["bboost"]["rounds"]) == ("", 1)


def test_managers_are_found_by_their_position(ada, game, team):
    found = ada.get(f"games/{game.public_id}/players", position="AM").json()["results"]

    assert {row["id"] for row in found} == {name_of(row) for row in managers(game)}


def test_chip_is_played_with_a_manager_and_read_for_three_rounds(ada, game, team, clock):
    wanted = managers(game)[0]

    answer = ada.post(f"teams/{team}/chips", {"chip": "manager", "player": name_of(wanted)})

    assert answer.status_code == 200, answer.content
    assert answer.json()["bank"] == 240
    told = []
    for _ in range(4):
        document = ada.get(f"teams/{team}").json()
        last = document["squad"][-1]
        told.append((document["round"], document["chip"], last["slot"], last["player"]["position"]))
        lock_next(game, clock)
    assert told == [
        (24, "manager", 16, "AM"),
        (25, "manager", 16, "AM"),
        (26, "manager", 16, "AM"),
        (27, None, 15, "FWD"),
    ]
    assert ada.get(f"teams/{team}").json()["bank"] == 250


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"chip": "manager"}, ("/player", "player_needed")),
        ({"chip": "manager", "player": "vz_player_x"}, ("/player", "unknown_player")),
        ({"chip": "bboost", "player": "manager"}, ("/player", "chip_adds_nobody")),
        ({"chip": "manager", "player": "midfielder"}, ("/player", "wrong_position")),
        ({"chip": "manager", "player": "of a full club"}, ("/club:{club}", "club_cap")),
    ],
)
def test_what_forbids_the_chip_is_told_with_code_and_place(ada, game, team, body, told):
    full = Holding.objects.filter(entry__public_id=team).first().game_player.team_id
    known = {
        "manager": managers(game)[0],
        "midfielder": game.players.filter(position="MID").last(),
        "of a full club": game.players.get(position="AM", team=full),
    }
    if body.get("player") in known:
        body = {**body, "player": name_of(known[body["player"]])}

    answer = ada.post(f"teams/{team}/chips", body)

    pointer, code = told
    assert problems(answer) == [(pointer.format(club=full), code)]


def test_manager_who_is_too_dear_is_refused(ada, game, team):
    Entry.objects.update(bank=9)
    body = {"chip": "manager", "player": name_of(managers(game)[0])}

    assert problems(ada.post(f"teams/{team}/chips", body)) == [("/budget", "over_budget")]


def test_preview_and_confirmation_pay_transfers_and_manager_together(ada, game, team):
    wanted = managers(game)[0]
    out = Holding.objects.get(entry__public_id=team, slot=15).game_player
    held = Holding.objects.filter(entry__public_id=team).values("game_player")
    coming = game.players.filter(position=out.position, team=out.team).exclude(pk__in=held).first()
    body = {
        "transfers": [{"out": name_of(out), "in": name_of(coming)}],
        "chip": "manager",
        "player": name_of(wanted),
    }

    deal = ada.post(f"teams/{team}/transfers/preview", body).json()
    nothing = Holding.objects.filter(entry__public_id=team, slot=16)

    assert (deal["is_allowed"], deal["bank"], deal["made"], deal["problems"]) == (True, 240, 1, [])
    assert not nothing.exists()
    saved = ada.post(f"teams/{team}/transfers", body).json()
    assert (saved["bank"], saved["transfers_made"]) == (240, 1)
    assert Holding.objects.get(entry__public_id=team, slot=16).game_player == wanted


def test_basket_is_confirmed_with_the_chip_and_its_manager(ada, game, team):
    wanted = managers(game)[0]
    out = Holding.objects.get(entry__public_id=team, slot=15).game_player
    held = Holding.objects.filter(entry__public_id=team).values("game_player")
    coming = game.players.filter(position=out.position, team=out.team).exclude(pk__in=held).first()
    ada.post(f"teams/{team}/transfers/basket", {"out": name_of(out), "in": name_of(coming)})

    answer = ada.post(
        f"teams/{team}/transfers/basket/confirm", {"chip": "manager", "player": name_of(wanted)}
    )

    assert answer.status_code == 200, answer.content
    assert Holding.objects.get(entry__public_id=team, slot=16).game_player == wanted


def test_player_without_a_chip_is_refused(ada, game, team):
    out = Holding.objects.get(entry__public_id=team, slot=15).game_player
    body = {
        "transfers": [{"out": name_of(out), "in": name_of(out)}],
        "player": name_of(managers(game)[0]),
    }

    answer = ada.post(f"teams/{team}/transfers", body)

    assert problems(answer) == [("/player", "chip_adds_nobody")]
