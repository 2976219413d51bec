"""Games are made, looked at and published in the admin; squads are only looked at."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.enums import Role
from accounts.models import User
from accounts.services import grant_role
from fantasy.enums import Availability, GameState
from fantasy.models import ChipPlay, Game, LineupResult, Transfer
from fantasy.services.chips import play_chip
from fantasy.services.lineups import LineupChoice, save_lineup
from tests.admin_lists import assert_no_query_for_a_row
from tests.factories.fantasy import make_entry, make_game, make_game_player, make_round
from tests.factories.leagues import make_team
from tests.fantasy.test_deadlines import lock_next, swap
from tests.fantasy.test_games import season  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db

GAMES = reverse("admin:fantasy_game_changelist")


@pytest.fixture
def curator(client: Client, django_user_model) -> Client:
    user = django_user_model.objects.create_user("curator@example.org")
    grant_role(user, Role.ADMIN)
    client.force_login(user)
    return client


def told(season, **said) -> dict[str, object]:  # noqa: F811 - given by the fixture
    fields = {"season": season.pk, "rules": "fpl-2026-27", "name": "Ours", "slug": "ours"}
    return {**fields, "time_zone": "Europe/London", **said}


def act(curator, game, action) -> str:
    form = {"action": action, "_selected_action": [game.pk]}
    return curator.post(GAMES, form, follow=True).content.decode()


def test_game_is_made_from_a_pack(curator, season):  # noqa: F811
    page = curator.post(reverse("admin:fantasy_game_add"), told(season), follow=True)

    game = Game.objects.get()
    assert (game.slug, game.rules, game.state) == ("ours", "fpl-2026-27", GameState.DRAFT)
    assert game.rounds.count() == 3
    assert game.players.count() == 90
    assert "Look at what it has" in page.content.decode()


def test_rules_page_of_a_draft_is_shown_to_those_who_make_it_alone(curator, season):  # noqa: F811
    curator.post(reverse("admin:fantasy_game_add"), told(season))
    game = Game.objects.get()
    page = reverse("fantasy:rules", args=[game.slug])
    fan = Client()
    fan.force_login(User.objects.create_user("fan@example.org"))

    seen = curator.get(page)
    assert b"A draft" in seen.content
    assert "Bench Boost" in seen.content.decode()
    assert (
        page in curator.get(reverse("admin:fantasy_game_change", args=[game.pk])).content.decode()
    )
    assert [who.get(page).status_code for who in (fan, Client())] == [404, 404]
    assert curator.get(reverse("fantasy:game", args=[game.slug])).status_code == 404


def test_time_zone_that_nobody_knows_is_told_at_the_field(curator, season):  # noqa: F811
    page = curator.post(reverse("admin:fantasy_game_add"), told(season, time_zone="Mars/Phobos"))

    assert "is no time zone" in page.content.decode()
    assert not Game.objects.exists()


def test_pack_of_another_sport_is_told_at_the_field(curator, season):  # noqa: F811
    season.league.sport = "basketball"
    season.league.save()

    page = curator.post(reverse("admin:fantasy_game_add"), told(season))

    assert "not for this league" in page.content.decode()
    assert not Game.objects.exists()


def test_draft_shows_what_it_has(curator, season):  # noqa: F811
    curator.post(reverse("admin:fantasy_game_add"), told(season))

    page = curator.get(reverse("admin:fantasy_game_change", args=[Game.objects.get().pk]))

    assert "Matches: 9" in page.content.decode()


def test_draft_is_published_by_an_action(curator, season):  # noqa: F811
    curator.post(reverse("admin:fantasy_game_add"), told(season))
    game = Game.objects.get()

    assert "is open" in act(curator, game, "publish")

    game.refresh_from_db()
    assert game.state == GameState.PUBLISHED


def test_draft_that_lacks_players_says_so(curator):
    game = make_game(state=GameState.DRAFT, published_at=None, rules="fpl-2026-27")

    assert "a squad needs" in act(curator, game, "publish")

    game.refresh_from_db()
    assert game.state == GameState.DRAFT


def test_game_follows_its_season_by_an_action(curator, season):  # noqa: F811
    curator.post(reverse("admin:fantasy_game_add"), told(season))

    assert "0 players added" in act(curator, Game.objects.get(), "sync")


def test_game_with_rounds_left_is_not_finished(curator):
    game = make_game(rules="fpl-2026-27")
    make_round(game)

    assert "1 rounds are not settled" in act(curator, game, "finish")


def test_curator_tells_that_a_player_is_out(curator, game):
    player = game.players.first()
    form = {"status": "out", "chance_percent": "0", "news": "Knee, back in March."}

    curator.post(reverse("admin:fantasy_gameplayer_change", args=[player.pk]), form)

    player.refresh_from_db()
    assert (player.status, player.chance_percent) == (Availability.OUT, 0)
    assert player.news_at is not None
    assert player.price == 50


def test_analyst_looks_and_publishes_nothing(client, django_user_model, game):
    user = django_user_model.objects.create_user("analyst@example.org")
    grant_role(user, Role.ANALYST)
    client.force_login(user)
    Game.objects.update(state=GameState.DRAFT)

    assert client.get(GAMES).status_code == 200
    act(client, game, "publish")

    game.refresh_from_db()
    assert game.state == GameState.DRAFT


def test_receipt_says_what_it_proves(curator, game):
    entry = make_entry(game)
    held = [h.game_player_id for h in entry.holdings.order_by("slot")]
    saved = save_lineup(entry.pk, LineupChoice(players=held, captain=held[1], vice=held[2]))

    page = curator.get(reverse("admin:fantasy_receipt_change", args=[saved.receipt.pk]))

    assert "The receipt holds" in page.content.decode()


@pytest.mark.parametrize(
    "model",
    [
        "game",
        "round",
        "gameplayer",
        "entry",
        "transfer",
        "chipplay",
        "receipt",
        "lineup",
        "lineupresult",
    ],
)
def test_list_needs_as_many_queries_for_five_rows_as_for_one(curator, game, clock, model):
    def add() -> None:
        make_game()
        make_game_player(game, make_team(season=game.season), "DEF")
        entry = make_entry(game)
        move = swap(game, entry)
        play_chip(entry.pk, "bboost")
        round_ = lock_next(game, clock)
        Transfer.objects.create(
            entry=entry,
            round=round_,
            player_out_id=move.sold,
            player_in_id=move.bought,
            paid=50,
            sold_for=50,
            bought_for=50,
        )
        LineupResult.objects.create(entry=entry, round=round_, points=50, total=50, rank=1)
        assert ChipPlay.objects.exists()

    assert_no_query_for_a_row(curator, reverse(f"admin:fantasy_{model}_changelist"), add)
