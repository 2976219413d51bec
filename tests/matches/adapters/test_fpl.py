"""The fantasy game's adapter on a small season of our own."""

import json

import pytest

from matches.ingest.adapters import get
from matches.ingest.documents import FeedError
from tests.matches.adapters.football import document_of, files_of, told
from tests.official.report import fold_match, players_of


def test_clubs_and_players_are_known_by_lasting_codes():
    document = document_of("fpl")

    assert (document.league, document.season) == ("Premier League", "2030-31")
    assert [(t.ref, t.name, t.code) for t in document.teams] == [
        ("71", "Reds", "RED"),
        ("72", "Blues", "BLU"),
    ]
    assert [(p.ref, p.position) for p in document.players] == [
        ("9001", "GKP"),
        ("9002", "FWD"),
        ("9003", "MID"),
        ("9004", "MGR"),
    ]


def test_fixtures_have_status_score_and_gameweek():
    document = document_of("fpl")

    assert [(m.ref, m.status, m.score, m.matchday) for m in document.matches] == [
        ("5001", "finished", (2, 0), 1),
        ("5002", "scheduled", None, 2),
        ("5003", "scheduled", None, None),
    ]


def test_row_belongs_to_the_club_he_played_for():
    document = document_of("fpl")

    moved = next(e for e in document.matches[0].events if e.player == "9003")

    assert moved.team == "72"


def test_fold_gives_score_and_stated_lines():
    document = document_of("fpl")

    fold = fold_match(document, document.matches[0])

    lines = players_of(fold)
    assert (fold.status, fold.score) == ("finished", (2, 0))
    assert [lines["9002"][c] for c in ("minutes", "goals", "xg", "bonus", "starts")] == [
        62,
        2,
        1.25,
        3,
        1,
    ]
    assert [lines["9001"][c] for c in ("saves", "clean_sheets", "goals_conceded")] == [4, 1, 0]
    assert lines["9003"]["yellow_cards"] == 1


def test_live_documents_stand_in_for_rows():
    files = {name: body for name, body in files_of("fpl").items() if name != "player_gw.csv"}

    document = document_of("fpl", files)

    values = {e.player: dict(e.payload["values"]) for e in document.matches[0].events if e.player}
    assert values == {
        "9002": {"minutes": 62, "goals": 2, "bps": 50, "xg": 1.25},
        "9001": {"minutes": 90, "saves": 4},
    }


def test_fixtures_own_statistics_stand_in_for_lines():
    files = files_of("fpl")
    kept = {name: files[name] for name in ("bootstrap-static.json", "fixtures.json")}

    document = document_of("fpl", kept)

    assert told(document, "stat.set") == [
        ("stat.set", "", "9002", None),
        ("stat.set", "", "9003", None),
    ]


def test_fixtures_without_a_bootstrap_are_refused():
    with pytest.raises(FeedError, match="expected a bootstrap-static document"):
        get("fpl").parse({"fixtures.json": files_of("fpl")["fixtures.json"]})


def test_broken_row_is_refused_with_its_place():
    files = files_of("fpl")
    files["player_gw.csv"] = files["player_gw.csv"].replace(b"True,62,", b"True,many,")

    with pytest.raises(FeedError, match="row 3: minutes: expected a whole number"):
        document_of("fpl", files)


def test_broken_fixture_is_refused_with_its_place():
    files = files_of("fpl")
    fixtures = json.loads(files["fixtures.json"])
    fixtures[1]["team_h"] = 77
    files["fixtures.json"] = json.dumps(fixtures).encode()

    with pytest.raises(FeedError, match=r"fixtures\.json\[1\]\.team_h: expected the id of a team"):
        document_of("fpl", files)


def test_manager_belongs_to_his_club_and_is_in_no_match():
    document = document_of("fpl")

    manager = document.players[-1]
    assert (manager.name, manager.team, manager.position) == ("Ann Manager", "72", "MGR")
    told_of = {event.player for match in document.matches for event in match.events}
    on_sheets = {s.player for m in document.matches for sheet in m.sheets for s in sheet.spots}
    assert told_of | on_sheets == {None, "9001", "9002", "9003"}
