"""Every real game goes through `manage.py ingest` into the database and folds to what is official.

The figures stand in a table at the end of the test run.
"""

import json
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction

from leagues.models import ExternalId, Player, Team, UnmatchedName
from matches.models import Match, PlayEvent, RawDocument, TeamSheet, TeamSheetSpot
from matches.services.files import find_bundles, import_bundle
from stats.models import BoxScore, StatLine, TableRow
from streams.models import OutboxEvent
from tests.official.records import FOLDERS, Folder, Record
from tests.official.report import Report, Tally, compare, show
from tests.official.summary import PROPERTY

# Also makes the test database, which `ingested` fills outside of any test.
pytestmark = pytest.mark.django_db

TABLES = (
    PlayEvent,
    Match,
    Team,
    Player,
    ExternalId,
    UnmatchedName,
    TeamSheet,
    TeamSheetSpot,
    RawDocument,
    BoxScore,
    StatLine,
    TableRow,
    OutboxEvent,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingested:
    """What a folder became: the command's answer, boxscores by external id, rows by table."""

    folder: Folder
    answer: Mapping[str, Any]
    boxes: Mapping[str, Mapping[str, Any]]
    records: Mapping[str, Record]
    rows: Mapping[str, int]
    rows_after_again: Mapping[str, int]


def run(*command: str) -> Any:
    """Return the one JSON document that a command prints on standard output."""
    printed = StringIO()
    with redirect_stdout(printed):
        call_command(*command, "--json")
    return json.loads(printed.getvalue())


def count_rows() -> dict[str, int]:
    return {model.__name__: model.objects.count() for model in TABLES}


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(f, marks=[pytest.mark.slow] if f.games > 10 else [], id=f.name)
        for f in FOLDERS
    ],
)
def ingested(
    request: pytest.FixtureRequest, shared_data: Path, django_db_setup: None, django_db_blocker: Any
) -> Ingested:
    """Ingest a folder once for all tests, in a transaction that is rolled back."""
    folder: Folder = request.param
    place = shared_data / "pbp" / folder.name
    with django_db_blocker.unblock(), transaction.atomic():
        answer = run("ingest", folder.adapter, str(place))
        rows = count_rows()
        for bundle in find_bundles(folder.adapter, str(place))[:: folder.again_every]:
            import_bundle(folder.adapter, bundle, season=None)
        again = count_rows()
        boxes = {
            match["external_id"]: run("boxscore", f"{folder.adapter}:{match['external_id']}")
            for match in answer["matches"]
        }
        transaction.set_rollback(True)
    return Ingested(
        folder=folder,
        answer=answer,
        boxes=boxes,
        records=folder.read(place),
        rows=rows,
        rows_after_again=again,
    )


def lines(box: Mapping[str, Any], source: str) -> dict[str, dict[str, Any]]:
    """Return both sides' stats by the vendor's ids of the players."""
    return {
        player["external_ids"][source]: player["stats"]
        for side in ("home", "away")
        for player in box[side]["players"]
        if source in player["external_ids"]
    }


def test_every_game_ends_with_the_official_score(
    ingested: Ingested, record_property: Callable[[str, object], None]
):
    report: Report = {"score": Tally(), "shoot-out": Tally()}
    for ref, record in ingested.records.items():
        score = ingested.boxes[ref]["score"]
        report["score"].add(ref, (score["home"], score["away"]), record.score)
        if record.shootout or score["shootout"]:
            shootout = score["shootout"] or {}
            sides = (shootout.get("home"), shootout.get("away"))
            report["shoot-out"].add(ref, sides, record.shootout)
        assert ingested.boxes[ref]["match"]["status"].startswith("finished"), ref

    tell(ingested.folder.name + " games", report, record_property)
    assert report["score"].total == ingested.folder.games
    assert not misses(report)


def test_every_player_has_the_official_numbers(
    ingested: Ingested, record_property: Callable[[str, object], None]
):
    reports: dict[str, Report] = {}
    for ref, record in ingested.records.items():
        folded = lines(ingested.boxes[ref], ingested.folder.adapter)
        for part in record.parts:
            stated = {who: part.as_stated(line) for who, line in folded.items()}
            compare(reports.setdefault(part.name, {}), part.rows, stated, part.columns, ref)

    for name, report in reports.items():
        tell(f"{ingested.folder.name} {name}", report, record_property)
    missed = {
        f"{name} {column}": count
        for name, report in reports.items()
        for column, count in misses(report).items()
    }
    assert missed == dict(ingested.folder.misses)


def test_boxscore_names_each_official_player_once(ingested: Ingested):
    for ref, record in ingested.records.items():
        players = [
            player for side in ("home", "away") for player in ingested.boxes[ref][side]["players"]
        ]
        known = [player["external_ids"].get(ingested.folder.adapter) for player in players]
        assert len(set(known)) == len(known), ref
        listed = {who for part in record.parts for who in part.rows}
        assert listed <= set(known), ref


def test_ingesting_again_adds_no_row(ingested: Ingested):
    assert ingested.rows["PlayEvent"] == ingested.answer["added"]
    assert ingested.rows_after_again == ingested.rows


def test_answer_of_the_command_tells_what_it_did(ingested: Ingested):
    answer = ingested.answer

    assert {*answer} >= {"added", "amended", "retracted", "unplaced", "matches"}
    assert (answer["amended"], answer["retracted"]) == (0, 0)
    assert answer["unplaced"] == []
    assert {match["external_id"] for match in answer["matches"]} == set(ingested.records)
    for match in answer["matches"]:
        assert {*match} == {"id", "external_id", "status", "home", "away", "score"}
        box = ingested.boxes[match["external_id"]]
        assert match["id"] == box["match"]["id"]
        assert match["status"] == box["match"]["status"]
        assert (match["home"], match["away"]) == (box["home"]["team"], box["away"]["team"])
        assert match["score"] == {side: box["score"][side] for side in ("home", "away")}


def test_boxscore_of_the_command_has_the_public_shape(ingested: Ingested):
    for box in ingested.boxes.values():
        assert {"match", "score", "home", "away"} <= {*box}
        for side in (box["home"], box["away"]):
            assert {"team", "totals", "players"} <= {*side}
            assert side["totals"]
            for player in side["players"]:
                assert {"name", "external_ids", "stats"} <= {*player}
                assert player["name"]
                assert player["stats"]


def tell(title: str, report: Report, record_property: Callable[[str, object], None]) -> None:
    show(title, report)
    columns = {
        column: (tally.matched, tally.total) for column, tally in report.items() if tally.total
    }
    if columns:
        record_property(PROPERTY, {"title": title, "columns": columns})


def misses(report: Report) -> dict[str, int]:
    return {
        column: len(tally.misses) for column, tally in report.items() if tally.total > tally.matched
    }
