"""The pages of leagues: made, joined, seen, left."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from config.clock import now
from fantasy.models import Cup, CupTie, FantasyLeague, LeagueMember
from fantasy.services.adjustments import Decision, adjust_score
from fantasy.services.leagues import NewLeague, create_league, join_league
from tests.factories.fantasy import TELLING, make_entry, make_game, make_round

pytestmark = pytest.mark.django_db


def log_in(name):
    client = Client()
    client.force_login(User.objects.create_user(f"{name}@example.org", "x"))
    return client


@pytest.fixture
def browser(db):
    return log_in("alice")


@pytest.fixture
def entry(game, browser):
    return make_entry(game, owner=User.objects.get(email="alice@example.org"))


@pytest.fixture
def path(game):
    return reverse("fantasy:leagues", args=[game.slug])


def test_league_is_made_and_shows_its_code_to_members(browser, entry, path):
    form = {"act": "create", "name": "The Office", "kind": "classic"}

    page = browser.post(path, form, follow=True).content.decode()

    league = FantasyLeague.objects.get(name="The Office")
    assert league.code in page


def test_private_league_does_not_exist_for_strangers(browser, entry, path):
    browser.post(path, {"act": "create", "name": "The Office", "kind": "classic"})
    league = FantasyLeague.objects.get()

    address = reverse("fantasy:league", args=[league.public_id])
    assert log_in("bob").get(address).status_code == 404
    assert Client().get(address).status_code == 404


def test_public_league_is_everybodys_to_read_without_its_code(browser, entry, path):
    browser.post(path, {"act": "create", "name": "All", "kind": "classic", "is_public": "on"})
    league = FantasyLeague.objects.get()

    page = Client().get(reverse("fantasy:league", args=[league.public_id]))

    assert page.status_code == 200
    assert league.code not in page.content.decode()


def test_wrong_code_is_refused_with_its_reason(browser, entry, path):
    response = browser.post(path, {"act": "join", "code": "NOTHING"})

    assert response.status_code == 422
    assert b'data-code="unknown_code"' in response.content


def test_refusal_tells_no_rank_to_who_hides_scores(browser, entry, path):
    league = create_league(entry.pk, NewLeague(name="Ours"))
    LeagueMember.objects.filter(league=league).update(rank=TELLING)
    wrong = {"act": "join", "code": "NOTHING"}

    assert str(TELLING).encode() in browser.post(path, wrong).content
    User.objects.filter(email="alice@example.org").update(hides_scores=True)
    assert str(TELLING).encode() not in browser.get(path).content
    assert str(TELLING).encode() not in browser.post(path, wrong).content


def test_public_league_is_joined_from_its_own_page_while_there_is_room(browser, entry, game):
    owner = make_entry(game, [], owner=User.objects.create_user("ada@example.org", "x"))
    league = create_league(owner.pk, NewLeague(name="All", is_public=True))
    address = reverse("fantasy:league", args=[league.public_id])
    button = "Join this league"

    assert button in browser.get(address).content.decode()
    assert button not in Client().get(address).content.decode()
    FantasyLeague.objects.update(max_entries=1)
    assert button not in browser.get(address).content.decode()
    FantasyLeague.objects.update(max_entries=2)
    form = {"act": "public", "league": league.public_id}
    browser.post(reverse("fantasy:leagues", args=[game.slug]), form)

    assert LeagueMember.objects.filter(league=league, entry=entry).exists()
    assert button not in browser.get(address).content.decode()


def test_league_is_joined_by_code_and_left(browser, entry, game, path):
    league = create_league(make_entry(game, [], number=7).pk, NewLeague(name="Theirs"))

    browser.post(path, {"act": "join", "code": league.code.lower()})
    assert LeagueMember.objects.filter(league=league, entry=entry).exists()
    browser.post(reverse("fantasy:change_league", args=[league.public_id]), {"act": "leave"})
    assert not LeagueMember.objects.filter(league=league, entry=entry).exists()


def test_league_is_left_after_one_more_look(browser, entry, game, path):
    league = create_league(make_entry(game, [], number=7).pk, NewLeague(name="Theirs"))
    browser.post(path, {"act": "join", "code": league.code})
    address = reverse("fantasy:league", args=[league.public_id])
    change = reverse("fantasy:change_league", args=[league.public_id])

    page = browser.get(address).content.decode()
    assert 'value="leave"' not in page
    assert f'href="{address}?leave=1"' in page
    look = browser.get(address, {"leave": 1}).content.decode()

    assert "Leave Theirs?" in look
    assert f"To come back you need its code: {league.code}" in look
    assert f'href="{address}">Back, nothing happened' in look
    assert f'action="{change}"' in look
    assert 'name="act" value="leave"' in look
    assert LeagueMember.objects.filter(league=league, entry=entry).exists()


@pytest.mark.parametrize(
    ("others", "kind", "words"),
    [
        (0, "classic", "belongs to nobody"),
        (1, "classic", "it will belong to whoever joined next"),
        (1, "head_to_head", "average plays your matches to come"),
    ],
)
def test_look_before_leaving_says_what_becomes_of_the_league(
    browser, entry, game, others, kind, words
):
    league = create_league(entry.pk, NewLeague(name="Ours", kind=kind))
    for number in range(others):
        join_league(make_entry(game, [], number=7 + number).pk, league.code)

    look = browser.get(reverse("fantasy:league", args=[league.public_id]), {"leave": 1})

    assert words in look.content.decode()


def test_strangers_have_no_league_to_leave(browser, entry, game, path):
    browser.post(path, {"act": "create", "name": "All", "kind": "classic", "is_public": "on"})
    address = reverse("fantasy:league", args=[FantasyLeague.objects.get().public_id])

    assert "nothing happened" in browser.get(address, {"leave": 1}).content.decode()
    assert "nothing happened" not in Client().get(address, {"leave": 1}).content.decode()


def test_only_the_owner_changes_the_name(browser, entry, game, path):
    league = create_league(make_entry(game, [], number=7).pk, NewLeague(name="Theirs"))
    browser.post(path, {"act": "join", "code": league.code})

    browser.post(
        reverse("fantasy:change_league", args=[league.public_id]),
        {"act": "rename", "name": "Mine"},
    )

    league.refresh_from_db()
    assert league.name == "Theirs"


def test_a_league_keeps_its_name_when_the_new_one_is_blank(browser, entry, path):
    browser.post(path, {"act": "create", "name": "The Office", "kind": "classic"})
    league = FantasyLeague.objects.get()
    change = reverse("fantasy:change_league", args=[league.public_id])

    browser.post(change, {"act": "rename", "name": "   "})

    league.refresh_from_db()
    assert league.name == "The Office"


def test_leagues_made_too_often_are_told_when_to_come_back(browser, entry, path):
    form = {"act": "create", "name": "Spam", "kind": "classic", "is_public": "on"}
    answers = [browser.post(path, form) for _ in range(11)]

    assert [answer.status_code for answer in answers] == [302] * 10 + [429]
    assert int(answers[-1]["Retry-After"]) > 0


def test_codes_tried_too_often_are_told_when_to_come_back(browser, entry, path):
    form = {"act": "join", "code": "GUESS"}
    answers = [browser.post(path, form) for _ in range(31)]

    assert [answer.status_code for answer in answers] == [422] * 30 + [429]


def test_points_by_hand_stand_on_the_page_with_reason_and_giver(browser, entry, game, path):
    browser.post(path, {"act": "create", "name": "The Office", "kind": "classic"})
    umpire = User.objects.create_user("u@example.org", "x", display_name="The Umpire")
    decision = Decision(reason="A goal that was not fed.", by_id=umpire.pk, at=now())
    round_ = game.rounds.order_by("number").first()
    adjust_score(entry.pk, round_.pk, points=4, decision=decision)

    address = reverse("fantasy:league", args=[FantasyLeague.objects.get().public_id])
    page = browser.get(address).content.decode()

    assert "A goal that was not fed." in page
    assert "The Umpire" in page


def test_cup_names_its_stages_and_those_without_an_opponent(browser, game, entry):
    others = [make_entry(game, name=name) for name in ("Rovers", "United")]
    first, second = game.rounds.order_by("number")[:2]
    cup = Cup.objects.create(game=game, name="Winter Cup", start_round=first, seed="ab" * 16)
    CupTie.objects.create(
        cup=cup,
        round=first,
        number=1,
        home=entry,
        away=others[0],
        winner=entry,
        home_points=50,
        away_points=41,
        reason="points",
    )
    CupTie.objects.create(
        cup=cup, round=first, number=2, home=others[1], winner=others[1], reason="bye"
    )
    CupTie.objects.create(cup=cup, round=second, number=1, home=entry, away=others[1])

    page = browser.get(reverse("fantasy:cup", args=[cup.public_id])).content.decode()

    final, semis = page.index(">Final<"), page.index(">Semi-finals<")
    assert final < semis
    assert "50 : 41" in page[semis:]
    assert " : " not in page[final:semis]
    assert "Through without an opponent: United" in page
    assert page.count("is-mine") == 2


def test_cup_begins_with_the_own_tie(browser, game, entry):
    others = [make_entry(game, [], name=name) for name in ("Rovers", "United", "Town")]
    first = game.rounds.get(number=1)
    cup = Cup.objects.create(game=game, name="Cup", start_round=first, seed="ab" * 16)
    for number, (home, away) in enumerate([others[:2], (others[2], entry)], start=1):
        CupTie.objects.create(cup=cup, round=first, number=number, home=home, away=away)

    page = browser.get(reverse("fantasy:cup", args=[cup.public_id])).content.decode()

    assert page.index("is-mine") < page.index(">Town<") < page.index(">Rovers<")
    assert page.count(">Town<") == 1


@pytest.fixture
def large_cup(game, entry, monkeypatch):
    """A cup with more ties than fit on a page; the reader's is the last."""
    monkeypatch.setattr("fantasy.selectors.leagues.TIES_A_PAGE", 2)
    cup = Cup.objects.create(
        game=game, name="Cup", start_round=game.rounds.get(number=1), seed="ab" * 16
    )
    others = [make_entry(game, [], name=f"Rovers {number}") for number in range(5)]
    for number, home in enumerate([*others[:4], entry], start=1):
        away = None if number < 5 else others[4]
        CupTie.objects.create(cup=cup, round=cup.start_round, number=number, home=home, away=away)
    return cup


