"""The history of an event: the page, the timeline and the API tell the same of a correction."""

import pytest
from django.test import Client
from django.urls import reverse

from config.clock import now
from matches.models import Match, PlayEvent, VendorWord
from matches.rules.corrections import Said
from matches.services.corrections import By, amend_event, release_event, retract_event
from stats.services.fold import fold_match
from tests.factories.matchday import Matchday, make_matchday

pytestmark = pytest.mark.django_db


@pytest.fixture
def matchday() -> Matchday:
    return make_matchday(now())


@pytest.fixture
def match(matchday: Matchday) -> Match:
    return matchday.matches["finished"]


@pytest.fixture
def goal(match: Match) -> PlayEvent:
    return match.events.filter(type="goal", period="1H").first()


def correct(matchday: Matchday, goal: PlayEvent, *, pin: str = "forever") -> None:
    """Give the goal to another player, as the report says."""
    said = Said(
        type="goal",
        period="1H",
        clock_ms=goal.clock_ms + 60_000,
        team=goal.team_id,
        player=matchday.players[goal.team_id, "9"].pk,
        related_player=goal.related_player_id,
        payload=goal.payload,
    )
    by = By(reason="The report names Petrov.", pin=pin)
    amend_event(goal.match_id, goal.lineage_id, said, by=by)
    fold_match(goal.match_id)


def timeline_of(client: Client, match: Match) -> str:
    return client.get(reverse("stats:match", args=[match.public_id])).content.decode()


def history_of(client: Client, goal: PlayEvent) -> str:
    place = reverse("matches:event_history", args=[goal.match.public_id, goal.lineage_id.hex])
    return client.get(place).content.decode()


def test_timeline_shows_what_it_was_what_it_is_by_whom_and_why(client, matchday, match, goal):
    correct(matchday, goal)

    page = timeline_of(client, match)

    assert "Corrected: The report names Petrov." in page
    assert "Corrected by a curator" in page
    for was, is_now in (("Silva", "Petrov"), ("13&#x27;", "14&#x27;")):
        assert f'<del><span class="vh">was </span>{was}</del>' in page
        assert f'<ins><span class="vh">is now </span>{is_now}</ins>' in page
    assert "Pinned" in page
    assert reverse("matches:event_history", args=[match.public_id, goal.lineage_id.hex]) in page


def test_retracted_goal_stays_struck_through_with_its_reason(client, match, goal):
    retract_event(match.pk, goal.lineage_id, by=By(reason="VAR: offside"))
    fold_match(match.pk)

    page = timeline_of(client, match)

    assert "moment--cancelled" in page
    assert "Cancelled: VAR: offside" in page
    assert "Cancelled by a curator" in page
    assert "<s>" in history_of(client, goal)


def test_history_page_tells_every_revision_in_order(client, matchday, goal):
    correct(matchday, goal)
    release_event(goal.match_id, goal.lineage_id, by=By(reason="He was right."))
    fold_match(goal.match_id)

    page = history_of(client, goal)

    told = [
        page.index(words)
        for words in ("First told by the source", "Corrected by a curator", "Corrected by the sou")
    ]
    assert told == sorted(told)
    assert "He was right." in page


def test_history_page_says_what_the_source_says_of_a_pinned_event(client, matchday, goal):
    correct(matchday, goal)
    VendorWord.objects.create(
        match=goal.match,
        source="test",
        lineage_id=goal.lineage_id,
        fact={
            "type": "goal",
            "period": "1H",
            "clock_ms": 0,
            "order": 1,
            "clock_label": "1",
            "team": goal.team_id,
            "player": None,
            "related_player": None,
            "rev": 3,
            "payload": {},
            "reason": "",
        },
    )

    assert "The source says:" in history_of(client, goal)


@pytest.mark.parametrize("key", ["0" * 32, "nothing"])
def test_history_of_an_unknown_event_is_not_found(client, match, key):
    place = reverse("matches:event_history", args=[match.public_id, key])

    assert client.get(place).status_code == 404


def test_api_tells_the_history_of_an_event_by_any_of_its_ids(client, matchday, match, goal):
    correct(matchday, goal)
    newest = PlayEvent.objects.get(lineage_id=goal.lineage_id, rev=2)

    answers = [
        client.get(f"/api/v1/matches/{match.public_id}/events/{key}/revisions").json()["results"]
        for key in (goal.event_id, newest.event_id, goal.lineage_id)
    ]

    first, second = answers[0]
    assert answers == [answers[0]] * 3
    assert (first["rev"], first["changes"]) == (1, {})
    assert (second["source"], second["pin"], second["supersedes"]) == (
        "admin",
        "forever",
        str(goal.event_id),
    )
    assert second["reason"] == "The report names Petrov."
    assert set(second["changes"]) == {"clock_ms", "player_id"}
    assert second["changes"]["clock_ms"] == {
        "before": goal.clock_ms,
        "after": goal.clock_ms + 60_000,
    }


def test_events_of_the_api_and_their_history_are_the_same_documents(client, matchday, match, goal):
    correct(matchday, goal)
    address = f"/api/v1/matches/{match.public_id}/events"

    events = client.get(f"{address}?limit=200").json()["results"]
    history = client.get(f"{address}/{goal.event_id}/revisions").json()["results"]

    own = [event for event in events if event["lineage_id"] == str(goal.lineage_id)]
    assert own == [{k: v for k, v in one.items() if k != "changes"} for one in history]


def test_history_of_an_unknown_event_in_the_api_says_so(client, match):
    address = f"/api/v1/matches/{match.public_id}/events"

    answer = client.get(f"{address}/018f0000-0000-7000-8000-000000000000/revisions")

    assert answer.status_code == 404
    assert answer.json()["detail"] == "This match has no such event."
