"""Leagues and cups over the API."""

import pytest
from django.test import Client

from config.clock import now
from fantasy.enums import LeagueKind
from fantasy.models import Entry, FantasyLeague
from fantasy.services.adjustments import Decision, adjust_score, take_back
from fantasy.services.leagues import begin_leagues, settle_leagues
from tests.fantasy.settled import lock, settle

pytestmark = pytest.mark.django_db


@pytest.fixture
def teams(game, ada, bob):
    return ada.join(game, name="Rovers"), bob.join(game, name="United")


def make_league(manager, team, **fields):
    answer = manager.post(f"teams/{team}/leagues", {"name": "Friends", **fields})
    assert answer.status_code == 201, answer.content
    return answer.json()


def entry_of(team):
    return Entry.objects.get(public_id=team)


def play(game, number, points):
    round_ = game.rounds.get(number=number)
    scores = {entry_of(team): scored for team, scored in points.items()}
    lock(round_, scores)
    begin_leagues(round_.pk)
    settle(round_, scores)
    settle_leagues(round_.pk)


def test_a_league_is_made_joined_and_left(game, ada, bob, teams):
    ours, theirs = teams
    league = make_league(ada, ours)

    joined = bob.post(f"teams/{theirs}/leagues/join", {"code": league["code"]})
    listed = bob.get(f"teams/{theirs}/leagues").json()["results"]
    left = bob.send("DELETE", f"teams/{theirs}/leagues/{league['id']}")

    assert (joined.status_code, left.status_code) == (200, 204)
    assert [(row["id"], row["entries"], row["is_yours"]) for row in listed] == [
        (league["id"], 2, False)
    ]
    assert bob.get(f"teams/{theirs}/leagues").json()["results"] == []
    assert bob.send("DELETE", f"teams/{theirs}/leagues/{league['id']}").status_code == 404


def test_a_wrong_code_is_refused_with_its_place(ada, teams):
    answer = ada.post(f"teams/{teams[0]}/leagues/join", {"code": "NOPE"})

    assert answer.status_code == 422
    assert [(e["pointer"], e["code"]) for e in answer.json()["errors"]] == [
        ("/code", "unknown_code")
    ]


def test_a_private_league_is_there_for_its_members_only(ada, bob, teams):
    league = make_league(ada, teams[0])
    paths = [f"leagues/{league['id']}{part}" for part in ("", "/table", "/fixtures", "/cups")]

    assert ada.get(paths[0]).json()["code"] == league["code"]
    assert {bob.get(path).status_code for path in paths} == {404}
    assert {Client().get(f"/api/v1/fantasy/{path}").status_code for path in paths} == {404}


def test_a_public_league_is_found_and_joined_without_its_code(game, ada, bob, teams):
    league = make_league(ada, teams[0], is_public=True)
    stranger = Client().get(f"/api/v1/fantasy/leagues/{league['id']}").json()

    listed = bob.get(f"games/{game.public_id}/leagues").json()["results"]
    joined = bob.post(f"teams/{teams[1]}/leagues/join", {"league": league["id"]})

    assert [row["id"] for row in listed] == [league["id"]]
    assert stranger["code"] is None
    assert joined.status_code == 200


def test_the_table_tells_ranks_and_points_of_the_round(game, ada, bob, teams):
    league = make_league(ada, teams[0])
    bob.post(f"teams/{teams[1]}/leagues/join", {"code": league["code"]})
    play(game, 1, {teams[0]: 40, teams[1]: 55})
    play(game, 2, {teams[0]: 60, teams[1]: 30})

    told = ada.get(f"leagues/{league['id']}/table").json()

    rows = [
        (row["rank"], row["last_rank"], row["entry"]["name"], row["total"], row["round_points"])
        for row in told["results"]
    ]
    assert rows == [(1, 2, "Rovers", 100, 60), (2, 1, "United", 85, 30)]
    assert (told["round"], told["is_live"], told["pages"]) == (2, False, 1)


def test_a_month_has_a_table_of_its_own(game, ada, bob, teams):
    league = make_league(ada, teams[0])
    play(game, 1, {teams[0]: 40, teams[1]: 55})
    month = f"{game.rounds.get(number=1).deadline_at:%Y-%m}"

    told = ada.get(f"leagues/{league['id']}/table", phase=month).json()

    assert [(row["rank"], row["total"]) for row in told["results"]] == [(1, 40)]
    assert ada.get(f"leagues/{league['id']}/table", phase="1900-01").status_code == 404


