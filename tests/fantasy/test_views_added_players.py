"""The assistant manager on the pages: chosen with his chip, shown, changed, explained."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from fantasy.models import Holding
from fantasy.services.chips import play_chip
from tests.factories.fantasy import make_entry
from tests.fantasy.test_added_players import make_managed_game, managers
from tests.fantasy.test_deadlines import lock_next

pytestmark = pytest.mark.django_db


@pytest.fixture
def game(db):
    return make_managed_game()


@pytest.fixture
def owner(db):
    return User.objects.create_user("alice@example.org", "x", display_name="Alice")


@pytest.fixture
def browser(owner):
    client = Client()
    client.force_login(owner)
    return client


@pytest.fixture
def entry(game, owner, clock):
    """In round 24."""
    made = make_entry(game, owner=owner, name="Alice's")
    lock_next(game, clock)
    return made


def address(name, game, *more):
    return reverse(f"fantasy:{name}", args=[game.slug, *more])


def page_of(browser, name, game, **query) -> str:
    return browser.get(address(name, game), query).content.decode()


def options(page: str) -> dict[str, str]:
    """The choices of the chip's form: the text of each, marked when it cannot be chosen."""
    form = page[page.index('name="player"') :]
    found = re.findall(
        r'<option value="(\d+)"( disabled)?>([^<]*)', form[: form.index("</select>")]
    )
    return {key: f"{'- ' if off else ''}{text}" for key, off, text in found}


def test_team_page_offers_every_manager_and_says_who_cannot_be_had(browser, game, entry):
    full = entry.holdings.first().game_player.team_id
    dear = managers(game)[0]
    game.players.filter(pk=dear.pk).update(price=entry.bank + 5)

    found = options(page_of(browser, "team", game))

    assert len(found) == 8
    assert found[str(dear.pk)].startswith("- ")
    assert found[str(dear.pk)].endswith("You are 0.5 short")
    capped = game.players.get(position="AM", team=full)
    assert found[str(capped.pk)].endswith("You have 3 of his club")
    free = managers(game)[1]
    assert found[str(free.pk)] == f"{free.player.display_name} · {free.team.display_name} · 1.0"


def test_form_plays_the_chip_with_him(browser, game, entry):
    wanted = managers(game)[0]
    form = {"chip": "manager", "player": wanted.pk, "act": "play", "round": "24"}

    browser.post(address("chip", game), form)

    assert Holding.objects.get(entry=entry, slot=16).game_player == wanted
    page = page_of(browser, "team", game)
    assert 'name="player"' not in page
    assert "until round 26" in page
    assert page.count(f"place-{wanted.pk}") == 0
    assert page.count(wanted.player.display_name) >= 2


def test_form_without_a_choice_is_refused_with_its_reason(browser, game, entry):
    response = browser.post(
        address("chip", game), {"chip": "manager", "act": "play", "round": "24"}
    )

    assert response.status_code == 422
    assert "Choose the assistant manager whom the chip adds." in response.content.decode()


def test_game_without_managers_says_so(browser, game, entry):
    game.players.filter(position="AM").delete()

    page = page_of(browser, "team", game)

    assert "Cannot be played yet: the season has nobody to choose" in page


def test_line_up_is_saved_by_the_form_with_him_in_place(browser, game, entry):
    play_chip(entry.pk, "manager", player=managers(game)[0].pk)
    held = list(Holding.objects.filter(entry=entry, slot__lte=15).order_by("slot"))
    form = {
        f"place-{row.game_player_id}": "plays" if row.slot <= 11 else str(row.slot) for row in held
    }
    form |= {"captain": held[4].game_player_id, "vice": held[5].game_player_id, "round": "24"}

    response = browser.post(address("team", game), form)

    assert response.status_code == 302
    assert Holding.objects.get(entry=entry, is_captain=True).slot == 5
    assert Holding.objects.get(entry=entry, slot=16).game_player == managers(game)[0]


def listed(page: str, game) -> set[str]:
    market = page[page.index('class="table market"') :]
    return {row.player.display_name for row in managers(game) if row.player.display_name in market}


@pytest.mark.parametrize("query", [{}, {"position": "AM"}])
def test_market_has_no_managers_without_the_chip(browser, game, entry, query):
    page = page_of(browser, "transfers", game, **query)

    assert listed(page, game) == set()
    assert 'value="AM"' not in page


def test_manager_is_changed_on_the_market(browser, game, entry):
    first, second = managers(game)[:2]
    play_chip(entry.pk, "manager", player=first.pk)

    page = page_of(browser, "transfers", game, out=first.pk)
    everyone = listed(page_of(browser, "transfers", game, position="AM"), game)

    assert second.player.display_name in listed(page, game)
    assert not re.search(r'<abbr title="Midfielder">', page[page.index('id="market"') :])
    assert len(everyone) == 8
    browser.post(
        address("transfers", game),
        {"act": "add", "out": first.pk, "in": second.pk, "round": "24"},
    )
    browser.post(address("transfers", game), {"act": "confirm", "round": "24"})
    assert Holding.objects.get(entry=entry, slot=16).game_player == second


def test_confirmation_sends_to_the_team_for_this_chip(browser, game, entry):
    out = entry.holdings.get(slot=15).game_player
    coming = game.players.filter(position=out.position, team=out.team)
    coming = coming.exclude(pk__in=entry.holdings.values("game_player")).first()
    browser.post(
        address("transfers", game), {"act": "add", "out": out.pk, "in": coming.pk, "round": "24"}
    )

    page = page_of(browser, "transfers", game, confirm="1", chip="manager")

    assert "Play it on the page of your team" in page
    assert "Confirm: this is final" not in page


def test_list_of_players_shows_managers_to_who_asks_for_them(game):
    reader = Client()

    everybody = page_of(reader, "players", game, page="5")
    asked = page_of(reader, "players", game, position="AM")

    assert listed(everybody, game) == set()
    assert len(listed(asked, game)) == 8
    assert '<option value="AM" selected>' in asked


def test_join_page_has_no_managers(game):
    stranger = User.objects.create_user("bob@example.org", "x")
    client = Client()
    client.force_login(stranger)

    page = page_of(client, "join", game, position="AM")

    assert listed(page, game) == set()


def test_points_page_shows_him_apart_from_the_bench(browser, game, entry, clock):
    wanted = managers(game)[0]
    play_chip(entry.pk, "manager", player=wanted.pk)
    lock_next(game, clock)

    path = reverse("fantasy:entry_round", args=[entry.public_id, 24])
    page = browser.get(path).content.decode()

    added = page[page.index('class="bench added"') :]
    assert "Assistant manager" in added[:400]
    assert wanted.player.display_name in added[: added.index("</ul>")]
    bench = page[page.index('class="bench"') : page.index('class="bench added"')]
    assert wanted.player.display_name not in bench


def test_history_names_the_chip_once(browser, game, entry, clock):
    play_chip(entry.pk, "manager", player=managers(game)[0].pk)
    for _ in range(3):
        lock_next(game, clock)
    play_chip(entry.pk, "bboost")
    lock_next(game, clock)

    response = browser.get(reverse("fantasy:history", args=[entry.public_id]))

    plays = [(round_.number, chip) for round_, chip in response.context["plays"]]
    assert plays == [(24, "manager"), (27, "bboost")]


def test_rules_page_gives_managers_a_column(game):
    page = page_of(Client(), "rules", game)

    assert '<abbr title="Assistant manager">AM</abbr>' in page
    assert "He is chosen with the chip" in page
