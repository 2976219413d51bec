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


def test_packs_check_reads_the_configured_folder(tmp_path: Path, settings):
    settings.VEZE_PACKS_DIR = str(write_lanternball(tmp_path))

    out, _ = packs("list")

    assert LANTERN_ID in out


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


def test_packs_list_needs_no_servers():
    environment = {
        **os.environ,
        "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none",
        "REDIS_URL": "redis://127.0.0.1:1/0",
    }

    listed = subprocess.run(
        [sys.executable, "manage.py", "packs", "list"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (listed.returncode, listed.stderr) == (0, "")
    assert "generic" in listed.stdout
