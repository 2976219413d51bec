"""A pack that cannot be used is refused with the file, the key and what to do."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leagues.packs.loader import install_folders, load_pack, pack_ids, parse_pack
from leagues.packs.schema import PackError
from leagues.packs.vectors import check_pack
from tests.factories.packs import LANTERN, LANTERN_ID, write_lanternball

FILE = "lanternball/sport.toml"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "related = { hands = 1 }",
            "related = { hand = 1 }",
            "events.light.counts[0].related.hand: no such column; did you mean 'hands'?",
        ),
        (
            "player = { dims = 1 }",
            "player = { gusts = 1 }",
            "events.dim.counts[0].player.gusts: the column has no player scope; "
            "add it in [[columns]]",
        ),
        (
            "player = { dims = 1 }",
            "player = { rate = 1 }",
            "events.dim.counts[0].player.rate: the column is derived (form = 'ratio'), not counted",
        ),
        (
            "player = { dims = 1 }",
            "player = { dims = 0.5 }",
            'events.dim.counts[0].player.dims: must be a whole number or "payload.<key>", not 0.5',
        ),
        (
            '"payload.glow"',
            '"payload.glw"',
            "events.light.counts[0].player.glow: 'glw' is not in the event's payload; "
            "did you mean 'glow'?",
        ),
        (
            "when = { bright = true }",
            "when = { brigth = true }",
            "events.light.counts[1].when.brigth: 'brigth' is not in the payload; "
            "did you mean 'bright'?",
        ),
        (
            'when = { "$period_kind" = "shootout" }',
            'when = { "$period_kind" = "penalties" }',
            "events.light.counts[2].when.$period_kind: 'penalties' is not one of "
            "['regular', 'overtime', 'shootout']",
        ),
        (
            "  player = { dims = 1 }",
            "  marks = ['x']\n  player = { dims = 1 }",
            "events.dim.counts[0].marks: unknown key; 'marks' belongs to the event: put the line "
            "above its first [[events.*.counts]]",
        ),
        (
            'label = "Gust"',
            'label = "Gust"\nhiden = true',
            "events.gust.hiden: unknown key; did you mean 'hidden'?",
        ),
        (
            "length_ms = 600000",
            "length_ms = true",
            "periods[2].length_ms: must be a whole number, not True",
        ),
        (
            'kind = "overtime"',
            'kind = "extra"',
            "periods[2].kind: 'extra' is not one of regular, overtime, shootout; "
            "known: overtime, regular, shootout",
        ),
        ('id = "NIGHT"', 'id = "DUSK"', "periods[1].id: 'DUSK' is defined twice; remove one"),
        (
            'num = "lights"',
            'num = "worth"',
            "columns[13].num: 'worth' is defined further down; put its [[columns]] above this one",
        ),
        (
            'num = "lights"',
            'num = "gusts"',
            "columns[13].scope: 'gusts' has no player scope; add it or leave it out here",
        ),
        (
            'format = "decimal2"',
            'format = "decimals"',
            "columns[6].format: 'decimals' is not one of int, decimal1, decimal2, pct1, minutes, "
            "made_attempted, signed; did you mean 'decimal2'?",
        ),
        (
            'group = "main"\nscope',
            'group = "mane"\nscope',
            "columns[0].group: unknown group 'mane'; did you mean 'main'?",
        ),
        (
            '"h2h_points"',
            '"h2h_point"',
            "table.tiebreak[1]: unknown 'h2h_point'; did you mean 'h2h_points'?",
        ),
        ("to = 1", "to = 0", "zones[0].to: 0 is too small; use 1 or more"),
        (
            "decimals = 1",
            "decimals = 9000000000",
            "columns[13].decimals: 9000000000 is too large; use 6 or less",
        ),
        (
            "scale = 100",
            "scale = nan",
            "columns[13].scale: nan is no number to count with;"
            " use one from -1000000000000 to 1000000000000",
        ),
        (
            "positions = { RUNNER = 1 }",
            "positions = { RUNER = 1 }",
            "simulation.events[0].positions.RUNER: unknown 'RUNER'; did you mean 'RUNNER'?",
        ),
        (
            'period = "DUSK"',
            'period = "DUKS"',
            "vectors[0].events[0].period: unknown 'DUKS'; did you mean 'DUSK'?",
        ),
        (
            "h2 = { hands = 1 }",
            "h2 = { hnads = 1 }",
            "vectors[0].expect.home.players.h2.hnads: no such player column; did you mean 'hands'?",
        ),
        (
            "[presence]",
            "[review]\nwords = 'Judges look'\n[presence]",
            "review.label: missing; this key is required",
        ),
        (
            "[presence]",
            "[review]\nlabel = 'L'\nwords = 'W'\ndecided_by = ['lihgt']\n[presence]",
            "review.decided_by[0]: 'lihgt' is not an event; did you mean 'light'?",
        ),
        (
            "[presence]",
            "[allowance]\nlabel = 'Left'\ncolumn = 'light'\n[presence]",
            "allowance.column: 'light' is not a team column; did you mean 'lights'?",
        ),
        (
            "[presence]",
            "[allowance]\nlabel = 'Left'\ncolumn = 'lights'\n[presence]",
            "allowance.windows: missing; say in which periods how many are allowed",
        ),
        (
            "[presence]",
            "[allowance]\nlabel = 'Left'\ncolumn = 'lights'\n"
            "windows = [{ periods = ['NIGTH'], allowed = 1 }]\n[presence]",
            "allowance.windows[0].periods[0]: 'NIGTH' is not a period; did you mean 'NIGHT'?",
        ),
        (
            "[presence]",
            "[allowance]\nlabel = 'Left'\ncolumn = 'lights'\n"
            "windows = [{ periods = ['NIGHT', 'NIGHT'], allowed = 1 }]\n[presence]",
            "allowance.windows: 'NIGHT' stands in two of them; take one out",
        ),
        ("schema = 1", "schema = 7", "schema: this engine reads schema 1"),
        ('version = "1.0.0"', "", "version: missing; this key is required"),
        (
            'id = "lanternball"',
            'id = "lantern"',
            "id: 'lantern' is not the folder's name; rename one of them",
        ),
    ],
)
def test_pack_with_a_mistake_is_refused_with_key_and_fix(
    tmp_path: Path, old: str, new: str, message: str
):
    assert old in LANTERN
    folder = write_lanternball(tmp_path, LANTERN.replace(old, new, 1))

    with pytest.raises(PackError) as caught:
        load_pack(LANTERN_ID, path=folder)

    assert str(caught.value) == f"{FILE}: {message}"


def places(node: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inner = node.items() if isinstance(node, dict) else []
    inner = enumerate(node) if isinstance(node, list) else inner
    return [path] * bool(path) + [p for key, value in inner for p in places(value, (*path, key))]


odd_values = st.one_of(
    st.booleans(),
    st.integers(),
    st.floats(),
    st.sampled_from(("", "lights", "payload.", "-payload.worth or x", "$period")),
    st.lists(st.one_of(st.integers(), st.text(max_size=3), st.just({})), max_size=2),
    st.dictionaries(st.sampled_from(("id", "min", "lights", "?")), st.integers(), max_size=2),
)


@settings(max_examples=150, deadline=None)
@given(place=st.sampled_from(places(tomllib.loads(LANTERN))), value=odd_values)
def test_any_value_in_any_place_is_read_or_refused_with_a_key(
    place: tuple[str | int, ...], value: object
):
    data = tomllib.loads(LANTERN)
    *path, last = place
    node: Any = data
    for key in path:
        node = node[key]
    node[last] = value

    try:
        outcome = [parse_pack(FILE, data).id, *check_pack(parse_pack(FILE, data))]
    except PackError as refused:
        outcome = [refused.key]

    assert outcome[0]


def test_pack_that_is_not_toml_is_refused_with_its_line(tmp_path: Path):
    folder = write_lanternball(tmp_path, "schema = \n")

    with pytest.raises(PackError, match=rf"^{FILE}: not readable as TOML: .*line 1"):
        load_pack(LANTERN_ID, path=folder)


def test_unknown_pack_is_refused_with_the_one_that_was_meant():
    with pytest.raises(PackError, match=r"no such pack; did you mean 'generic'\?"):
        load_pack("genric")


def test_same_pack_is_loaded_once_and_again_after_a_change(tmp_path: Path):
    folder = write_lanternball(tmp_path)
    first = load_pack(LANTERN_ID, path=folder)

    assert load_pack(LANTERN_ID, path=str(folder)) is first

    write_lanternball(tmp_path, LANTERN.replace("Lanternball", "Lantern ball"))
    assert load_pack(LANTERN_ID, path=[folder]).name == "Lantern ball"


def test_pack_ids_are_the_built_in_and_the_given_ones(tmp_path: Path):
    built_in = pack_ids()

    assert set(pack_ids(write_lanternball(tmp_path))) == {*built_in, LANTERN_ID}
    assert "generic" in built_in


def test_pack_of_an_installed_folder_is_found_by_its_id_alone(tmp_path: Path):
    install_folders([write_lanternball(tmp_path)])

    try:
        assert load_pack(LANTERN_ID).name == "Lanternball"
        assert LANTERN_ID in pack_ids()
    finally:
        install_folders([])


@pytest.mark.parametrize("pack_id", pack_ids())
def test_every_vector_of_a_built_in_pack_holds(pack_id: str):
    pack = load_pack(pack_id)

    assert check_pack(pack) == []
    assert pack.vectors


def test_vector_that_does_not_hold_says_what_was_folded(tmp_path: Path):
    wrong = LANTERN.replace("expect.score = [2, 0]", "expect.score = [1, 0]")
    pack = load_pack(LANTERN_ID, path=write_lanternball(tmp_path, wrong))

    assert check_pack(pack) == [
        f"{FILE}: vectors[0] (a light is worth what it says): score: expected [1, 0], folded [2, 0]"
    ]


def test_vectors_may_lie_in_files_of_their_own(tmp_path: Path):
    folder = write_lanternball(tmp_path)
    (folder / LANTERN_ID / "vectors").mkdir()
    (folder / LANTERN_ID / "vectors" / "more.toml").write_text(
        '[[vectors]]\nname = "nothing"\nexpect.score = [0, 0]\n', encoding="utf-8"
    )

    names = [(v.file, v.name) for v in load_pack(LANTERN_ID, path=folder).vectors]

    assert names[1:] == [("lanternball/vectors/more.toml", "nothing")]


def test_sport_of_the_how_to_loads_and_holds(tmp_path: Path):
    page = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "add-a-sport.md"
    text = page.read_text(encoding="utf-8").split("```toml\n")[1].split("```")[0]
    (tmp_path / "kabaddi").mkdir()
    (tmp_path / "kabaddi" / "sport.toml").write_text(text, encoding="utf-8")

    pack = load_pack("kabaddi", path=tmp_path)

    assert check_pack(pack) == []
    assert len(pack.vectors) == 1
