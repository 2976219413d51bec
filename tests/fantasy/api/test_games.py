"""Games over the API: rules, rounds, the market and top lists for everybody."""

import pytest
from django.test import Client

from fantasy.enums import GameState
from fantasy.models import Game, PlayerScore
from fantasy.rules.loading import load_game
from fantasy.services.phases import sync_phases
from tests.factories.fantasy import make_entry, make_game, make_round_match
from tests.fantasy.settled import lock, settle

pytestmark = pytest.mark.django_db
API = "/api/v1/fantasy"


@pytest.fixture
def path(game):
    return f"{API}/games/{game.public_id}"


def test_open_games_are_listed_and_drafts_are_not(client, game):
    draft = make_game(state=GameState.DRAFT, published_at=None)

    told = client.get(f"{API}/games").json()["results"]

    assert [row["id"] for row in told] == [game.public_id]
    assert told[0]["next_round"]["number"] == 1
    assert client.get(f"{API}/games/{draft.public_id}").status_code == 404
    assert client.get(f"{API}/games/{draft.public_id}/players").status_code == 404


def test_rules_are_those_of_the_pack(client, game, path):
    told = client.get(f"{path}/rules").json()

    rules = load_game(game.rules)
    assert told["squad"]["size"] == rules.squad.size
    assert [chip["id"] for chip in told["chips"]] == [chip.id for chip in rules.chips]
    assert "official" not in told


def test_rounds_are_in_order_and_tell_their_results_once_settled(client, game, path):
    entries = [make_entry(game) for _ in range(2)]
    first = game.rounds.get(number=1)
    lock(first, entries)
    settle(first, {entries[0]: 50, entries[1]: 61}, hits={entries[1]: 4})

    rounds = client.get(f"{path}/rounds").json()["results"]
    one = client.get(f"{path}/rounds/1").json()

    assert [row["number"] for row in rounds] == [1, 2, 3, 4]
    assert (one["average_points"], one["highest_points"], one["entries"]) == (54, 57, 2)
    assert client.get(f"{path}/rounds/9").status_code == 404


def test_the_market_filters_and_orders(client, game, path):
    dear = game.players.filter(position="FWD").first()
    dear.price = 121
    dear.save()

    def ids(**query):
        return [row["id"] for row in client.get(f"{path}/players", query).json()["results"]]

    assert ids()[0] == dear.player.public_id
    assert len(ids(position="GKP", limit=200)) == 16
    assert dear.player.public_id not in ids(max_price=120, limit=200)
    assert ids(q=dear.player.name) == [dear.player.public_id]
    assert len(ids(team=dear.team.public_id, limit=200)) == 15
    assert client.get(f"{path}/players?order=name").status_code == 422
    assert client.get(f"{path}/players?nonsense=1").status_code == 422


def test_the_market_tells_points_and_who_is_held(client, game, path, django_assert_num_queries):
    make_entry(game)
    entry = make_entry(game, squad=[])
    held = game.players.get(number=0)
    first = game.rounds.get(number=1)
    match = make_round_match(first, held.team, game.players.last().team)
    PlayerScore.objects.create(round=first, match=match, game_player=held, points=7)
    assert entry.number == 1

    told = client.get(f"{path}/players?limit=200").json()["results"]
    row = next(row for row in told if row["id"] == held.player.public_id)

    assert (row["points"], row["owned_permille"]) == (7, 500)
    with django_assert_num_queries(13):
        client.get(f"{path}/players?limit=1")
    with django_assert_num_queries(13):
        client.get(f"{path}/players?limit=3")


def test_a_player_has_rounds_and_a_ledger(client, game, path):
    player = game.players.get(number=0)
    first = game.rounds.get(number=1)
    match = make_round_match(first, player.team, game.players.last().team)
    line = {"rule": "goals", "label": "Goals", "count": 1, "points": 6}
    PlayerScore.objects.create(
        round=first, match=match, game_player=player, points=6, lines=[line], minutes=90
    )
    place = f"{path}/players/{player.player.public_id}"

    told = client.get(place).json()
    why = client.get(f"{place}/rounds/1").json()

    assert told["rounds"] == [{"round": 1, "points": 6}]
    assert why["points"] == 6
    assert why["matches"][0]["rows"][0]["points"] == 6
    assert client.get(f"{path}/players/vz_player_x").status_code == 404


