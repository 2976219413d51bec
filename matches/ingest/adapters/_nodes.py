"""JSON that knows where it stands: a wrong type or a missing key becomes a FeedError with the path."""

import json
from collections.abc import Iterator
from typing import Any

from matches.ingest.documents import FeedError

_LIMIT = 2**53


class Node:
    """One value of a vendor's document and its path from the document's top ("$")."""

    __slots__ = ("file", "path", "value")

    def __init__(self, file: str, path: str, value: Any) -> None:
        self.file = file
        self.path = path
        self.value = value

    def error(self, expected: str, key: str = "") -> FeedError:
        """Return the error to raise when this value (or the one under `key`) is not as expected."""
        if key:
            return FeedError(f"{self.file}: {self.path}.{key}: expected {expected}")
        found = "nothing" if self.value is None else f"{self.value!r:.60}"
        return FeedError(
            f"{self.file}: {self.path}: expected {expected}, found {found}"
        )

    def __contains__(self, key: str) -> bool:
        return isinstance(self.value, dict) and self.value.get(key) is not None

    def at(self, key: str) -> "Node":
        """Return the value under `key`; an absent one is a node without a value."""
        return Node(self.file, f"{self.path}.{key}", self.fields().get(key))

    def fields(self) -> dict[str, Any]:
        """Return the object itself."""
        if not isinstance(self.value, dict):
            raise self.error("an object")
        return self.value

    def entries(self) -> Iterator[tuple[str, "Node"]]:
        """Yield the object's values by key; an absent object has none."""
        if self.value is None:
            return
        for key, value in self.fields().items():
            yield key, Node(self.file, f"{self.path}.{key}", value)

    def elements(self) -> Iterator["Node"]:
        """Yield the array's values; an absent array has none."""
        if self.value is None:
            return
        if not isinstance(self.value, list):
            raise self.error("an array")
        for index, value in enumerate(self.value):
            yield Node(self.file, f"{self.path}[{index}]", value)

    def text(self, key: str, default: str | None = None) -> str:
        """Return a text, or `default` when it is absent; without a default it must be there."""
        value = self.fields().get(key)
        if value is None and default is not None:
            return default
        if not isinstance(value, str):
            raise self.at(key).error("a text")
        # PostgreSQL cannot store NUL in a text.
        return value.replace("\x00", "").strip()

    def whole(self, key: str, default: int | None = None) -> int:
        """Return a whole number, or `default` when it is absent."""
        value = self.fields().get(key)
        if value is None and default is not None:
            return default
        if not isinstance(value, int) or isinstance(value, bool) or abs(value) > _LIMIT:
            raise self.at(key).error("a whole number")
        return value

    def number(self, key: str) -> float | None:
        """Return a number, or None when it is absent."""
        value = self.fields().get(key)
        if value is None:
            return None
        if (
            not isinstance(value, int | float)
            or isinstance(value, bool)
            or abs(value) > _LIMIT
        ):
            raise self.at(key).error("a number")
        return float(value)

    def flag(self, key: str) -> bool:
        """Return true or false; absent is false."""
        value = self.fields().get(key)
        if not isinstance(value, bool | None):
            raise self.at(key).error("true or false")
        return bool(value)


def decoded(file: str, content: bytes) -> Node:
    """Return the top of a JSON document. Raises FeedError."""
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise FeedError(f"{file}: $: not JSON: {error}") from error
    top = Node(file, "$", value)
    top.fields()
    return top
