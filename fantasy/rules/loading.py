"""Loading games: `<folder>/<sport>/fantasy-<id>.toml` becomes checked `GameRules`.

A file may say `extends = "<id>"`: then it holds only what differs. Tables are merged key by key, a
list of tables with ids item by item (`without` takes items away), everything else is replaced.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

from fantasy.rules import sections
from fantasy.rules.game import GameRules
from fantasy.rules.point_forms import read_bonus, read_points
from fantasy.rules.vectors import read_vectors
from leagues.packs.loader import SearchPath, load_pack, read_toml, search_folders
from leagues.packs.reading import Table, suggestion
from leagues.packs.schema import PackError, SportPack

_SCHEMA = 1
_PREFIX = "fantasy-"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """A game with the files it was read from and when those were written."""

    files: tuple[str, ...]
    stamps: tuple[int, ...]
    rules: GameRules


_held: dict[tuple[str, tuple[str, ...]], _Held] = {}


def load_game(game_id: str, path: SearchPath = None) -> GameRules:
    """Return the game of that id, which may have its sport and a slash in front.

    Looks where sport packs are looked for. The same call gives the same object. Raises PackError.
    """
    folders = tuple(map(str, search_folders(path)))
    held = _held.get((game_id, folders))
    if held is None or held.stamps != tuple(map(_stamp, held.files)):
        held = _read(game_id, folders)
        _held[game_id, folders] = held
    return held.rules


def game_ids(sport: str | None = None, *, path: SearchPath = None) -> tuple[str, ...]:
    """Return the ids of all games, or of those of one sport."""
    pattern = f"{sport or '*'}/{_PREFIX}*.toml"
    files = (file for folder in search_folders(path) for file in folder.glob(pattern))
    return tuple(sorted({file.stem.removeprefix(_PREFIX) for file in files}))


def _find(game_id: str, folders: tuple[str, ...]) -> Path | None:
    sport, _, name = game_id.rpartition("/")
    pattern = f"{sport or '*'}/{_PREFIX}{name}.toml"
    found = (file for folder in folders for file in sorted(Path(folder).glob(pattern)))
    return next(found, None)


def _read(game_id: str, folders: tuple[str, ...]) -> _Held:
    file = _find(game_id, folders)
    if file is None:
        hint = suggestion(game_id, game_ids(path=folders))
        raise PackError(f"{_PREFIX}{game_id}.toml", "", f"no such game; {hint}")
    files = [file]
    data = _whole(files, folders)
    sport = file.parent / "sport.toml"
    stamped = tuple(map(str, [*files, *([sport] if sport.is_file() else [])]))
    return _Held(
        files=stamped,
        stamps=tuple(map(_stamp, stamped)),
        rules=parse_game(_name(file), data, sport=load_pack(file.parent.name, folders)),
    )


def _stamp(file: str) -> int:
    try:
        return os.stat(file).st_mtime_ns
    except FileNotFoundError:
        return 0


def _name(file: Path) -> str:
    return f"{file.parent.name}/{file.name}"


def _whole(files: list[Path], folders: tuple[str, ...]) -> dict[str, Any]:
    """Return the data of the last of `files` with all it extends, which are added to `files`."""
    file = files[-1]
    data = read_toml(_name(file), file)
    parent = data.pop("extends", None)
    if parent is None:
        return data
    base = _find(str(parent), folders)
    if base is None or base in files:
        raise PackError(_name(file), "extends", f"'{parent}' is no other game of these folders")
    files.append(base)
    return merged(_whole(files, folders), data)


def merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` with `changes` laid over it, see the module's text."""
    result = dict(base)
    for key, value in changes.items():
        if key == "without":
            continue
        old = result.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            result[key] = merged(old, value)
        elif _has_ids(old) and _has_ids(value):
            result[key] = _merged_items(old, value)
        else:
            result[key] = value
    for key, ids in changes.get("without", {}).items():
        result[key] = _lessened(result.get(key, ()), ids)
    return result


def _lessened(value: Any, ids: list[str]) -> Any:
    if isinstance(value, dict):
        return {key: item for key, item in value.items() if key not in ids}
    return [item for item in value if item.get("id") not in ids]


def _has_ids(value: Any) -> TypeGuard[list[dict[str, Any]]]:
    return isinstance(value, list) and all(isinstance(v, dict) and "id" in v for v in value)


def _merged_items(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> list[dict[str, Any]]:
    changed = {item["id"]: item for item in new}
    kept = [changed.pop(item["id"], item) for item in old]
    return [*kept, *changed.values()]


def parse_game(name: str, data: Mapping[str, Any], *, sport: SportPack) -> GameRules:
    """Return the game that `data` describes; `name` is the file's in messages."""
    top = Table(name, "", data)
    if top.whole("schema") != _SCHEMA:
        raise top.error("schema", f"this engine reads schema {_SCHEMA}")
    game_id = top.text("id")
    if name.rpartition("/")[2] not in {"", f"{_PREFIX}{game_id}.toml"}:
        raise top.error("id", f"'{game_id}' is not what the file is called; rename one of them")
    positions = sections.read_positions(top, sport)
    names = [position.id for position in positions]
    words = sections.Words(sport=sport, positions=tuple(names))
    rounds = sections.read_rounds(top)
    rules = GameRules(
        id=game_id,
        sport=sport.id,
        name=top.text("name"),
        season=top.text("season", ""),
        version=top.text("version"),
        file=name,
        points_scale=top.whole("points_scale", 1, minimum=1),
        positions=positions,
        squad=sections.read_squad(top),
        lineup=sections.read_lineup(top, words),
        captain=sections.read_captain(top),
        transfers=sections.read_transfers(top),
        chips=sections.read_chips(top, words, rounds),
        points=read_points(top, words),
        bonus=read_bonus(top, words),
        rounds=rounds,
        leagues=sections.read_leagues(top),
        prices=sections.read_prices(top),
        official=sections.read_official(top, words),
        vectors=read_vectors(top),
    )
    sections.check_sizes(top, rules)
    sections.check_unit(top, rules)
    top.close()
    return rules
