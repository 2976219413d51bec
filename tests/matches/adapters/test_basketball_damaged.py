"""Damaged basketball documents are refused with a place or read, and never crash."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from matches.ingest.adapters import get
from matches.ingest.documents import FeedError
from tests.matches.adapters.test_fiba import BOX, LIVESTATS, LOG, action, box, livestats, play
from tests.matches.adapters.test_nba import DATA, V3, V3_BOX

# The list itself stands for taking the value out.
DAMAGE = [None, "", "x", "\0", "y" * 3000, -1, 10**20, 1.5, True, [], {}, ["x"], {"a": 1}]


def _nba() -> dict[str, Any]:
    files = {name: json.loads((DATA / name).read_bytes()) for name in (V3, V3_BOX)}
    del files[V3]["game"]["actions"][10:]
    for side in ("homeTeam", "awayTeam"):
        del files[V3_BOX]["boxScoreTraditional"][side]["players"][2:]
    return files


def _live() -> dict[str, Any]:
    path = Path(__file__).resolve().parents[2] / "data" / "nba" / V3
    actions = json.loads(path.read_bytes())["game"]["actions"][:8]
    for number, entry in enumerate(actions):
        entry |= {"orderNumber": number, "actionType": ["2pt", "foul", "jumpball"][number % 3]}
        entry |= {"shotResult": "Made", "scoreHome": str(2 * number), "qualifiers": []}
        del entry["actionId"]
    return {"live.json": {"game": {"gameId": "0022500901", "actions": actions}}}


def _events() -> dict[str, Any]:
    actions = [
        action(1, "P2", ActionSuccess="+", SX=3, SY=4),
        action(2, "SUBST", Z1="I"),
        action(3, "FOUL", Z1="T"),
    ]
    return {BOX: box(), LOG: actions}


def _livestats() -> dict[str, Any]:
    plays = [
        play("sht", "7, A. MEIER, shot 2pt made", s1="2"),
        play("sub", "9, B. De la Cruz, substitution in", s1="2"),
        play("per", "period end", gt="00:00", s1="2"),
    ]
    document = livestats(*plays)
    document["tm"]["1"]["shot"] = [{"p": "1", "per": "1", "pts": "2", "x": "12", "y": "40"}]
    return {LIVESTATS: document}


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    if isinstance(value, list):
        value = dict(enumerate(value))
    if isinstance(value, dict):
        for key, member in value.items():
            yield from _places(member, (*path, key))


def _damaged(files: dict[str, Any], path: tuple[Any, ...], damage: Any) -> dict[str, bytes]:
    files = copy.deepcopy(files)
    inner = files
    for key in path[:-1]:
        inner = inner[key]
    if damage is DAMAGE:
        del inner[path[-1]]
    else:
        inner[path[-1]] = damage
    return _encoded(files)


@pytest.mark.parametrize(
    ("adapter", "make"),
    [("nba", _nba), ("nba", _live), ("fiba", _events), ("fiba", _livestats)],
)
def test_damaged_document_is_refused_or_read(adapter, make):
    files = make()
    assert get(adapter).parse(_encoded(files)).matches
    refusals = [
        refusal
        for place, path in enumerate(_places(files))
        for damage in (DAMAGE, DAMAGE[place % len(DAMAGE)])
        if len(path) > 1 and (refusal := _refusal(adapter, _damaged(files, path, damage)))
    ]
    assert refusals
    assert not [text for text in refusals if not any(name in text for name in files)]


def _refusal(adapter: str, files: dict[str, bytes]) -> str:
    try:
        get(adapter).parse(files)
    except FeedError as error:
        return str(error)
    return ""


def _encoded(files: dict[str, Any]) -> dict[str, bytes]:
    return {name: json.dumps(document).encode() for name, document in files.items()}
