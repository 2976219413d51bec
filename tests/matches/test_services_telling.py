"""Several sources of one match: one tells the play, the others add what it lacks."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from leagues.models import Player
from matches.enums import MatchStatus, Pin
from matches.ingest.documents import (
    FeedDocument,
    FeedEvent,
    FeedMatch,
    FeedPlayer,
    FeedSheet,
    FeedSpot,
    FeedTeam,
)
from matches.models import Match, PlayEvent, TeamSheetSpot
from matches.services.corrections import By, override_stats
from matches.services.ingest import apply_document
from matches.services.reports import IngestReport

pytestmark = pytest.mark.django_db

GOAL = FeedEvent(type="goal", period="1H", team="h", player="h1", vendor_event_id="g1")
RESULT = FeedEvent(type="score.set", payload={"home": 1, "away": 0}, vendor_event_id="score")
TOTALS = FeedEvent(
    type="stat.set", team="h", player="h1", payload={"values": {"saves": 3}}, vendor_event_id="s1"
)


def told_by(
    source: str, *events: FeedEvent, starter: str = "h1", is_snapshot: bool = True
) -> IngestReport:
    """Apply a document of the source about the same match; return the report."""
    match = FeedMatch(
        ref=f"{source}-1",
        home="h",
        away="a",
        kickoff_at=datetime(2030, 9, 1, 15, tzinfo=UTC),
        sheets=[FeedSheet(team="h", spots=[FeedSpot(player=starter, is_starter=True)])],
        events=events,
        is_snapshot=is_snapshot,
    )
    return apply_document(
        FeedDocument(
            source=source,
            sport="football",
            league="Test League",
            season="2030-31",
            teams=[FeedTeam(ref="h", name="Reds"), FeedTeam(ref="a", name="Blues")],
            players=[
                FeedPlayer(ref="h1", name="Ana Silva", team="h"),
                FeedPlayer(ref="h2", name="Bo Berg", team="h"),
            ],
            matches=[match],
        )
    )


def current_types() -> list[str]:
    """Return the types of the match's current facts."""
    newest = {row.lineage_id: row for row in PlayEvent.objects.order_by("seq")}
    return sorted(row.type for row in newest.values() if row.op != "retract")


def test_totals_stand_beside_the_play_of_another_source():
    told_by("one", GOAL)

    report = told_by("two", TOTALS, RESULT)

    assert current_types() == ["goal", "stat.set"]
    assert [item["reason"] for item in report.unplaced] == ["this match is told by one"]


def test_totals_do_not_make_a_source_the_teller_of_the_play():
    told_by("one", TOTALS, RESULT)

    told_by("two", GOAL)

    assert current_types() == ["goal", "stat.set"]
    assert Match.objects.get().event_source == "two"


def test_lineups_are_those_of_who_tells_the_play():
    told_by("one", GOAL)

    told_by("two", TOTALS, RESULT, starter="h2")

    assert TeamSheetSpot.objects.get().player.name == "Ana Silva"


def test_lineups_of_a_result_give_way_to_those_of_the_play():
    told_by("one", RESULT, starter="h2")

    told_by("two", GOAL)

    assert TeamSheetSpot.objects.get().player.name == "Ana Silva"


def curator_says(values: dict, *, pin: str) -> None:
    match, player = Match.objects.get(), Player.objects.get(name="Ana Silva")
    by = By(reason="counted", pin=pin)
    override_stats(match.pk, values=values, by=by, team_id=match.home_id, player_id=player.pk)


@pytest.mark.parametrize(
    ("pin", "status", "is_overtaken"),
    [
        (Pin.FOREVER, MatchStatus.FINAL, False),
        (Pin.UNTIL_FINAL, MatchStatus.LIVE, False),
        (Pin.UNTIL_FINAL, MatchStatus.FINAL, True),
        ("", MatchStatus.LIVE, True),
    ],
)
def test_curators_number_stands_as_long_as_its_pin(pin: str, status: str, is_overtaken: bool):
    told_by("one", GOAL, TOTALS)
    curator_says({"saves": 7}, pin=pin)
    Match.objects.update(status=status)

    four = replace(TOTALS, rev=2, payload={"values": {"saves": 4}})
    told_by("one", four, is_snapshot=False)

    assert ("admin.override" not in current_types()) is is_overtaken
    if is_overtaken:
        assert PlayEvent.objects.latest("seq").reason == "vendor_told_anew"


def test_curators_number_outlives_news_about_other_numbers():
    told_by("one", GOAL, TOTALS)
    curator_says({"fouls": 7}, pin="")

    told_by("one", replace(TOTALS, rev=2, payload={"values": {"saves": 4}}), is_snapshot=False)

    assert "admin.override" in current_types()


def test_curators_number_outlives_a_poll_without_news():
    told_by("one", GOAL, TOTALS)
    curator_says({"saves": 7}, pin="")

    told_by("one", TOTALS, is_snapshot=False)

    assert "admin.override" in current_types()
