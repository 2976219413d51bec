"""The pages of the own team, used as a browser without scripts uses them."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from config.clock import now
from fantasy.models import ChipPlay, Entry, Holding, Receipt
from fantasy.services import limits
from tests.factories.fantasy import (
    make_entry,
    make_game,
    make_round,
    make_round_match,
    pick_squad,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(db) -> User:
    return User.objects.create_user("alice@example.org", "x", display_name="Alice")


@pytest.fixture
def browser(owner) -> Client:
    client = Client()
    client.force_login(owner)
    return client


@pytest.fixture
def entry(game, owner) -> Entry:
    return make_entry(game, owner=owner, name="Alice's")


def form_of(entry: Entry, **changes: str) -> dict[str, str]:
    """What the browser sends of the untouched form, with changes."""
    held = list(Holding.objects.filter(entry=entry).order_by("slot"))
    fields = {
        f"place-{row.game_player_id}": "plays" if row.slot <= 11 else str(row.slot) for row in held
    }
    fields["captain"] = str(next(row.game_player_id for row in held if row.is_captain))
    fields["vice"] = str(next(row.game_player_id for row in held if row.is_vice))
    return fields | {"round": "1"} | changes


def address(name: str, game, *more) -> str:
    return reverse(f"fantasy:{name}", args=[game.slug, *more])


def holding(entry: Entry, slot: int) -> Holding:
    return Holding.objects.get(entry=entry, slot=slot)


def test_team_swap_by_the_plain_form_is_saved_with_a_receipt(browser, entry):
    off, on = holding(entry, 5), holding(entry, 13)
    wish = {f"place-{off.game_player_id}": "13", f"place-{on.game_player_id}": "plays"}

    response = browser.post(address("team", entry.game), form_of(entry, **wish), follow=True)

    assert holding(entry, 13).game_player_id == off.game_player_id
    assert Holding.objects.get(pk=on.pk).slot <= 11
    receipt = Receipt.objects.get(entry=entry)
    page = response.content.decode()
    assert receipt.saved_at.strftime("%H:%M:%S") in page
    assert address("receipt", entry.game, receipt.sequence) in page


def test_team_new_captain_is_saved(browser, entry):
    wanted = holding(entry, 8).game_player_id

    browser.post(address("team", entry.game), form_of(entry, captain=str(wanted)))

    assert holding(entry, 8).is_captain
    assert not holding(entry, 2).is_captain


def test_team_illegal_shape_is_refused_with_its_reason(browser, entry):
    off, on = holding(entry, 10), holding(entry, 12)
    wish = {f"place-{off.game_player_id}": "12", f"place-{on.game_player_id}": "plays"}

    response = browser.post(address("team", entry.game), form_of(entry, **wish))

    assert response.status_code == 422
    assert b'data-code="formation"' in response.content
    assert not Receipt.objects.exists()


def test_team_two_players_in_one_place_is_refused(browser, entry):
    wish = {f"place-{holding(entry, 13).game_player_id}": "14"}

    response = browser.post(address("team", entry.game), form_of(entry, **wish))

    assert response.status_code == 422
    assert b'data-code="bench_order"' in response.content


def test_team_save_for_a_locked_round_is_refused(browser, entry):
    entry.game.rounds.filter(number=1).update(state="locked", locked_at=now())

    response = browser.post(address("team", entry.game), form_of(entry, round="1"))

    assert response.status_code == 422
    assert b'data-code="deadline_passed"' in response.content


def test_team_saved_too_often_is_told_when_to_come_back(browser, entry, monkeypatch):
    monkeypatch.setitem(limits._PER_HOUR, limits.LINEUP, 1)
    browser.post(address("team", entry.game), form_of(entry))

    response = browser.post(address("team", entry.game), form_of(entry))

    assert response.status_code == 429
    assert int(response["Retry-After"]) > 0
    assert Receipt.objects.count() == 1


def test_team_page_asks_strangers_to_log_in(entry):
    response = Client().get(address("team", entry.game))

    assert response.status_code == 302
    assert reverse("accounts:login") in response["Location"]


def test_team_page_never_shows_somebody_elses_squad(entry):
    stranger = Client()
    stranger.force_login(User.objects.create_user("bob@example.org", "x"))

    assert stranger.get(address("team", entry.game)).status_code == 302
    stranger.post(address("team", entry.game), form_of(entry))
    assert not Receipt.objects.exists()


def test_receipt_of_somebody_else_does_not_exist(browser, entry):
    browser.post(address("team", entry.game), form_of(entry))
    stranger = Client()
    stranger.force_login(User.objects.create_user("bob@example.org", "x"))

    path = address("receipt", entry.game, 1)
    assert browser.get(path).status_code == 200
    assert stranger.get(path).status_code == 404


def test_chip_is_played_and_taken_back(browser, entry):
    path = address("chip", entry.game)

    browser.post(path, {"chip": "bboost", "act": "play", "round": "1"})
    assert ChipPlay.objects.filter(entry=entry, cancelled_at=None).count() == 1
    browser.post(path, {"act": "cancel", "round": "1"})
    assert not ChipPlay.objects.filter(entry=entry, cancelled_at=None).exists()


def test_chips_say_until_when_they_can_be_played(browser, entry):
    page = browser.get(address("team", entry.game)).content.decode()

    assert "unused until round 19" in page
    assert "Rounds 1 to 19" in page
    assert "opens in round 20" in page


def test_chip_that_cannot_be_played_yet_says_why(browser, entry):
    entry.joined_round = entry.game.rounds.get(number=2)
    entry.save()
    entry.game.rounds.filter(number=1).delete()

    page = browser.get(address("team", entry.game)).content.decode()

    assert "Transfers are free before your first deadline anyway." in page
    assert "Play Bench Boost in round 2" in page


def test_chip_in_force_offers_to_be_taken_back_and_no_other(browser, entry):
    browser.post(address("chip", entry.game), {"chip": "bboost", "act": "play", "round": "1"})

    page = browser.get(address("team", entry.game)).content.decode()

    assert "chip-button--in_force" in page
    assert 'value="cancel"' in page
    assert "Play Triple Captain" not in page
    assert "Bench Boost is in force: one chip a round." in page


def test_chip_outside_its_window_is_refused(browser, entry):
    response = browser.post(
        address("chip", entry.game), {"chip": "wildcard", "act": "play", "round": "1"}
    )

    assert response.status_code == 422
    assert b"refusals" in response.content


def test_join_fills_the_squad_at_one_press_and_joins(browser, game, owner):
    path = address("join", game)

    browser.post(path, {"act": "fill"})
    response = browser.post(path, {"act": "join", "name": "Alice's", "country": "no", "round": "1"})

    assert response["Location"] == address("team", game)
    entry = Entry.objects.get(game=game, owner=owner)
    assert (entry.name, entry.country, entry.holdings.count()) == ("Alice's", "NO", 15)


def test_join_player_by_player_keeps_the_choice(browser, game):
    first = pick_squad(game)[0]
    path = address("join", game)

    browser.post(path, {"act": "add", "player": str(first.pk)})
    assert b"1 / 15" in browser.get(path).content
    browser.post(path, {"act": "drop", "player": str(first.pk)})
    assert b"0 / 15" in browser.get(path).content


def test_join_tells_on_the_row_why_a_player_cannot_be_had(browser, game):
    same_club = list(game.players.filter(team=game.players.first().team))[:4]
    path = address("join", game)
    for player in same_club[:3]:
        browser.post(path, {"act": "add", "player": str(player.pk)})

    page = browser.get(path, {"team": same_club[3].team.public_id}).content.decode()

    assert "You have 3 of his club" in page
    assert "In your squad" in page


def test_join_with_a_part_of_a_squad_is_refused(browser, game):
    response = browser.post(address("join", game), {"act": "join", "name": "Alice's"})

    assert response.status_code == 422
    assert b'data-code="squad_size"' in response.content
    assert not Entry.objects.exists()


def test_team_of_a_season_without_rounds_to_come_says_so(browser, owner):
    over = make_game(rules="fpl-2026-27")
    last = make_round(over, 1, state="settled")
    make_entry(over, [], owner=owner, joined_round=last)

    assert b"The season is over" in browser.get(address("team", over)).content


def test_list_is_shown_again_to_whoever_chose_it_once(browser, entry):
    path = address("team", entry.game)
    assert b"lineup--list" not in browser.get(path).content

    browser.get(path, {"view": "list"})
    assert b"lineup--list" in browser.get(path).content

    browser.get(path, {"view": "pitch"})
    assert b"lineup--list" not in browser.get(path).content


def test_form_to_join_names_countries(browser, game):
    page = browser.get(address("join", game)).content.decode()

    assert '<option value="NO">Norway</option>' in page
    response = browser.post(address("join", game), {"act": "join", "country": "qq", "name": "x"})
    assert response.status_code == 422


def test_shirt_tells_three_of_many_matches(browser, entry):
    club = holding(entry, 1).game_player.team
    other = entry.game.season.teams.exclude(pk=club.pk).first()
    first = entry.joined_round.starts_at
    for n in range(5):
        make_round_match(entry.joined_round, club, other, kickoff_at=first + timedelta(days=n))

    page = browser.get(address("team", entry.game)).content.decode()

    assert '<abbr title="and 2 more matches">+2</abbr>' in page
