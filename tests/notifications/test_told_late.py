"""One personal delay for every way in which a reader hears of an event, by a moved clock."""

import re

import pytest
from django.test import Client

from accounts.services import spare_user
from notifications.enums import Medium
from notifications.selectors import unread_count
from notifications.services import planning
from streams.groups import create_groups, drain
from streams.redis_client import client as redis
from streams.relay import relay

pytestmark = pytest.mark.django_db
_DELAY_S = 60


def deliver(game):
    """What workers do: hand over what was announced, plan it, send what is due."""
    relay()
    drain("stats")
    relay()
    drain("notifications")
    game.send()


class Channels:
    """All ways to the news of a match, each of which tells a score or not."""

    def __init__(self, game, fan):
        self.game, self.fan = game, fan
        self.client = Client()
        self.client.force_login(fan.user)

    def tell(self, score):
        match = self.game.match.public_id
        pages = {
            "inbox": "/notices/",
            "api inbox": "/api/v1/notifications",
            "match page": f"/matches/{match}/",
            "scores": "/",
            "api match": f"/api/v1/matches/{match}",
        }
        told = {name: self.read(place) for name, place in pages.items()}
        told["push"] = " ".join(self.fan.titles)
        found = {name for name, text in told.items() if re.search(score, text)}
        if '"counted__count"' in self.client.get("/").content.decode():
            found.add("count in the header")
        return found

    def read(self, place):
        html = self.client.get(place).content.decode()
        html = re.sub(r'"home":(\d+),"away":(\d+)', r"\1-\2", html)
        words = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))
        return re.sub(r"(\d+) ?[–-] ?(\d+)", r"\1-\2", words)


_ALL = {
    "inbox",
    "api inbox",
    "match page",
    "api match",
    "push",
    "count in the header",
}


def test_with_a_delay_of_a_minute_no_channel_tells_of_a_goal_sooner(game, make_fan, clock):
    late, present = make_fan(spoiler_delay_s=_DELAY_S), make_fan()
    for fan in (late, present):
        fan.follow(game.match)
    late, present = Channels(game, late), Channels(game, present)

    game.goal()
    deliver(game)
    assert present.tell("2-0") >= _ALL

    for passed in (1, 29, 29):
        clock.pass_s(passed)
        deliver(game)
        assert late.tell("2-0") == set()
    clock.pass_s(1)
    deliver(game)

    assert late.tell("2-0") >= _ALL


def test_who_hides_scores_is_told_none_by_any_channel(game, make_fan):
    fan = make_fan(hides_scores=True)
    fan.follow(game.match)
    channels = Channels(game, fan)

    game.goal()
    deliver(game)

    assert channels.tell(r"\b2-0\b|Moreau scores") == {"count in the header"}
    assert channels.tell("There is news in Ashford") >= {"inbox", "api inbox", "push"}


def test_a_longer_delay_hides_again_what_the_inbox_showed(game, make_fan, clock):
    fan = make_fan()
    fan.follow(game.match)
    game.goal()
    deliver(game)
    clock.pass_s(10)
    spare_user(fan.user, spoiler_delay_s=_DELAY_S, hides_scores=False)

    assert Channels(game, fan).tell("2-0") == {"push"}  # it was sent before
    clock.pass_s(50)
    assert Channels(game, fan).tell("2-0") >= _ALL


def test_an_outbox_that_is_replayed_tells_nothing_twice(game, make_fan):
    fan = make_fan()
    fan.follow(game.match)
    goal = game.goal()
    deliver(game)
    game.retract(goal)
    deliver(game)

    for _ in range(3):
        # Redis lost its memory: all that was ever announced comes again.
        redis().flushdb()
        create_groups()
        deliver(game)

    assert [title.split(" · ")[0] for title in fan.titles] == ["Goal", "Correction: no goal"]
    assert fan.deliveries(Medium.INBOX).count() == 2
    assert unread_count(fan.user.pk) == 1


def test_twenty_goals_that_wait_are_planned_in_one_go(game, make_fan, monkeypatch):
    fan = make_fan()
    fan.follow(game.match, media=[Medium.INBOX])
    for minute in range(20):
        game.goal(minute=20 + minute)
    calls = []
    plan = planning._plan
    monkeypatch.setattr(planning, "_plan", lambda *a, **k: calls.append(a) or plan(*a, **k))
    relay()
    drain("notifications")

    assert len(calls) == 1
    assert fan.deliveries(Medium.INBOX).count() == 20