def test_head_to_head_fixtures_and_table(game, ada, bob, teams):
    league = make_league(ada, teams[0], kind=LeagueKind.HEAD_TO_HEAD)
    bob.post(f"teams/{teams[1]}/leagues/join", {"code": league["code"]})
    play(game, 1, {teams[0]: 40, teams[1]: 55})

    fixtures = ada.get(f"leagues/{league['id']}/fixtures", round=1).json()["results"]
    table = ada.get(f"leagues/{league['id']}/table").json()["results"]

    assert sorted((fixtures[0]["home_points"], fixtures[0]["away_points"])) == [40, 55]
    assert [(row["entry"]["name"], row["total"], row["won"], row["lost"]) for row in table] == [
        ("United", 3, 1, 0),
        ("Rovers", 0, 0, 1),
    ]
    assert ada.get(f"leagues/{league['id']}/fixtures").json()["round"] == 2


def test_only_the_owner_changes_a_league(ada, bob, teams):
    league = make_league(ada, teams[0])
    path = f"leagues/{league['id']}"
    bob.post(f"teams/{teams[1]}/leagues/join", {"code": league["code"]})

    foreign = bob.send("PATCH", path, {"name": "Mine"})
    renamed = ada.send("PATCH", path, {"name": "Foes", "new_code": True}).json()
    removed_by_other = bob.send("DELETE", f"{path}/members/{teams[0]}")
    removed = ada.send("DELETE", f"{path}/members/{teams[1]}")

    assert foreign.status_code == removed_by_other.status_code == 422
    assert foreign.json()["errors"][0]["code"] == "not_owner"
    assert (renamed["name"], renamed["code"] != league["code"]) == ("Foes", True)
    assert removed.status_code == 204
    assert bob.get(path).status_code == 404


def test_a_stranger_changes_no_public_league(ada, teams):
    league = make_league(ada, teams[0], is_public=True)
    path = f"/api/v1/fantasy/leagues/{league['id']}"

    answers = [
        Client().patch(path, {"name": "Mine"}, content_type="application/json"),
        Client().post(f"{path}/cups", {}, content_type="application/json"),
        Client().delete(f"{path}/members/{teams[0]}"),
    ]

    assert {answer.status_code for answer in answers} == {401}
    assert FantasyLeague.objects.get().name == "Friends"


def test_a_cup_is_started_drawn_and_won(game, ada, bob, teams):
    league = make_league(ada, teams[0])
    bob.post(f"teams/{teams[1]}/leagues/join", {"code": league["code"]})

    foreign = bob.post(f"leagues/{league['id']}/cups", {})
    started = ada.post(f"leagues/{league['id']}/cups", {"name": "Cup"})
    play(game, 1, {teams[0]: 40, teams[1]: 55})
    told = bob.get(f"cups/{started.json()['id']}").json()

    assert (foreign.status_code, started.status_code) == (422, 201)
    assert started.json()["seed"]
    tie = told["rounds"][0]["ties"][0]
    assert (tie["winner"], tie["reason"]) == (teams[1], "points")
    assert told["state"] == "finished"
    assert Client().get(f"/api/v1/fantasy/cups/{told['id']}").status_code == 404


@pytest.mark.parametrize("cookie", [{"delay": "60"}, {"hide_scores": "1"}])
def test_spared_readers_see_neither_order_nor_points(game, ada, bob, teams, cookie):
    league = make_league(ada, teams[0], is_public=True)
    bob.post(f"teams/{teams[1]}/leagues/join", {"league": league["id"]})
    cup = ada.post(f"leagues/{league['id']}/cups", {}).json()
    play(game, 1, {teams[0]: 40, teams[1]: 55})
    spared = Client()
    for name, value in cookie.items():
        spared.cookies[name] = value

    table = spared.get(f"/api/v1/fantasy/leagues/{league['id']}/table").json()
    tie = spared.get(f"/api/v1/fantasy/cups/{cup['id']}").json()["rounds"][0]["ties"][0]

    rows = [(row["entry"]["name"], row["rank"], row["total"]) for row in table["results"]]
    assert rows == [("Rovers", None, None), ("United", None, None)]
    assert (tie["winner"], tie["home_points"], tie["reason"]) == (None, None, "")


def test_no_answer_about_the_own_team_tells_its_ranks_to_who_hides_scores(game, ada, bob, teams):
    league = ada.post(f"teams/{teams[0]}/leagues", {"name": "Office"}).json()
    for number in range(1, 5):
        play(game, number, {teams[0]: 7919, teams[1]: 40})
    path = f"teams/{teams[0]}"

    def told():
        answers = {
            "leagues": ada.get(f"{path}/leagues").json()["results"][0],
            "joined": ada.post(f"{path}/leagues/join", {"code": league["code"]}).json(),
            "renamed": ada.send("PATCH", path, {"name": "Rovers"}).json()["standing"],
            "submitted": ada.post(f"{path}/submit").json(),
        }
        names = ("rank", "last_rank", "total_points", "points")
        return {
            place: {name: answer[name] for name in names if answer.get(name) is not None}
            for place, answer in answers.items()
        }

    assert told() == {
        "leagues": {"rank": 1, "last_rank": 1},
        "joined": {"rank": 1, "last_rank": 1},
        "renamed": {"rank": 1, "total_points": 4 * 7919},
        "submitted": {"points": 7919},
    }
    type(ada.user).objects.filter(pk=ada.user.pk).update(hides_scores=True)
    assert not any(told().values())


