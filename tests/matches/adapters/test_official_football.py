"""Football folds against the official record of the same games; -rP or -s prints the figures.

Why the columns that are not whole are not: docs/rules/football.md.
"""

from collections import Counter
from pathlib import Path

import pytest

from matches.ingest.documents import FeedDocument
from tests.official import football
from tests.official.report import Report, Tally, compare, fold_match, players_of, show


@pytest.fixture(scope="module")
def wyscout(shared_data: Path) -> list[tuple[str, FeedDocument]]:
    return list(football.documents("wyscout", shared_data / "pbp/wyscout"))


def misses(report: Report) -> dict[str, int]:
    """Return how many values of each column differ, columns without any left out."""
    return {c: t.total - t.matched for c, t in report.items() if t.matched < t.total}


def test_opta_players_equal_the_boxscore(shared_data: Path):
    folder = shared_data / "pbp/opta"
    (_, document), *_ = football.documents("opta", folder)
    fold = fold_match(document, document.matches[0])
    official = {
        player: {ours: int(row.get(theirs, 0)) for ours, theirs in football.OPTA.items()}
        for player, row in football.opta_rows(folder)[0].items()
    }

    report = compare({}, official, players_of(fold), football.OPTA)

    show("Opta: player columns, fold against F9", report)
    assert (fold.score, fold.status) == ((4, 3), "finished")
    assert {tally.total for tally in report.values()} == {36}
    # F9 counts the minute of a change for who goes off, as `minutes_begun` does.
    assert misses(report) == {"minutes": 6}


def test_opta_teams_equal_the_boxscore(shared_data: Path):
    folder = shared_data / "pbp/opta"
    (_, document), *_ = football.documents("opta", folder)
    fold = fold_match(document, document.matches[0])
    stated = football.opta_rows(folder)[1]
    report: Report = {}
    for team, box in (("3", fold.home), ("13", fold.away)):
        known = {ours: t for ours, t in football.OPTA_TEAM.items() if t in stated[team]}
        rows = {team: {ours: stated[team][theirs] for ours, theirs in known.items()}}
        compare(report, rows, {team: box.totals}, known)

    show("Opta: team columns, fold against F9", report)
    assert len(report) >= 24
    assert misses(report) == {}


@pytest.mark.slow
def test_statsbomb_scores_equal_the_official_ones(shared_data: Path):
    folder = shared_data / "pbp/statsbomb"
    results = football.read_json(folder / "results.json")
    report: Report = {"score": Tally(), "half-time": Tally()}
    for match, document in football.documents("statsbomb", folder):
        fold = fold_match(document, document.matches[0])
        report["score"].add(match, fold.score, tuple(results[match]["ft"]))
        report["half-time"].add(match, fold.periods[0][1:], tuple(results[match]["ht"]))

    show("StatsBomb", report)
    assert (report["score"].total, misses(report)) == (2, {})


@pytest.mark.slow
def test_wyscout_scores_equal_the_official_ones(wyscout, shared_data: Path):
    matches = football.wyscout_matches(shared_data / "pbp/wyscout")
    report: Report = {"score": Tally(), "half-time": Tally(), "shoot-out": Tally()}
    for key, document in wyscout:
        match = document.matches[0]
        fold = fold_match(document, match)
        official = matches[key]
        home, away = (official["teamsData"][team] for team in (match.home, match.away))
        final = "score" if official["duration"] == "Regular" else "scoreET"
        report["score"].add(key, fold.score, (home[final], away[final]))
        report["half-time"].add(key, fold.periods[0][1:], (home["scoreHT"], away["scoreHT"]))
        if official["duration"] == "Penalties":
            report["shoot-out"].add(key, fold.shootout, (home["scoreP"], away["scoreP"]))

    show("Wyscout: scores", report)
    assert [tally.total for tally in report.values()] == [55, 55, 3]
    assert misses(report) == {}


