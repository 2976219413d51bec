"""Reading the small football documents of tests/data, written by hand for these tests."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matches.ingest.adapters import get
from matches.ingest.documents import FeedDocument, FeedEvent

DATA = Path(__file__).resolve().parents[2] / "data"


def files_of(adapter: str) -> dict[str, bytes]:
    """Return the adapter's own test documents by name."""
    root = DATA / adapter
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def document_of(adapter: str, files: Mapping[str, bytes] | None = None) -> FeedDocument:
    """Return the first bundle of the files, read."""
    files = files or files_of(adapter)
    _, names = next(iter(get(adapter).bundles(files)))
    return get(adapter).parse({name: files[name] for name in names})


def told(document: FeedDocument, *types: str) -> list[tuple[Any, ...]]:
    """Return the first match's facts of the types: (type, minute, player, related player)."""
    return [
        (event.type, event.clock_label, event.player, event.related_player)
        for event in document.matches[0].events
        if event.type in types
    ]


def first(document: FeedDocument, type_: str) -> FeedEvent:
    """Return the first match's first fact of the type."""
    return next(event for event in document.matches[0].events if event.type == type_)
