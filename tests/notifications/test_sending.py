"""Push messages on their way: late readers, quiet hours, services that refuse, workers that die."""

from datetime import UTC, datetime, time, timedelta

import pytest
from django.db import transaction

from accounts.services import spare_user
from config.clock import now
from notifications import clients
from notifications.enums import Medium, Preset
from notifications.models import Device
from notifications.rules.audience import is_quiet
from notifications.services import sending
from notifications.services.follows import (
    MOST_DEVICES,
    add_device,
    set_quiet_hours,
    stop_pushing,
)

pytestmark = pytest.mark.django_db


def test_a_message_says_who_sends_it_and_for_how_long_it_counts(game, make_fan, service):
    fan = make_fan()
    fan.follow(game.match)
    game.goal()
    game.go()

    ((_, headers, _),) = service.taken
    claims = service.claims(headers)
    assert claims["sub"].startswith("mailto:")
    assert claims["exp"] == int(now().timestamp()) + 12 * 3600
    assert headers["Content-Encoding"] == "aes128gcm"
    assert (headers["TTL"], headers["Urgency"]) == ("1800", "high")
    assert headers["Topic"] == fan.browser.messages[0]["tag"]


def test_who_hides_scores_is_told_that_there_is_news(game, make_fan):
    fan = make_fan(hides_scores=True)
    fan.follow(game.match, Preset.ALL)
    game.goal()
    game.tell("red_card", 36, team=game.away, player="7")
    game.go()

    titles = {(message["title"], message["body"]) for message in fan.browser.messages}
    assert titles == {("There is news in Ashford - Eastgate", "")}
    # One replaces the other, so that their number tells nothing either.
    assert {message["tag"] for message in fan.browser.messages} == {game.match.public_id}


def test_a_longer_delay_counts_for_what_is_queued(game, make_fan, clock):
    fan = make_fan(spoiler_delay_s=10)
    fan.follow(game.match)
    game.goal()
    game.plan()
    spare_user(fan.user, spoiler_delay_s=60, hides_scores=False)

    clock.pass_s(59)
    game.send()
    early = list(fan.titles)
    clock.pass_s(1)
    game.send()

    assert (early, len(fan.titles)) == ([], 1)


def test_a_correction_is_no_sooner_than_the_delay_either(game, make_fan, clock):
    fan = make_fan(spoiler_delay_s=60)
    fan.follow(game.match)
    goal = game.goal()
    game.go()
    clock.pass_s(30)
    game.retract(goal)
    game.go()

    told = {}
    for second in range(30, 100, 10):
        game.send()
        told[second] = len(fan.titles)
        clock.pass_s(10)

    assert told == {30: 0, 40: 0, 50: 0, 60: 1, 70: 1, 80: 1, 90: 2}


@pytest.mark.parametrize(
    ("since", "until", "at", "zone", "expected"),
    [
        (22, 7, "23:30", "UTC", True),
        (22, 7, "06:59", "UTC", True),
        (22, 7, "07:00", "UTC", False),
        (22, 7, "12:00", "UTC", False),
        (13, 15, "13:00", "UTC", True),
        (13, 15, "15:00", "UTC", False),
        # 22:30 in Auckland, which is 13 hours ahead in November.
        (22, 7, "09:30", "Pacific/Auckland", True),
        (22, 7, "09:30", "nowhere/at-all", False),
        (8, 8, "03:00", "UTC", True),
    ],
)
def test_quiet_hours_are_those_of_the_users_zone(since, until, at, zone, expected):
    moment = datetime.fromisoformat(f"2026-11-22T{at}:00").replace(tzinfo=UTC)

    assert is_quiet(moment, since=time(since), until=time(until), zone=zone) is expected


def test_in_quiet_hours_only_the_inbox_is_told(game, make_fan):
    fan = make_fan(time_zone="Europe/Berlin")
    set_quiet_hours(
        fan.user.pk, quiet_from=time(16), quiet_until=time(17), time_zone="Pacific/Auckland"
    )
    fan.follow(game.match)
    game.goal()
    game.go()

    assert (fan.titles, fan.states()) == ([], ["quiet"])
    assert fan.deliveries(Medium.INBOX).count() == 1


@pytest.mark.parametrize("status", [404, 410])
def test_a_browser_that_is_gone_is_forgotten(game, make_fan, service, status):
    fan = make_fan()
    fan.follow(game.match)
    service.answers[fan.browser.path] = [(status, {})]
    game.goal()
    game.go()

    assert not Device.objects.filter(user=fan.user).exists()
    assert fan.states() == ["nowhere"]


@pytest.mark.parametrize(
    ("answers", "waits"),
    [
        ([(503, {}), (500, {})], [2, 4]),
        ([(429, {"Retry-After": "30"})], [30]),
        ([(429, {"Retry-After": "9999999"})], [600]),
    ],
)
def test_a_service_that_is_busy_is_asked_again_later(
    game, make_fan, service, clock, answers, waits
):
    fan = make_fan()
    fan.follow(game.match)
    service.answers[fan.browser.path] = list(answers)
    game.goal()
    game.go()

    for wait_s in waits:
        clock.pass_s(wait_s - 1)
        game.send()
        assert fan.titles == []
        clock.pass_s(1)
        game.send()

    assert len(fan.titles) == 1
    assert fan.states() == ["sent"]


def test_a_service_that_stays_busy_is_given_up_on(game, make_fan, service, clock):
    fan = make_fan()
    fan.follow(game.match)
    service.answers[fan.browser.path] = [(503, {})] * 20
    game.goal()
    game.plan()
    for _ in range(20):
        game.send()
        clock.pass_s(60)

    assert fan.states() == ["failed"]
    assert len(service.refused) == sending.MOST_ATTEMPTS