def test_the_top_is_by_total_and_by_country(client, game, path):
    entries = [make_entry(game, country=country) for country in ("NO", "SE", "NO")]
    first = game.rounds.get(number=1)
    lock(first, entries)
    settle(first, {entries[0]: 50, entries[1]: 61, entries[2]: 70})
    for rank, entry in enumerate(reversed(entries), start=1):
        entry.results.update(rank=rank)

    told = client.get(f"{path}/top").json()
    country = client.get(f"{path}/top?country=no&count=1").json()

    assert [row["total"] for row in told["results"]] == [70, 61, 50]
    assert (told["round"], told["is_live"]) == (1, False)
    assert [row["entry"]["id"] for row in country["results"]] == [entries[2].public_id]


def test_answers_are_conditional(client, game, path):
    first = client.get(f"{path}/rounds")

    again = client.get(f"{path}/rounds", headers={"If-None-Match": first["ETag"]})

    assert again.status_code == 304


class TestSpared:
    """Readers who are told late, or no scores."""

    @pytest.fixture
    def settled(self, game):
        entries = [make_entry(game) for _ in range(2)]
        first = game.rounds.get(number=1)
        lock(first, entries)
        settle(first, {entries[0]: 50, entries[1]: 61})
        return entries

    @pytest.mark.parametrize("cookie", [{"delay": "60"}, {"hide_scores": "1"}])
    def test_what_is_newer_than_their_delay_or_a_score_is_not_told(
        self, game, path, settled, cookie
    ):
        spared, plain = Client(), Client()
        for name, value in cookie.items():
            spared.cookies[name] = value
        entry = f"{API}/entries/{settled[1].public_id}"

        assert plain.get(f"{path}/top").json()["results"] != []
        assert spared.get(f"{path}/top").json()["results"] == []
        assert spared.get(f"{path}/rounds/1").json()["highest_points"] is None
        assert spared.get(entry).json()["standing"]["total_points"] is None
        assert plain.get(entry).json()["standing"]["total_points"] == 61
        assert spared.get(f"{entry}/history").json()["results"] == []
        told = spared.get(f"{entry}/rounds/1").json()
        # Before it was settled nobody had a score in any match.
        late = 0 if "delay" in cookie else None
        assert (told["points"], told["net"], told["rank"]) == (late, late, None)
        assert (told["total"], told["is_final"]) == (None, False)
        assert {slot["points"] for slot in told["slots"]} == {late}

    def test_once_the_delay_is_over_all_is_told(self, game, path, settled):
        spared = Client()
        spared.cookies["delay"] = "60"
        first = game.rounds.get(number=1)
        first.settled_at = first.settled_at.replace(year=2020)
        first.save()

        assert len(spared.get(f"{path}/top").json()["results"]) == 2

    def test_who_hides_scores_sees_those_of_a_game_he_asked_for(self, game, path, settled):
        spared = Client()
        spared.cookies["hide_scores"] = "1"
        spared.cookies["shown"] = game.public_id

        assert len(spared.get(f"{path}/top").json()["results"]) == 2


def test_a_game_of_a_test_league_is_not_listed(client, game):
    Game.objects.get(pk=game.pk).season.league.__class__.objects.update(is_test=True)

    assert client.get(f"{API}/games").json()["results"] == []


@pytest.mark.parametrize("count", ["1.0", " 1", ""])
def test_a_count_is_read_as_it_was_checked(client, game, path, count):
    assert client.get(f"{path}/top", {"count": count}).status_code == 200


@pytest.fixture
def played(game):
    """One settled round, in which the first three players of a club brought 2, 9 and 5."""
    first = game.rounds.get(number=1)
    home, away = game.season.teams.order_by("pk")[:2]
    match = make_round_match(first, home, away)
    make_round_match(game.rounds.get(number=2), home, away)
    for number, (points, minutes) in enumerate([(2, 90), (9, 45), (5, 90)]):
        PlayerScore.objects.create(
            round=first,
            match=match,
            game_player=game.players.get(number=number),
            points=points,
            minutes=minutes,
            appeared=True,
        )
    settle(first, {})
    return game


