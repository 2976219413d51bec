"""Hostile documents: every value of a good one replaced by every wrong thing, one at a time."""

import copy
from collections.abc import Iterator
from typing import Any

WRONG = (None, True, -1, 10**400, 0.5, "", "x", "\x00", [], [None], {}, {"": None}, "99:99:99")

Path = tuple[str | int, ...]


def paths(value: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the path of every value within."""
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, inner in items:
        yield (*path, key)
        yield from paths(inner, (*path, key))


def mutated(document: Any, path: Path, wrong: Any) -> Any:
    """Return a copy with another value in one place."""
    changed = copy.deepcopy(document)
    target = changed
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = wrong
    return changed


def without(document: Any, path: Path) -> Any:
    """Return a copy that lacks one value."""
    changed = copy.deepcopy(document)
    target = changed
    for key in path[:-1]:
        target = target[key]
    del target[path[-1]]
    return changed


def hostile(document: Any) -> Iterator[Any]:
    """Yield each document with one value wrong or missing."""
    for path in paths(document):
        yield without(document, path)
        for wrong in WRONG:
            yield mutated(document, path, wrong)
