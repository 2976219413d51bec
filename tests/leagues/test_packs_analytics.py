"""The sections [strength] and [momentum]: read strictly, refused with the way out."""

from pathlib import Path

import pytest

from leagues.packs.loader import load_pack, pack_ids
from leagues.packs.schema import PackError
from tests.factories.packs import LANTERN, LANTERN_ID, write_lanternball

STRENGTH = """
[strength]
distribution = "normal"
typical = { home = 30, away = 28, margin_sd = 9.5 }
"""
MOMENTUM = """
[momentum]
full = 3
pressures = [{ events = ["light"], weight = 0.5, plus = "payload.glow", when = { bright = true } }]
"""
SHOT_MAP = """
[shot_map]
ground = "court"
length_m = 20
width_m = 10
expected = "payload.glow"
kinds = [{ events = ["light"], when = { bright = true }, outcome = "scored", label = "Lit" }]
"""


def refused(folder: Path, section: str) -> str:
    write_lanternball(folder, LANTERN + section)
    with pytest.raises(PackError) as error:
        load_pack(LANTERN_ID, path=folder)
    return str(error.value).removeprefix("lanternball/sport.toml: ")


def test_sections_may_be_left_out_and_have_defaults(tmp_path: Path):
    bare = load_pack(LANTERN_ID, path=write_lanternball(tmp_path / "bare"))
    sections = STRENGTH + MOMENTUM + SHOT_MAP
    full = load_pack(LANTERN_ID, path=write_lanternball(tmp_path / "full", LANTERN + sections))

    assert (bare.strength, bare.momentum, bare.shot_map) == (None, None, None)
    assert (full.shot_map.expected, full.shot_map.kinds[0].outcome) == ("glow", "scored")
    assert (full.strength.draw_share, full.strength.added_ms) == (0.0, 0)
    assert full.strength.typical_margin_sd == 9.5
    assert full.momentum.fade_s == 180
    assert full.momentum.pressures[0].plus == "glow"


@pytest.mark.parametrize(
    ("section", "message"),
    [
        (
            STRENGTH.replace("normal", "poison"),
            "strength.distribution: 'poison' is not one of poisson, normal; did you mean"
            " 'poisson'?",
        ),
        (
            STRENGTH.replace("normal", "poisson"),
            "strength.typical.margin_sd: belongs to distribution = 'normal'; remove it",
        ),
        (
            STRENGTH.replace(", margin_sd = 9.5", ""),
            "strength.typical.margin_sd: missing; this key is required",
        ),
        (
            STRENGTH + "draw_share = 0.5",
            "strength.draw_share: must be 0, for [table] says draws = false",
        ),
        (
            STRENGTH + "half_life_days = 0",
            "strength.half_life_days: 0 is too small; use a number above 0",
        ),
        (STRENGTH + "halflife = 3", "strength.halflife: unknown key; did you mean"),
        (
            MOMENTUM.replace('["light"]', '["ligt"]'),
            "momentum.pressures[0].events[0]: unknown 'ligt'; did you mean 'light'?",
        ),
        (
            MOMENTUM.replace("payload.glow", "payload.bright"),
            "momentum.pressures[0].plus: 'payload.bright' is not \"payload.<number of all",
        ),
        (
            MOMENTUM.replace('["light"]', '["light", "try"]'),
            "momentum.pressures[0].plus: 'payload.glow' is not",
        ),
        (
            MOMENTUM.replace("bright = true", "brigt = true"),
            "momentum.pressures[0].when.brigt: 'brigt' is not in the payload; did you mean"
            " 'bright'?",
        ),
        (
            MOMENTUM.replace("weight = 0.5", "x = [80, 20]"),
            "momentum.pressures[0].x: must be [lowest, highest] within 0 to 100",
        ),
        (
            MOMENTUM.replace('weight = 0.5, plus = "payload.glow", ', ""),
            "momentum.pressures[0].weight: is 0 and nothing is added by plus",
        ),
        (
            SHOT_MAP.replace('"court"', '"cort"'),
            "shot_map.ground: 'cort' is not one of pitch, court, rink; did you mean 'court'?",
        ),
        (
            SHOT_MAP.replace('"light"', '"ligt"'),
            "shot_map.kinds[0].events[0]: unknown 'ligt'; did you mean 'light'?",
        ),
        (
            SHOT_MAP.replace("payload.glow", "payload.glw"),
            "shot_map.expected: no shot has a number 'glw' in its payload",
        ),
        (
            "[momentum]\nfull = 1\npressures = []",
            "momentum.pressures: missing; say which events count",
        ),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, section: str, message: str):
    assert refused(tmp_path, section).startswith(message)


def test_built_in_sports_say_how_their_scores_are_forecast():
    packs = {pack_id: load_pack(pack_id) for pack_id in pack_ids()}

    assert {
        pack_id: pack.strength.distribution for pack_id, pack in packs.items() if pack.strength
    } == {
        "american_football": "normal",
        "basketball": "normal",
        "football": "poisson",
        "ice_hockey": "poisson",
    }
    assert {pack_id for pack_id, pack in packs.items() if pack.momentum} == {
        "basketball",
        "football",
        "ice_hockey",
    }
