"""A manager's teams over the API: everything a page can do, and nothing that is somebody else's."""

from datetime import timedelta

import pytest
from kombu.exceptions import OperationalError

from config.clock import now
from fantasy.enums import RoundState
from fantasy.models import Entry, Holding, PlayerScore, Receipt, Round, Transfer
from fantasy.services.deadlines import lock_round
from tests.factories.fantasy import make_club, make_game, make_round, make_round_match, pick_squad
from tests.factories.leagues import make_league, make_season

pytestmark = pytest.mark.django_db


def team_of(manager, game):
    return manager.join(game)


def problems(answer):
    assert answer.status_code == 422, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    return [(error["pointer"], error["code"]) for error in answer.json()["errors"]]


def squad_of(manager, team):
    return [row["player"]["id"] for row in manager.get(f"teams/{team}").json()["squad"]]


def outsider(game, team, position="MID"):
    held = Holding.objects.filter(entry__public_id=team).values("game_player")
    row = game.players.filter(position=position).exclude(pk__in=held).order_by("-number").first()
    return row.player.public_id


def insider(game, team, position="MID"):
    row = Holding.objects.filter(entry__public_id=team, game_player__position=position).first()
    return row.game_player.player.public_id


def test_a_team_is_made_with_a_squad_and_a_receipt(game, ada):
    players = [row.player.public_id for row in pick_squad(game)]

    answer = ada.post("teams", {"game": game.public_id, "name": "Rovers", "players": players})

    told = answer.json()
    assert answer.status_code == 201
    assert answer["Location"] == f"/api/v1/fantasy/teams/{told['id']}"
    assert (told["name"], told["bank"], told["round"], len(told["squad"])) == ("Rovers", 250, 1, 15)
    assert sum(row["is_captain"] for row in told["squad"]) == 1
    assert told["receipt"]["document"]["entry"] == told["id"]
    assert [row["id"] for row in ada.get("teams").json()["results"]] == [told["id"]]


def test_a_new_team_is_told_as_its_owner_wants_to_be_told(game, ada):
    round_ = game.rounds.get(number=1)
    Round.objects.filter(pk=round_.pk).update(state=RoundState.LIVE, locked_at=now())
    home, away = game.season.teams.order_by("pk")[:2]
    make_round_match(round_, home, away, status="live", data_at=now())
    type(ada.user).objects.filter(pk=ada.user.pk).update(hides_scores=True)
    players = [row.player.public_id for row in pick_squad(game)]

    made = ada.post("teams", {"game": game.public_id, "name": "Rovers", "players": players}).json()

    assert (made["standing"]["withheld"], made["data_age_ms"]) == ("scores_hidden", None)
    del made["receipt"]
    assert made == ada.get(f"teams/{made['id']}").json()


def test_what_the_rules_forbid_is_told_with_code_and_place(game, ada):
    squad = [row.player.public_id for row in pick_squad(game)]

    def made(players):
        return ada.post("teams", {"game": game.public_id, "name": "x", "players": players})

    assert {code for _, code in problems(made(squad[:14]))} >= {"squad_size"}
    assert problems(made([*squad[:14], "vz_player_0"])) == [("/players/14", "unknown_player")]
    assert problems(ada.post("teams", {"game": "x", "name": "x", "players": squad})) == [
        ("/game", "unknown_game")
    ]
    assert problems(
        ada.post("teams", {"game": game.public_id, "name": "x", "players": squad, "owner": 1})
    ) == [("/owner", "unknown_field")]
    assert not Entry.objects.exists()


def test_several_mistakes_read_as_sentences(game, ada):
    squad = [row.player.public_id for row in pick_squad(game)]

    refused = ada.post(
        "teams", {"game": game.public_id, "name": "Rovers", "players": squad[:14]}
    ).json()

    assert len(refused["errors"]) == 2
    assert refused["detail"] == " ".join(error["detail"] for error in refused["errors"])


def test_transfers_are_unlimited_until_the_first_deadline(game, ada, clock):
    team = team_of(ada, game)
    before = ada.get(f"teams/{team}").json()["has_unlimited_transfers"]
    round_ = game.rounds.order_by("number").first()
    clock.stand_at(round_.deadline_at)
    lock_round(round_.pk)

    assert (before, ada.get(f"teams/{team}").json()["has_unlimited_transfers"]) == (True, False)


