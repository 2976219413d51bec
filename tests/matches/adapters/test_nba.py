"""The NBA adapter: three formats, alone and together, and what is wrong with a document."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from matches.ingest.adapters._nba_parts import absence_words
from matches.ingest.adapters.nba import ADAPTER
from matches.ingest.documents import FeedDocument, FeedError, FeedEvent
from tests.official.report import fold_match, players_of

DATA = Path(__file__).resolve().parents[2] / "data" / "nba"
V3 = "playbyplayv3_0022500901.json"
V3_BOX = "boxscoretraditionalv3_0022500901.json"
HERONS, MARMOTS = "1610612801", "1610612802"


def own(*names: str) -> dict[str, bytes]:
    return {name: (DATA / name).read_bytes() for name in names}


def parse(name: str, document: Any) -> FeedDocument:
    return ADAPTER.parse({name: json.dumps(document).encode()})


def events_of(document: FeedDocument) -> list[FeedEvent]:
    return [event for event in document.matches[0].events if event.type != "stat.set"]


def told(document: FeedDocument, kind: str) -> FeedEvent:
    (event,) = [event for event in events_of(document) if event.type == kind]
    return event


def action(number: int, **fields: Any) -> dict[str, Any]:
    base = {
        "actionNumber": number,
        "orderNumber": number * 10_000,
        "clock": "PT10M00.00S",
        "period": 1,
        "timeActual": "2026-01-02T20:00:00.5Z",
        "edited": "2026-01-02T20:00:09Z",
        "qualifiers": [],
        "personId": 0,
        "scoreHome": "0",
        "scoreAway": "0",
    }
    return base | fields


def live(*actions: dict[str, Any]) -> dict[str, Any]:
    return {"meta": {}, "game": {"gameId": "0022500902", "actions": list(actions)}}


def shot(number: int, **fields: Any) -> dict[str, Any]:
    base = {"actionType": "2pt", "shotResult": "Made", "teamId": 1, "personId": 11}
    return action(number, **base | fields)


# Bundles and formats


def test_bundles_join_the_files_of_a_game():
    names = [
        "nba/0022000001.cdn.pbp.json.gz",
        "nba/0022000001.cdn.box.json.gz",
        "boxscore_0022500902.json",
        "notes.json",
        "0022500903.txt",
    ]
    assert dict(ADAPTER.bundles(names)) == {
        "0022500902": ["boxscore_0022500902.json"],
        "0022000001": ["nba/0022000001.cdn.box.json.gz", "nba/0022000001.cdn.pbp.json.gz"],
    }


@pytest.mark.parametrize(
    "document", [{}, {"game": {"gameId": "0022500902"}}, {"resultSets": [{"name": "Shots"}]}]
)
def test_unknown_document_is_refused(document):
    with pytest.raises(FeedError, match=r"feed\.json: no play-by-play or boxscore"):
        parse("feed.json", document)


@pytest.mark.parametrize(
    ("game", "league", "season"),
    [
        ("0022500902", "NBA", "2025-26"),
        ("0029900902", "NBA", "1999-00"),
        ("1022400902", "WNBA", "2024"),
        ("2022500902", "NBA G League", "2025-26"),
    ],
)
def test_game_id_tells_league_and_season(game, league, season):
    document = live(shot(1, scoreHome="2"), shot(2, teamId=2, scoreHome="2", scoreAway="2"))
    document["game"]["gameId"] = game
    parsed = parse("feed.json", document)
    assert (parsed.league, parsed.season) == (league, season)


# Live data


def test_live_data_alone_has_no_sides_before_the_first_basket():
    opening = live(action(1, actionType="period", subType="start"), shot(2, shotResult="Missed"))
    assert parse("feed.json", opening).matches == []


@pytest.mark.parametrize(("scorer", "home"), [(1, "1"), (2, "2")])
def test_live_data_alone_learns_the_sides_from_the_score(scorer, home):
    first = shot(2, teamId=scorer, scoreHome="2")
    other = shot(3, teamId=3 - scorer, scoreHome="2", scoreAway="2")
    match = parse("feed.json", live(first, other)).matches[0]
    assert (match.home, match.score, match.status, match.sheets) == (home, (2, 2), "live", [])


def test_shot_has_assist_place_and_origin():
    made = shot(
        2,
        scoreHome="2",
        subType="Layup",
        descriptor="driving",
        assistPersonId=12,
        x=10.0,
        y=40.0,
        side="left",
        shotDistance=2.5,
        qualifiers=["pointsinthepaint", "fastbreak", "something new"],
    )
    event = told(parse("feed.json", live(made, shot(3, teamId=2, shotResult="Missed"))), "two_made")
    assert (event.player, event.related_player, event.x, event.y) == ("11", "12", 90.0, 60.0)
    assert event.payload == {
        "shot": "layup",
        "detail": "driving",
        "distance_ft": 2.5,
        "in_paint": True,
        "fast_break": True,
    }
    assert (event.clock_ms, event.clock_label) == (120_000, "10:00")
    assert event.occurred_at.isoformat() == "2026-01-02T20:00:00.500000+00:00"


def test_jump_ball_belongs_to_the_winners_team():
    jump = action(
        1, actionType="jumpball", teamId=2, jumpBallWonPersonId=11, jumpBallLostPersonId=21
    )
    document = live(jump, shot(2, scoreHome="2"), shot(3, teamId=2, personId=21))
    event = told(parse("feed.json", document), "jump_ball")
    assert (event.team, event.player, event.related_player) == ("1", "11", "21")


def test_coachs_technical_foul_is_the_teams():
    coach = action(1, actionType="foul", subType="technical", teamId=1, personId=999)
    player = action(
        2, actionType="foul", subType="technical", teamId=1, personId=11, playerName="Okoro"
    )
    document = live(coach, player, shot(3, scoreHome="2"), shot(4, teamId=2))
    fouls = events_of(parse("feed.json", document))[:2]
    assert [(event.type, event.player) for event in fouls] == [
        ("technical_foul", None),
        ("technical_foul", "11"),
    ]


def test_free_throws_stand_at_their_foul_before_later_substitutions():
    foul = action(1, actionType="foul", subType="personal", teamId=2, personId=21)
    out = action(2, actionType="substitution", subType="out", teamId=1, personId=12)
    throw = action(
        3,
        actionType="freethrow",
        subType="1 of 1",
        shotResult="Made",
        teamId=1,
        personId=11,
        scoreHome="1",
    )
    later = throw | {"actionNumber": 4, "orderNumber": 40_000, "clock": "PT09M59.00S"}
    events = events_of(parse("feed.json", live(foul, out, throw, later)))
    in_order = sorted(events, key=lambda event: (event.clock_ms, event.order))
    assert [event.vendor_event_id for event in in_order] == ["1", "3", "2", "4"]


def test_unknown_action_is_skipped():
    document = live(shot(1, scoreHome="2"), action(2, actionType="hologram"), shot(3, teamId=2))
    assert [event.vendor_event_id for event in events_of(parse("feed.json", document))] == [
        "1",
        "3",
    ]


def test_boxscore_alone_is_no_snapshot_of_the_log(shared_data):
    name = "0022000001.cdn.box.json"
    body = gzip.decompress((shared_data / "pbp/nba" / f"{name}.gz").read_bytes())
    match = ADAPTER.parse({name: body}).matches[0]
    assert (match.events, match.is_snapshot, match.status) == ([], False, "finished")
    starters = [spot for spot in match.sheets[0].spots if spot.is_starter]
    assert (len(match.sheets[0].spots), len(starters)) == (15, 5)
    assert (match.venue, match.city) == ("Barclays Center", "Brooklyn")


# Stats v3


def test_v3_sheet_leaves_out_who_was_not_with_the_team_and_says_so():
    sheets = ADAPTER.parse(own(V3_BOX)).matches[0].sheets

    told = [(absence.reason, sheet.team) for sheet in sheets for absence in sheet.missing]
    assert [reason for reason, _ in told] == ["Not With Team"]
    listed = {spot.player for sheet in sheets for spot in sheet.spots}
    assert not listed & {absence.player for sheet in sheets for absence in sheet.missing}


@pytest.mark.parametrize(
    ("code", "words", "reason"),
    [
        ("INACTIVE_INJURY", "Right knee soreness", "Right knee soreness"),
        ("INACTIVE_INJURY", "", "Injury"),
        ("INACTIVE_COACH", "", "Coach's decision"),
        ("INACTIVE_NEW_WORD", "", ""),
        ("", "DND - Injury/Illness - Knee", "Injury/Illness - Knee"),
        ("", "", ""),
    ],
)
def test_reason_of_an_absence_is_in_words(code, words, reason):
    assert absence_words(code, words) == reason


def test_live_boxscore_tells_why_players_are_inactive(shared_data):
    name = "0022000001.cdn.box.json"
    body = gzip.decompress((shared_data / "pbp" / "nba" / f"{name}.gz").read_bytes())

    sheets = ADAPTER.parse({name: body}).matches[0].sheets

    reasons = {absence.reason for sheet in sheets for absence in sheet.missing}
    assert reasons == {
        "Coach's decision",
        "In the G League",
        "Right Achillies",
        "Right Knee Soreness",
        "Right Knee Tendinopathy",
        "Right foot soreness",
    }


def test_v3_reads_names_from_the_texts():
    document = ADAPTER.parse(own(V3, V3_BOX))
    match = document.matches[0]
    assert (match.home, match.away, match.score, match.status) == (HERONS, MARMOTS, (6, 1), "live")
    three, sub = told(document, "three_made"), told(document, "substitution")
    assert (three.player, three.related_player) == ("12", "13")
    assert (sub.player, sub.related_player) == ("14", "15")
    assert [team.name for team in document.teams] == ["Harbour Herons", "Mountain Marmots"]


def test_v3_leaves_out_a_name_that_two_players_share():
    document = ADAPTER.parse(own(V3))
    assert told(document, "three_made").related_player is None


def test_v3_rows_without_a_type_are_steals_and_blocks():
    document = ADAPTER.parse(own(V3, V3_BOX))
    assert told(document, "block").player == "11"
    assert told(document, "block").vendor_event_id == "9:block"
    assert told(document, "two_missed").payload["blocked"] is True
    assert told(document, "steal").player == "22"
    assert "hologram" not in {event.type for event in events_of(document)}


def test_v3_folds_with_what_it_does_not_know_left_open():
    document = ADAPTER.parse(own(V3, V3_BOX))
    folded = fold_match(document, document.matches[0])
    lines = players_of(folded)
    assert folded.score == (6, 1)
    assert {c: lines["12"][c] for c in ("pts", "fg3m", "ftm", "plus_minus")} == {
        "pts": 4,
        "fg3m": 1,
        "ftm": 1,
        "plus_minus": 5,
    }
    # Stone left right after her foul, so the free throw still counts against her.
    assert (lines["14"]["plus_minus"], lines["15"]["plus_minus"]) == (2, 3)
    assert folded.home.totals["team_dreb"] == 1
    assert folded.home.totals["dreb"] == 1
    assert lines["22"]["pfd"] is None
    assert folded.home.totals["pts_paint"] is None
    assert "18" not in lines


def test_v3_folds_like_v2(shared_data):
    folder = shared_data / "pbp" / "nba"
    names = ("0021600270.v2.box.json", "0021600270.v2.pbp.json")
    files = {n: gzip.decompress((folder / f"{n}.gz").read_bytes()) for n in names}
    v2 = ADAPTER.parse(files)
    told_as_v3 = json.dumps(_as_v3(json.loads(files[names[1]]))).encode()
    v3 = ADAPTER.parse({names[0]: files[names[0]], "v3.json": told_as_v3})
    before, after = (fold_match(d, d.matches[0]) for d in (v2, v3))
    assert (after.score, after.status, after.periods) == (
        before.score,
        before.status,
        before.periods,
    )
    for who, line in players_of(before).items():
        expected = {**line, "pfd": None}
        assert players_of(after)[who] == expected, who


_V3_KINDS = {
    1: "Made Shot",
    2: "Missed Shot",
    3: "Free Throw",
    4: "Rebound",
    5: "Turnover",
    6: "Foul",
    7: "Violation",
    8: "Substitution",
    9: "Timeout",
    10: "Jump Ball",
    12: "period",
    13: "period",
    18: "Instant Replay",
}


def _as_v3(v2: dict[str, Any]) -> dict[str, Any]:
    (plays,) = [s for s in v2["resultSets"] if s["name"] == "PlayByPlay"]
    rows = [dict(zip(plays["headers"], row, strict=True)) for row in plays["rowSet"]]
    actions = [action for row in rows for action in _v3_actions(row)]
    for number, entry in enumerate(actions):
        entry["actionId"] = number
    return {"game": {"gameId": rows[0]["GAME_ID"], "actions": actions}}


def _v3_actions(row: dict[str, Any]) -> list[dict[str, Any]]:
    kind = _V3_KINDS[row["EVENTMSGTYPE"]]
    sub_types = {12: "start", 13: "end"}
    if row["EVENTMSGTYPE"] == 6:
        sub_types[6] = "Technical" if row["EVENTMSGACTIONTYPE"] == 11 else "Personal"
    main = _v3_action(row, 1, kind, sub_types.get(row["EVENTMSGTYPE"], ""))
    place = {2: 3, 5: 2}.get(row["EVENTMSGTYPE"])
    if place is None or not row[f"PLAYER{place}_ID"]:
        return [main]
    return [main, _v3_action(row, place, "", "")]


def _v3_action(row: dict[str, Any], place: int, kind: str, sub_type: str) -> dict[str, Any]:
    person_type = row[f"PERSON{place}TYPE"] or 0
    location = {0: "h", 1: "v"}[person_type % 2] if person_type >= 2 else ""
    texts = {"h": row["HOMEDESCRIPTION"], "v": row["VISITORDESCRIPTION"]}
    minutes, seconds = row["PCTIMESTRING"].split(":")
    away, home = (row["SCORE"] or "-").split("-")
    name = row[f"PLAYER{place}_NAME"] or ""
    return {
        "actionNumber": row["EVENTNUM"],
        "clock": f"PT{int(minutes):02}M{seconds}.00S",
        "period": row["PERIOD"],
        "teamId": row[f"PLAYER{place}_TEAM_ID"] or 0,
        "teamTricode": row[f"PLAYER{place}_TEAM_ABBREVIATION"] or "",
        "personId": row[f"PLAYER{place}_ID"] or 0,
        "playerName": name.split(" ", 1)[-1],
        "playerNameI": "",
        "scoreHome": home.strip(),
        "scoreAway": away.strip(),
        "location": location,
        "description": texts.get(location) or "",
        "actionType": kind,
        "subType": sub_type,
    }


# What is wrong with a document


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"clock": 600}, r"game\.actions\[1\]\.clock: expected a time left"),
        ({"clock": "12:00"}, r"game\.actions\[1\]\.clock: expected a time left"),
        ({"clock": None}, r"game\.actions\[1\]\.clock: expected text"),
        ({"period": 0}, r"game\.actions\[1\]\.period: expected a period"),
        ({"period": "one"}, r"game\.actions\[1\]\.period: expected a whole number"),
        ({"shotResult": "Perhaps"}, r"game\.actions\[1\]\.shotResult: expected Made or Missed"),
        ({"qualifiers": "paint"}, r"game\.actions\[1\]\.qualifiers: expected a list"),
        ({"actionNumber": "2"}, r"game\.actions\[1\]\.actionNumber: expected a whole number"),
        ({"timeActual": "yesterday"}, r"game\.actions\[1\]\.timeActual: expected a time"),
        ({"personId": {"id": 11}}, r"game\.actions\[1\]\.personId: expected text"),
    ],
)
def test_wrong_value_is_named_with_its_place(change, place):
    document = live(shot(1, scoreHome="2"), shot(2, scoreHome="4") | change, shot(3, teamId=2))
    with pytest.raises(FeedError, match=rf"^feed\.json\.{place}"):
        parse("feed.json", document)


@pytest.mark.parametrize("key", ["actionType", "clock", "period", "actionNumber", "shotResult"])
def test_missing_key_is_named_with_its_place(key):
    broken = {name: value for name, value in shot(2).items() if name != key}
    with pytest.raises(FeedError, match=rf"game\.actions\[1\]\.{key}: is missing"):
        parse("feed.json", live(shot(1, scoreHome="2"), broken))


def test_v2_row_of_the_wrong_length_is_refused():
    plays = {"name": "PlayByPlay", "headers": ["GAME_ID", "EVENTNUM"], "rowSet": [["1"]]}
    with pytest.raises(FeedError, match=r"rowSet\[0\]: expected a list of 2 values"):
        parse("feed.json", {"resultSets": [plays]})


@pytest.mark.parametrize("body", [b"", b"<html>503</html>", b"[" * 100, b"null", b"[]", b'"x"'])
def test_what_is_no_document_is_refused(body):
    with pytest.raises(FeedError):
        ADAPTER.parse({"feed.json": body})
