"""`manage.py packs`: what an operator sees before a pack is installed."""

import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.factories.packs import LANTERN, LANTERN_ID, write_lanternball

ROOT = Path(__file__).resolve().parents[2]


def packs(*arguments: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    try:
        call_command("packs", *arguments, stdout=out, stderr=err, no_color=True)
    except CommandError as error:
        err.write(str(error))
    return out.getvalue(), err.getvalue()


def test_packs_check_plays_the_vectors_of_a_given_folder(tmp_path: Path):
    out, err = packs("check", LANTERN_ID, "--path", str(write_lanternball(tmp_path)))

    assert out.split()[:3] == [LANTERN_ID, "1.0.0", "Lanternball"]
    assert out.endswith("1 vectors\n")
    assert err == ""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "hands = 1 }\n  opposing",
            "handz = 1 }\n  opposing",
            "lanternball/sport.toml: events.light.counts[0].related.handz: no such column; "
            "did you mean 'hands'?\n1 failed",
        ),
        (
            "score = [2, 0]",
            "score = [0, 2]",
            "lanternball/sport.toml: vectors[0] (a light is worth what it says): "
            "score: expected [0, 2], folded [2, 0]\n1 failed",
        ),
    ],
)
def test_packs_check_fails_with_the_place_of_a_mistake(
    tmp_path: Path, old: str, new: str, message: str
):
    assert old in LANTERN
    folder = write_lanternball(tmp_path, LANTERN.replace(old, new))

    out, err = packs("check", LANTERN_ID, "--path", str(folder))

    assert (out, err) == ("", message)


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    nowhere = {
        "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none",
        "REDIS_URL": "redis://127.0.0.1:1/0",
    }
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**os.environ, **nowhere, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_packs_list_needs_no_servers_and_knows_the_installed_folder(tmp_path: Path):
    listed = manage("packs", "list", VEZE_PACKS_DIR=str(write_lanternball(tmp_path)))

    assert (listed.returncode, listed.stderr) == (0, "")
    assert {"generic", LANTERN_ID} <= set(listed.stdout.split())


def test_installed_folder_that_does_not_exist_stops_the_start(tmp_path: Path):
    listed = manage("packs", "list", VEZE_PACKS_DIR=str(tmp_path / "gone"))

    assert listed.returncode != 0
    assert "set it to a folder that exists" in listed.stderr
