"""Game packs: what they say, what is refused and how one extends another."""

import os
from pathlib import Path

import pytest

from fantasy.rules.loading import game_ids, load_game, merged
from fantasy.rules.vectors import check_game
from leagues.packs.schema import PackError

GAME = """
extends = "fpl-2026-27"
id = "ours"
name = "Our game"

[squad]
budget_tenths = 900
"""


def written(folder: Path, text: str = GAME, name: str = "ours", *, sport: str = "football") -> Path:
    (folder / sport).mkdir(exist_ok=True)
    (folder / sport / f"fantasy-{name}.toml").write_text(text)
    return folder


@pytest.mark.parametrize("game_id", game_ids())
def test_every_game_holds_its_vectors(game_id):
    game = load_game(game_id)

    assert check_game(game) == []
    assert game.vectors


def test_games_are_listed_by_sport():
    assert game_ids("ice_hockey") == ("nhl-espn",)
    assert "fpl-2026-27" in game_ids("football")
    assert set(game_ids("basketball")) == {
        "draftkings", "draftkings-showdown", "espn", "espn-matchday", "espn-old", "fanduel",
        "yahoo", "yahoo-old",
    }  # fmt: skip


def test_points_that_a_half_captain_would_break_are_refused(tmp_path: Path):
    text = """
        extends = "draftkings-showdown"
        id = "ours"
        [[points]]
        id = "reb"
        label = "Rebounds"
        column = "reb"
        each = 1251
        """

    with pytest.raises(PackError, match="reb: give whole multiples of 2"):
        load_game("ours", written(tmp_path, text, sport="basketball"))


def test_the_same_call_gives_the_same_game():
    assert load_game("fpl-2026-27") is load_game("fpl-2026-27")
    assert load_game("football/fpl-2026-27").id == "fpl-2026-27"


def test_a_game_holds_only_what_differs_from_the_one_it_extends(tmp_path: Path):
    game = load_game("ours", written(tmp_path))

    assert (game.name, game.squad.budget_tenths, game.squad.size) == ("Our game", 900, 15)
    assert game.points == load_game("fpl-2026-27").points


def test_a_changed_file_is_read_again(tmp_path: Path):
    folder = written(tmp_path)
    before = load_game("ours", folder)

    changed = written(folder, GAME.replace("900", "1100")) / "football" / "fantasy-ours.toml"
    stat = changed.stat()
    os.utime(changed, ns=(stat.st_atime_ns, stat.st_mtime_ns + 10**9))

    assert (before.squad.budget_tenths, load_game("ours", folder).squad.budget_tenths) == (
        900,
        1100,
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("[squad]\nbudget = 1", "squad.budget: unknown key; did you mean 'budget_tenths'?"),
        ("[lineup]\nappeared = { minuets = 1 }", "did you mean 'minutes'?"),
        ("[lineup]\nsize = 20", "lineup.size: 20 cannot be reached: positions allow 7 to 14"),
        ('[[points]]\nid = "x"\nlabel = "X"\ncolumn = "goals"\neach = { XX = 1 }', "position 'XX'"),
        ('[[points]]\nid = "x"\nlabel = "X"\ncolumn = "gaols"\neach = 1', "did you mean 'goals'?"),
        ('[[chips]]\nid = "x"\nlabel = "X"\nkind = "team"\nwindows = [[1, 99]]', "38 rounds"),
    ],
)
def test_mistakes_are_told_with_key_and_fix(tmp_path: Path, change, message):
    text = GAME.replace("[squad]\nbudget_tenths = 900", change)

    with pytest.raises(PackError) as error:
        load_game("ours", written(tmp_path, text))

    assert str(error.value).startswith("football/fantasy-ours.toml: ")
    assert message in str(error.value)


def test_unknown_games_and_circles_are_refused(tmp_path: Path):
    written(tmp_path, GAME.replace("fpl-2026-27", "ours"))

    with pytest.raises(PackError, match="did you mean 'fpl-2026-27'"):
        load_game("fpl-2026-72")
    with pytest.raises(PackError, match="'ours' is no other game"):
        load_game("ours", tmp_path)


def test_merged_replaces_items_by_id_and_takes_away():
    base = {"a": {"x": 1, "y": 2}, "list": [{"id": "p", "n": 1}, {"id": "q", "n": 2}]}
    changes = {
        "a": {"y": 3, "without": {}},
        "list": [{"id": "q", "n": 5}, {"id": "r", "n": 6}],
        "without": {"list": ["p"]},
    }

    assert merged(base, changes) == {
        "a": {"x": 1, "y": 3},
        "list": [{"id": "q", "n": 5}, {"id": "r", "n": 6}],
    }


def test_the_game_of_the_documentation_holds_its_vectors(tmp_path: Path):
    page = Path(__file__).resolve().parents[3] / "docs" / "how-to" / "add-a-game.md"
    text = page.read_text().split("```toml\n")[1].split("```")[0]

    game = load_game("five-a-side", written(tmp_path, text, "five-a-side"))

    assert len(game.vectors) == 2
    assert check_game(game) == []
