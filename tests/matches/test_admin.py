"""The admin of matches: what curators see and do, and what nobody may do."""

import json
import zlib

import pytest
from django.test import Client
from django.urls import reverse

from config.clock import now
from leagues.packs.loader import load_pack
from matches.enums import EventOp, PollOutcome
from matches.models import FeedPoll, Match, PlayEvent, RawDocument, TeamSheet
from streams.models import OutboxEvent
from tests.admin_lists import assert_no_query_for_a_row
from tests.factories.leagues import make_league, make_player, make_season
from tests.factories.matches import make_event, make_feed, make_live_match, make_match

pytestmark = pytest.mark.django_db


@pytest.fixture
def curator(client: Client, admin_user) -> Client:
    client.force_login(admin_user)
    return client


def make_raw(feed, body: object) -> RawDocument:
    packed = json.dumps(body).encode()
    return RawDocument.objects.create(
        adapter=feed.adapter,
        key=feed.public_id,
        sha256="0" * 64,
        body=zlib.compress(packed),
        size_bytes=len(packed),
    )


@pytest.mark.parametrize("model", ["match", "playevent", "feed", "teamsheet", "feedpoll"])
def test_list_needs_as_many_queries_for_five_rows_as_for_one(curator: Client, model: str):
    def add() -> None:
        match = make_live_match()
        make_event(match, team=match.home, player=make_player())
        feed = make_feed(match.season)
        TeamSheet.objects.create(match=match, team=match.home)
        FeedPoll.objects.create(feed=feed, outcome=PollOutcome.CHANGED)

    assert_no_query_for_a_row(curator, reverse(f"admin:matches_{model}_changelist"), add)


def test_log_cannot_be_added_to_changed_or_deleted(curator: Client):
    event = make_event(make_live_match())
    change = reverse("admin:matches_playevent_change", args=[event.pk])

    assert curator.get(reverse("admin:matches_playevent_add")).status_code == 403
    assert curator.post(change, {"type": "goal"}).status_code == 403
    delete = reverse("admin:matches_playevent_delete", args=[event.pk])
    assert curator.post(delete, {"post": "yes"}).status_code == 403
    assert PlayEvent.objects.get().type == event.type


def test_event_shows_all_revisions_of_its_fact(curator: Client):
    match = make_live_match()
    first = make_event(match, type="score.home")
    make_event(match, lineage_id=first.lineage_id, rev=2, op=EventOp.AMEND, reason="wrong minute")
    make_event(match, reason="another fact")

    page = curator.get(reverse("admin:matches_playevent_change", args=[first.pk])).content.decode()

    assert "wrong minute" in page
    assert "another fact" not in page


def test_fact_is_taken_back_with_a_reason_only(curator: Client):
    match = make_live_match()
    event = make_event(match)
    address = reverse("admin:matches_playevent_retract", args=[event.pk])

    curator.post(address, {"reason": "  "})
    untouched = PlayEvent.objects.count()
    curator.post(address, {"reason": "offside"})

    assert untouched == 1
    retraction = PlayEvent.objects.get(seq=2)
    assert (retraction.op, retraction.source, retraction.reason) == ("retract", "admin", "offside")
    assert retraction.lineage_id == event.lineage_id


def test_who_takes_a_goal_back_hears_that_the_vendor_still_counts_it(curator: Client):
    match = make_live_match(
        make_season(make_league(sport="football")), vendor_score={"home": 2, "away": 0}
    )
    make_event(match, type="period_start", period="1H", team=None)
    goals = [make_event(match, type="goal", period="1H", team=match.home) for _ in range(2)]
    taken_back = reverse("admin:matches_playevent_retract", args=[goals[1].pk])
    decide = reverse("admin:matches_match_decide", args=[match.pk])

    page = curator.post(taken_back, {"reason": "offside"}, follow=True).content.decode()

    assert "The log says 1\u20130, the vendor 2\u20130" in page
    assert f'<a href="{decide}">decide the score</a>' in page

    form = {"home_score": 1, "away_score": 0, "reason": "offside"}
    assert "The log says" not in curator.post(decide, form, follow=True).content.decode()