def test_a_second_team_in_a_game_is_refused(game, ada):
    team_of(ada, game)
    squad = [row.player.public_id for row in pick_squad(game)]

    answer = ada.post("teams", {"game": game.public_id, "name": "Second", "players": squad})

    assert problems(answer) == [("/game", "has_entry")]


def test_a_stranger_may_write_nothing(game, client):
    answer = client.post(
        "/api/v1/fantasy/teams", {"game": game.public_id}, content_type="application/json"
    )

    assert answer.status_code == 401
    assert client.get("/api/v1/fantasy/teams").status_code == 401


def test_a_session_needs_its_token(game, ada):
    ada.client.handler.enforce_csrf_checks = True

    answer = ada.post("teams", {"game": game.public_id})

    assert answer.status_code == 403


def test_somebody_elses_team_does_not_exist(game, ada, bob):
    team = team_of(ada, game)
    before = list(Holding.objects.order_by("pk").values())

    answers = [
        bob.get(f"teams/{team}"),
        bob.send("PATCH", f"teams/{team}", {"name": "Mine"}),
        bob.send("PUT", f"teams/{team}/lineup", {"players": []}),
        bob.get(f"teams/{team}/transfers"),
        bob.post(f"teams/{team}/transfers", {"transfers": []}),
        bob.post(f"teams/{team}/transfers/preview", {"transfers": []}),
        bob.get(f"teams/{team}/chips"),
        bob.post(f"teams/{team}/chips", {"chip": "wildcard"}),
        bob.send("DELETE", f"teams/{team}/chips"),
        bob.get(f"teams/{team}/receipts"),
        bob.post(f"teams/{team}/submit"),
        bob.get(f"teams/{team}/scoring/1"),
        bob.get(f"teams/{team}/leagues"),
        bob.post(f"teams/{team}/leagues", {"name": "Mine"}),
        bob.post(f"teams/{team}/leagues/join", {"code": "X"}),
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert list(Holding.objects.order_by("pk").values()) == before


def test_a_lineup_is_saved_in_slot_order(game, ada):
    team = team_of(ada, game)
    squad = squad_of(ada, team)
    # The first two of the bench behind its keeper change places.
    wanted = [*squad[:12], squad[13], squad[12], squad[14]]
    body = {"players": wanted, "captain": squad[5], "vice": squad[6], "round": 1}

    answer = ada.send("PUT", f"teams/{team}/lineup", body)

    assert answer.status_code == 200
    assert answer.json()["receipt"]["sequence"] == 2
    told = ada.get(f"teams/{team}").json()["squad"]
    assert [row["player"]["id"] for row in told] == wanted
    assert [row["slot"] for row in told if row["is_captain"]] == [6]


def test_a_lineup_upon_an_older_receipt_than_the_newest_is_refused(game, ada):
    team = team_of(ada, game)
    squad = squad_of(ada, team)
    body = {"players": squad, "captain": squad[5], "vice": squad[6]}

    def save(**more):
        return ada.send("PUT", f"teams/{team}/lineup", {**body, **more})

    assert save(after_receipt=1).json()["receipt"]["sequence"] == 2
    assert problems(save(after_receipt=1)) == [("/after_receipt", "overtaken")]
    assert problems(save(after_receipt=-1)) == [("/after_receipt", "min_value")]
    assert save(after_receipt=2).json()["receipt"]["sequence"] == 3
    assert save().json()["receipt"]["sequence"] == 4


def test_a_lineup_for_another_round_than_the_next_is_refused(game, ada):
    team = team_of(ada, game)
    body = {"players": squad_of(ada, team), "round": 2}

    assert problems(ada.send("PUT", f"teams/{team}/lineup", body)) == [("/round", "round_not_next")]


def test_too_many_saves_are_told_when_to_come_back(game, ada):
    team = team_of(ada, game)
    body = {"players": squad_of(ada, team)}

    answers = [ada.send("PUT", f"teams/{team}/lineup", body) for _ in range(31)]

    assert answers[30].status_code == 429
    assert 0 < int(answers[30]["Retry-After"]) <= 3601


class TestTransfers:
    @pytest.fixture
    def team(self, game, ada):
        team = team_of(ada, game)
        first = game.rounds.get(number=1)
        Round.objects.filter(pk=first.pk).update(deadline_at=first.deadline_at - timedelta(days=30))
        assert lock_round(first.pk)
        return team

    def test_a_preview_says_what_it_would_do_and_changes_nothing(self, game, ada, team):
        move = {"out": insider(game, team), "in": outsider(game, team)}

        told = ada.post(f"teams/{team}/transfers/preview", {"transfers": [move]}).json()

        assert (told["is_allowed"], told["bank"], told["hit"], told["made"]) == (True, 250, 0, 1)
        assert not Transfer.objects.exists()
        assert ada.get(f"teams/{team}").json()["transfers_made"] == 0

    def test_a_preview_of_what_is_forbidden_says_why(self, game, ada, team):
        move = {"out": insider(game, team), "in": outsider(game, team, "FWD")}

        told = ada.post(f"teams/{team}/transfers/preview", {"transfers": [move]}).json()

        assert not told["is_allowed"]
        assert told["problems"]

    def test_confirmed_transfers_are_made_and_listed(self, game, ada, bob, team):
        move = {"out": insider(game, team), "in": outsider(game, team)}

        answer = ada.post(f"teams/{team}/transfers", {"transfers": [move], "round": 2})

        assert answer.status_code == 200
        assert (answer.json()["transfers_made"], answer.json()["hit"]) == (1, 0)
        own = ada.get(f"teams/{team}/transfers").json()["results"]
        assert [(row["player_out"]["id"], row["player_in"]["id"]) for row in own] == [
            (move["out"], move["in"])
        ]
        # Others see it from the deadline on.
        assert bob.get(f"entries/{team}/transfers").json()["results"] == []

    def test_a_refused_transfer_names_the_player_where_he_stands(self, game, ada, team):
        move = {"out": outsider(game, team, "DEF"), "in": outsider(game, team)}

        answer = ada.post(f"teams/{team}/transfers", {"transfers": [move]})

        assert ("/transfers/0/out", "not_held") in problems(answer)

    def test_a_chip_is_played_once_and_taken_back(self, game, ada, team):
        played = ada.post(f"teams/{team}/chips", {"chip": "bboost"})
        second = ada.post(f"teams/{team}/chips", {"chip": "3xc"})
        in_force = ada.get(f"teams/{team}").json()["chip"]
        offers = ada.get(f"teams/{team}/chips").json()["results"]
        cancelled = ada.send("DELETE", f"teams/{team}/chips")

        assert (played.status_code, cancelled.status_code, in_force) == (200, 200, "bboost")
        assert problems(second)[0][1] == "chip_in_force"
        assert next(o["used_in"] for o in offers if o["chip"] == "bboost") == 2
        assert ada.get(f"teams/{team}").json()["chip"] is None

    def test_the_frozen_lineup_is_public_and_proven(self, game, bob, team):
        root = bob.get(f"games/{game.public_id}/rounds/1").json()["merkle_root"]

        told = bob.get(f"entries/{team}/rounds/1").json()
        proof = bob.get(f"entries/{team}/rounds/1/proof").json()

        assert len(told["slots"]) == 15
        assert proof["root"] == root != ""
        assert team in proof["line"]
        assert bob.get(f"entries/{team}/rounds/2").status_code == 404
        assert bob.get(f"entries/{team}/rounds/2/proof").status_code == 404


def test_a_receipt_is_listed_and_verified_by_anybody(game, ada, client):
    team = team_of(ada, game)
    receipt = ada.get(f"teams/{team}/receipts").json()["results"][0]

    def verify(document, signature=receipt["signature"]):
        return client.post(
            "/api/v1/fantasy/receipts/verify",
            {"document": document, "signature": signature},
            content_type="application/json",
        )

    good = verify(receipt["document"]).json()
    forged = verify({**receipt["document"], "bank": 999}).json()
    odd = verify({"x": 1})

    assert (good["signature_holds"], good["is_known"], good["is_newest"]) == (True, True, True)
    assert not forged["signature_holds"]
    assert odd.status_code == 200
    assert client.get("/api/v1/fantasy/receipts/keys").json()["keys"]
    assert Receipt.objects.count() == 1


def test_a_submitted_team_is_scored_by_a_worker(
    game, ada, django_capture_on_commit_callbacks, monkeypatch
):
    team = team_of(ada, game)
    asked = []
    monkeypatch.setattr("fantasy.tasks.score_round.delay", asked.append)

    with django_capture_on_commit_callbacks(execute=True):
        answer = ada.post(f"teams/{team}/submit")

    told = answer.json()
    assert answer.status_code == 202
    assert answer["Location"] == told["status_url"] == f"/api/v1/fantasy/teams/{team}/scoring/1"
    assert asked == [game.rounds.get(number=1).pk]
    assert ada.client.get(told["status_url"]).json()["state"] == "waiting"
    game.rounds.filter(number=1).update(
        state=RoundState.LIVE, locked_at=game.rounds.get(number=1).deadline_at
    )
    assert ada.client.get(told["status_url"]).json()["state"] == "scored"


def test_who_joined_while_a_round_is_played_hands_in_for_the_next(game, ada):
    first, second = game.rounds.order_by("number")[:2]
    Round.objects.filter(pk=first.pk).update(state=RoundState.LIVE, locked_at=first.deadline_at)

    told = ada.post(f"teams/{team_of(ada, game)}/submit").json()

    assert (told["round"], told["state"]) == (second.number, "waiting")


def test_one_worker_is_sent_however_often_a_team_is_submitted(
    game, ada, bob, django_capture_on_commit_callbacks, monkeypatch
):
    """The queue is that of the deadlines: nobody may fill it."""
    teams = [(ada, team_of(ada, game)), (bob, team_of(bob, game))]
    asked = []
    monkeypatch.setattr("fantasy.tasks.score_round.delay", asked.append)

    with django_capture_on_commit_callbacks(execute=True):
        statuses = {
            manager.post(f"teams/{team}/submit").status_code
            for _ in range(5)
            for manager, team in teams
        }

    assert statuses == {202}
    assert len(asked) == 1


def test_a_team_is_submitted_while_nobody_can_be_told(
    game, ada, django_capture_on_commit_callbacks, monkeypatch
):
    def fail(_: int) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr("fantasy.tasks.score_round.delay", fail)
    team = team_of(ada, game)

    with django_capture_on_commit_callbacks(execute=True):
        assert ada.post(f"teams/{team}/submit").status_code == 202


def test_a_team_is_renamed(game, ada):
    team = team_of(ada, game)

    told = ada.send("PATCH", f"teams/{team}", {"name": "United", "country": "no"}).json()

    assert (told["name"], told["country"]) == ("United", "NO")


def test_team_tells_what_its_captain_costs_besides_his_price(ada):
    game = make_game(make_season(make_league(sport="basketball")), rules="draftkings-showdown")
    make_round(game, starts_at=now() + timedelta(days=2))
    for _ in range(2):
        make_club(game, club={"G": 2, "F": 2, "C": 2}, price=61)
    squad = [*game.players.order_by("number")[:5], game.players.get(number=6)]

    told = ada.get(f"teams/{ada.join(game, squad)}").json()

    assert (told["bank"], told["captain_surcharge"]) == (500 - 6 * 61, 31)


def test_preview_compares_with_doing_nothing(ada, game):
    team = team_of(ada, game)
    entry = Entry.objects.get(public_id=team)
    first = entry.joined_round
    Round.objects.filter(pk=first.pk).update(deadline_at=now() - timedelta(minutes=1))
    assert lock_round(first.pk)
    home, away = game.season.teams.order_by("pk")[:2]
    match = make_round_match(entry.joined_round, home, away)
    make_round_match(game.rounds.get(number=2), home, away)
    Round.objects.filter(pk=entry.joined_round_id).update(state="settled", settled_at=now())
    out, bought = insider(game, team), outsider(game, team)
    row = game.players.get(player__public_id=bought)
    PlayerScore.objects.create(
        round=entry.joined_round, match=match, game_player=row, points=9, minutes=90
    )
    body = {"transfers": [{"out": out, "in": bought}]}

    told = ada.post(f"teams/{team}/transfers/preview", body).json()["comparison"]
    ada.client.cookies["hide_scores"] = "1"
    ada.user.hides_scores = True
    ada.user.save()
    spared = ada.post(f"teams/{team}/transfers/preview", body).json()["comparison"]

    assert told["formula"] == "form-1"
    assert told["gain"]["p10"] <= told["gain"]["mean"] <= told["gain"]["p90"]
    assert told["moving"]["free_after"] == told["staying"]["free_after"] - 1
    assert spared is None
