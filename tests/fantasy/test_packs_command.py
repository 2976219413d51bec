"""`manage.py packs`: games are checked like sports, and verified against real official data."""

import gzip
import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.official import football

# Rows, managers' gameweeks and transfers of each season; fixtures are 380 in each.
SEASONS = {"2022-23": (26505, 38, 90), "2023-24": (29725, 38, 80), "2024-25": (27605, 38, 58)}


def packs(*arguments: str) -> str:
    out = StringIO()
    call_command("packs", *arguments, stdout=out, no_color=True)
    return out.getvalue()


def verified(game: str, folder: Path) -> dict[str, Any]:
    return json.loads(packs("verify", game, str(folder), "--json"))


def figures(checks: dict[str, Any]) -> dict[str, tuple[int, int]]:
    return {name: (told["matched"], told["total"]) for name, told in checks.items()}


@pytest.mark.parametrize(
    "season",
    [
        pytest.param("2022-23", marks=pytest.mark.slow),
        pytest.param("2023-24", marks=pytest.mark.slow),
        "2024-25",
    ],
)
def test_a_real_season_agrees_in_every_number(shared_data: Path, season: str):
    checks = verified(f"fpl-{season}", shared_data / "fpl" / season)

    rows, weeks, transfers = SEASONS[season]
    print(season, figures(checks))
    assert figures(checks) == {
        "points": (rows, rows),
        "bonus": (380, 380),
        "gameweeks": (weeks, weeks),
        "automatic_substitutions": (weeks, weeks),
        "captaincy": (weeks, weeks),
        "hits": (weeks, weeks),
        "squads": (weeks, weeks),
        "selling_prices": (transfers, transfers),
        "bank": (weeks, weeks),
        "team_value": (weeks, weeks),
    }


def test_another_seasons_rules_do_not_fit(shared_data: Path):
    checks = verified("fpl-2023-24", shared_data / "fpl" / "2024-25")

    # Assistant managers are no position of that season, and five free transfers could be kept.
    assert checks["points"]["missed"] == 251
    assert "AM" in checks["points"]["misses"][0]["position"]
    assert len(checks["points"]["misses"]) == 50
    assert checks["hits"]["missed"] > 0


HEADER = (
    "gw,fixture,element,position,minutes,total_points,goals_scored,assists,clean_sheets,"
    "goals_conceded,own_goals,penalties_saved,penalties_missed,yellow_cards,red_cards,saves,"
    "bonus,bps,value,clearances_blocks_interceptions,recoveries,tackles,defensive_contribution"
)
ROWS = """
1,1,1,DEF,90,4,0,0,1,0,0,0,0,1,0,0,0,20,50,8,9,2,10
1,1,2,MID,90,16,1,1,1,0,0,0,0,0,0,0,3,40,80,2,8,2,12
1,1,3,GK,0,0,0,0,0,0,0,0,0,0,0,0,0,0,45,,,,
1,2,1,DEF,20,2,0,0,0,1,0,0,0,0,0,0,1,5,50,1,0,0,1
"""


@pytest.fixture
def season(tmp_path: Path) -> Path:
    """A season nobody has seen, with the columns of defensive contributions."""
    (tmp_path / "player_gw.csv").write_text(HEADER + ROWS)
    return tmp_path


def test_a_season_with_further_columns_and_without_files(season: Path):
    checks = verified("fpl-2025-26", season)

    assert figures(checks)["points"] == (3, 4)
    assert checks["points"]["misses"] == [
        {
            "gw": 1,
            "element": 1,
            "fixture": 1,
            "name": "",
            "lines": {
                "minutes": 2,
                "clean_sheets": 4,
                "yellow_cards": -1,
                "defensive_contribution": 2,
            },
            "got": 7,
            "want": 4,
        }
    ]
    assert checks["bonus"]["matched"] == 0
    assert checks["hits"] == {
        "matched": 0,
        "total": 0,
        "missed": 0,
        "misses": [],
        "note": "fixtures.json: absent; players.csv: absent; entry_*.json: absent",
    }


def test_an_empty_folder_is_told_not_a_crash(tmp_path: Path):
    assert set(figures(verified("fpl-2026-27", tmp_path)).values()) == {(0, 0)}
    assert "nothing" not in verified("fpl-2026-27", tmp_path)["points"]["note"]


ODD_FILES = {
    "player_gw.csv.gz": b"\x1f\x8b\x08\x00nothing packed",
    "players.csv": b'id,element_type\n1,"' + b"x" * 200_000 + b'"\n',
    "fixtures.json": b'[{"id": 1, "stats": {"bps": 1}}, {"id": 2, "stats": ["bps"]},'
    b' {"id": 3, "stats": [{"identifier": "bps", "h": 4, "a": {"element": 1}}]}, 5]',
    "entry_1_gameweeks.json": b"7",
    "entry_2_gameweeks.json": b'[{"event": 1, "entry_history": [1], "picks": {"element": 3}}]',
    "entry_2_history.json": b"not json",
    "entry_3_transfers.json": b"[]",
}


