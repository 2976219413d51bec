"""The ice hockey game of the shared data folds to its official boxscore, every column of it."""

from pathlib import Path

import pytest

from tests.official.ice_hockey import BY_STRENGTH, GOALIES, SKATERS, Game, as_stated, games
from tests.official.report import Report, compare, players_of, show


@pytest.fixture(scope="module")
def game(shared_data: Path) -> Game:
    (found,) = games(shared_data / "pbp" / "nhl")
    return found


def _lines(game: Game) -> dict:
    return {who: as_stated(line) for who, line in players_of(game.folded).items()}


def _counts(report: Report) -> dict:
    return {column: (tally.matched, tally.total) for column, tally in report.items()}


def test_final_score_and_periods_are_official(game):
    assert game.folded.score == game.match.score == (3, 2)
    assert game.folded.status == "finished"
    # The document states the score after each goal.
    assert game.folded.periods == (("P1", 1, 1), ("P2", 1, 0), ("P3", 1, 1))


def test_skaters_columns_are_official(game):
    report: Report = compare({}, game.skaters(), _lines(game), SKATERS.values(), game.match.ref)
    show("ice hockey, skaters", report)
    assert {
        column: (tally.matched, tally.total) for column, tally in report.items()
    } == dict.fromkeys(SKATERS.values(), (36, 36))


def test_goalies_columns_are_official(game):
    saves = [saves for saves, _against in BY_STRENGTH.values()]
    columns = [*GOALIES.values(), *saves, *(f"{key} shots" for key in BY_STRENGTH)]
    report: Report = compare({}, game.goalies(), _lines(game), columns, game.match.ref)
    show("ice hockey, goalies", report)
    assert {
        column: (tally.matched, tally.total) for column, tally in report.items()
    } == dict.fromkeys(columns, (4, 4))


def test_team_shots_are_official(game):
    shots = (game.folded.home.totals["sog"], game.folded.away.totals["sog"])
    assert shots == (game.box["homeTeam"]["sog"], game.box["awayTeam"]["sog"]) == (25, 35)


def test_time_on_ice_and_plus_minus_are_taken_from_the_boxscore(game):
    lines = players_of(game.folded)
    for who, row in game.rows("forwards", "defense"):
        minutes, seconds = row["toi"].split(":")
        assert lines[who]["toi_s"] == int(minutes) * 60 + int(seconds)
        assert lines[who]["plus_minus"] == row["plusMinus"]
        assert lines[who]["shifts"] == row["shifts"]


def test_running_score_follows_the_goals(game):
    assert sorted(game.folded.running_score.values()) == [(1, 0), (1, 1), (2, 1), (3, 1), (3, 2)]


def test_starting_goalies_are_official(game):
    official = {who for who, row in game.rows("goalies") if row["starter"]}
    spots = [spot for sheet in game.match.sheets for spot in sheet.spots if spot.position == "G"]
    assert {spot.player for spot in spots if spot.is_starter} == official
    assert len(spots) == 4
