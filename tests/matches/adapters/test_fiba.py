"""The FIBA adapter: both formats in small, and what is wrong with a document."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from matches.ingest.adapters.fiba import ADAPTER
from matches.ingest.documents import FeedDocument, FeedError, FeedEvent
from tests.official.report import fold_match, players_of

BOX, LOG = "2026-01-02_Uri-Schwyz.box.json", "2026-01-02_Uri-Schwyz.pbp.json"
LIVESTATS = "2026-01-02_Uri.vs.Schwyz.json"


def events_of(document: FeedDocument) -> list[FeedEvent]:
    return [event for event in document.matches[0].events if event.type != "stat.set"]


# The event format


def competitor(team: int, name: str, players: dict[int, bool], **fields: Any) -> dict[str, Any]:
    children = [
        {"Id": f"P_{player}", "Name": f"PLAYER {player}", "Stats": {"Starter": starts}}
        for player, starts in players.items()
    ]
    stats = {"A_PIP": 28, "A_FBP": 4, "A_SCP": 9, "A_PAT": 15}
    base = {"Id": f"T_{team}", "Name": name, "Nationality": name[:3].upper(), "Score": "0"}
    return base | {"Stats": stats, "Children": children} | fields


def box(**fields: Any) -> dict[str, Any]:
    base = {
        "Competitors": [
            competitor(1, "Uri", {11: True, 12: False}),
            competitor(2, "Schwyz", {21: True}),
        ],
        "EventName": "2026 Cup of the Lake",
        "PhaseName": "Final",
        "Site": "Hall",
        "Location": "Altdorf_Hall",
        "StartTime": 181500000,
        "Rsc": {"Value": "1-A-1"},
        "CurrentPeriodStatus": "S",
    }
    return {"content": {"full": base | fields}}


def action(number: int, kind: str, **fields: Any) -> dict[str, Any]:
    base = {
        "ActionId": f"id-{number}",
        "ActionNumber": str(number),
        "ActionType": kind,
        "ActionSuccess": "",
        "TeamId": 1,
        "PlayerId": 11,
        "UniformNumber": "7",
        "Time": "09:00",
        "PeriodNumber": 1,
        "Z1": "",
        "SX": None,
        "SY": None,
    }
    return base | fields


def parse(*actions: dict[str, Any], **fields: Any) -> FeedDocument:
    return ADAPTER.parse(
        {BOX: json.dumps(box(**fields)).encode(), LOG: json.dumps(actions).encode()}
    )


def test_bundles_join_log_and_box_and_leave_livestats_alone():
    names = ["a/X.box.json.gz", "a/X.pbp.json.gz", "a/Y.vs.Z.json", "readme.md"]
    assert dict(ADAPTER.bundles(names)) == {
        "a/X": ["a/X.box.json.gz", "a/X.pbp.json.gz"],
        "a/Y.vs.Z": ["a/Y.vs.Z.json"],
    }


def test_event_document_names_match_and_people():
    document = parse(action(1, "P2", ActionSuccess="+"))
    match = document.matches[0]
    assert (document.league, document.season) == ("Cup of the Lake", "2026")
    assert (match.ref, match.home, match.away) == ("1-A-1", "1", "2")
    assert match.kickoff_at == datetime(2026, 1, 2, 18, 15, tzinfo=UTC)
    assert (match.venue, match.city, match.round_name) == ("Hall", "Altdorf", "Final")
    assert document.players[0].name == "Player 11"
    assert document.players[0].shirt == "7"
    assert (match.status, match.is_snapshot) == ("live", True)


def test_boxscore_alone_is_a_fixture():
    match = ADAPTER.parse({BOX: json.dumps(box()).encode()}).matches[0]
    assert (match.status, match.events, match.is_snapshot) == ("scheduled", [], False)


def test_log_without_its_boxscore_is_refused():
    with pytest.raises(FeedError, match="needs its boxscore"):
        ADAPTER.parse({LOG: b"[]"})


def test_action_listed_twice_counts_once_and_its_last_telling_stands():
    first = action(1, "P2", ActionSuccess="-")
    document = parse(first, action(2, "AS", PlayerId=12), first | {"ActionSuccess": "+"})
    assert [event.type for event in events_of(document)][:2] == ["two_made", "assist"]
    assert fold_match(document, document.matches[0]).score == (2, 0)


def test_starters_coming_in_at_the_start_are_the_line_up():
    document = parse(
        action(1, "SUBST", Z1="I", Time="10:00"),
        action(2, "SUBST", Z1="O", Time="10:00"),
        action(3, "SUBST", Z1="I", Time="10:00"),
        action(4, "SUBST", Z1="I", Time="10:00", PlayerId=12),
    )
    moves = [(e.vendor_event_id, e.type) for e in events_of(document) if "sub" in e.type]
    assert moves == [
        ("id-2", "substitution_out"),
        ("id-3", "substitution_in"),
        ("id-4", "substitution_in"),
    ]


def test_what_belongs_to_no_player_is_in_the_teams_total():
    document = parse(
        action(1, "REB", Z1="O", PlayerId=5),
        action(2, "TO", Z1="24", PlayerId=5),
        action(3, "CFOUL", Z1="T", PlayerId=5),
        action(4, "FOUL", Z1="T"),
        action(5, "RFOUL", TeamId=2, PlayerId=21),
    )
    folded = fold_match(document, document.matches[0])
    totals = folded.home.totals
    assert (totals["oreb"], totals["team_oreb"], totals["tov"], totals["pf"]) == (1, 1, 1, 2)
    assert players_of(folded)["11"]["pf"] == 1
    assert players_of(folded)["21"]["pfd"] == 1


def test_periods_are_framed_as_far_as_they_are_played():
    later = action(2, "P3", PeriodNumber=5, Time="05:00", ActionSuccess="B", SX=142, SY=171)
    document = parse(action(1, "P2", ActionSuccess="+"), later)
    frame = [(e.type, e.period) for e in events_of(document) if e.type.startswith("period")]
    assert frame[:2] == [("period_start", "Q1"), ("period_end", "Q1")]
    assert frame[-1] == ("period_start", "OT1")
    shot = events_of(document)[1]
    assert (shot.clock_ms, shot.payload, shot.x, shot.y) == (0, {"blocked": True}, 70.3, 50.0)


def test_winner_ends_the_match():
    won = [competitor(1, "Uri", {11: True}, Winner=True, Score="2"), competitor(2, "Schwyz", {})]
    document = parse(action(1, "P2", ActionSuccess="+"), Competitors=won)
    assert document.matches[0].status == "finished"
    assert [event.type for event in events_of(document)][-2:] == ["period_end", "match_end"]


def test_points_by_origin_are_taken_from_the_boxscore():
    document = parse(action(1, "P2", ActionSuccess="+"))
    totals = fold_match(document, document.matches[0]).home.totals
    assert (totals["pts_paint"], totals["pts_off_turnovers"], totals["pts"]) == (28, 15, 2)


def test_unknown_action_is_skipped():
    document = parse(action(1, "DANCE"), action(2, "P2", ActionSuccess="?"), action(3, "ST"))
    assert [e.type for e in events_of(document) if e.vendor_event_id != "start:1"] == ["steal"]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"Time": "nine"}, r"pbp\.json\[0\]\.Time: expected a time left such as 07:25"),
        ({"Time": None}, r"pbp\.json\[0\]\.Time: expected text"),
        ({"PeriodNumber": 99}, r"pbp\.json\[0\]\.PeriodNumber: expected a period"),
        ({"ActionNumber": "first"}, r"pbp\.json\[0\]\.ActionNumber: expected a whole number"),
        ({"ActionType": ["P2"]}, r"pbp\.json\[0\]\.ActionType: expected text"),
        ({"SX": "left", "SY": 3}, r"pbp\.json\[0\]\.SX: expected a number"),
    ],
)
def test_wrong_value_is_named_with_its_place(change, place):
    with pytest.raises(FeedError, match=place):
        parse(action(1, "P2", ActionSuccess="+") | change)


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"Competitors": []}, r"full\.Competitors: expected two competitors"),
        ({"Competitors": 3}, r"full\.Competitors: expected a list"),
        ({"Rsc": None}, r"full\.Rsc: expected an object"),
        ({"StartTime": 999900000}, r"full\.StartTime: expected a time of the day"),
    ],
)
def test_wrong_boxscore_is_named_with_its_place(fields, place):
    with pytest.raises(FeedError, match=place):
        parse(action(1, "P2"), **fields)


# LiveStats


def play(kind: str, text: str, **fields: Any) -> dict[str, Any]:
    base = {"typ": kind, "desc": text, "tno": "1", "period": "1", "gt": "09:00"}
    return base | {"s1": "0", "s2": "0"} | fields


def person(given: str, family: str, **fields: Any) -> dict[str, Any]:
    return {"fname": given, "sname": family, "starter": "0", "pos": "", "mins": "00:00"} | fields


def side(players: dict[str, dict[str, Any]], **fields: Any) -> dict[str, Any]:
    placeholder = {"902": {"fname": "", "sname": "Multiple - 2"}}
    return {"pl": players | placeholder, "full_score": "0", "tot_pip": "8"} | fields


def livestats(*oldest_first: dict[str, Any], **fields: Any) -> dict[str, Any]:
    uri = side(
        {
            "1": person("ANNA ", "MEIER", starter="1", dob="05/12/2001", pos="PG"),
            "2": person("Bea", "De la Cruz"),
        }
    )
    schwyz = side({"1": person("Cleo", "ROTH", starter="1")})
    return {"pbp": list(oldest_first)[::-1], "tm": {"1": uri, "2": schwyz}} | fields


def parse_live(*plays: dict[str, Any], name: str = LIVESTATS, **fields: Any) -> FeedDocument:
    return ADAPTER.parse({name: json.dumps(livestats(*plays, **fields)).encode()})


def test_livestats_takes_day_and_teams_from_the_files_name():
    document = parse_live(name=f"games/{LIVESTATS}")
    match = document.matches[0]
    assert (match.ref, match.status) == ("2026-01-02_Uri.vs.Schwyz", "scheduled")
    assert match.kickoff_at == datetime(2026, 1, 2, 12, tzinfo=UTC)
    assert [team.name for team in document.teams] == ["Uri", "Schwyz"]
    assert [player.name for player in document.players] == [
        "Anna Meier",
        "Bea De la Cruz",
        "Cleo Roth",
    ]
    assert document.players[0].birth_on == date(2001, 12, 5)


def test_livestats_without_names_of_teams_is_refused():
    with pytest.raises(FeedError, match="names no teams"):
        parse_live(name="data.json")


def test_livestats_over_http_is_named_by_its_folder():
    teams = {n: {**team, "name": f"Team {n}"} for n, team in livestats()["tm"].items()}
    match = parse_live(name="/data/2171231/data.json", tm=teams).matches[0]
    assert (match.ref, match.home, match.kickoff_at) == ("2171231", "team:team-1", None)


@pytest.mark.parametrize(
    ("made", "missed", "blocked", "offensive", "comes_in"),
    [
        (
            "shot 2pt made",
            "shot 3pt missed",
            "shot 2pt blocked",
            "rebound offensive",
            "substitution in",
        ),
        (
            "tir 2pt réussi",
            "tir 3pt manqué",
            "tir 2pt contré",
            "rebond offensif",
            "changement entrant",
        ),
    ],
)
def test_livestats_reads_english_and_french(made, missed, blocked, offensive, comes_in):
    document = parse_live(
        play("sht", f"7, A. MEIER, {made}", s1="2", scoring="1"),
        play("sht", f"7, A. MEIER, {missed}", s1="2"),
        play("sht", f"9, B. De la Cruz, {blocked}", s1="2"),
        play("reb", offensive, s1="2"),
        play("sub", f"9, B. De la Cruz, {comes_in}", s1="2"),
    )
    assert [(event.type, event.player) for event in events_of(document)] == [
        ("two_made", "player:uri:anna-meier"),
        ("three_missed", "player:uri:anna-meier"),
        ("two_missed", "player:uri:bea-de-la-cruz"),
        ("rebound_off", None),
        ("substitution_in", "player:uri:bea-de-la-cruz"),
    ]
    assert events_of(document)[2].payload == {"blocked": True}
    assert document.players[0].shirt == "7"


def test_livestats_shot_in_an_unknown_language_is_made_when_the_score_moves():
    document = parse_live(
        play("sht", "7, A. MEIER, tiro 2pt hecho", s1="2"),
        play("sht", "7, A. MEIER, tiro 2pt fallado", s1="2"),
    )
    assert [event.type for event in events_of(document)] == ["two_made", "two_missed"]


def test_livestats_last_play_ends_period_and_match():
    document = parse_live(
        play("per", "period Start Game", tno="0", gt="10:00"),
        play("sub", "7, A. MEIER, substitution in", gt="10:00"),
        play("fth", "7, A. MEIER, freethrow made", s1="1", period="4"),
        play("per", "period End Game confirmed", tno="0", gt="00:00", period="4", s1="1"),
    )
    assert [event.type for event in events_of(document)] == [
        "period_start",
        "free_throw_made",
        "period_end",
        "match_end",
    ]
    assert document.matches[0].status == "finished"


def test_livestats_team_totals_leave_team_rebounds_out():
    document = parse_live(play("reb", "rebound defensive"), play("tov", "turnover 24secs"))
    totals = fold_match(document, document.matches[0]).home.totals
    assert (totals["dreb"], totals["team_dreb"], totals["tov"], totals["team_tov"]) == (0, 1, 0, 1)
    assert (totals["pts_paint"], totals["pts_fast_break"]) == (8, None)


def test_livestats_places_shots_towards_the_right_basket():
    shots = [{"p": "1", "per": "1", "pts": "2", "r": "1", "x": "12", "y": "40"}] * 2
    teams = livestats()["tm"]
    teams["1"]["shot"] = shots
    document = parse_live(play("sht", "7, A. MEIER, shot 2pt made", s1="2"), tm=teams)
    assert (events_of(document)[0].x, events_of(document)[0].y) == (88.0, 60.0)


def test_livestats_stranger_has_no_player_and_hurts_nobody():
    document = parse_live(play("ass", "99, Z. NOBODY, assist"), play("xyz", "thing"))
    assert [(event.type, event.player) for event in events_of(document)] == [("assist", None)]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"gt": "9"}, r"pbp\[0\]\.gt: expected a time left"),
        ({"period": "Q1"}, r"pbp\[0\]\.period: expected a whole number"),
        ({"s1": None}, r"pbp\[0\]\.s1: expected a whole number"),
        ({"desc": 12.5}, r"pbp\[0\]\.desc: expected text"),
        ({"tno": []}, r"pbp\[0\]\.tno: expected text"),
    ],
)
def test_wrong_play_is_named_with_its_place(change, place):
    with pytest.raises(FeedError, match=place):
        parse_live(play("ass", "7, A. MEIER, assist") | change)


def test_missing_side_is_named():
    with pytest.raises(FeedError, match=r"tm\.2: is missing"):
        parse_live(tm={"1": side({})})