def test_a_table_costs_as_many_queries_with_three_rows_as_with_one(
    game, ada, bob, teams, django_assert_num_queries
):
    alone = make_league(ada, teams[0], is_public=True)
    both = make_league(ada, teams[0], is_public=True)
    bob.post(f"teams/{teams[1]}/leagues/join", {"league": both["id"]})
    play(game, 1, {teams[0]: 40, teams[1]: 55})

    with django_assert_num_queries(6) as one:
        Client().get(f"/api/v1/fantasy/leagues/{alone['id']}/table")
    with django_assert_num_queries(len(one)):
        Client().get(f"/api/v1/fantasy/leagues/{both['id']}/table")


@pytest.mark.parametrize("number", ["1.0", " 1", "", "1"])
def test_a_number_is_read_as_it_was_checked(ada, teams, number):
    """What the filter takes for a whole number, or for none, the view can read."""
    league = make_league(ada, teams[0])

    table = ada.get(f"leagues/{league['id']}/table", page=number)
    fixtures = ada.get(f"leagues/{league['id']}/fixtures", round=number)

    assert (table.status_code, table.json()["page"]) == (200, 1)
    # It is no head-to-head league.
    assert fixtures.status_code == 404


@pytest.mark.parametrize("name", ["left\u202eright", "a\u200bb", "bell\u0007"])
def test_a_league_has_a_name_that_can_be_seen(ada, teams, name):
    made = ada.post(f"teams/{teams[0]}/leagues", {"name": name})
    league = make_league(ada, teams[0])
    renamed = ada.send("PATCH", f"leagues/{league['id']}", {"name": name})

    assert (made.status_code, renamed.status_code) == (422, 422)
    assert [e["code"] for e in (made.json()["errors"] + renamed.json()["errors"])] == [
        "bad_name",
        "bad_name",
    ]


def test_leagues_are_made_ten_times_an_hour(ada, teams):
    """Made and left again they stay, and the number one may be in bounds nothing."""
    statuses = [
        ada.post(f"teams/{teams[0]}/leagues", {"name": "Spam", "is_public": True}).status_code
        for _ in range(11)
    ]

    assert statuses == [201] * 10 + [429]


def test_codes_are_guessed_thirty_times_an_hour(ada, teams):
    path = f"teams/{teams[0]}/leagues/join"
    answers = [ada.post(path, {"code": f"GUESS{number}"}) for number in range(31)]

    assert [answer.status_code for answer in answers] == [422] * 30 + [429]
    assert int(answers[-1]["Retry-After"]) > 0
    assert ada.post(path, {"league": "vz_fleague_none"}).status_code == 422


def test_points_by_hand_are_told_to_the_whole_league(game, ada, bob, teams, admin_user):
    ours, theirs = teams
    league = make_league(ada, ours)
    bob.post(f"teams/{theirs}/leagues/join", {"code": league["code"]})
    play(game, 1, {ours: 40, theirs: 50})
    row = give(game, theirs, 4, "A goal of a match that was not fed.", admin_user)
    undone = take_back(row.pk, decision=decision("It was fed after all.", admin_user))

    told = ada.get(f"leagues/{league['id']}/adjustments").json()["results"]

    assert [(r["entry"]["id"], r["round"], r["points"], r["reason"]) for r in told] == [
        (theirs, 1, -4, undone.reason),
        (theirs, 1, 4, row.reason),
    ]
    assert [(r["by"], r["is_taken_back"]) for r in told] == [
        ("The Umpire", False),
        ("The Umpire", True),
    ]
    assert bob.get(f"leagues/{league['id']}/adjustments").json()["results"] == told
    assert Client().get(f"/api/v1/fantasy/leagues/{league['id']}/adjustments").status_code == 404


def test_a_league_is_told_of_its_own_rounds_and_members_only(game, ada, bob, teams, admin_user):
    league = make_league(ada, teams[0], start_round=2)
    for number in (1, 2):
        play(game, number, {teams[0]: 40, teams[1]: 50})
        for team in teams:
            give(game, team, number, "By hand.", admin_user, number=number)

    told = ada.get(f"leagues/{league['id']}/adjustments").json()["results"]

    assert [(row["entry"]["id"], row["round"]) for row in told] == [(teams[0], 2)]


def decision(reason, user):
    user.display_name = "The Umpire"
    user.save(update_fields=["display_name"])
    return Decision(reason=reason, by_id=user.pk, at=now())


def give(game, team, points, reason, user, *, number=1):
    round_ = game.rounds.get(number=number)
    by = decision(reason, user)
    return adjust_score(entry_of(team).pk, round_.pk, points=points, decision=by)