def test_correction_that_leaves_the_score_alone_says_nothing_of_it(curator: Client):
    match = make_live_match(
        make_season(make_league(sport="football")), vendor_score={"home": 1, "away": 0}
    )
    make_event(match, type="goal", period="1H", team=match.home)
    corner = make_event(match, type="corner", period="1H", team=match.home)
    address = reverse("admin:matches_playevent_retract", args=[corner.pk])

    page = curator.post(address, {"reason": "no corner"}, follow=True).content.decode()

    assert "The log says" not in page


def test_edit_of_a_fixture_is_announced(curator: Client):
    match = make_match()
    kickoff_at = now().replace(microsecond=0)
    form = {
        "season": match.season_id,
        "home": match.home_id,
        "away": match.away_id,
        "kickoff_at_0": f"{kickoff_at:%Y-%m-%d}",
        "kickoff_at_1": f"{kickoff_at:%H:%M:%S}",
        "round_name": "Final",
        "team_sheets-TOTAL_FORMS": 0,
        "team_sheets-INITIAL_FORMS": 0,
    }

    response = curator.post(reverse("admin:matches_match_change", args=[match.pk]), form)

    assert response.status_code == 302, response.content.decode()
    assert Match.objects.get().round_name == "Final"
    assert OutboxEvent.objects.filter(topic="match.ingested").count() == 1


def test_match_with_a_log_cannot_be_deleted(curator: Client):
    match = make_live_match()
    make_event(match)

    address = reverse("admin:matches_match_delete", args=[match.pk])

    assert curator.post(address, {"post": "yes"}).status_code == 403
    assert Match.objects.count() == 1


def test_feed_page_shows_what_the_feed_did(curator: Client):
    match = make_live_match()
    feed = make_feed(match.season, last_error="answered 502", failures=3)
    document = make_raw(feed, {"hello": "world"})
    FeedPoll.objects.create(feed=feed, outcome=PollOutcome.CHANGED, document=document, added=7)

    page = curator.get(reverse("admin:matches_match_feed", args=[match.pk])).content.decode()

    assert "answered 502" in page
    assert "New facts" in page
    assert reverse("admin:matches_rawdocument_change", args=[document.pk]) in page


def test_raw_document_is_shown_and_sent_unpacked(curator: Client):
    document = make_raw(make_feed(), {"name": "<Ødegaard>"})

    shown = curator.get(reverse("admin:matches_rawdocument_change", args=[document.pk]))
    sent = curator.get(reverse("admin:matches_rawdocument_raw", args=[document.pk]))

    assert "&lt;Ødegaard&gt;" in shown.content.decode()
    assert sent.json() == {"name": "<Ødegaard>"}


def test_raw_documents_are_for_staff(client: Client, django_user_model):
    document = make_raw(make_feed(), {})
    client.force_login(django_user_model.objects.create_user("fan@example.org", "x"))

    response = client.get(reverse("admin:matches_rawdocument_raw", args=[document.pk]))

    assert response.status_code == 302


def test_rerun_needs_a_document_and_a_post(curator: Client):
    match = make_live_match()
    make_event(match)
    address = reverse("admin:matches_match_rerun", args=[match.pk])

    by_get = curator.get(address)
    page = curator.post(address, follow=True).content.decode()

    assert by_get.status_code == 403
    assert "No raw document is kept of it." in page
    assert PlayEvent.objects.count() == 1


def test_rerun_with_a_broken_document_changes_nothing(curator: Client):
    match = make_live_match()
    make_event(match)
    feed = make_feed(match.season)
    document = make_raw(feed, "no feed at all")
    FeedPoll.objects.create(feed=feed, outcome=PollOutcome.CHANGED, document=document)

    page = curator.post(reverse("admin:matches_match_rerun", args=[match.pk]), follow=True)

    assert "Nothing changed" in page.content.decode()
    assert PlayEvent.objects.count() == 1


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("ask_now", {"is_enabled": True, "failures": 0}),
        ("disable", {"is_enabled": False, "failures": 4}),
        ("enable", {"is_enabled": True, "failures": 4}),
    ],
)
def test_feed_is_switched_and_asked(curator: Client, action: str, expected: dict):
    feed = make_feed(failures=4, is_enabled=action != "enable")
    form = {"action": action, "_selected_action": [feed.pk]}

    curator.post(reverse("admin:matches_feed_changelist"), form)

    feed.refresh_from_db()
    assert {name: getattr(feed, name) for name in expected} == expected


