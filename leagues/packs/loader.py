"""Loading packs: `<folder>/<id>/sport.toml` becomes a checked `SportPack`."""

import os
import tomllib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from leagues.packs import sections
from leagues.packs.analytics import read_momentum, read_shot_map, read_strength
from leagues.packs.columns import read_columns
from leagues.packs.event_types import read_events
from leagues.packs.notices import read_notices
from leagues.packs.reading import Table, suggestion
from leagues.packs.schema import PackError, SportPack
from leagues.packs.simulation import read_simulation
from leagues.packs.vectors import read_vectors

SearchPath = str | Path | Iterable[str | Path] | None

_BUILT_IN = Path(__file__).parent
_SCHEMA = 1
_installed: list[Path] = []


def install_folders(folders: Iterable[str | Path]) -> None:
    """Let every later call find packs in these folders, too, in place of those installed before."""
    _installed[:] = [Path(folder) for folder in folders]


def load_pack(pack_id: str, path: SearchPath = None) -> SportPack:
    """Return the pack of that id: from `path`, else the installed folders, else the built-in ones.

    The same call gives the same object. Raises PackError.
    """
    for folder in search_folders(path):
        # Asked for with every fold, so it costs one look at the disk and no `Path`.
        file = os.path.join(folder, pack_id, "sport.toml")
        try:
            changed_ns = os.stat(file).st_mtime_ns
        except OSError:
            continue
        return _load(file, changed_ns)
    known = pack_ids(path)
    raise PackError(f"{pack_id}/sport.toml", "", f"no such pack; {suggestion(pack_id, known)}")


def pack_ids(path: SearchPath = None) -> tuple[str, ...]:
    """Return the ids of all packs of `path`, the installed folders and the built-in ones."""
    folders = (folder for folder in search_folders(path) if folder.is_dir())
    return tuple(sorted({file.parent.name for f in folders for file in f.glob("*/sport.toml")}))


def idle_positions(sport: str) -> frozenset[str]:
    """Return the positions of a sport whose bearers never play, none for one without a pack."""
    return load_pack(sport).idle_positions if sport in pack_ids() else frozenset()


def search_folders(path: SearchPath = None) -> list[Path]:
    """Return the folders that packs are looked for in, the first one to be preferred."""
    if path is None or path == "":
        return [*_installed, _BUILT_IN]
    parts = [path] if isinstance(path, str | Path) else list(path)
    return [*(Path(part) for part in parts), *_installed, _BUILT_IN]


@lru_cache(maxsize=64)
def _load(path: str, _mtime_ns: int) -> SportPack:
    file = Path(path)
    name = f"{file.parent.name}/{file.name}"
    return parse_pack(name, read_toml(name, file), _vector_files(file.parent))


def read_toml(name: str, file: Path) -> dict[str, Any]:
    """Return a file's content; `name` is what messages call it. Raises PackError."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PackError(name, "", f"not readable as TOML: {error}") from error


def _vector_files(folder: Path) -> list[tuple[str, dict[str, Any]]]:
    files = sorted((folder / "vectors").glob("*.toml"))
    names = [f"{folder.name}/vectors/{file.name}" for file in files]
    return [(name, read_toml(name, file)) for name, file in zip(names, files, strict=True)]


def parse_pack(
    name: str, data: Mapping[str, Any], vectors: Iterable[tuple[str, Mapping[str, Any]]] = ()
) -> SportPack:
    """Return the pack that `data` describes; `name` is the file's in messages."""
    top = Table(name, "", data)
    if top.whole("schema") != _SCHEMA:
        raise top.error("schema", f"this engine reads schema {_SCHEMA}")
    pack_id = top.text("id")
    folder = name.rpartition("/")[0]
    if folder and folder != pack_id:
        raise top.error("id", f"'{pack_id}' is not the folder's name; rename one of them")
    periods = sections.read_periods(top)
    positions = sections.read_positions(top)
    columns = read_columns(top)
    events = read_events(top, columns, periods)
    table = sections.read_table(top)
    pack = SportPack(
        id=pack_id,
        name=top.text("name"),
        version=top.text("version"),
        file=name,
        clock=sections.read_clock(top),
        periods=periods,
        positions=positions,
        score=sections.read_score(top, columns),
        review=sections.read_review(top, events),
        allowance=sections.read_allowance(top, columns, periods),
        groups=sections.read_labels(top, "groups"),
        events=events,
        columns=columns,
        column_groups=sections.read_column_groups(top),
        presence=sections.read_presence(top),
        table=table,
        simulation=read_simulation(top, events, positions, periods),
        strength=read_strength(top, table),
        momentum=read_momentum(top, events, periods),
        shot_map=read_shot_map(top, events, periods),
        vectors=read_vectors(top, vectors, events, columns, periods),
        notices=read_notices(top, events, periods),
    )
    sections.check_references(top, pack)
    top.close()
    return pack