def test_players_have_an_outlook_with_range_and_formula(client, played, path):
    told = client.get(f"{path}/players", {"order": "-form"}).json()["results"][0]["outlook"]

    expected = told.pop("expected")
    assert told == {"rounds": 1, "form": 9.0, "missed": 1, "matches": 1, "formula": "form-1"}
    assert expected["p10"] <= expected["mean"] <= expected["p90"]


def test_market_is_chosen_and_ordered_by_the_outlook(client, played, path):
    def numbers(**query):
        rows = client.get(f"{path}/players", query).json()["results"]
        return [row["number"] for row in rows]

    assert numbers(order="-form", limit=3) == [1, 2, 0]
    assert numbers(min_form="4.5", order="-form") == [1, 2]
    assert set(numbers(max_missed=0)) == {0, 2}
    assert set(numbers(min_expected="0.001")) <= set(range(30))
    assert numbers(min_form="4.5", max_missed=0) == [2]


@pytest.mark.parametrize("order", ["-form", "-expected", "missed"])
def test_pages_by_the_outlook_leave_nobody_out(client, played, path, order):
    url, seen = f"{path}/players?order={order}&limit=25", []
    while url:
        told = client.get(url).json()
        seen += [row["number"] for row in told["results"]]
        url = told["next"]

    assert sorted(seen) == list(range(played.players.count()))


@pytest.mark.parametrize(
    "query", [{"order": "-form"}, {"min_form": "1"}, {"max_missed": "1"}, {"min_expected": "2"}]
)
def test_who_hides_scores_is_refused_what_is_made_of_them(client, played, path, query):
    client.cookies["hide_scores"] = "1"

    refused = client.get(f"{path}/players", query)
    plain = client.get(f"{path}/players").json()["results"]

    assert refused.status_code == 422
    assert "scores_withheld" in refused.content.decode()
    assert {row["outlook"] for row in plain} == {None}


@pytest.mark.parametrize("query", [{"min_form": "much"}, {"max_missed": "-1"}, {"order": "form"}])
def test_nonsense_of_the_outlook_is_refused(client, played, path, query):
    assert client.get(f"{path}/players", query).status_code == 422


def test_position_that_the_game_does_not_have_is_refused_by_name(client, path):
    refused = client.get(f"{path}/players", {"position": "GK"})

    (error,) = refused.json()["errors"]
    assert refused.status_code == 422
    assert (error["pointer"], error["code"]) == ("/query/position", "unknown_position")
    assert "no position 'GK'; choose from GKP, DEF, MID, FWD" in error["detail"]


def test_times_are_told_alike(client, path):
    game = client.get(path).json()
    rounds = client.get(f"{path}/rounds").json()["results"]

    assert game["next_round"]["deadline_at"] == rounds[0]["deadline_at"]
    assert game["next_round"]["deadline_at"].endswith("Z")


def test_months_that_have_tables_are_listed(game, ada):
    sync_phases(game.pk)

    told = ada.get(f"games/{game.public_id}/phases").json()["results"]

    assert [row["name"] for row in told] == list(game.phases.values_list("name", flat=True))
    assert told[0]["first_round"] == 1


def test_squad_is_filled_up_and_can_be_joined_with(game, ada):
    wished = game.players.filter(position="FWD").last().player.public_id

    filled = ada.post(f"games/{game.public_id}/fill", {"players": [wished]}).json()["results"]

    players = [row["id"] for row in filled]
    assert players[0] == wished
    body = {"game": game.public_id, "name": "Rovers", "players": players}
    assert ada.post("teams", body).status_code == 201


def test_filled_squad_tells_who_hides_scores_nothing_of_points(game, ada, bob):
    path = f"games/{game.public_id}/fill"
    star = game.players.filter(position="MID").last()
    before = bob.post(path, {}).json()
    PlayerScore.objects.create(
        round=game.rounds.get(number=1),
        match=make_round_match(game.rounds.get(number=1), star.team, game.players.first().team),
        game_player=star,
        points=999,
        minutes=90,
        appeared=True,
    )
    type(bob.user).objects.filter(pk=bob.user.pk).update(hides_scores=True)

    assert star.player.public_id in [row["id"] for row in ada.post(path, {}).json()["results"]]
    assert bob.post(path, {}).json() == before


def test_squad_that_cannot_be_filled_is_refused(game, ada):
    ada.join(game)
    game.players.filter(position="GKP").update(price=900)

    refused = ada.post(f"games/{game.public_id}/fill", {})

    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "cannot_fill")