def test_files_of_odd_content_are_told_and_not_a_crash(tmp_path: Path):
    for name, content in ODD_FILES.items():
        (tmp_path / name).write_bytes(content)

    notes = {name: check["note"] for name, check in verified("fpl-2024-25", tmp_path).items()}

    assert "player_gw.csv.gz: not readable" in notes["points"]
    assert "players.csv: not CSV" in notes["points"]
    assert "entry_2_history.json: not JSON" in notes["hits"]
    assert "gameweeks of 3: absent" in notes["gameweeks"]


def test_file_that_cannot_be_read_is_told_beside_what_could_be_compared(season: Path):
    (season / "fixtures.json").write_bytes(b"not json")

    checks = verified("fpl-2025-26", season)

    assert checks["points"]["total"] == 4
    assert "fixtures.json: not JSON" in checks["points"]["note"]


def test_several_managers_with_names_of_every_kind(shared_data: Path, tmp_path: Path):
    source = shared_data / "fpl" / "2024-25"
    (tmp_path / "player_gw.csv.gz").write_bytes((source / "player_gw.csv.gz").read_bytes())
    plain = football.content(source / "entry_gameweeks.json.gz")
    (tmp_path / "entry_123_gameweeks.json").write_bytes(plain)
    (tmp_path / "entry_gameweeks_9.json.gz").write_bytes(gzip.compress(plain))
    (tmp_path / "entry_9_transfers.json").write_bytes(b"not json")
    for name in ("transfers", "history"):
        content = (source / f"entry_{name}.json.gz").read_bytes()
        (tmp_path / f"entry_123_{name}.json.gz").write_bytes(content)

    found = figures(verified("fpl-2024-25", tmp_path))

    assert found["gameweeks"] == (76, 76)
    assert found["hits"] == (76, 76)
    assert found["bank"] == (39, 39)


def test_what_cannot_be_verified_is_said(tmp_path: Path):
    with pytest.raises(CommandError, match="did you mean 'fpl-2026-27'"):
        packs("verify", "fpl-2026-72", str(tmp_path))
    with pytest.raises(CommandError, match="is no folder"):
        packs("verify", "fpl-2026-27", str(tmp_path / "nowhere"))
    with pytest.raises(CommandError, match="which folder"):
        packs("verify", "fpl-2026-27")
    with pytest.raises(CommandError, match="says nothing of official data"):
        packs("verify", "basketball/espn", str(tmp_path))


def test_packs_check_plays_the_vectors_of_games(tmp_path: Path):
    (tmp_path / "football").mkdir()
    wrong = 'extends = "fpl-2026-27"\nid = "ours"\nname = "Ours"\n[transfers]\nbank = 3\n'
    (tmp_path / "football" / "fantasy-ours.toml").write_text(wrong)
    err = StringIO()

    with pytest.raises(CommandError, match="1 failed"):
        call_command("packs", "check", "ours", "--path", str(tmp_path), stderr=err, no_color=True)

    assert "Five are the most that can be kept" in err.getvalue()
    assert packs("check", "fpl-2026-27").split()[0] == "fpl-2026-27"
    assert "Ice hockey points" in packs("list")


@pytest.mark.slow
def test_a_game_can_be_verified_from_its_file(shared_data: Path, tmp_path: Path):
    (tmp_path / "football").mkdir()
    file = tmp_path / "football" / "fantasy-ours.toml"
    file.write_text('extends = "fpl-2024-25"\nid = "ours"\nname = "Ours"\n')

    out = packs("verify", str(file), str(shared_data / "fpl" / "2024-25"))

    assert "points                    27605 /  27605" in out


def test_misses_fail_in_strict_mode_alone(season: Path):
    out, strictly = StringIO(), StringIO()
    asked = ("packs", "verify", "fpl-2025-26", str(season), "--json")

    call_command(*asked, stdout=out)
    with pytest.raises(CommandError, match="numbers differ: points 1 of 4, ") as refused:
        call_command(*asked, "--strict", stdout=strictly)

    assert refused.value.returncode == 1
    assert out.getvalue() == strictly.getvalue()
    assert json.loads(out.getvalue())["points"]["missed"] == 1


def test_season_that_agrees_passes_in_strict_mode(tmp_path: Path):
    (tmp_path / "player_gw.csv").write_text(HEADER + "\n" + ROWS.splitlines()[2] + "\n")

    told = packs("verify", "fpl-2025-26", str(tmp_path), "--strict")

    assert "1 /      1" in told


def test_folder_without_data_fails_in_strict_mode(tmp_path: Path):
    with pytest.raises(CommandError, match="nothing could be compared"):
        packs("verify", "fpl-2025-26", str(tmp_path), "--strict")