def test_large_cup_shows_the_own_tie_and_says_how_many_it_leaves_out(browser, large_cup):
    page = browser.get(reverse("fantasy:cup", args=[large_cup.public_id])).content.decode()

    assert page.count("is-mine") == 1
    assert ("Rovers 1" in page, "Rovers 2" in page) == (True, False)
    assert "And 2 more." in page
    assert ">Last 6<" in page


def test_ties_of_a_large_cup_come_page_by_page(client, large_cup):
    def page(number):
        path = f"/api/v1/fantasy/cups/{large_cup.public_id}"
        (told,) = client.get(path, {"page": number}).json()["rounds"]
        return told["count"], [tie["number"] for tie in told["ties"]]

    assert [page(number) for number in ("", 2, 3, 4)] == [
        (5, [1, 2]),
        (5, [3, 4]),
        (5, [5]),
        (5, []),
    ]


@pytest.mark.parametrize("address", ["/fantasy/cups/{}/", "/api/v1/fantasy/cups/{}"])
def test_cup_whose_next_stage_is_drawn_meanwhile_is_told(client, large_cup, address):
    drawn = []

    def draw(execute, sql, *about):
        answer = execute(sql, *about)
        if 'FROM "fantasy_cuptie"' in sql and not drawn:
            drawn.append(sql)
            home, round_ = large_cup.game.entries.first(), large_cup.game.rounds.get(number=2)
            CupTie.objects.create(cup=large_cup, round=round_, number=1, home=home)
        return answer

    with connection.execute_wrapper(draw):
        answer = client.get(address.format(large_cup.public_id))

    assert (answer.status_code, len(drawn)) == (200, 1)


def test_landing_costs_as_many_queries_for_many_games_as_for_one(client, game):
    def count():
        client.get(reverse("fantasy:landing"))
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("fantasy:landing"))
        return len(queries)

    before = count()
    for _ in range(3):
        make_round(make_game(game.season))

    assert count() == before


def test_landing_says_that_transfers_before_the_first_deadline_are_free(browser, game, entry):
    before = browser.get(reverse("fantasy:landing")).content.decode()
    game.rounds.filter(number=1).update(state="settled", locked_at=now(), settled_at=now())
    after = browser.get(reverse("fantasy:landing")).content.decode()

    assert "<dd>∞</dd>" in before
    assert "<dd>∞</dd>" not in after
