"""The admin of leagues, cups, phases and prices."""

import pytest
from django.urls import reverse

from fantasy.models import Cup, FantasyLeague, Phase, PriceChange
from fantasy.services.cups import start_league_cup
from fantasy.services.leagues import NewLeague, create_league, join_league
from tests.factories.fantasy import (
    make_entry,
    make_game,
    make_game_player,
    make_round,
)
from tests.factories.leagues import make_team
from tests.fantasy.settled import lock

pytestmark = pytest.mark.django_db


@pytest.fixture
def game():
    game = make_game()
    for _ in range(4):
        make_round(game)
    return game


@pytest.fixture
def entries(game, admin_user):
    return [make_entry(game, squad=[], owner=admin_user), make_entry(game, squad=[])]


@pytest.mark.parametrize(
    "model", ["fantasyleague", "leaguemember", "headtohead", "cup", "phase", "pricechange"]
)
def test_lists_open(admin_client, game, entries, model):
    league = create_league(entries[0].pk, NewLeague(name="Friends"))
    rounds = list(game.rounds.order_by("number"))
    Phase.objects.create(game=game, name="Spring", first_round=rounds[0], last_round=rounds[1])
    player = make_game_player(game, make_team(season=game.season), "MID")
    PriceChange.objects.create(game_player=player, from_price=50, to_price=51)
    assert league.members.count() == 1

    assert admin_client.get(reverse(f"admin:fantasy_{model}_changelist")).status_code == 200


def test_a_league_shows_its_seed_and_can_be_closed(admin_client, entries):
    league = create_league(entries[0].pk, NewLeague(name="Friends"))
    address = reverse("admin:fantasy_fantasyleague_change", args=[league.pk])

    assert league.seed in admin_client.get(address).content.decode()
    admin_client.post(address, {"name": "Friends", "is_closed": "on"})

    assert FantasyLeague.objects.get().is_closed


def test_a_cup_of_a_game_is_started_and_its_draw_shown(admin_client, game, entries):
    address = reverse("admin:fantasy_cup_add")

    made = admin_client.post(address, {"game": game.pk, "name": "Cup", "first": "2"})
    late = admin_client.post(address, {"game": game.pk, "name": "Late", "first": "9"})

    cup = Cup.objects.get()
    assert (made.status_code, cup.start_round.number) == (302, 2)
    assert "whose deadline is to come" in late.content.decode()
    lock(game.rounds.get(number=1), entries)
    page = admin_client.get(reverse("admin:fantasy_cup_change", args=[cup.pk]))
    assert page.status_code == 200


def test_a_cup_of_a_league_is_only_looked_at(admin_client, admin_user, entries):
    league = create_league(entries[0].pk, NewLeague(name="Friends"))
    join_league(entries[1].pk, league.code)
    cup = start_league_cup(league.pk, by_user_id=admin_user.pk)

    address = reverse("admin:fantasy_cup_change", args=[cup.pk])

    assert admin_client.get(address).status_code == 200
    assert admin_client.post(address, {"name": "Mine"}).status_code == 403