def test_decision_is_appended_to_the_log(curator: Client):
    match = make_live_match()
    make_event(match)
    address = reverse("admin:matches_match_decide", args=[match.pk])

    asked = curator.get(address)
    curator.post(address, {"status": "abandoned", "reason": "fog"})
    curator.post(address, {"home_score": 3, "away_score": 0, "reason": "walkover"})

    assert asked.status_code == 200
    decisions = PlayEvent.objects.filter(type="admin.override").order_by("seq")
    assert [decision.payload for decision in decisions] == [
        {"status": "abandoned", "reason": "fog"},
        {"score": {"home": 3, "away": 0}, "reason": "walkover"},
    ]


@pytest.mark.parametrize(
    ("form", "complaint"),
    [
        ({"status": "final"}, "This field is required."),
        ({"reason": "why"}, "Decide a status, a score or both."),
        ({"home_score": 3, "reason": "why"}, "Give both scores or none."),
        ({"home_score": -1, "away_score": 0, "reason": "why"}, "greater than or equal to 0"),
        ({"status": "lost", "reason": "why"}, "lost is not one of the available choices."),
    ],
)
def test_half_a_decision_is_refused(curator: Client, form: dict, complaint: str):
    match = make_live_match()

    page = curator.post(reverse("admin:matches_match_decide", args=[match.pk]), form)

    assert complaint in page.content.decode()
    assert not PlayEvent.objects.exists()


def fact_form(match: Match, **changes: object) -> dict:
    plain = {
        "type": "goal",
        "period": "1H",
        "clock": "12:05",
        "team": match.home_id,
        "player": "",
        "related_player": "",
        "details": "{}",
        "reason": "Seen on video",
        "pin": "forever",
    }
    return {**plain, **changes}


@pytest.fixture
def football() -> Match:
    return make_live_match(make_season(make_league(sport="football")))


def test_fact_is_overridden_with_actor_reason_and_pin(curator: Client, football: Match, admin_user):
    scorer = make_player("Ana Silva", team=football.home, sport="football")
    event = make_event(football, type="goal", period="1H", team=football.home, clock_ms=600_000)
    address = reverse("admin:matches_playevent_override", args=[event.pk])

    asked = curator.get(address).content.decode()
    answer = curator.post(address, fact_form(football, player=scorer.pk, rev=1))

    assert "Ana Silva" in asked
    assert 'value="10:00"' in asked
    assert answer.status_code == 302, answer.content.decode()
    row = PlayEvent.objects.get(rev=2)
    assert (row.player, row.clock_ms, row.actor) == (scorer, 725_000, admin_user)
    assert (row.reason, row.pin, row.source) == ("Seen on video", "forever", "admin")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"clock": "late"}, "Give minutes and seconds, such as 12:05."),
        ({"clock": "400:00"}, "First half cannot last longer than 105 minutes."),
        ({"reason": ""}, "This field is required."),
        ({"details": "[1]"}, "Give an object"),
        ({"details": '{"xg": "much"}'}, "expected a number, got &#x27;much&#x27;"),
        ({"team": ""}, "Say whose goal it was."),
        ({"player": "0"}, "0 is not one of the available choices."),
        ({"rev": "7"}, "told revision 1 meanwhile: look again."),
    ],
)
def test_override_that_cannot_stand_is_refused_at_its_field(
    curator: Client, football: Match, change: dict, complaint: str
):
    event = make_event(football, type="goal", period="1H", team=football.home)

    page = curator.post(
        reverse("admin:matches_playevent_override", args=[event.pk]), fact_form(football, **change)
    )

    assert complaint in page.content.decode()
    assert PlayEvent.objects.count() == 1


