"""What curators say of a log: it stands as long as its pin, with reason and actor."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from leagues.models import Player
from matches.enums import MatchStatus, Pin
from matches.ingest.documents import FeedDocument, FeedEvent, FeedMatch, FeedPlayer, FeedTeam
from matches.models import Match, PlayEvent, VendorWord
from matches.rules.corrections import CorrectionError, Said
from matches.services.corrections import (
    By,
    add_event,
    amend_event,
    decide_match,
    release_event,
    retract_event,
)
from matches.services.ingest import apply_document
from streams.models import OutboxEvent

pytestmark = pytest.mark.django_db

AT = datetime(2026, 11, 22, 15, tzinfo=UTC)
GOAL = FeedEvent(
    type="goal",
    period="1H",
    clock_ms=600_000,
    team="h",
    player="p1",
    vendor_event_id="g1",
    rev=1,
)
BY = By(reason="The referee's report names another player.")


def tell(*events: FeedEvent, is_snapshot: bool = False, at: datetime = AT, **more: Any) -> Match:
    """Apply what the vendor says."""
    match = FeedMatch(
        ref="m1", home="h", away="a", kickoff_at=AT, events=events, is_snapshot=is_snapshot, **more
    )
    apply_document(
        FeedDocument(
            source="vendor",
            sport="football",
            league="Sunday League",
            season="2026-27",
            teams=[FeedTeam(ref="h", name="Rovers"), FeedTeam(ref="a", name="United")],
            players=[
                *(FeedPlayer(ref=f"p{n}", name=f"Home {n}", team="h") for n in (1, 2, 3)),
                FeedPlayer(ref="q1", name="Away 1", team="a"),
            ],
            matches=[match],
        ),
        at=at,
    )
    return Match.objects.get()


@pytest.fixture
def match() -> Match:
    return tell(GOAL)


def player(name: str) -> int:
    return Player.objects.get(name=name).pk


def newest(lineage: Any = None) -> PlayEvent:
    rows = PlayEvent.objects.filter(lineage_id=lineage) if lineage else PlayEvent.objects.all()
    return rows.order_by("-seq")[0]


def said(**changes: Any) -> Said:
    fact = newest()
    plain = Said(
        type=fact.type,
        period=fact.period,
        clock_ms=fact.clock_ms,
        team=fact.team_id,
        player=fact.player_id,
        related_player=fact.related_player_id,
        payload=fact.payload,
    )
    return replace(plain, **changes)


def override(match: Match, *, by: By = BY, **changes: Any) -> PlayEvent:
    lineage = newest().lineage_id
    amend_event(match.pk, lineage, said(**changes), by=by)
    return newest(lineage)


def test_override_is_a_revision_with_reason_actor_and_pin(match: Match, admin_user):
    row = override(match, by=replace(BY, actor=admin_user.pk), player=player("Home 2"))

    assert (row.rev, row.op, row.source, row.pin) == (2, "amend", "admin", "forever")
    assert (row.actor, row.reason, row.stands_for) == (admin_user, BY.reason, "vendor")
    assert row.player.name == "Home 2"
    assert OutboxEvent.objects.filter(topic="match.ingested").count() == 2


@pytest.mark.parametrize("is_snapshot", [False, True])
def test_pinned_override_outlives_what_the_vendor_says(match: Match, is_snapshot: bool):
    pinned = override(match, player=player("Home 2"))

    tell(replace(GOAL, rev=2, player="p3"), is_snapshot=is_snapshot)
    tell(replace(GOAL, rev=3, is_retracted=True))

    assert newest() == pinned
    word = VendorWord.objects.get()
    assert (word.is_retracted, word.fact["rev"]) == (True, 3)


def test_word_of_the_vendor_is_kept_once_however_often_he_says_it(match: Match):
    override(match, player=player("Home 2"))
    tell(replace(GOAL, rev=2, player="p3"), is_snapshot=True)
    said_at = VendorWord.objects.get().said_at

    tell(replace(GOAL, rev=2, player="p3"), is_snapshot=True, at=AT + timedelta(minutes=5))

    assert VendorWord.objects.get().said_at == said_at
    assert VendorWord.objects.get().fact["player"] == player("Home 3")


def test_released_fact_goes_back_to_the_vendors_word_and_follows_it(match: Match, admin_user):
    pinned = override(match, player=player("Home 2"))
    tell(replace(GOAL, rev=2, player="p3"))

    release_event(match.pk, pinned.lineage_id, by=By(reason="He saw it", actor=admin_user.pk))

    row = newest()
    assert (row.source, row.pin, row.player.name) == ("vendor", "", "Home 3")
    assert (row.actor, row.reason) == (admin_user, "He saw it")
    assert not VendorWord.objects.exists()
    tell(replace(GOAL, rev=3, player="p1"))
    assert newest().player.name == "Home 1"


def test_released_fact_of_which_the_vendor_said_no_more_is_as_he_told_it(match: Match):
    pinned = override(match, player=player("Home 2"))

    release_event(match.pk, pinned.lineage_id, by=BY)

    assert (newest().op, newest().player.name) == ("amend", "Home 1")
    head = match.head_seq
    match.refresh_from_db()
    assert tell(GOAL).head_seq == match.head_seq > head


def test_released_retraction_brings_back_what_the_vendor_still_tells(match: Match):
    lineage = newest().lineage_id
    retract_event(match.pk, lineage, by=BY)
    tell(GOAL, is_snapshot=True)
    assert newest().op == "retract"

    release_event(match.pk, lineage, by=BY)

    assert (newest().op, newest().source) == ("add", "vendor")


def test_released_fact_that_the_vendor_took_back_meanwhile_is_taken_back(match: Match):
    pinned = override(match, player=player("Home 2"))
    for poll in range(3):
        tell(is_snapshot=True, at=AT + timedelta(seconds=25 * poll))
        tell(replace(GOAL, type="corner", vendor_event_id="c1"), is_snapshot=True, at=AT)
    assert newest(pinned.lineage_id) == pinned

    tell(replace(GOAL, rev=2, is_retracted=True))
    release_event(match.pk, pinned.lineage_id, by=BY)

    assert newest(pinned.lineage_id).op == "retract"


def test_pinned_fact_that_a_snapshot_leaves_out_stays_until_it_is_released(match: Match):
    pinned = override(match, player=player("Home 2"))
    other = replace(GOAL, type="corner", vendor_event_id="c1", player=None)
    for poll in range(3):
        tell(other, is_snapshot=True, at=AT + timedelta(seconds=25 * poll))

    assert newest(pinned.lineage_id) == pinned
    release_event(match.pk, pinned.lineage_id, by=BY)
    assert newest(pinned.lineage_id).op == "retract"


def test_override_without_a_pin_yields_to_the_next_poll(match: Match):
    override(match, by=replace(BY, pin=""), player=player("Home 2"))
    assert newest().player.name == "Home 2"

    tell(GOAL, is_snapshot=True)

    assert (newest().source, newest().player.name) == ("vendor", "Home 1")


def test_pin_until_the_match_is_final_ends_with_it(match: Match):
    override(match, by=replace(BY, pin=Pin.UNTIL_FINAL), player=player("Home 2"))
    tell(replace(GOAL, rev=2, player="p3"))
    assert newest().player.name == "Home 2"

    Match.objects.update(status=MatchStatus.FINAL)
    tell(replace(GOAL, rev=3, player="p3"))

    assert newest().player.name == "Home 3"


@pytest.mark.parametrize("is_snapshot", [False, True])
def test_fact_that_a_curator_added_counts_once_when_the_vendor_tells_it(
    match: Match, is_snapshot: bool
):
    lineage = add_event(match.pk, said(player=player("Home 2"), clock_ms=1_200_000), by=BY)
    late = replace(GOAL, vendor_event_id="g2", player="p2", clock_ms=1_230_000)

    tell(GOAL, late, is_snapshot=is_snapshot)
    tell(GOAL, replace(late, rev=2, player="p3"), is_snapshot=is_snapshot)

    assert PlayEvent.objects.count() == 2
    assert newest(lineage).clock_ms == 1_200_000
    release_event(match.pk, lineage, by=BY)
    row = newest(lineage)
    assert (row.source, row.vendor_event_id, row.player.name) == ("vendor", "g2", "Home 3")
    assert tell(GOAL, replace(late, rev=2, player="p3"), is_snapshot=is_snapshot).head_seq == 3


def test_fact_added_without_a_pin_becomes_the_vendors_when_he_tells_it(match: Match):
    fact = said(player=player("Home 2"), clock_ms=1_200_000)
    lineage = add_event(match.pk, fact, by=replace(BY, pin=""))

    tell(replace(GOAL, vendor_event_id="g2", player="p2", clock_ms=1_210_000))

    row = newest(lineage)
    assert (row.rev, row.source, row.clock_ms) == (2, "vendor", 1_210_000)


def test_override_of_a_retracted_fact_revives_it(match: Match):
    tell(replace(GOAL, rev=2, is_retracted=True))

    row = override(match, player=player("Home 2"))

    assert (row.op, row.rev) == ("add", 3)


def test_change_of_a_fact_that_moved_meanwhile_is_refused(match: Match):
    lineage = newest().lineage_id
    tell(replace(GOAL, rev=2, player="p3"))

    with pytest.raises(CorrectionError, match="vendor told revision 2 meanwhile") as caught:
        amend_event(match.pk, lineage, said(player=player("Home 2")), by=BY, seen_rev=1)

    assert (caught.value.field, caught.value.code) == ("rev", "changed")


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"type": "gaol"}, "type", "did you mean goal"),
        ({"type": "admin.override"}, "type", "is no event of football"),
        ({"period": "3H"}, "period", "none of 1H, 2H"),
        ({"clock_ms": -1}, "clock", "not below 0"),
        ({"clock_ms": 9_000_000}, "clock", "cannot last longer than 105 minutes"),
        ({"team": 0}, "team", "does not play in this match"),
        ({"team": None}, "team", "say whose goal it was"),
        ({"player": "Away 1"}, "player", "neither the team sheet nor the squad"),
        ({"player": None, "related_player": "Home 2"}, "related_player", "needs a player"),
        ({"related_player": "Home 1"}, "related_player", "is the player himself"),
        ({"payload": {"xg": "much"}}, "details.xg", "expected a number, got 'much'"),
        ({"payload": {"penalty": 1}}, "details.penalty", "expected true or false"),
        ({"payload": {"colour": "red"}}, "details.colour", "Goal knows"),
        ({}, "change", "nothing differs"),
    ],
)
def test_what_cannot_stand_is_refused_by_the_name_of_the_field(
    match: Match, change: dict, field: str, words: str
):
    change = {k: player(v) if v in ("Away 1", "Home 1", "Home 2") else v for k, v in change.items()}

    with pytest.raises(CorrectionError) as caught:
        override(match, **change)

    assert caught.value.field == field
    assert words in caught.value.message
    assert PlayEvent.objects.count() == 1


@pytest.mark.parametrize(
    ("by", "field"),
    [
        (replace(BY, reason=" "), "reason"),
        (replace(BY, reason="x" * 201), "reason"),
        (replace(BY, pin="a week"), "pin"),
    ],
)
def test_every_act_needs_a_reason_and_a_pin_that_exists(match: Match, by: By, field: str):
    for act in (
        lambda: override(match, by=by, player=player("Home 2")),
        lambda: retract_event(match.pk, newest().lineage_id, by=by),
        lambda: add_event(match.pk, said(), by=by),
        lambda: decide_match(match.pk, by=by, status="abandoned"),
    ):
        with pytest.raises(CorrectionError) as caught:
            act()
        assert caught.value.field == field


def test_release_of_what_is_not_pinned_is_refused(match: Match):
    with pytest.raises(CorrectionError) as caught:
        release_event(match.pk, newest().lineage_id, by=BY)

    assert (caught.value.field, caught.value.code) == ("pin", "not_pinned")


def test_decisions_are_for_curators_whatever_a_vendor_sends(match: Match):
    wicked = FeedEvent(
        type="admin.override",
        payload={"score": {"home": 9, "away": 0}},
        vendor_event_id="x1",
    )

    assert tell(wicked).head_seq == match.head_seq
    assert not PlayEvent.objects.filter(type="admin.override").exists()


def tell_as(source: str, *events: FeedEvent, is_snapshot: bool = True) -> list[dict]:
    match = FeedMatch(
        ref="m1", home="h", away="a", kickoff_at=AT, events=events, is_snapshot=is_snapshot
    )
    document = FeedDocument(
        source=source,
        sport="football",
        league="Sunday League",
        season="2026-27",
        teams=[FeedTeam(ref="h", name="Rovers"), FeedTeam(ref="a", name="United")],
        players=[FeedPlayer(ref="p1", name="Home 1", team="h")],
        matches=[match],
    )
    return apply_document(document, at=AT).unplaced


def current() -> list[str]:
    rows = PlayEvent.objects.order_by("lineage_id", "-rev").distinct("lineage_id")
    return sorted(row.source for row in rows if row.op != "retract")


def test_first_source_tells_the_play_where_the_season_ranks_none(match: Match):
    refused = tell_as("other", GOAL)

    assert current() == ["vendor"]
    assert refused[0]["reason"] == "this match is told by vendor"


def test_source_that_the_season_ranks_higher_takes_over(match: Match):
    match.season.sources = ["other", "vendor"]
    match.season.save()

    assert tell_as("other", GOAL) == []
    assert current() == ["other"]
    tell(replace(GOAL, rev=2, player="p2"))
    assert current() == ["other"]


def test_source_that_is_ranked_lower_or_comes_in_the_middle_with_news_alone_waits(match: Match):
    match.season.sources = ["vendor", "other"]
    match.season.save()
    tell_as("other", GOAL)
    match.season.sources = ["third"]
    match.season.save()
    tell_as("third", GOAL, is_snapshot=False)

    assert current() == ["vendor"]
    start = FeedEvent(type="period_start", period="1H", vendor_event_id="s")
    tell_as("third", start, GOAL, is_snapshot=False)
    assert current() == ["third", "third"]
