"""Reading the ice hockey league's play-by-play and boxscore documents."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from leagues.packs.loader import load_pack
from matches.ingest.adapters._nhl_events import strength
from matches.ingest.adapters.nhl import ADAPTER
from matches.ingest.documents import FeedDocument, FeedError, FeedEvent
from tests.matches.adapters.mutations import hostile
from tests.official.report import fold_match

HOME, AWAY = 7, 30
SCORER, FIRST, SECOND, HOME_GOALIE = 101, 102, 103, 104
RIVAL, AWAY_GOALIE, AWAY_SPARE = 201, 202, 203


def _spot(player: int, team: int, position: str = "C") -> dict[str, Any]:
    return {
        "playerId": player,
        "teamId": team,
        "firstName": {"default": "Ann"},
        "lastName": {"default": f"P{player}"},
        "sweaterNumber": player % 100,
        "positionCode": position,
    }


ROSTER = [
    *(_spot(player, HOME) for player in (SCORER, FIRST, SECOND)),
    _spot(HOME_GOALIE, HOME, "G"),
    _spot(RIVAL, AWAY),
    _spot(AWAY_GOALIE, AWAY, "G"),
    _spot(AWAY_SPARE, AWAY, "G"),
]


def _play(kind: str, event_id: int, *, period: int = 1, **fields: Any) -> dict[str, Any]:
    return {
        "eventId": event_id,
        "periodDescriptor": {"number": period, "periodType": "REG"},
        "timeInPeriod": "05:00",
        "timeRemaining": "15:00",
        "situationCode": "1551",
        "homeTeamDefendingSide": "left",
        "typeDescKey": kind,
        "sortOrder": event_id,
        **fields,
    }


def _goal(event_id: int = 5, **details: Any) -> dict[str, Any]:
    stated = {
        "eventOwnerTeamId": HOME,
        "scoringPlayerId": SCORER,
        "assist1PlayerId": FIRST,
        "assist2PlayerId": SECOND,
        "goalieInNetId": AWAY_GOALIE,
        "shotType": "tip-in",
        "xCoord": 80,
        "yCoord": -17,
    }
    return _play("goal", event_id, details=stated | details)


def _team(team: int, name: str, score: int | None) -> dict[str, Any]:
    return {
        "id": team,
        "commonName": {"default": name},
        "placeName": {"default": "Town"},
        "abbrev": name[:3].upper(),
        "score": score,
    }


def _document(plays: list[dict], **top: Any) -> dict[str, Any]:
    return {
        "id": 2023020204,
        "season": 20232024,
        "gameType": 2,
        "startTimeUTC": "2023-11-11T00:00:00Z",
        "venue": {"default": "Hall"},
        "venueLocation": {"default": "Town"},
        "gameState": "LIVE",
        "homeTeam": _team(HOME, "Sabres", 1),
        "awayTeam": _team(AWAY, "Wild", 0),
        "clock": {"inIntermission": False},
        "plays": plays,
        "rosterSpots": ROSTER,
        **top,
    }


def _box(**top: Any) -> dict[str, Any]:
    goalie = {"playerId": AWAY_SPARE, "name": {"default": "A. P"}, "position": "G", "toi": "60:00"}
    skater = {
        "playerId": RIVAL,
        "name": {"default": "R. Rival"},
        "position": "C",
        "toi": "16:08",
        "plusMinus": -1,
        "shifts": 21,
    }
    document = _document([], gameState="OFF") | {
        "playerByGameStats": {
            "homeTeam": {"forwards": [], "defense": [], "goalies": []},
            "awayTeam": {"forwards": [skater], "goalies": [goalie | {"starter": True}]},
        }
    }
    return {key: document[key] for key in document if key not in ("plays", "rosterSpots")} | top


def _parse(*documents: Any) -> FeedDocument:
    files = {
        f"2023020204.{index}.json": json.dumps(document).encode()
        for index, document in enumerate(documents)
    }
    return ADAPTER.parse(files)


def _events(*plays: dict) -> list[FeedEvent]:
    return list(_parse(_document(list(plays))).matches[0].events)


def test_match_names_sides_start_and_place():
    document = _parse(_document([]))
    match = document.matches[0]
    assert (document.league, document.season, document.sport) == ("NHL", "2023-24", "ice_hockey")
    assert [team.name for team in document.teams] == ["Town Sabres", "Town Wild"]
    assert (match.ref, match.home, match.away) == ("2023020204", "7", "30")
    assert match.kickoff_at == datetime(2023, 11, 11, tzinfo=UTC)
    assert (match.venue, match.city, match.round_name) == ("Hall", "Town", "Regular season")
    assert (match.score, match.status, match.is_snapshot) == ((1, 0), "live", True)


@pytest.mark.parametrize(
    ("top", "status"),
    [
        ({"gameState": "FUT"}, "scheduled"),
        ({"gameState": "CRIT"}, "live"),
        ({"clock": {"inIntermission": True}}, "break"),
        ({"gameState": "OFF", "gameOutcome": {"lastPeriodType": "REG"}}, "finished"),
        ({"gameState": "FINAL", "gameOutcome": {"lastPeriodType": "OT"}}, "finished_aet"),
        ({"gameState": "OFF", "gameOutcome": {"lastPeriodType": "SO"}}, "finished_pens"),
        ({"gameState": "FUT", "gameScheduleState": "PPD"}, "postponed"),
        ({"gameState": "NEW"}, ""),
    ],
)
def test_status_comes_from_the_states(top, status):
    assert _parse(_document([], **top)).matches[0].status == status


def test_goal_credits_scorer_both_assistants_and_goalie():
    goal, assist, against = _events(_goal())
    assert (goal.type, goal.player, goal.related_player) == ("goal", "101", "102")
    assert goal.payload == {"strength": "even", "shot_type": "tip in", "empty_net": False}
    assert (goal.clock_ms, goal.clock_label, goal.vendor_event_id) == (300_000, "15:00", "5")
    assert (assist.type, assist.player, assist.team) == ("second_assist", "103", "7")
    assert (against.type, against.player, against.team) == ("goal_against", "202", "30")
    assert goal.order < assist.order < against.order
    assert len({event.vendor_event_id for event in (goal, assist, against)}) == 3


def test_goal_into_an_empty_net_has_no_goal_against():
    (goal,) = _events(_goal(goalieInNetId=None, assist1PlayerId=None, assist2PlayerId=None))
    assert goal.payload["empty_net"] is True
    assert goal.related_player is None


@pytest.mark.parametrize(
    ("defending", "team", "player", "expected"),
    [
        ("left", HOME, SCORER, (90.0, 30.0)),
        ("right", HOME, SCORER, (10.0, 70.0)),
        ("left", AWAY, RIVAL, (10.0, 70.0)),
        ("", HOME, SCORER, (None, None)),
    ],
)
def test_places_are_turned_so_that_the_acting_side_attacks_right(defending, team, player, expected):
    goal = _goal(eventOwnerTeamId=team, scoringPlayerId=player)
    event = _events(goal | {"homeTeamDefendingSide": defending})[0]
    assert (event.x, event.y) == expected


@pytest.mark.parametrize(
    ("code", "home", "away"),
    [
        ("1551", "even", "even"),
        ("1451", "power_play", "short_handed"),
        ("1541", "short_handed", "power_play"),
        ("0651", "even", "even"),
        ("0641", "short_handed", "power_play"),
        ("1441", "even", "even"),
        ("0101", "even", "even"),
        ("", "even", "even"),
        ("15x1", "even", "even"),
    ],
)
def test_strength_leaves_the_extra_skater_for_the_goalie_out(code, home, away):
    assert (strength(code, is_home=True), strength(code, is_home=False)) == (home, away)


def test_block_by_a_team_mate_is_nobodys_block():
    details = {"shootingPlayerId": SCORER, "blockingPlayerId": FIRST, "eventOwnerTeamId": HOME}
    by_word = details | {"blockingPlayerId": RIVAL, "reason": "teammate-blocked"}
    (event,) = _events(_play("blocked-shot", 1, details=details))
    assert event.payload == {"by_team_mate": True}
    (event,) = _events(_play("blocked-shot", 1, details=by_word))
    assert event.payload == {"by_team_mate": True}


def test_blocked_shot_belongs_to_the_shooter_whoever_the_vendor_says_owns_it():
    details = {"shootingPlayerId": SCORER, "blockingPlayerId": RIVAL, "eventOwnerTeamId": AWAY}
    document = _parse(_document([_play("blocked-shot", 1, details=details)]))
    (event,) = document.matches[0].events
    assert (event.team, event.player, event.related_player) == ("7", "101", "201")
    assert fold_match(document, document.matches[0]).away.players["201"]["blocks"] == 1


def test_bench_penalty_is_the_teams():
    details = {
        "eventOwnerTeamId": AWAY,
        "duration": 2,
        "typeCode": "BEN",
        "servedByPlayerId": RIVAL,
    }
    document = _parse(_document([_play("penalty", 1, details=details)]))
    folded = fold_match(document, document.matches[0])
    assert folded.away.totals["pim"] == 2
    assert folded.away.players["201"]["pim"] == 0


def test_shootout_decides_the_final_score():
    shootout = {"periodDescriptor": {"number": 5, "periodType": "SO"}}
    document = _parse(
        _document(
            [
                _goal(1) | shootout,
                _play("shot-on-goal", 2, details={"shootingPlayerId": RIVAL}) | shootout,
                _play("missed-shot", 3, details={"shootingPlayerId": RIVAL}) | shootout,
                _play("period-end", 4) | shootout,
                _play("game-end", 5) | shootout,
            ]
        )
    )
    folded = fold_match(document, document.matches[0])
    assert (folded.score, folded.shootout, folded.status) == ((1, 0), (1, 0), "finished_pens")
    assert folded.home.players["101"]["goals"] == 0
    assert folded.away.players["201"]["sog"] == 0


@pytest.mark.parametrize(
    ("number", "period"), [(1, "P1"), (3, "P3"), (4, "OT"), (5, "OT2"), (9, "OT6")]
)
def test_periods_and_their_lengths(number, period):
    play = _play("period-start", 1, period=number, timeInPeriod="00:00", timeRemaining="20:00")
    (event,) = _events(play)
    assert (event.period, event.payload) == (period, {"length_ms": 1_200_000})


def test_unknown_types_are_skipped():
    assert _events(_play("zamboni-race", 1), _play("shootout-complete", 2)) == []


def test_every_event_type_and_payload_key_is_in_the_pack():
    pack = load_pack("ice_hockey")
    details = _goal()["details"] | {"reason": "x", "zoneCode": "N", "duration": 2, "descKey": "y"}
    kinds = ["goal", "shot-on-goal", "missed-shot", "failed-shot-attempt", "blocked-shot", "hit"]
    kinds += ["giveaway", "takeaway", "faceoff", "penalty", "delayed-penalty", "stoppage"]
    kinds += ["period-start", "period-end", "game-end"]
    plays = [_play(kind, index, details=details) for index, kind in enumerate(kinds)]
    events = _events(*plays)
    assert len(events) == len(kinds) + 2
    for event in events:
        assert set(event.payload) <= set(pack.events[event.type].payload), event.type


def test_boxscore_tells_starting_goalies_time_on_ice_and_plus_minus():
    document = _parse(_document([_goal()]), _box())
    match = document.matches[0]
    starters = {spot.player for sheet in match.sheets for spot in sheet.spots if spot.is_starter}
    assert str(AWAY_SPARE) in starters
    assert str(AWAY_GOALIE) not in starters
    rival = fold_match(document, match).away.players[str(RIVAL)]
    assert (rival["toi_s"], rival["plus_minus"], rival["shifts"]) == (968, -1, 21)


def test_without_a_boxscore_the_goalie_first_shot_at_started():
    sheets = _parse(_document([_goal()])).matches[0].sheets
    waiting = [spot.player for sheet in sheets for spot in sheet.spots if not spot.is_starter]
    assert waiting == [str(HOME_GOALIE), str(AWAY_SPARE)]


def test_boxscore_alone_gives_result_and_players():
    document = _parse(_box())
    assert (document.matches[0].score, document.matches[0].is_snapshot) == ((1, 0), False)
    assert {player.name for player in document.players} == {"A. P", "R. Rival"}


def test_bundles_put_both_documents_of_a_game_together():
    names = ["2023020204.pbp.json.gz", "2023020204.box.json.gz", "2023020205.pbp.json", "README.md"]
    assert list(ADAPTER.bundles(names)) == [
        ("2023020204", ("2023020204.box.json.gz", "2023020204.pbp.json.gz")),
        ("2023020205", ("2023020205.pbp.json",)),
    ]
    url = "v1/gamecenter/2023020204/play-by-play"
    assert list(ADAPTER.bundles([url])) == [("2023020204", (url,))]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"timeInPeriod": "soon"}, "plays[0].timeInPeriod"),
        ({"eventId": "five"}, "plays[0].eventId"),
        ({"periodDescriptor": {"number": 99}}, "plays[0].periodDescriptor.number"),
        ({"details": {"scoringPlayerId": "me"}}, "plays[0].details.scoringPlayerId"),
        ({"details": 3}, "plays[0].details"),
    ],
)
def test_broken_play_is_refused_with_its_path(change, place):
    with pytest.raises(FeedError) as refused:
        _parse(_document([_goal() | change]))
    assert str(refused.value).startswith(f"2023020204.0.json.{place}: ")


@pytest.mark.parametrize("content", [b"", b"<html>", b"[1]", b"{}", b"\xff", b"[" * 100_000])
def test_what_is_not_a_document_is_refused(content):
    with pytest.raises(FeedError, match=r"2023020204\.json"):
        ADAPTER.parse({"2023020204.json": content})


def test_hostile_documents_are_read_or_refused_never_crash():
    refused = 0
    box = _box()
    for wrong in hostile(_document([_goal(), _play("penalty", 9, details={"duration": 2})])):
        try:
            parsed = _parse(wrong, box)
        except FeedError:
            refused += 1
            continue
        fold_match(parsed, parsed.matches[0])
    for wrong in hostile(box):
        try:
            _parse(_document([_goal()]), wrong)
        except FeedError:
            refused += 1
    assert refused > 100
