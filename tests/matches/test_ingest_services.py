"""Applying documents: idempotent, complete, and the log exact."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from leagues.models import Player, RosterSpot, Season, Team, UnmatchedName
from matches.ingest.documents import (
    FeedAbsence,
    FeedDocument,
    FeedError,
    FeedEvent,
    FeedMatch,
    FeedPlayer,
    FeedSheet,
    FeedSpot,
    FeedTeam,
)
from matches.models import Match, MissingFact, PlayEvent, TeamSheetAbsence, TeamSheetSpot
from matches.services.corrections import By, override_stats, retract_event
from matches.services.ingest import apply_document
from streams.models import OutboxEvent

pytestmark = pytest.mark.django_db

KICKOFF = datetime(2026, 11, 22, 15, tzinfo=UTC)


def goal(
    vendor_id: str | None, *, clock_ms: int = 600_000, player: str = "h1", **more
) -> FeedEvent:
    return FeedEvent(
        type="score.home",
        clock_ms=clock_ms,
        team="h",
        player=player,
        vendor_event_id=vendor_id,
        **more,
    )


def document(*events: FeedEvent, is_snapshot: bool = False, **more) -> FeedDocument:
    match = FeedMatch(
        ref="m1",
        home="h",
        away="a",
        kickoff_at=KICKOFF,
        sheets=[FeedSheet(team="h", spots=[FeedSpot(player="h1", is_starter=True, shirt="9")])],
        events=events,
        is_snapshot=is_snapshot,
    )
    fields = {
        "source": "vendor",
        "sport": "generic",
        "league": "Sunday League",
        "season": "2026-27",
        "teams": [FeedTeam(ref="h", name="Rovers"), FeedTeam(ref="a", name="United")],
        "players": [
            FeedPlayer(ref="h1", name="Ana Silva", team="h", shirt="9"),
            FeedPlayer(ref="h2", name="Bo Berg", team="h"),
        ],
        "matches": [match],
    }
    return FeedDocument(**{**fields, **more})


def log() -> list[tuple]:
    return list(PlayEvent.objects.order_by("seq").values_list("seq", "op", "rev", "player__name"))


def test_apply_document_places_everything_it_names():
    report = apply_document(document(goal("e1")))

    assert (report.added, report.amended, report.retracted, report.unplaced) == (1, 0, 0, [])
    assert Season.objects.get().league.name == "Sunday League"
    assert set(Team.objects.values_list("name", flat=True)) == {"Rovers", "United"}
    assert RosterSpot.objects.count() == 2
    assert TeamSheetSpot.objects.get().player.name == "Ana Silva"
    assert log() == [(1, "add", 1, "Ana Silva")]


def test_apply_document_twice_changes_nothing():
    apply_document(document(goal("e1")))
    announced = OutboxEvent.objects.count()
    rows = Match.objects.values_list("head_seq", "sheet_version").get()

    report = apply_document(document(goal("e1")))

    assert not report.has_news
    assert OutboxEvent.objects.count() == announced
    assert Match.objects.values_list("head_seq", "sheet_version").get() == rows


def test_apply_document_with_a_changed_fact_appends_a_revision():
    apply_document(document(goal("e1")))

    report = apply_document(document(goal("e1", player="h2")))

    assert (report.added, report.amended) == (0, 1)
    assert log() == [(1, "add", 1, "Ana Silva"), (2, "amend", 2, "Bo Berg")]
    assert PlayEvent.objects.values("lineage_id").distinct().count() == 1


def test_apply_document_with_an_unknown_player_keeps_the_event_and_says_so():
    report = apply_document(document(goal("e1", player="ghost")))

    assert report.unplaced == [{"kind": "player", "ref": "ghost", "match": "m1"}]
    assert PlayEvent.objects.get().payload == {"unplaced": {"player": "ghost"}}


def test_apply_document_with_a_similar_name_makes_the_player_and_asks_the_admin():
    apply_document(document())
    namesake = FeedPlayer(ref="x", name="A. Silva", team="h")
    other = replace(document(), source="other", players=[namesake])

    apply_document(other)

    question = UnmatchedName.objects.get()
    assert (question.name, question.suggestions[0]["confidence"]) == ("A. Silva", 0.9)
    assert Player.objects.count() == 3


def test_apply_document_takes_no_player_for_a_coach_of_his_name():
    coach = FeedPlayer(ref="c", name="Ana Silva", team="h", position="MGR")
    apply_document(document(sport="football", players=[coach]))
    namesake = FeedPlayer(ref="x", name="Ana Silva", team="h", position="FWD")

    apply_document(document(sport="football", source="other", players=[namesake]))

    assert Player.objects.filter(name="Ana Silva").count() == 2
    assert not UnmatchedName.objects.exists()


def test_apply_document_of_another_vendor_finds_the_same_match_and_teams():
    apply_document(document(goal("e1")))
    told = document(goal("x1"), source="other")
    later = replace(told.matches[0], kickoff_at=KICKOFF + timedelta(minutes=5), ref="other-1")

    report = apply_document(replace(told, matches=[later]))

    assert Match.objects.count() == 1
    assert Team.objects.count() == 2
    assert report.unplaced == [
        {
            "kind": "events",
            "ref": "other",
            "match": "other-1",
            "reason": "this match is told by vendor",
        }
    ]


def test_two_meetings_of_the_same_sides_within_a_day_are_two_matches():
    told = document()
    first = told.matches[0]
    again = replace(first, ref="m2", kickoff_at=KICKOFF + timedelta(hours=20))

    apply_document(replace(told, matches=[first, again]))
    apply_document(replace(told, matches=[again]))

    assert set(Match.objects.values_list("kickoff_at", flat=True)) == {
        KICKOFF,
        KICKOFF + timedelta(hours=20),
    }


def test_second_meeting_that_is_told_of_later_is_a_match_of_its_own():
    told = document(goal("e1"))
    again = replace(told.matches[0], ref="m2", kickoff_at=KICKOFF + timedelta(hours=20))

    apply_document(told)
    apply_document(replace(told, matches=[again]))

    assert Match.objects.count() == 2


def test_match_that_is_named_by_another_poll_meanwhile_stays_one():
    told = document()
    moved = replace(told.matches[0], kickoff_at=KICKOFF + timedelta(hours=3))
    told_before = []

    def tell_first(execute, sql, *about):
        answer = execute(sql, *about)
        if "leagues_externalid" in sql and not told_before:
            told_before.append(sql)
            apply_document(told)
        return answer

    apply_document(replace(told, matches=[]))
    with connection.execute_wrapper(tell_first):
        apply_document(replace(told, teams=[], players=[], matches=[moved]))

    assert Match.objects.get().kickoff_at == KICKOFF + timedelta(hours=3)


def test_match_that_its_vendor_names_anew_stays_one():
    told = document()
    renamed = replace(told.matches[0], ref="m1-final")

    apply_document(told)
    apply_document(replace(told, matches=[renamed]))

    assert Match.objects.count() == 1


def test_apply_document_without_league_says_what_is_missing():
    with pytest.raises(FeedError, match="names no league"):
        apply_document(document(league=""))


def test_snapshot_that_forgets_a_fact_retracts_it_after_two_polls_and_twenty_seconds():
    def tell(*events: FeedEvent, after_s: int):
        at = KICKOFF + timedelta(seconds=after_s)
        return apply_document(document(*events, is_snapshot=True), at=at)

    keep = goal("e2", clock_ms=660_000)
    tell(goal("e1"), keep, after_s=0)

    assert tell(keep, after_s=10).retracted == 0
    assert MissingFact.objects.get().polls == 1
    assert tell(keep, after_s=29).retracted == 0
    assert tell(keep, after_s=31).retracted == 1
    assert MissingFact.objects.count() == 0
    assert tell(goal("e1"), keep, after_s=40).added == 1
    assert [row[1] for row in log()] == ["add", "add", "retract", "add"]
    assert PlayEvent.objects.values("lineage_id").distinct().count() == 2


def test_snapshot_that_forgets_a_fact_for_one_poll_retracts_nothing():
    keep = goal("e2", clock_ms=660_000)
    for events, after_s in (((goal("e1"), keep), 0), ((keep,), 10), ((goal("e1"), keep), 40)):
        apply_document(document(*events, is_snapshot=True), at=KICKOFF + timedelta(seconds=after_s))

    assert [row[1] for row in log()] == ["add", "add"]
    assert MissingFact.objects.count() == 0


def test_retract_event_by_an_admin_survives_the_vendors_next_telling():
    apply_document(document(goal("e1")))

    told = PlayEvent.objects.get()
    retract_event(told.match_id, told.lineage_id, by=By(reason="Not over the line"))
    report = apply_document(document(goal("e1", clock_ms=601_000)))

    assert not report.has_news
    assert list(PlayEvent.objects.order_by("seq").values_list("op", "source", "reason")) == [
        ("add", "vendor", ""),
        ("retract", "admin", "Not over the line"),
    ]


def test_override_stats_without_a_reason_is_refused():
    apply_document(document())

    with pytest.raises(ValueError, match="reason"):
        override_stats(Match.objects.get().pk, values={"points": 1}, by=By(reason=" "))


def test_play_events_cannot_be_updated():
    from django.db import IntegrityError

    apply_document(document(goal("e1")))

    with pytest.raises(IntegrityError, match="never updated"):
        PlayEvent.objects.update(type="other")


def sheet_of(*missing: FeedAbsence, told: bool = True) -> FeedDocument:
    plain = document()
    sheet = replace(plain.matches[0].sheets[0], missing=list(missing) if told else None)
    return replace(plain, matches=[replace(plain.matches[0], sheets=[sheet])])


def absences() -> list[tuple[str, str]]:
    return list(TeamSheetAbsence.objects.values_list("player__name", "reason"))


def test_missing_players_are_kept_with_their_reason_and_replaced_by_the_next_list():
    apply_document(sheet_of(FeedAbsence(player="h2", reason="Knee injury")))
    first, version = absences(), Match.objects.get().sheet_version
    again = apply_document(sheet_of(FeedAbsence(player="h2", reason="Knee injury")))
    silent = apply_document(sheet_of(told=False))
    kept = absences()
    apply_document(sheet_of())

    assert first == kept == [("Bo Berg", "Knee injury")]
    assert (again.has_news, silent.has_news) == (False, False)
    assert absences() == []
    assert Match.objects.get().sheet_version == version + 1


def test_who_is_on_the_sheet_is_not_missing():
    apply_document(sheet_of(FeedAbsence(player="h1", reason="Doubtful"), FeedAbsence(player="??")))

    assert absences() == []