def test_of_two_browsers_only_the_one_that_failed_is_asked_again(game, make_fan, service, clock):
    fan = make_fan()
    other = type(fan.browser)(service, "other")
    add_device(fan.user.pk, endpoint=other.endpoint, **other.keys)
    fan.follow(game.match)
    service.answers[other.path] = [(503, {})]
    game.goal()
    game.go()
    clock.pass_s(2)
    game.send()

    assert (len(fan.titles), len(other.titles)) == (1, 1)
    assert fan.states() == ["sent"]


def test_a_refused_message_is_not_sent_again(game, make_fan, service, clock):
    fan = make_fan()
    fan.follow(game.match)
    service.answers[fan.browser.path] = [(403, {})]
    game.goal()
    game.go()
    clock.pass_s(120)
    game.send()

    assert (fan.titles, fan.states()) == ([], ["failed"])
    assert Device.objects.filter(user=fan.user).exists()


@pytest.mark.parametrize("host", ["127.0.0.1", "[::ffff:10.0.0.1]", "169.254.169.254"])
def test_no_message_goes_to_an_address_of_our_own_network(game, make_fan, service, settings, host):
    settings.FEED_ALLOW_PRIVATE_HOSTS = False
    fan = make_fan()
    port = service.server.server_port
    Device.objects.filter(user=fan.user).update(endpoint=f"http://{host}:{port}/push/0")
    fan.follow(game.match)
    game.goal()
    game.go()

    assert service.taken == []
    assert not Device.objects.filter(user=fan.user).exists()


def test_a_redirect_is_not_followed(game, make_fan, service):
    fan, other = make_fan(), make_fan()
    fan.follow(game.match)
    service.answers[fan.browser.path] = [(307, {"Location": other.browser.endpoint})]
    game.goal()
    game.go()

    assert (other.titles, fan.states()) == ([], ["failed"])


def test_what_a_dead_worker_held_is_sent_when_its_claim_runs_out(game, make_fan, clock):
    fan = make_fan()
    fan.follow(game.match)
    game.goal()
    game.plan()
    (lost,) = sending.claim_due(at=now())

    clock.pass_s(59)
    game.send()
    assert fan.titles == []
    clock.pass_s(1)
    game.send()
    assert len(fan.titles) == 1

    # It was not dead, only slow: what it says of the claim that it lost counts for nothing.
    sending.record_outcomes([(lost, sending.Outcome(later=[fan.device.pk]))], at=now())
    assert fan.states() == ["sent"]


def test_a_correction_waits_until_the_first_word_is_out(game, make_fan):
    fan = make_fan()
    fan.follow(game.match)
    goal = game.goal()
    game.plan()
    jobs = sending.claim_due(at=now())
    game.retract(goal)
    game.plan()

    game.send()
    assert fan.titles == []

    sending.record_outcomes(clients.send_all(jobs, at_s=0), at=now())
    game.send()
    assert fan.titles == ["Goal · Ashford 2-0 Eastgate", "Correction: no goal · Ashford - Eastgate"]


def test_what_is_over_wakes_nobody(game, make_fan, clock):
    fan = make_fan()
    fan.follow(game.match)
    game.goal()
    game.plan()
    clock.pass_s(31 * 60)
    game.send()

    assert (fan.titles, fan.states()) == ([], ["late"])


def test_a_browser_belongs_to_who_used_it_last(game, make_fan):
    first, second = make_fan(), make_fan()
    first.follow(game.match)
    second.follow(game.match)
    add_device(second.user.pk, endpoint=first.browser.endpoint, **first.browser.keys)
    game.goal()
    game.go()

    assert len(first.titles) == 1
    assert not Device.objects.filter(user=first.user).exists()


def test_the_oldest_of_too_many_browsers_goes(make_fan):
    fan = make_fan()
    for number in range(MOST_DEVICES):
        add_device(fan.user.pk, endpoint=f"https://push.example/{number}", **fan.browser.keys)

    kept = list(Device.objects.filter(user=fan.user).values_list("endpoint", flat=True))
    assert len(kept) == MOST_DEVICES
    assert fan.browser.endpoint not in kept


def test_the_token_of_a_message_stops_push_of_its_match_alone(game, make_fan):
    fan = make_fan()
    for subject in (game.home, game.player("11"), game.season.league):
        fan.follow(subject)
    pushed_only = make_fan()
    pushed_only.follow(game.match, media=[Medium.PUSH])
    game.goal()
    game.go()

    for one in (fan, pushed_only):
        stop_pushing(*sending.read_stop_token(one.browser.messages[0]["stop"]))
    game.goal(minute=40)
    game.go()

    assert (len(fan.titles), len(pushed_only.titles)) == (1, 1)
    assert fan.deliveries(Medium.INBOX).count() == 2


def test_what_was_told_long_ago_is_forgotten(game, make_fan, clock):
    fan = make_fan()
    fan.follow(game.match)
    game.goal()
    game.go()

    sending.forget_old(at=now() + timedelta(days=29))
    assert fan.deliveries().count() == 1
    sending.forget_old(at=now() + timedelta(days=31))
    assert fan.deliveries().count() == 0


def test_the_network_is_asked_in_no_transaction(game, make_fan, monkeypatch, transactional_db):
    fan = make_fan()
    fan.follow(game.match)
    game.goal()
    game.plan()
    asked = []
    send_all = clients.send_all
    monkeypatch.setattr(
        clients,
        "send_all",
        lambda *a, **k: (
            asked.append(transaction.get_connection().in_atomic_block) or send_all(*a, **k)
        ),
    )
    game.send()

    assert asked == [False]
