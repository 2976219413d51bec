"""Notices in the API: inbox, follows, quiet hours and browsers of the signed-in user."""

import pytest
from django.test import Client

from notifications.enums import Medium
from notifications.models import Device, Follow
from notifications.services.follows import MOST_FOLLOWS
from notifications.services.sending import sender

pytestmark = pytest.mark.django_db
_ROOT = "/api/v1/notifications"


@pytest.fixture
def fan(make_fan):
    return make_fan()


@pytest.fixture
def api(fan):
    client = Client()
    client.force_login(fan.user)
    return client


def send(api, method, path, body=None):
    return getattr(api, method)(_ROOT + path, body or {}, content_type="application/json")


def errors(answer):
    assert answer["Content-Type"] == "application/problem+json"
    return {error["pointer"]: error["code"] for error in answer.json()["errors"]}


def test_strangers_have_no_inbox(client):
    for path in ("", "/follows", "/preferences", "/push-key", "/devices"):
        assert client.get(_ROOT + path).status_code in {401, 403}, path


def test_the_inbox_is_read_in_pages_and_marked(game, api, fan):
    fan.follow(game.match)
    for minute in (35, 36, 37):
        game.goal(minute=minute)
        game.plan()

    first = api.get(_ROOT, {"limit": 2}).json()
    second = api.get(first["next"]).json()
    rows = first["results"] + second["results"]
    assert [row["title"].split(" · ")[0] for row in rows] == ["Goal"] * 3
    assert len({row["id"] for row in rows}) == 3
    assert {row["match_id"] for row in rows} == {game.match.public_id}
    assert {row["kind"] for row in rows} == {"goal"}

    assert send(api, "post", "/read", {"ids": [rows[0]["id"], "vz_notice_1"]}).json() == {"read": 1}
    assert len(api.get(_ROOT, {"unread": "true"}).json()["results"]) == 2
    assert send(api, "post", "/read").json() == {"read": 2}
    assert api.get(_ROOT)["Cache-Control"] == "private, no-cache"


def test_who_hides_scores_reads_no_kind_either(game, make_fan):
    fan = make_fan(hides_scores=True)
    client = Client()
    client.force_login(fan.user)
    fan.follow(game.match)
    game.goal()
    game.plan()

    (row,) = client.get(_ROOT).json()["results"]
    assert (row["kind"], row["title"]) == (None, "There is news in Ashford - Eastgate")


def test_follows_are_made_changed_and_ended(game, api, fan):
    made = send(api, "post", "/follows", {"subject": game.home.public_id})
    assert made.status_code == 201
    row = made.json()
    assert (row["subject_kind"], row["name"]) == ("team", str(game.home))
    assert (row["preset"], row["media"]) == ("standard", ["inbox", "push"])

    place = f"/follows/{row['id']}"
    assert made["Location"] == _ROOT + place
    changed = send(api, "patch", place, {"preset": "chosen", "kinds": ["goal"]}).json()
    assert (changed["kinds"], changed["media"]) == (["goal"], ["inbox", "push"])
    assert api.get(_ROOT + place).json() == changed
    assert [one["id"] for one in api.get(f"{_ROOT}/follows").json()["results"]] == [row["id"]]

    assert send(api, "delete", place).status_code == 204
    assert api.get(_ROOT + place).status_code == 404


def test_others_follows_and_browsers_do_not_exist(game, api, make_fan):
    other = make_fan()
    follow = other.follow(game.match)

    for method in ("get", "patch", "delete"):
        assert send(api, method, f"/follows/{follow.public_id}").status_code == 404
    assert send(api, "delete", f"/devices/{other.device.public_id}").status_code == 404
    assert Follow.objects.count() == 1
    assert Device.objects.filter(user=other.user).exists()


@pytest.mark.parametrize(
    ("wish", "field", "code"),
    [
        ({}, "subject", "required"),
        ({"subject": "vz_team_1"}, "subject", "unknown_subject"),
        ({"subject": "vz_user_1"}, "subject", "unknown_subject"),
        ({"subject": "MATCH", "preset": "most"}, "preset", "invalid_choice"),
        ({"subject": "MATCH", "preset": "chosen"}, "kinds", "invalid"),
        ({"subject": "MATCH", "preset": "chosen", "kinds": ["try"]}, "kinds", "invalid"),
        ({"subject": "MATCH", "media": []}, "media", "invalid"),
        ({"subject": "MATCH", "chanel": "push"}, "chanel", "unknown_field"),
    ],
)
def test_a_wish_that_cannot_be_kept_names_field_and_fix(game, api, wish, field, code):
    if wish.get("subject") == "MATCH":
        wish = {**wish, "subject": game.match.public_id}

    answer = send(api, "post", "/follows", wish)

    assert answer.status_code == 422
    assert errors(answer) == {f"/{field}": code}


def test_nobody_follows_without_bound(game, api, fan, monkeypatch):
    monkeypatch.setattr("notifications.services.follows.MOST_FOLLOWS", 1)
    fan.follow(game.home)

    again = send(api, "post", "/follows", {"subject": game.home.public_id})
    more = send(api, "post", "/follows", {"subject": game.away.public_id})

    assert (again.status_code, more.status_code) == (201, 422)
    assert errors(more) == {"/subject": "too_many"}
    assert MOST_FOLLOWS == 500


def test_quiet_hours(api):
    assert api.get(f"{_ROOT}/preferences").json()["quiet_from"] is None
    body = {"quiet_from": "22:00:00", "quiet_until": "07:00:00", "time_zone": "Europe/Berlin"}

    assert send(api, "put", "/preferences", body).json() == body
    assert api.get(f"{_ROOT}/preferences").json() == body
    half = send(api, "put", "/preferences", {"quiet_from": "22:00", "quiet_until": None})
    nowhere = send(api, "put", "/preferences", {**body, "time_zone": "Moon/Base"})
    assert errors(half) == {"/quiet_until": "invalid"}
    assert errors(nowhere) == {"/time_zone": "unknown_zone"}


def test_a_browser_subscribes_once_and_leaves(api, fan):
    assert api.get(f"{_ROOT}/push-key").json() == {"key": sender().public_key}
    body = {"endpoint": "https://push.example.org/1", "keys": fan.browser.keys, "name": "Phone"}

    first, second = (send(api, "post", "/devices", body) for _ in range(2))

    assert (first.status_code, first.json()["id"]) == (201, second.json()["id"])
    assert "endpoint" not in first.json()
    assert len(api.get(f"{_ROOT}/devices").json()["results"]) == 2
    assert send(api, "delete", f"/devices/{first.json()['id']}").status_code == 204
    assert fan.deliveries(Medium.PUSH).count() == 0


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://push.example.org/1",
        "ftp://push.example.org/1",
        "https://",
        "https://localhost/1",
        "https://127.0.0.1/1",
        "https://[::1]/1",
        "https://10.1.2.3/1",
        "https://169.254.169.254/latest",
        "https://user@push.example.org/1",
        "https://2130706433/1",
    ],
)
def test_addresses_of_no_push_service_are_refused(api, fan, settings, endpoint):
    settings.FEED_ALLOW_PRIVATE_HOSTS = False

    answer = send(api, "post", "/devices", {"endpoint": endpoint, "keys": fan.browser.keys})

    assert errors(answer) == {"/endpoint": "bad_endpoint"}


def test_keys_that_no_browser_made_are_refused(api):
    keys = {"p256dh": "AAAA", "auth": "BBBB"}

    answer = send(api, "post", "/devices", {"endpoint": "https://push.example.org/1", "keys": keys})

    assert errors(answer) == {"/keys": "bad_keys"}
