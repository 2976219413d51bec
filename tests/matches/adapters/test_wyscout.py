"""The Wyscout adapter on a small document of our own."""

import json

import pytest

from matches.ingest.adapters import get
from matches.ingest.documents import FeedError
from tests.matches.adapters.football import document_of, files_of, told
from tests.official.report import fold_match, players_of


def test_match_follows_the_official_record():
    document = document_of("wyscout")

    match = document.matches[0]
    assert (document.league, document.season) == ("Premier League", "2030-31")
    assert (match.home, match.away, match.status) == ("1", "2", "finished_pens")
    assert (match.matchday, match.venue, match.score) == (3, "Stade Vélodrome", (1, 1))


def test_names_encoded_twice_are_read():
    document = document_of("wyscout")

    assert next(p.name for p in document.players if p.ref == "21") == "Béa Keeper"


def test_assist_belongs_to_the_goal_and_key_pass_to_the_shot():
    document = document_of("wyscout")

    assert told(document, "goal", "shot", "own_goal") == [
        ("goal", "11", "13", "12"),
        ("shot", "14", "23", "22"),
        ("own_goal", "71", "12", None),
    ]


def test_duel_won_in_front_of_an_interception_keeps_the_pass_before_it():
    document = document_of("wyscout")

    assert told(document, "pass", "interception", "tackle")[1:4] == [
        ("pass", "12", "22", None),
        ("interception", "12", "12", None),
        ("tackle", "12", "12", None),
    ]


def test_touch_by_the_keeper_without_a_shot_on_target_is_no_save():
    document = document_of("wyscout")

    assert told(document, "save", "penalty_saved", "shootout_save") == [
        ("save", "14", "11", None),
        ("penalty_saved", "79", "11", None),
        ("shootout_save", "", "11", None),
    ]


def test_substitution_stands_in_its_minute_after_the_last_act_of_who_went_off():
    document = document_of("wyscout")

    (change,) = [e for e in document.matches[0].events if e.type == "substitution"]
    assert (change.period, change.clock_label, change.player) == ("2H", "61", "13")
    assert 15 * 60_000 < change.clock_ms < 950_000


def test_fold_of_the_document_has_score_shootout_and_cards():
    document = document_of("wyscout")

    fold = fold_match(document, document.matches[0])

    lines = players_of(fold)
    assert (fold.score, fold.shootout, fold.status) == ((1, 1), (1, 0), "finished_pens")
    assert [lines["12"][c] for c in ("own_goals", "yellow_cards", "red_cards")] == [1, 1, 1]
    assert [lines[p]["minutes"] for p in ("13", "14")] == [60, 29]


def test_player_on_no_list_keeps_his_events():
    document = document_of("wyscout")

    assert ("pass", "90+2", "999", None) in told(document, "pass")


def test_events_alone_are_a_match_without_lineups():
    files = {"events/900.json": files_of("wyscout")["events/900.json"]}

    match = document_of("wyscout", files).matches[0]

    assert (match.home, match.away, match.score, tuple(match.sheets)) == ("2", "1", None, ())


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda e: e[3].update(matchPeriod="3H"), "events[3].matchPeriod"),
        (lambda e: e[3].pop("eventSec"), "events[3].eventSec"),
        (lambda e: e[3].update(tags=[{"id": "101"}]), "events[3].tags[0].id"),
    ],
)
def test_broken_record_is_refused_with_its_place(change, place):
    files = files_of("wyscout")
    root = json.loads(files["events/900.json"])
    change(root["events"])
    files["events/900.json"] = json.dumps(root).encode()

    with pytest.raises(FeedError) as refused:
        document_of("wyscout", files)

    assert f"events/900.json.{place}" in str(refused.value)


def test_something_else_is_refused():
    with pytest.raises(FeedError, match="expected an object with events, teams and players"):
        get("wyscout").parse({"events/900.json": b"{}"})