def test_pin_is_shown_and_taken_off(curator: Client, football: Match, admin_user):
    event = make_event(football, type="goal", period="1H", team=football.home, source="veze")
    curator.post(reverse("admin:matches_playevent_override", args=[event.pk]), fact_form(football))
    shown = curator.get(reverse("admin:matches_playevent_change", args=[event.pk]))

    address = reverse("admin:matches_playevent_release", args=[event.pk])
    curator.post(address, {"reason": "The source is right"})

    assert "For good" in shown.content.decode()
    assert address in shown.content.decode()
    row = PlayEvent.objects.get(rev=3)
    assert (row.source, row.pin, row.actor) == ("veze", "", admin_user)
    again = curator.post(address, {"reason": "Once more"}).content.decode()
    assert "There is none on this fact." in again


def test_missing_fact_is_added(curator: Client, football: Match):
    answer = curator.post(
        reverse("admin:matches_match_add_fact", args=[football.pk]), fact_form(football)
    )

    assert answer.status_code == 302, answer.content.decode()
    row = PlayEvent.objects.get()
    assert (row.op, row.type, row.clock_ms, row.source) == ("add", "goal", 725_000, "admin")


def test_match_is_awarded_and_the_award_withdrawn(curator: Client, football: Match):
    award = {"home": 3, "away": 0, "home_points": 3, "away_points": 0, "reason": "Ineligible"}

    curator.post(reverse("admin:matches_match_award", args=[football.pk]), award)
    curator.post(reverse("admin:matches_match_withdraw", args=[football.pk]), {"reason": "Appeal"})

    told = PlayEvent.objects.order_by("seq")
    assert [(row.op, row.reason) for row in told] == [("add", "Ineligible"), ("retract", "Appeal")]
    assert told[0].payload["awarded"] == {"home": 3, "away": 0}
    assert told[0].payload["points"] == {"home": 3, "away": 0}


def test_half_of_the_points_of_an_award_are_refused(curator: Client, football: Match):
    award = {"home": 3, "away": 0, "home_points": 3, "reason": "Ineligible"}

    page = curator.post(reverse("admin:matches_match_award", args=[football.pk]), award)

    assert "Give both points or none." in page.content.decode()
    assert not PlayEvent.objects.exists()


@pytest.mark.parametrize("name", ["override", "retract", "release"])
def test_corrections_are_for_those_who_may_change_matches(
    client: Client, football: Match, name: str, django_user_model
):
    event = make_event(football, type="goal", period="1H", team=football.home)
    looker = django_user_model.objects.create_user("looker@example.org", "x", is_staff=True)
    client.force_login(looker)

    answer = client.post(
        reverse(f"admin:matches_playevent_{name}", args=[event.pk]), fact_form(football)
    )

    assert answer.status_code == 403
    assert PlayEvent.objects.count() == 1


def number_form(match: Match, player, **changes: object) -> dict:
    plain = {
        "whose": f"{match.home_id}:{player.pk}",
        "column": "passes",
        "value": "40",
        "reason": "Counted on video",
        "pin": "forever",
    }
    return {**plain, **changes}


@pytest.fixture
def passer(football: Match):
    """Two passes of a home player, one of which arrived."""
    player = make_player("Ana Silva", team=football.home, sport="football")
    for is_accurate in (True, False):
        make_event(
            football,
            type="pass",
            period="1H",
            team=football.home,
            player=player,
            payload={"accurate": is_accurate},
        )
    Match.objects.filter(pk=football.pk).update(folded_seq=2)
    football.refresh_from_db()
    return player


def test_number_is_overridden_with_actor_reason_and_pin(
    curator: Client, football: Match, passer, admin_user
):
    address = reverse("admin:matches_match_number", args=[football.pk])

    asked = curator.get(address).content.decode()
    answer = curator.post(address, number_form(football, passer, pin="until_final"))

    assert "Ana Silva" in asked
    assert "Minutes (players)" in asked
    assert answer.status_code == 302, answer.content.decode()
    row = PlayEvent.objects.get(type="admin.override")
    assert (row.team, row.player, row.payload) == (
        football.home,
        passer,
        {"values": {"passes": 40}},
    )
    assert (row.actor, row.reason, row.pin) == (admin_user, "Counted on video", "until_final")


