"""The StatsBomb adapter on a small document of our own."""

import json

import pytest

from matches.ingest.adapters import get
from matches.ingest.documents import FeedError
from tests.matches.adapters.football import document_of, files_of, first, told
from tests.official.report import fold_match, players_of


def test_match_is_named_dated_and_scored():
    document = document_of("statsbomb")

    match = document.matches[0]
    assert (document.league, document.season) == ("Test League", "2030-31")
    assert (match.ref, match.home, match.away, match.status) == ("900", "1", "2", "finished")
    assert match.score == (1, 1)
    assert [team.name for team in document.teams] == ["Reds", "Blues"]


def test_lineups_have_starters_bench_and_positions():
    document = document_of("statsbomb")

    sheet = document.matches[0].sheets[0]
    assert [(s.player, s.is_starter, s.position) for s in sheet.spots] == [
        ("11", True, "GKP"),
        ("12", True, "DEF"),
        ("13", True, "FWD"),
        ("14", False, ""),
    ]


@pytest.mark.parametrize(
    ("managers", "coach"),
    [
        ([{"name": "Ana Maria Duarte", "nickname": "Ana Duarte"}], "Ana Duarte"),
        ([{"name": "Ana Maria Duarte", "nickname": None}], "Ana Maria Duarte"),
        ([], ""),
        (None, ""),
    ],
)
def test_list_of_matches_tells_the_coach(managers, coach):
    files = files_of("statsbomb")
    listed = [{"match_id": 900, "home_team": {"managers": managers}, "match_date": "2030-09-01"}]
    files["matches.json"] = json.dumps(listed).encode()
    del files["results.json"]

    sheets = get("statsbomb").parse(files).matches[0].sheets

    assert [sheet.coach for sheet in sheets] == [coach, ""]


def test_goals_name_the_player_who_set_them_up():
    document = document_of("statsbomb")

    assert told(document, "goal", "own_goal", "penalty_missed", "penalty_saved") == [
        ("goal", "11", "13", "12"),
        ("penalty_missed", "21", "23", None),
        ("penalty_saved", "21", "11", None),
        ("own_goal", "71", "12", None),
    ]
    assert first(document, "goal").payload["xg"] == 0.31


def test_foul_card_and_change_are_separate_facts():
    document = document_of("statsbomb")

    assert told(document, "foul", "foul_won", "yellow_card", "second_yellow", "substitution") == [
        ("foul", "31", "12", "23"),
        ("yellow_card", "31", "12", None),
        ("substitution", "61", "13", "14"),
        ("second_yellow", "86", "12", None),
    ]


def test_fold_of_the_document_has_score_and_minutes():
    document = document_of("statsbomb")

    fold = fold_match(document, document.matches[0])

    lines = players_of(fold)
    assert (fold.status, fold.score) == ("finished", (1, 1))
    assert [lines[p]["minutes"] for p in ("12", "13", "14", "23")] == [85, 60, 29, 90]


def test_every_fact_has_an_id_of_its_own():
    document = document_of("statsbomb")

    ids = [event.vendor_event_id for event in document.matches[0].events]

    assert len(set(ids)) == len(ids)


def test_events_alone_give_their_own_lineups():
    files = {"900_events.json": files_of("statsbomb")["900_events.json"]}

    document = get("statsbomb").parse(files)

    assert document.matches[0].score is None
    assert len(document.players) == 7


def test_unknown_type_of_event_is_left_out():
    files = files_of("statsbomb")
    assert b"Something New" in files["900_events.json"]

    assert told(document_of("statsbomb", files), "something_new") == []


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda events: events[6].pop("period"), "[6].period"),
        (lambda events: events[6].update(type="Pass"), "[6].type"),
        (lambda events: events[6].pop("team"), "[6].team"),
    ],
)
def test_broken_event_is_refused_with_its_place(change, place):
    files = files_of("statsbomb")
    events = json.loads(files["900_events.json"])
    change(events)
    files["900_events.json"] = json.dumps(events).encode()

    with pytest.raises(FeedError) as refused:
        document_of("statsbomb", files)

    assert f"900_events.json{place}" in str(refused.value)


def test_something_else_is_refused():
    with pytest.raises(FeedError, match="expected a list of StatsBomb events"):
        get("statsbomb").parse({"900_events.json": b"{}"})


def test_match_being_played_is_read_as_far_as_it_has_come():
    files = files_of("statsbomb")
    events = json.loads(files["900_events.json"])[:8]
    files["900_events.json"] = json.dumps(events).encode()

    match = document_of("statsbomb", files).matches[0]

    assert match.status == "live"
    assert [event.type for event in match.events] == [
        "period_start",
        "pass",
        "goal",
        "penalty_missed",
    ]
