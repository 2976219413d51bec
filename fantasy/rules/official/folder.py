"""Reading a season of the original game's public data: rows, fixtures and real managers.

Lenient about names: files may be gzipped or not, and a season may lack any of them.
"""

import csv
import gzip
import io
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_ROLES = {
    "gameweeks": "gameweeks",
    "picks": "gameweeks",
    "transfers": "transfers",
    "history": "history",
}
_ENTRY = re.compile(r"^entry[_-].*\.json(\.gz)?$|^entry\.json(\.gz)?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagerFiles:
    """One real manager's season; a file that is not there is None."""

    name: str
    gameweeks: Any = None
    transfers: Any = None
    history: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeasonFiles:
    """A season as published. `problems` are files that could not be read, with the reason."""

    rows: tuple[Mapping[str, str], ...] = ()
    players: tuple[Mapping[str, str], ...] = ()
    fixtures: tuple[Mapping[str, Any], ...] = ()
    managers: tuple[ManagerFiles, ...] = ()
    problems: Mapping[str, str] = field(default_factory=dict)


def read_season(folder: Path) -> SeasonFiles:
    """Return all of a season's files that are there and readable."""
    problems: dict[str, str] = {}
    reader = _Reader(folder, problems)
    fixtures = reader.document("fixtures")
    return SeasonFiles(
        rows=reader.table("player_gw"),
        players=reader.table("players"),
        fixtures=tuple(f for f in _listed(fixtures) if isinstance(f, dict)),
        managers=tuple(_managers(folder, reader)),
        problems=problems,
    )


def _listed(document: Any) -> list[Any]:
    return document if isinstance(document, list) else []


class _Reader:
    """Reads files of one folder and remembers which of them cannot be read."""

    def __init__(self, folder: Path, problems: dict[str, str]) -> None:
        self._folder = folder
        self._problems = problems

    def table(self, stem: str) -> tuple[Mapping[str, str], ...]:
        """Return the rows of `<stem>.csv` or `<stem>.csv.gz`."""
        file = self._file(stem, "csv")
        text = self.text(file) if file else None
        if file is None or text is None:
            return ()
        try:
            return tuple(csv.DictReader(io.StringIO(text, newline="")))
        except csv.Error as error:
            self._problems[file.name] = f"not CSV: {error}"
            return ()

    def document(self, stem: str) -> Any:
        """Return the content of `<stem>.json` or `<stem>.json.gz`, None without it."""
        file = self._file(stem, "json")
        return self.json(file) if file else None

    def json(self, file: Path) -> Any:
        """Return a document, None where it cannot be read."""
        text = self.text(file)
        if text is None:
            return None
        try:
            return json.loads(text)
        except ValueError as error:
            self._problems[file.name] = f"not JSON: {error}"
            return None

    def text(self, file: Path) -> str | None:
        """Return a file's text, None where it cannot be read."""
        try:
            content = file.read_bytes()
            # By its first bytes: a file may have been unpacked and kept its name.
            plain = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
            return plain.decode("utf-8-sig")
        except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
            self._problems[file.name] = f"not readable: {error}"
            return None

    def _file(self, stem: str, kind: str) -> Path | None:
        candidates = [self._folder / f"{stem}.{kind}{packed}" for packed in ("", ".gz")]
        found = next((file for file in candidates if file.is_file()), None)
        if found is None:
            self._problems[f"{stem}.{kind}"] = "absent"
        return found


def _managers(folder: Path, reader: _Reader) -> Iterator[ManagerFiles]:
    """Group the `entry_*` files by manager: what their names say besides the file's role."""
    found: dict[str, dict[str, Any]] = {}
    for file in sorted(folder.iterdir()):
        words = re.split(r"[_.-]", file.name)
        role = next((_ROLES[word] for word in words if word in _ROLES), None)
        if role is None or not _ENTRY.match(file.name):
            continue
        rest = [word for word in words if word not in {*_ROLES, "entry", "json", "gz"}]
        found.setdefault("_".join(rest), {})[role] = reader.json(file)
    for name, documents in sorted(found.items()):
        yield ManagerFiles(name=name or "entry", **documents)
