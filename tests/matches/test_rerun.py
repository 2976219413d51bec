"""A log told anew from raw documents keeps what admins decided."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from matches.ingest import adapters
from matches.ingest.documents import FeedError, Fetched
from matches.models import Feed, FeedPoll, Match, PlayEvent, RawDocument
from matches.rules.corrections import Said
from matches.services.corrections import (
    By,
    add_event,
    amend_event,
    decide_match,
    override_stats,
    release_event,
    retract_event,
)
from matches.services.curation import documents_about
from matches.services.feeds import record_answer, store_raw
from matches.services.ingest import apply_document
from matches.services.rerun import rerun_from_raw
from stats.services.fold import fold_match
from tests.factories.matches import make_feed

pytestmark = pytest.mark.django_db

GOAL = {"type": "score.home", "period": "MATCH", "team": "h"}
DOCUMENT = {
    "source": "veze",
    "sport": "generic",
    "league": "Sunday League",
    "season": "2026-27",
    "teams": [{"id": "h", "name": "Rovers"}, {"id": "a", "name": "United"}],
    "players": [],
    "matches": [
        {
            "id": "m1",
            "home": "h",
            "away": "a",
            "kickoff_at": "2026-11-22T15:00:00Z",
            "status": "live",
            "events": [
                {"id": "e1", "type": "period_start", "period": "MATCH", "clock_ms": 0},
                {**GOAL, "id": "e2", "clock_ms": 60_000},
                {**GOAL, "id": "e3", "clock_ms": 90_000},
            ],
        }
    ],
}


@pytest.fixture
def match() -> Match:
    body = json.dumps(DOCUMENT).encode()
    apply_document(adapters.get("veze").parse({"": body}))
    store_raw("veze", "m1.json", {"m1.json": body})
    match = Match.objects.get()
    fold_match(match.pk)
    match.refresh_from_db()
    return match


def told(match: Match) -> list[tuple]:
    rows = PlayEvent.objects.filter(match=match).order_by("seq")
    return list(rows.values_list("seq", "op", "type", "source", "vendor_event_id"))


def test_log_is_told_anew_under_a_new_epoch(match: Match):
    before, epoch = told(match), match.epoch

    rerun_from_raw(match, documents_about(match))

    match.refresh_from_db()
    assert told(match) == before
    assert match.epoch != epoch


def test_fact_an_admin_took_back_stays_taken_back(match: Match):
    goal = PlayEvent.objects.get(match=match, vendor_event_id="e2")
    retract_event(match.pk, goal.lineage_id, by=By(reason="offside"))

    rerun_from_raw(match, documents_about(match))
    fold_match(match.pk)

    match.refresh_from_db()
    assert (match.home_score, match.away_score) == (1, 0)
    assert told(match)[-1] == (4, "retract", "score.home", "admin", "e2")


def test_numbers_an_admin_gave_are_told_again(match: Match):
    override_stats(match.pk, values={"points": 3}, by=By(reason="counted"), team_id=match.home_id)

    rerun_from_raw(match, documents_about(match))

    last = PlayEvent.objects.filter(match=match).latest("seq")
    assert (last.type, last.source, last.reason) == ("admin.override", "admin", "counted")
    assert last.payload == {"values": {"points": 3}}


def test_decision_an_admin_withdrew_is_not_told_again(match: Match):
    decide_match(match.pk, status="abandoned", by=By(reason="fog"))
    decision = PlayEvent.objects.get(match=match, type="admin.override")
    retract_event(match.pk, decision.lineage_id, by=By(reason="it lifted"))

    rerun_from_raw(match, documents_about(match))

    assert not PlayEvent.objects.filter(match=match, source="admin").exists()


def test_log_stays_when_no_document_tells_of_the_match(match: Match):
    other = {
        **DOCUMENT,
        "matches": [{**DOCUMENT["matches"][0], "id": "m2", "home": "a", "away": "h"}],
    }
    store_raw("veze", "m2.json", {"m2.json": json.dumps(other).encode()})
    document = RawDocument.objects.get(key="m2.json")
    before = told(match)

    with pytest.raises(FeedError, match="no document tells of this match"):
        rerun_from_raw(match, [document])

    assert told(match) == before


def test_documents_about_a_match_are_its_own(match: Match):
    store_raw("veze", "another.json", {"another.json": b"{}"})

    assert [document.key for document in documents_about(match)] == ["m1.json"]
    assert RawDocument.objects.count() == 2


def test_what_a_curator_overrode_or_added_is_said_again_with_its_pin(match: Match, admin_user):
    by = By(reason="Seen on video", actor=admin_user.pk, pin="until_final")
    goal = PlayEvent.objects.get(match=match, vendor_event_id="e2")
    said = Said(
        type="score.home",
        period="MATCH",
        clock_ms=61_000,
        team=match.home_id,
        player=None,
        related_player=None,
        payload={},
    )
    amend_event(match.pk, goal.lineage_id, said, by=by)
    add_event(match.pk, replace(said, clock_ms=5_000), by=by)

    rerun_from_raw(match, documents_about(match))

    words = PlayEvent.objects.filter(match=match, source="admin").order_by("seq")
    assert [(w.op, w.clock_ms, w.pin, w.actor, w.stands_for) for w in words] == [
        ("amend", 61_000, "until_final", admin_user, "veze"),
        ("add", 5_000, "until_final", admin_user, ""),
    ]
    assert words[0].vendor_event_id == "e2"


def test_fact_that_was_released_is_the_vendors_again(match: Match):
    goal = PlayEvent.objects.get(match=match, vendor_event_id="e2")
    retract_event(match.pk, goal.lineage_id, by=By(reason="offside"))
    release_event(match.pk, goal.lineage_id, by=By(reason="onside after all"))

    rerun_from_raw(match, documents_about(match))

    assert not PlayEvent.objects.filter(match=match, source="admin").exists()
    assert PlayEvent.objects.filter(match=match).count() == 3


def poll(feed: Feed, **goal: object) -> None:
    """Let the feed answer with the document, its last goal told otherwise."""
    told = {**DOCUMENT["matches"][0]}
    told["events"] = [*told["events"][:2], {**told["events"][2], **goal}]
    body = json.dumps({**DOCUMENT, "matches": [told]}).encode()
    record_answer(
        feed, Fetched(http_status=200, body=body, etag="", last_modified="", latency_ms=1)
    )


@pytest.fixture
def fed(match: Match) -> Match:
    """The match, told by a feed: a goal moves, and moves back."""
    feed = make_feed(match.season)
    for minute in (2, 3, 2):
        poll(feed, clock_ms=minute * 60_000)
    RawDocument.objects.exclude(key=feed.public_id).delete()
    return match


def minute_of(match: Match) -> int:
    newest = PlayEvent.objects.filter(match=match, vendor_event_id="e3").latest("seq")
    return newest.clock_ms // 60_000


def test_the_word_that_came_last_is_told_last(fed: Match):
    """The first and the last answer are the same bytes, and kept once."""
    rerun_from_raw(fed, documents_about(fed))

    assert len(documents_about(fed)) == 2
    assert minute_of(fed) == 2


def test_documents_are_found_after_their_polls_were_forgotten(fed: Match):
    FeedPoll.objects.all().delete()

    rerun_from_raw(fed, documents_about(fed))

    assert minute_of(fed) == 2


def test_documents_of_another_month_are_not_asked(fed: Match):
    RawDocument.objects.update(fetched_at=fed.kickoff_at - timedelta(days=30))

    assert documents_about(fed) == []


def test_half_of_the_documents_are_not_told(fed: Match, monkeypatch):
    monkeypatch.setattr("matches.services.curation.MAX_DOCUMENTS", 1)
    monkeypatch.setattr("matches.services.rerun.MAX_DOCUMENTS", 1)
    before = told(fed)

    with pytest.raises(FeedError, match="more than 1 documents"):
        rerun_from_raw(fed, documents_about(fed))

    assert told(fed) == before
