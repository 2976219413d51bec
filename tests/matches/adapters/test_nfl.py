"""Reading American football game-centre documents."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from leagues.packs.loader import load_pack
from matches.ingest.adapters.nfl import ADAPTER
from matches.ingest.documents import FeedDocument, FeedError, FeedEvent
from tests.matches.adapters.mutations import hostile
from tests.official.report import fold_match

QB, WR, RB, K, LB, CB = "00-01", "00-02", "00-03", "00-04", "00-05", "00-06"


def _credit(stat: int, club: str, yards: int = 0, sequence: int = 1) -> dict[str, Any]:
    return {
        "sequence": sequence,
        "clubcode": club,
        "playerName": "A.Name",
        "statId": stat,
        "yards": yards,
    }


def _play(qtr: int, time: str, players: dict[str, list], **fields: Any) -> dict[str, Any]:
    return {
        "qtr": qtr,
        "time": time,
        "down": 1,
        "ydstogo": 10,
        "yrdln": "NE 20",
        "note": None,
        "desc": "",
        "posteam": "NE",
        "players": players,
        **fields,
    }


def _touchdown() -> dict[str, Any]:
    return _play(
        1,
        "14:20",
        {
            QB: [_credit(16, "NE", 30, 1), _credit(111, "NE", 18, 4)],
            WR: [_credit(22, "NE", 30, 2), _credit(113, "NE", 12, 5)],
            "0": [_credit(4, "NE", 0, 3)],
        },
    )


def _extra_point() -> dict[str, Any]:
    return _play(1, "14:20", {K: [_credit(72, "NE")]}, down=0)


def _document(plays: dict[str, dict], **game: Any) -> dict[str, Any]:
    drive = {
        "posteam": "NE",
        "numplays": 2,
        "ydsgained": 30,
        "fds": 1,
        "postime": "0:40",
        "result": "Touchdown",
        "plays": plays,
    }
    side = {"score": {"1": 7, "T": 7}, "stats": {"passing": {QB: {"name": "T.Pass"}}}}
    return {
        "2015092001": {
            "home": {"abbr": "NE", **side},
            "away": {"abbr": "BUF", "score": {"1": 0, "T": 0}, "stats": {}},
            "qtr": "Final",
            "drives": {"1": drive, "crntdrv": 1},
            "scrsummary": {},
            **game,
        },
        "nextupdate": 12,
    }


def _parse(document: Any, name: str = "2015092001.json") -> FeedDocument:
    return ADAPTER.parse({name: json.dumps(document).encode()})


def _events(document: Any) -> list[FeedEvent]:
    return list(_parse(document).matches[0].events)


def _of(events: list[FeedEvent], event_type: str) -> FeedEvent:
    (event,) = [event for event in events if event.type == event_type]
    return event


def test_match_names_sides_status_and_score():
    document = _parse(_document({"36": _touchdown()}))
    match = document.matches[0]
    assert (document.league, document.season, document.sport) == (
        "NFL",
        "2015",
        "american_football",
    )
    assert [team.name for team in document.teams] == ["New England Patriots", "Buffalo Bills"]
    assert (match.ref, match.home, match.away) == ("2015092001", "NE", "BUF")
    assert (match.status, match.score, match.is_snapshot) == ("finished", (7, 0), True)
    assert match.kickoff_at == datetime(2015, 9, 20, 18, tzinfo=UTC)


def test_season_of_a_january_game_is_the_year_before():
    document = _document({})
    document["2011010801"] = document.pop("2015092001")
    assert _parse(document).season == "2010"


@pytest.mark.parametrize(
    ("quarter", "status"),
    [
        ("Pregame", "scheduled"),
        ("1", "live"),
        (3, "live"),
        ("Halftime", "break"),
        ("5", "live"),
        ("Suspended", "suspended"),
        ("Final", "finished"),
        ("final overtime", "finished_aet"),
        ("Something new", ""),
    ],
)
def test_status_comes_from_the_header(quarter, status):
    assert _parse(_document({}, qtr=quarter)).matches[0].status == status


def test_touchdown_pass_is_two_credits_and_scores_once():
    events = _events(_document({"36": _touchdown(), "58": _extra_point()}))
    thrown, caught = _of(events, "pass_td"), _of(events, "receiving_td")
    assert (thrown.player, thrown.related_player, thrown.payload["air_yards"]) == (QB, WR, 18)
    assert (caught.player, caught.related_player) == (WR, QB)
    assert caught.payload["yards_after_catch"] == 12
    assert (caught.period, caught.clock_ms, caught.clock_label) == ("Q1", 40_000, "14:20")
    document = _parse(_document({"36": _touchdown(), "58": _extra_point()}))
    assert fold_match(document, document.matches[0]).score == (7, 0)


def test_every_event_type_and_payload_key_is_in_the_pack():
    pack = load_pack("american_football")
    every = {
        str(index): _play(1, "10:00", {QB: [_credit(stat, "NE")]})
        for index, stat in enumerate(range(1, 421))
    }
    events = _events(_document(every))
    assert len({event.type for event in events}) > 60
    for event in events:
        assert set(event.payload) <= set(pack.events[event.type].payload), event.type


def test_unknown_stat_ids_and_clubs_are_skipped():
    play = _play(1, "10:00", {QB: [_credit(9999, "NE"), _credit(10, "XYZ", 4)]})
    types = {event.type for event in _events(_document({"36": play}))}
    assert types == {"period_start", "period_end", "match_end", "drive"}


def test_credit_of_nobody_counts_only_where_it_may():
    play = _play(1, "10:00", {"0": [_credit(10, "NE", 2), _credit(93, "BUF", 5)]})
    events = _events(_document({"36": play}))
    assert "rush" not in {event.type for event in events}
    assert _of(events, "penalty").player is None


def test_play_undone_by_a_penalty_keeps_the_penalty_only():
    play = _play(
        1,
        "10:00",
        {QB: [_credit(15, "NE", 9)], WR: [_credit(21, "NE", 9)], LB: [_credit(93, "BUF", 10)]},
        desc="(10:00) Pass. PENALTY on BUF, 10 yards, enforced at NE 20 - No Play.",
    )
    types = [event.type for event in _events(_document({"36": play}))]
    assert "penalty" in types
    assert not {"pass_complete", "reception"} & set(types)


def test_tackles_know_their_unit():
    plays = {
        "10": _play(1, "15:00", {K: [_credit(41, "NE", 60)], LB: [_credit(79, "NE")]}),
        "20": _play(1, "14:00", {RB: [_credit(10, "NE", 3)], CB: [_credit(79, "BUF")]}),
        "30": _play(
            1,
            "13:00",
            {
                QB: [_credit(19, "NE")],
                CB: [_credit(25, "BUF", 9)],
                WR: [_credit(79, "NE")],
            },
        ),
    }
    events = _events(_document(plays))
    units = [event.payload["unit"] for event in events if event.type == "tackle"]
    assert units == ["special", "defense", "offense"]


def test_ids_last_when_a_credit_is_put_in_before():
    before = _play(1, "10:00", {RB: [_credit(10, "NE", 3, 1)], LB: [_credit(79, "BUF", 0, 2)]})
    after = _play(
        1,
        "10:00",
        {
            RB: [_credit(10, "NE", 3, 2)],
            LB: [_credit(79, "BUF", 0, 3)],
            "0": [_credit(3, "NE", 0, 1)],
        },
    )
    ids = {
        event.vendor_event_id: event.type for event in _events(_document({"36": before}))
    }.items()
    more = {
        event.vendor_event_id: event.type for event in _events(_document({"36": after}))
    }.items()
    assert set(ids) < set(more)


SUMMARY = {
    "type": "TD",
    "qtr": 1,
    "team": "NE",
    "players": {"A.Kick": K, "B.Run": RB, "C.Pass": QB},
}


def _told(text: str, plays: dict[str, dict] | None = None) -> FeedDocument:
    summary = {"36": SUMMARY | {"desc": f"W.Catch 30 yd. return {text} Drive: 1 plays"}}
    return _parse(_document(plays or {"36": _touchdown()}, scrsummary=summary))


@pytest.mark.parametrize(
    ("text", "score", "scorer"),
    [
        ("(A.Kick kick is good)", (7, 0), K),
        ("(B.Run run)", (8, 0), RB),
        ("(C.Pass-B.Run pass)", (8, 0), RB),
        ("(kick failed, wr)", (6, 0), None),
        ("(pass failed)", (6, 0), None),
    ],
)
def test_try_that_the_plays_lack_is_taken_from_the_scoring_summary(text, score, scorer):
    document = _told(text)
    folded = fold_match(document, document.matches[0])
    assert folded.score == score
    told = [event for event in document.matches[0].events if event.reason]
    assert [event.player for event in told if event.type != "two_point_pass"] == (
        [scorer] if scorer else []
    )


def test_try_in_the_plays_is_not_told_twice():
    document = _told("(A.Kick kick is good)", {"36": _touchdown(), "58": _extra_point()})
    assert fold_match(document, document.matches[0]).score == (7, 0)


def test_safety_without_a_tackler_scores_for_the_other_side():
    play = _play(2, "5:00", {QB: [_credit(10, "NE", -3)]}, note="SAF")
    document = _parse(_document({"36": play}))
    assert fold_match(document, document.matches[0]).score == (0, 2)


def test_overtime_length_is_read_from_its_first_clock():
    run = {RB: [_credit(10, "NE", 3)]}
    plays = {"10": _play(5, "10:00", run), "20": _play(5, "9:30", run)}
    events = _events(_document(plays, qtr="5"))
    assert _of(events, "period_start").payload["length_ms"] == 600_000
    assert [event.clock_ms for event in events if event.type == "rush"] == [0, 30_000]


def test_live_game_has_no_end_and_no_drive_under_way():
    document = _document({"36": _touchdown(), "58": _play(2, "15:00", {})}, qtr="2")
    types = [event.type for event in _events(document)]
    assert types.count("period_end") == 1
    assert "match_end" not in types
    assert "drive" not in types


def test_half_time_ends_the_quarter():
    document = _document({"36": _touchdown()}, qtr="Halftime")
    events = _events(document)
    assert _of(events, "period_end").clock_ms == 900_000
    parsed = _parse(document)
    assert fold_match(parsed, parsed.matches[0]).status == "break"


def test_game_that_has_not_begun_has_no_events():
    side = {"score": {"T": None}, "stats": None}
    document = _document({}, qtr="Pregame", drives=None)
    document["2015092001"]["home"] |= side
    document["2015092001"]["away"] |= side
    match = _parse(document).matches[0]
    assert (match.status, match.score, match.events) == ("scheduled", None, ())


def test_bundles_are_the_files_named_after_games():
    names = ["README.md", "2015092001.json.gz", "old/2011010801.json", "notes.json"]
    assert [key for key, _names in ADAPTER.bundles(names)] == ["2015092001", "2011010801"]
    assert list(ADAPTER.bundles(["game.json"])) == [("game.json", ("game.json",))]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"qtr": "one"}, ".qtr"),
        ({"qtr": 9}, ".qtr"),
        ({"time": "noon"}, ".time"),
        ({"players": [1]}, ".players"),
        (
            {"players": {QB: [{"clubcode": "NE"}]}},
            f".players.{QB}[0]",
        ),
    ],
)
def test_broken_play_is_refused_with_its_path(change, path):
    with pytest.raises(FeedError) as refused:
        _parse(_document({"36": _touchdown() | change}))
    assert str(refused.value).startswith(f"2015092001.json.2015092001.drives.1.plays.36{path}")


@pytest.mark.parametrize("content", [b"", b"<html>", b"[1]", b"{}", b"\xff", b"[" * 100_000])
def test_what_is_not_a_document_is_refused(content):
    with pytest.raises(FeedError, match=r"2015092001\.json: "):
        ADAPTER.parse({"2015092001.json": content})


def test_hostile_documents_are_read_or_refused_never_crash():
    document = _document(
        {"36": _touchdown(), "58": _extra_point()},
        scrsummary={"36": SUMMARY | {"desc": "(A.Kick kick is good)"}},
    )
    refused = 0
    for wrong in hostile(document):
        try:
            parsed = _parse(wrong)
        except FeedError:
            refused += 1
            continue
        for match in parsed.matches:
            fold_match(parsed, match)
    assert refused > 100
