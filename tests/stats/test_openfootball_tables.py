"""Ten real seasons go through `manage.py ingest`; their tables equal those computed here."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from matches.services.files import find_bundles, import_bundle
from stats.models import TableRow
from tests.official.football import read_json
from tests.official.report import Report, Tally, show
from tests.official.summary import PROPERTY
from tests.stats.test_real_input import count_rows, run

# Also makes the test database, which `seasons` fills outside of any test.
pytestmark = [pytest.mark.django_db, pytest.mark.slow]

FILES = {
    "en.1": "Premier League",
    "de.1": "Bundesliga",
    "es.1": "La Liga",
    "it.1": "Serie A",
    "fr.1": "Ligue 1",
}
SEASONS = ("2022-23", "2023-24")
COLUMNS = (
    "played",
    "wins",
    "draws",
    "losses",
    "goals_for",
    "goals_against",
    "goal_diff",
    "points",
)

Game = tuple[str, str, int, int]
Line = dict[str, int]


@pytest.fixture(scope="module")
def seasons(shared_data: Path, django_db_setup: None, django_db_blocker: Any) -> dict[str, Any]:
    """Ingest all seasons once, in a transaction that is rolled back; return what came of it."""
    folder = str(shared_data / "openfootball")
    with django_db_blocker.unblock(), transaction.atomic():
        answer = run("ingest", "openfootball", folder)
        rows = count_rows()
        tables: dict[tuple[str, ...], dict[str, dict[str, Any]]] = {}
        for row in TableRow.objects.select_related("season__league", "team"):
            key = (row.season.league.name, row.season.name, row.kind)
            tables.setdefault(key, {})[row.team.name] = {"rank": row.rank, **row.values}
        # Two of ten: the rest would only take longer.
        again = [
            import_bundle("openfootball", bundle, season=None)
            for bundle in find_bundles("openfootball", folder)[::5]
        ]
        rows_after_again = count_rows()
        transaction.set_rollback(True)
    return {
        "answer": answer,
        "again": again,
        "rows": rows,
        "rows_after_again": rows_after_again,
        "tables": tables,
    }


def games(shared_data: Path, season: str, file: str) -> list[Game]:
    listed = read_json(shared_data / "openfootball" / season / f"{file}.json.gz")["matches"]
    return [(m["team1"], m["team2"], *m["score"]["ft"]) for m in listed]


def lines(played: Sequence[Game], *, sides: str = "home away") -> dict[str, Line]:
    """Add up a season's games, of one side only when `sides` names one."""
    table = {team: dict.fromkeys(COLUMNS, 0) for game in played for team in game[:2]}
    for home, away, home_goals, away_goals in played:
        for side, team, own, other in (
            ("home", home, home_goals, away_goals),
            ("away", away, away_goals, home_goals),
        ):
            if side not in sides:
                continue
            line = table[team]
            line["played"] += 1
            line["goals_for"] += own
            line["goals_against"] += other
            line["wins" if own > other else "draws" if own == other else "losses"] += 1
            line["points"] += 3 if own > other else 1 if own == other else 0
    for line in table.values():
        line["goal_diff"] = line["goals_for"] - line["goals_against"]
    return table


def ranks(played: Sequence[Game]) -> dict[str, int]:
    """Rank by points, goal difference, goals, then points and away goals of mutual games."""
    table = lines(played)

    def standing(team: str) -> tuple[int, ...]:
        return tuple(table[team][column] for column in ("points", "goal_diff", "goals_for"))

    def mutual(team: str) -> tuple[int, int]:
        level = {other for other in table if standing(other) == standing(team)}
        among = [game for game in played if {*game[:2]} <= level]
        points = lines(among).get(team, {"points": 0})["points"] if among else 0
        return points, sum(game[3] for game in among if game[1] == team)

    def key(team: str) -> tuple[int, ...]:
        return (*standing(team), *mutual(team))

    return {team: 1 + sum(key(other) > key(team) for other in table) for team in table}


def differing(
    official: Mapping[str, Mapping[str, int]], ours: Mapping[str, Mapping[str, Any]], report: Report
) -> None:
    assert ours.keys() == official.keys()
    for team, line in official.items():
        for column, value in line.items():
            report.setdefault(column, Tally()).add(team, ours[team][column], value)


def test_every_season_has_the_table_computed_here(
    seasons: dict[str, Any], shared_data: Path, record_property: Callable[[str, object], None]
):
    report: Report = {}
    for season in SEASONS:
        for file, league in FILES.items():
            played = games(shared_data, season, file)
            ranked = ranks(played)
            expected = {
                team: {"rank": ranked[team], **line} for team, line in lines(played).items()
            }
            differing(expected, seasons["tables"][league, season, "total"], report)

    show("openfootball tables", report)
    columns = {column: (tally.matched, tally.total) for column, tally in report.items()}
    record_property(PROPERTY, {"title": "openfootball tables", "columns": columns})
    assert {tally.total for tally in report.values()} == {194}
    assert not [tally.misses for tally in report.values() if tally.misses]


@pytest.mark.parametrize("kind", ["home", "away"])
def test_home_and_away_tables_are_those_computed_here(
    seasons: dict[str, Any], shared_data: Path, kind: str
):
    report: Report = {}
    for season in SEASONS:
        for file, league in FILES.items():
            expected = lines(games(shared_data, season, file), sides=kind)
            differing(expected, seasons["tables"][league, season, kind], report)

    assert {tally.total for tally in report.values()} == {194}
    assert not [tally.misses for tally in report.values() if tally.misses]


def test_champions_are_the_real_ones(seasons: dict[str, Any]):
    winners = {
        (league, season): team
        for (league, season, kind), table in seasons["tables"].items()
        for team, line in table.items()
        if kind == "total" and line["rank"] == 1
    }

    assert len(winners) == 10
    assert winners["Premier League", "2023-24"] == "Manchester City FC"
    assert winners["Bundesliga", "2023-24"] == "Bayer 04 Leverkusen"
    assert winners["Serie A", "2022-23"] == "SSC Napoli"


def test_every_result_is_there_once(seasons: dict[str, Any]):
    assert len(seasons["answer"]["matches"]) == 3578
    assert seasons["answer"]["unplaced"] == []
    assert {match["status"] for match in seasons["answer"]["matches"]} == {"finished"}


def test_ingesting_the_seasons_again_adds_no_row(seasons: dict[str, Any]):
    for again in seasons["again"]:
        assert len(again.match_ids) > 300
        assert not again.has_news
    assert seasons["rows_after_again"] == seasons["rows"]
