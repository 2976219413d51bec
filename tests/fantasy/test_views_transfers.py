"""The transfer pages: a basket, its undoing, its confirmation."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from config.clock import now
from fantasy.models import Entry, Holding, PlayerScore, Round, Transfer, TransferDraft
from tests.factories.fantasy import TELLING, make_club, make_entry, make_round, make_round_match

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(db):
    return User.objects.create_user("alice@example.org", "x")


@pytest.fixture
def browser(owner):
    client = Client()
    client.force_login(owner)
    return client


@pytest.fixture
def entry(game, owner):
    """An entry whose first deadline has passed."""
    before = make_round(game, 6)
    return make_entry(game, owner=owner, joined_round=before)


@pytest.fixture
def path(game):
    return reverse("fantasy:transfers", args=[game.slug])


def move(entry, slot=8):
    """Somebody held and somebody of his position and of a club that has room."""
    held = Holding.objects.select_related("game_player").filter(entry=entry)
    out = held.get(slot=slot).game_player
    taken = [row.game_player_id for row in held]
    clubs = [row.game_player.team_id for row in held]
    rows = entry.game.players.filter(position=out.position).exclude(pk__in=taken)
    bought = next(row for row in rows if clubs.count(row.team_id) < 3)
    return out, bought


def add(browser, path, out, bought):
    form = {"act": "add", "out": str(out.pk), "in": str(bought.pk), "round": "1"}
    return browser.post(path, form)


def test_basket_changes_nothing_before_it_is_confirmed(browser, entry, path):
    out, bought = move(entry)

    add(browser, path, out, bought)

    assert Holding.objects.filter(entry=entry, game_player=out).exists()
    page = browser.get(path).content.decode()
    assert bought.player.display_name in page
    assert "Go to confirmation" in page


def test_undo_takes_a_move_out_of_the_basket(browser, entry, path):
    out, bought = move(entry)
    add(browser, path, out, bought)

    browser.post(path, {"act": "drop", "out": str(out.pk), "round": "1"})

    assert TransferDraft.objects.get(entry=entry).moves == []


def test_confirmation_shows_the_cost_and_makes_the_transfers(browser, entry, path):
    first, second = move(entry, 8), move(entry, 5)
    add(browser, path, *first)
    add(browser, path, *second)

    look = browser.get(path, {"confirm": "1"}).content.decode()
    assert "Cost in points" in look
    assert "−4" in look
    response = browser.post(path, {"act": "confirm", "round": "1"})

    assert response["Location"].startswith(reverse("fantasy:team", args=[entry.game.slug]))
    assert Transfer.objects.filter(entry=entry).count() == 2
    assert Holding.objects.filter(entry=entry, game_player=first[1]).exists()


def test_chip_makes_the_transfers_free(browser, entry, path):
    entry.game.rounds.filter(number=1).delete()
    out, bought = move(entry, 8)
    browser.post(path, {"act": "add", "out": out.pk, "in": bought.pk, "round": "2"})

    page = browser.get(path, {"confirm": "1", "chip": "wildcard"}).content.decode()
    browser.post(path, {"act": "confirm", "chip": "wildcard", "round": "2"})

    assert "∞" in page
    assert Transfer.objects.get(entry=entry).chip == "wildcard"


def test_too_dear_player_is_told_on_his_row_and_refused(browser, entry, path):
    out, bought = move(entry)
    bought.price = 2000
    bought.save()

    page = browser.get(path, {"out": str(out.pk), "q": bought.player.name}).content.decode()
    add(browser, path, out, bought)
    refused = browser.post(path, {"act": "confirm", "round": "1"})

    assert re.search(r"You are \d+\.\d short", page)
    assert refused.status_code == 422
    assert b'data-code="over_budget"' in refused.content
    assert not Transfer.objects.exists()


def test_nobody_is_short_of_money_before_somebody_is_sold(browser, entry, path):
    club = make_club(entry.game)
    Entry.objects.filter(pk=entry.pk).update(bank=0)

    page = browser.get(path, {"team": club.public_id}).content.decode()

    assert page.count("Sell first") == entry.game.players.filter(team=club).count()
    assert " short</span>" not in page


def test_basket_says_what_it_holds_to_those_who_hear_it(browser, entry, path):
    before = browser.get(path).content.decode()
    add(browser, path, *move(entry))
    after = browser.get(path).content.decode()

    assert 'data-say="1 transfer in the basket' in after
    assert "data-say" not in before


def test_empty_basket_cannot_be_confirmed(browser, entry, path):
    response = browser.post(path, {"act": "confirm", "round": "1"})

    assert response.status_code == 422
    assert b'data-code="no_transfers"' in response.content


def test_draft_of_somebody_else_is_out_of_reach(browser, entry, path):
    add(browser, path, *move(entry))
    stranger = Client()
    stranger.force_login(User.objects.create_user("bob@example.org", "x"))

    response = stranger.post(path, {"act": "confirm", "round": "1"})

    assert response["Location"] == reverse("fantasy:join", args=[entry.game.slug])
    assert not Transfer.objects.exists()


def test_confirmation_compares_with_doing_nothing(browser, entry, path):
    round_ = entry.joined_round
    teams = list(entry.game.season.teams.all()[:2])
    match = make_round_match(round_, *teams)
    make_round_match(entry.game.rounds.get(number=1), *teams)
    Round.objects.filter(pk=round_.pk).update(state="settled", settled_at=now(), locked_at=now())
    out, bought = move(entry)
    PlayerScore.objects.create(
        round=round_, match=match, game_player=bought, points=9, minutes=90, appeared=True
    )
    add(browser, path, out, bought)

    page = browser.get(path, {"confirm": "1"}).content.decode()
    browser.cookies["hide_scores"] = "1"
    User.objects.update(hides_scores=True)
    spared = browser.get(path, {"confirm": "1"}).content.decode()

    assert "Or do nothing?" in page
    assert "points expected by the change" in page
    assert "Free transfers afterwards" in page
    assert "held back with the points" in spared
    assert "points expected by the change" not in spared


def test_confirmation_before_a_settled_round_says_that_nobody_knows(browser, entry, path):
    add(browser, path, *move(entry))

    assert b"No round is settled yet" in browser.get(path, {"confirm": "1"}).content


def test_market_tells_form_range_and_minutes_in_words(browser, entry, path):
    round_ = entry.joined_round
    teams = list(entry.game.season.teams.all()[:2])
    match = make_round_match(round_, *teams)
    make_round_match(entry.game.rounds.get(number=1), *teams)
    Round.objects.filter(pk=round_.pk).update(state="settled", settled_at=now(), locked_at=now())
    star = entry.game.players.filter(team=teams[0], position="MID")[0]
    PlayerScore.objects.create(
        round=round_, match=match, game_player=star, points=9, minutes=30, appeared=True
    )
    players = reverse("fantasy:players", args=[entry.game.slug])

    page = browser.get(players, {"sort": "form"}).content.decode()
    few = browser.get(players, {"min_form": "8,5"}).content.decode()
    none = browser.get(players, {"min_form": "9.001"}).content.decode()
    odd = browser.get(players, {"min_form": "x", "max_missed": "²", "min_expected": "-"})

    assert "missed or under 60 min in 1 of the last 1" in page
    assert page.index(star.player.display_name) == min(
        page.index(row.player.display_name)
        for row in entry.game.players.select_related("player")
        if row.player.display_name in page
    )
    assert star.player.display_name in few
    assert "Nobody fits" in none
    assert odd.status_code == 200


def test_refused_basket_tells_no_points_to_who_hides_them(browser, entry, path):
    round_ = entry.joined_round
    teams = list(entry.game.season.teams.all()[:2])
    match = make_round_match(round_, *teams)
    Round.objects.filter(pk=round_.pk).update(state="settled", settled_at=now(), locked_at=now())
    for star in entry.game.players.filter(team=teams[0]):
        PlayerScore.objects.create(
            round=round_, match=match, game_player=star, points=TELLING, minutes=90, appeared=True
        )

    told = browser.post(path, {"act": "confirm", "round": "1"}).content
    User.objects.update(hides_scores=True)
    spared = browser.post(path, {"act": "confirm", "round": "1"})

    assert str(TELLING).encode() in told
    assert spared.status_code == 422
    assert str(TELLING).encode() not in spared.content
    assert b"held back, as you asked for" in spared.content