@pytest.mark.slow
def test_wyscout_players_equal_the_official_record(wyscout, shared_data: Path):
    matches = football.wyscout_matches(shared_data / "pbp/wyscout")
    report: Report = {}
    for key, document in wyscout:
        lines = players_of(fold_match(document, document.matches[0]))
        official = football.wyscout_players(matches[key])
        columns = ("goals", "yellow_cards", "red_cards", "starts")
        compare(report, official, lines, columns, key)

    show("Wyscout: players, fold against the official record", report)
    assert report["goals"].total == 2025
    # One booking is noted for a player who was not booked; the fantasy game agrees with us.
    assert misses(report) == {"yellow_cards": 2}


@pytest.mark.slow
def test_wyscout_players_against_the_fantasy_game(wyscout, shared_data: Path):
    rows = football.fantasy_rows(shared_data / "pbp/wyscout")
    report: Report = {}
    for key, document in wyscout:
        if key in rows:
            lines = players_of(fold_match(document, document.matches[0]))
            compare(report, rows[key], fantasy_lines(lines), football.FPL, key)

    show("Wyscout: players, fold against the fantasy game", report, misses=40)
    assert report["minutes"].total == 1381
    assert misses(report) == {"minutes": 22, "assists": 28, "goals_conceded": 4, "saves": 28}


def fantasy_lines(lines):
    """Return the lines as the game counts cards: no yellow one for who is sent off."""
    return {
        player: {**line, "yellow_cards": 0 if line["red_cards"] else line["yellow_cards"]}
        for player, line in lines.items()
    }


@pytest.mark.parametrize(
    "season",
    [
        pytest.param("2022-23", marks=pytest.mark.slow),
        pytest.param("2023-24", marks=pytest.mark.slow),
        "2024-25",
    ],
)
def test_fantasy_seasons_fold_to_their_rows(shared_data: Path, season: str):
    folder = shared_data / "fpl" / season
    (_, document), *_ = football.documents("fpl", folder)
    bootstrap = football.read_json(folder / "bootstrap-static.json.gz")
    codes = {element["id"]: str(element["code"]) for element in bootstrap["elements"]}
    rows = football.season_rows(folder, codes)
    report: Report = {"score": Tally()}
    for match in document.matches:
        fold = fold_match(document, match)
        report["score"].add(match.ref, fold.score, match.score)
        compare(report, rows[match.ref], players_of(fold), football.FPL, match.ref)

    show(f"Fantasy game {season}", report)
    assert report["score"].total == 380
    assert misses(report) == {}


def test_openfootball_results_equal_an_independent_reading(shared_data: Path):
    folder = shared_data / "openfootball"
    report: Report = {"score": Tally(), "half-time": Tally()}
    for key, document in football.documents("openfootball", folder):
        listed = football.read_json(folder / f"{key}.json.gz")["matches"]
        assert len(document.matches) == len(listed)
        names = {team.ref: team.name for team in document.teams}
        for match, official in zip(document.matches, listed, strict=True):
            fold = fold_match(document, match)
            assert (names[match.home], names[match.away]) == (official["team1"], official["team2"])
            report["score"].add(match.ref, fold.score, tuple(official["score"]["ft"]))
            if "ht" in official["score"]:
                half = tuple(official["score"]["ht"])
                report["half-time"].add(match.ref, fold.periods[0][1:], half)

    show("openfootball", report)
    assert report["score"].total == 3578
    assert misses(report) == {}


def test_openfootball_results_equal_the_fantasy_fixtures(shared_data: Path):
    differing = Counter()
    for season in ("2022-23", "2023-24"):
        results = goals_by_match(
            dict(football.documents("openfootball", shared_data / "openfootball" / season))["en.1"]
        )
        fixtures = goals_by_match(next(football.documents("fpl", shared_data / "fpl" / season))[1])
        differing[season] = (results - fixtures).total() + (fixtures - results).total()

    assert differing == {"2022-23": 0, "2023-24": 0}


def goals_by_match(document: FeedDocument) -> Counter:
    """Return matches by day and score: clubs are named differently in the two sources."""
    return Counter((match.kickoff_at.date(), match.score) for match in document.matches)