def test_what_a_number_changes_is_shown_before_and_nothing_is_written(
    curator: Client, football: Match, passer
):
    rows = PlayEvent.objects.count()
    form = number_form(football, passer, look="1")

    page = curator.post(reverse("admin:matches_match_number", args=[football.pk]), form)

    changes = [
        (change.whose, change.column.id, change.before, change.after)
        for change in page.context["preview"]
    ]
    assert ("Ana Silva", "passes", 2, 40) in changes
    assert (football.home.name, "passes", 2, 40) in changes
    assert "<strong>40</strong>" in page.content.decode()
    assert 'value="Counted on video"' in page.content.decode()
    assert PlayEvent.objects.count() == rows


def test_number_that_stands_already_changes_nothing(curator: Client, football: Match, passer):
    form = number_form(football, passer, value="2", look="1")

    page = curator.post(reverse("admin:matches_match_number", args=[football.pk]), form)

    assert "No number would change" in page.content.decode()


@pytest.mark.parametrize("look", [{}, {"look": "1"}])
@pytest.mark.parametrize(
    ("change", "field", "complaint"),
    [
        ({"value": ""}, "value", "Give a number, or say that nobody knows it."),
        ({"is_unknown": "on"}, "value", "Give a number, or say that nobody knows it."),
        ({"value": "many"}, "value", "Enter a number."),
        ({"value": "2.5"}, "value", "Passes is a whole number, got 2.5."),
        ({"value": "1e9"}, "value", "At most 1,000,000, got 1000000000."),
        ({"column": "possession"}, "column", "Possession is a number of teams only."),
        (
            {"column": "kicks"},
            "column",
            "Select a valid choice. kicks is not one of the available choices.",
        ),
        (
            {"whose": "0:0"},
            "whose",
            "Select a valid choice. 0:0 is not one of the available choices.",
        ),
        ({"reason": ""}, "reason", "This field is required."),
        (
            {"pin": "long"},
            "pin",
            "Select a valid choice. long is not one of the available choices.",
        ),
    ],
)
def test_number_that_cannot_stand_is_refused_at_its_field(
    curator: Client, football: Match, passer, change: dict, field: str, complaint: str, look: dict
):
    address = reverse("admin:matches_match_number", args=[football.pk])
    rows = PlayEvent.objects.count()

    page = curator.post(address, number_form(football, passer, **change, **look))

    assert [str(error) for error in page.context["form"].errors[field]] == [complaint]
    assert PlayEvent.objects.count() == rows


def test_number_nobody_knows_is_said_so(curator: Client, football: Match, passer):
    form = number_form(football, passer, value="", is_unknown="on", whose=f"{football.home_id}:")

    curator.post(reverse("admin:matches_match_number", args=[football.pk]), form)

    row = PlayEvent.objects.get(type="admin.override")
    assert (row.player, row.payload) == (None, {"values": {"passes": None}})


def test_numbers_are_for_those_who_may_change_matches(
    client: Client, football: Match, passer, django_user_model
):
    looker = django_user_model.objects.create_user("looker@example.org", "x", is_staff=True)
    client.force_login(looker)
    address = reverse("admin:matches_match_number", args=[football.pk])

    answers = [
        client.post(address, number_form(football, passer, **look)) for look in ({}, {"look": "1"})
    ]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert not PlayEvent.objects.filter(type="admin.override").exists()


def test_log_is_listed_in_words_of_the_pack(curator: Client):
    match = make_live_match()
    make_event(match, type="score.home", period="1H", clock_label="12")
    address = reverse("admin:matches_playevent_changelist")

    page = curator.get(address)
    by_word = curator.get(address, {"type": "score.home"})
    by_curator = curator.get(address, {"by": "curator"})

    label = load_pack("generic").events["score.home"].label
    assert f'<td class="field-what">{label}</td>' in page.content.decode()
    assert '<td class="field-clock">1H 12</td>' in page.content.decode()
    assert by_word.context["cl"].result_count == 1
    assert by_curator.context["cl"].result_count == 0
