"""Pages of notices: the bell, the inbox, what is told, and stopping it by one tap."""

import re

import pytest
from django.test import Client

from notifications.enums import Medium, Preset
from notifications.models import Device, Follow, Preference

pytestmark = pytest.mark.django_db


@pytest.fixture
def fan(make_fan):
    return make_fan()


@pytest.fixture
def page(fan):
    client = Client()
    client.force_login(fan.user)
    return client


def words(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def places(game):
    return {
        f"/matches/{game.match.public_id}/": game.match,
        f"/teams/{game.home.slug}/": game.home,
        f"/leagues/{game.season.league.slug}/": game.season.league,
        f"/players/{game.player('11').slug}/": game.player("11"),
    }


def test_one_tap_on_the_bell_follows_and_comes_back(game, page, fan):
    for place, subject in places(game).items():
        html = page.get(place).content.decode()
        assert f'action="/notices/follow/{subject.public_id}/"' in html, place

        answer = page.post(
            f"/notices/follow/{subject.public_id}/", {"quick": "1", "next": place}, follow=True
        )

        assert answer.redirect_chain == [(place, 302)]
        assert "bell--on" in answer.content.decode()
        assert f"You hear of {subject} from now on." in words(answer)

    held = Follow.objects.filter(user=fan.user)
    assert held.count() == 4
    assert set(held.values_list("preset", flat=True)) == {Preset.STANDARD}


def test_a_stranger_is_sent_to_the_login_and_back(game, client):
    place = f"/matches/{game.match.public_id}/"

    assert f'href="/login/?next={place}"' in client.get(place).content.decode()


def test_how_much_is_told_is_chosen_and_ended(game, page, fan):
    place = f"/notices/follow/{game.match.public_id}/"
    wish = {"preset": "chosen", "kinds": ["goal", "yellow_card"], "ways": ["inbox"], "next": "/"}

    assert page.post(place, wish)["Location"] == "/"
    held = Follow.objects.get(user=fan.user)
    assert (held.preset, held.kinds, held.media) == ("chosen", ["goal", "yellow_card"], ["inbox"])
    assert "Goals, Yellow cards" in words(page.get("/notices/settings/"))

    page.post(place, {"stop": "1", "next": "/"})
    assert not Follow.objects.exists()


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        ({"preset": "chosen", "ways": ["inbox"]}, "Choose at least one notice"),
        ({"preset": "all"}, "This field is required"),
        ({"preset": "everything", "ways": ["push"]}, "not one of the available choices"),
    ],
)
def test_a_wish_that_cannot_be_kept_is_shown_with_what_is_wrong(game, page, wish, says):
    answer = page.post(f"/notices/follow/{game.match.public_id}/", wish)

    assert answer.status_code == 200
    assert says in words(answer)
    assert not Follow.objects.exists()


def test_of_a_player_only_his_deeds_are_offered(game, page):
    html = page.get(f"/notices/follow/{game.player('11').public_id}/").content.decode()

    assert 'value="goal"' in html
    assert 'value="half_time"' not in html


@pytest.mark.parametrize("public_id", ["1", "vz_team_1", "vz_game_1", "vz_user_1", "team"])
def test_what_is_not_there_cannot_be_followed(page, public_id):
    assert page.get(f"/notices/follow/{public_id}/").status_code == 404


def test_the_inbox_shows_what_is_unread_until_it_is_read(game, page, fan):
    fan.follow(game.match)
    assert "Nothing to tell you yet" in words(page.get("/notices/"))
    goal = game.goal()
    game.plan()
    game.goal(minute=40)
    game.plan()

    html = page.get("/notices/").content.decode()
    assert html.count("told--new") == 2
    assert 'class="counted__count" aria-hidden="true">2<' in html

    page.post("/notices/read/")
    game.retract(goal)
    game.plan()
    html = page.get("/notices/").content.decode()
    assert (html.count("told__title"), html.count("told--new")) == (2, 1)
    assert "Correction: no goal" in html


def test_others_notices_are_not_shown(game, page, make_fan):
    other = make_fan()
    other.follow(game.match)
    game.goal()
    game.plan()

    assert "told__title" not in page.get("/notices/").content.decode()
    page.post("/notices/read/")
    assert other.deliveries(Medium.INBOX).get().read_at is None


def test_the_inbox_asks_as_much_for_three_as_for_one(game, page, fan, django_assert_num_queries):
    fan.follow(game.season.league)
    game.goal()
    game.plan()
    page.get("/notices/")
    with django_assert_num_queries(5):
        page.get("/notices/")
    for minute in (36, 37):
        game.goal(minute=minute)
    game.plan()

    with django_assert_num_queries(5):
        page.get("/notices/")


def test_quiet_hours_are_kept_with_the_browsers_zone(page, fan):
    page.cookies["tz"] = "Pacific/Auckland"

    page.post("/notices/settings/", {"quiet_from": "22:00", "quiet_until": "07:00"})
    held = Preference.objects.get(user=fan.user)
    assert (f"{held.quiet_from:%H:%M}", f"{held.quiet_until:%H:%M}") == ("22:00", "07:00")
    assert held.time_zone == "Pacific/Auckland"

    half = page.post("/notices/settings/", {"quiet_from": "22:00"})
    assert "Give both ends" in words(half)


def test_a_browser_is_taken_off_the_list(page, fan, make_fan):
    other = make_fan()

    page.post("/notices/devices/", {"device": other.device.public_id})
    page.post("/notices/devices/", {"device": fan.device.public_id})

    assert list(Device.objects.all()) == [other.device]


def test_push_is_stopped_by_the_token_of_a_message_alone(game, fan):
    stranger = Client(enforce_csrf_checks=True)
    fan.follow(game.match)
    game.goal()
    game.go()
    token = fan.browser.messages[0]["stop"]

    assert stranger.get(f"/notices/stop/?token={token}").status_code == 200
    assert Follow.objects.get().media == ["inbox", "push"]
    assert stranger.post("/notices/stop/", {"token": token}).status_code == 200
    assert Follow.objects.get().media == ["inbox"]
    for forged in ("", "x", token[:-1], token + "x"):
        assert stranger.post("/notices/stop/", {"token": forged}).status_code == 400


def test_the_worker_is_a_script_from_the_root(client):
    answer = client.get("/push-worker.js")

    assert answer["Content-Type"].startswith("text/javascript")
    assert 'addEventListener("push"' in answer.content.decode()
