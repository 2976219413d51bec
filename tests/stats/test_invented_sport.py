"""A sport made of TOML alone: its match goes from a vendor's document to pages, table and API.

No line of Python knows lanternball; the pack lies in a folder of the operator.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from leagues.packs.loader import install_folders
from matches.models import Match, PlayEvent
from tests.factories.packs import LANTERN_ID, write_lanternball
from tests.stats.test_real_input import run

pytestmark = pytest.mark.django_db

MINUTE = 60_000


def fact(number: int, type_: str, period: str = "", minute: float = 0, **more: Any) -> dict:
    return {
        "id": f"e{number}",
        "type": type_,
        "period": period,
        "clock_ms": int(minute * MINUTE),
        "order": number,
        **more,
    }


EVENTS = [
    fact(1, "period_start", "DUSK"),
    fact(2, "light", "DUSK", 4, team="owls", player="ada", payload={"worth": 2, "glow": 0.5}),
    fact(3, "light", "DUSK", 9, team="moths", player="di", related_player="cy"),
    fact(4, "try", "DUSK", 12, team="owls", player="bo", payload={"range_m": 25}),
    fact(5, "period_end", "DUSK", 20),
    fact(6, "period_start", "NIGHT"),
    fact(7, "swap", "NIGHT", 10, team="owls", player="ada", related_player="eve"),
    fact(8, "light", "NIGHT", 11, team="owls", player="eve", related_player="bo"),
    fact(9, "gust", "NIGHT", 12, team="moths"),
    fact(10, "period_end", "NIGHT", 20),
    fact(11, "match_end"),
]


def players(team: str, *starters: str, bench: str) -> list[dict[str, Any]]:
    return [
        {
            "id": player,
            "name": player.title(),
            "team": team,
            "shirt": str(shirt),
            "position": "KEEPER" if shirt == 1 else "RUNNER",
        }
        for shirt, player in enumerate((*starters, bench), start=1)
    ]


def document(events: list[dict[str, Any]], **match: Any) -> dict[str, Any]:
    squads = {
        "owls": players("owls", "ada", "bo", bench="eve"),
        "moths": players("moths", "cy", "di", bench="fay"),
    }
    return {
        "source": "lamplighters",
        "sport": LANTERN_ID,
        "league": "Lantern League",
        "season": "2026",
        "teams": [{"id": "owls", "name": "Owls"}, {"id": "moths", "name": "Moths"}],
        "players": [player for squad in squads.values() for player in squad],
        "matches": [
            {
                "id": "night-1",
                "home": "owls",
                "away": "moths",
                "kickoff_at": "2026-11-21T18:00:00Z",
                "status": "finished",
                "score": {"home": 3, "away": 1},
                "sheets": [
                    {
                        "team": team,
                        "players": [
                            {**player, "starter": place < 2, "order": place}
                            for place, player in enumerate(squad)
                        ],
                    }
                    for team, squad in squads.items()
                ],
                "events": events,
                **match,
            }
        ],
    }


@pytest.fixture
def lanternball(tmp_path: Path) -> Iterator[None]:
    install_folders([write_lanternball(tmp_path / "packs")])
    yield
    install_folders([])


@pytest.fixture
def answer(lanternball: None, tmp_path: Path) -> dict[str, Any]:
    """What the command says of the match's document."""
    return ingest(tmp_path, document(EVENTS))


def ingest(folder: Path, told: dict[str, Any]) -> dict[str, Any]:
    file = folder / "night-1.json"
    file.write_text(json.dumps(told), encoding="utf-8")
    return run("ingest", "veze", str(file))


def box() -> dict[str, Any]:
    return run("boxscore", "lamplighters:night-1")


def test_match_is_ingested_once(answer: dict[str, Any], tmp_path: Path):
    (match,) = answer["matches"]
    again = ingest(tmp_path, document(EVENTS))

    assert (answer["added"], answer["unplaced"], again["added"]) == (11, [], 0)
    assert (match["home"], match["away"], match["status"]) == ("Owls", "Moths", "finished")
    assert match["score"] == {"home": 3, "away": 1}
    assert PlayEvent.objects.count() == 11


def test_boxscore_counts_what_the_pack_says(answer: dict[str, Any]):
    told = box()
    lines = {
        player["name"]: player["stats"]
        for side in ("home", "away")
        for player in told[side]["players"]
    }

    assert told["pack"] == {"id": LANTERN_ID, "version": "1.0.0"}
    assert [period["period"] for period in told["score"]["periods"]] == ["DUSK", "NIGHT"]
    assert {name: line["minutes"] for name, line in lines.items()} == {
        "Ada": 30,
        "Bo": 40,
        "Eve": 10,
        "Cy": 40,
        "Di": 40,
        "Fay": 0,
    }
    assert {name: line["lights"] for name, line in lines.items() if line["lights"]} == {
        "Ada": 2,
        "Eve": 1,
        "Di": 1,
    }
    assert (lines["Ada"]["rate"], lines["Ada"]["glow"]) == (200.0, 0.5)
    assert (lines["Bo"]["far_tries"], lines["Bo"]["hands"]) == (1, 1)
    assert (lines["Di"]["balance"], lines["Cy"]["against_while_on"]) == (-2, 3)
    assert told["home"]["totals"]["lights"] == 3
    assert told["away"]["totals"]["gusts"] == 1
    assert told["away"]["totals"]["lights_against"] == 3


def test_correction_of_the_vendor_changes_score_and_boxscore(
    answer: dict[str, Any], tmp_path: Path
):
    retold = [
        {**event, "rev": 2, "payload": {"worth": 1}} if event["id"] == "e2" else event
        for event in EVENTS
    ]
    again = ingest(tmp_path, document(retold, score={"home": 2, "away": 1}))

    assert (again["added"], again["amended"]) == (0, 1)
    assert again["matches"][0]["score"] == {"home": 2, "away": 1}
    assert box()["home"]["totals"]["lights"] == 2


def test_table_follows_the_rules_of_the_pack(answer: dict[str, Any], client: Client):
    season = Match.objects.get().season
    rows = client.get("/api/v1/standings", {"season": season.public_id}).json()["results"]

    assert [(row["team"]["name"], row["rank"]) for row in rows] == [("Owls", 1), ("Moths", 2)]
    assert [row["values"]["points"] for row in rows] == [4, 0]
    page = client.get(f"/leagues/{season.league.slug}/")
    assert page.status_code == 200
    assert [standing.row.team.name for standing in page.context["table"].groups[0].rows] == [
        "Owls",
        "Moths",
    ]


def test_pages_speak_the_words_of_the_pack(answer: dict[str, Any], client: Client):
    address = f"/matches/{Match.objects.get().public_id}/"
    page = client.get(address).content.decode()
    stats = client.get(f"{address}stats/").content.decode()

    assert "Ada lights one for Owls at" in page
    assert "Eve lights one for Owls, handed on by Bo." in page
    assert "Lights per 100 tries" in stats


def test_api_serves_match_events_and_boxscore(answer: dict[str, Any], client: Client):
    public_id = answer["matches"][0]["id"]
    match = client.get(f"/api/v1/matches/{public_id}").json()
    events = client.get(f"/api/v1/matches/{public_id}/events").json()
    served = client.get(f"/api/v1/matches/{public_id}/boxscore").json()

    assert match["score"]["home"] == 3
    assert len(events["results"]) == 11
    assert served.pop("data_age_ms") is None
    assert served == box()
