"""Reading vendor JSON without trust: each value is taken by path, with its type checked.

node = Node(parse_json(body), "feed.json")
node.get("matches").at(0).text("id")     # FeedError: feed.json: matches[0].id: ...
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import accumulate
from typing import Any

import orjson

from matches.ingest.documents import FeedError

MAX_DEPTH = 32
MAX_TEXT = 2_000
_MISSING = object()


def parse_json(body: bytes, name: str) -> Any:
    """Return the document of `body`; refuses what is no JSON or nested deeper than `MAX_DEPTH`."""
    if _depth(body) > MAX_DEPTH:
        raise FeedError(f"{name}: nested deeper than {MAX_DEPTH} levels", code="too_deep")
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise FeedError(f"{name}: no JSON: {error}", code="not_json") from error


_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_STEPS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}


def _depth(body: bytes) -> int:
    """Return how deep the brackets outside strings are nested."""
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return 0
    brackets = _STRING.sub(b"", body).translate(None, _NO_BRACKETS)
    return max(accumulate(map(_STEPS.__getitem__, brackets)), default=0)


class Node:
    """A value of a vendor's document together with the path that leads to it."""

    __slots__ = ("_at", "_parent", "value")

    def __init__(self, value: Any, at: str, parent: "Node | None" = None) -> None:
        self.value = value
        self._at = at
        self._parent = parent

    @property
    def path(self) -> str:
        """Where the value stands, for messages: nobody else pays for it."""
        return self._at if self._parent is None else self._parent.path + self._at

    def refuse(self, expected: str) -> FeedError:
        """Return the error that this value is not what was expected."""
        shown = repr(self.value)
        return FeedError(f"{self.path}: expected {expected}, got {shown[:60]}")

    def get(self, key: str, default: Any = _MISSING) -> "Node":
        """Return the member of an object; FeedError when it is missing and has no default."""
        if not isinstance(self.value, dict):
            raise self.refuse("an object")
        value = self.value.get(key, default)
        if value is _MISSING:
            raise FeedError(f"{self.path}.{key}: is missing")
        return Node(value, f".{key}", self)

    def _known(self, key: str) -> Any:
        """Return the plain value of a member, for what needs no path; None where it has none."""
        if type(self.value) is dict:
            return self.value.get(key)
        raise self.refuse("an object")

    def items(self) -> Iterator["Node"]:
        """Return the elements of a list."""
        if not isinstance(self.value, list):
            raise self.refuse("a list")
        return (Node(value, f"[{i}]", self) for i, value in enumerate(self.value))

    def members(self) -> Iterator[tuple[str, "Node"]]:
        """Return the members of an object."""
        if not isinstance(self.value, dict):
            raise self.refuse("an object")
        return ((key, Node(value, f".{key}", self)) for key, value in self.value.items())

    def text(self, key: str, default: str | None = None) -> str:
        """Return a string member; numbers are accepted as ids and given as digits."""
        known = self._known(key)
        if type(known) is str and len(known) <= MAX_TEXT and "\0" not in known:
            return known
        if known is None and default is not None:
            return default
        node = self.get(key) if default is None else self.get(key, default)
        if node.value is None and default is not None:
            return default
        if isinstance(node.value, bool) or not isinstance(node.value, str | int):
            raise node.refuse("text")
        text = str(node.value)
        if "\0" in text or len(text) > MAX_TEXT:
            raise node.refuse(f"text of at most {MAX_TEXT} characters without NUL")
        return text

    def whole(self, key: str, default: int | None = None) -> int:
        """Return an integer member."""
        known = self._known(key)
        if type(known) is int and abs(known) <= 2**53:
            return known
        if known is None and default is not None:
            return default
        node = self.get(key) if default is None else self.get(key, default)
        if node.value is None and default is not None:
            return default
        if isinstance(node.value, bool) or not isinstance(node.value, int):
            raise node.refuse("a whole number")
        if abs(node.value) > 2**53:
            raise node.refuse("a whole number below 2^53")
        return node.value

    def number(self, key: str) -> float | None:
        """Return a number member or None."""
        if self._known(key) is None:
            return None
        node = self.get(key, None)
        if node.value is None:
            return None
        if isinstance(node.value, bool) or not isinstance(node.value, int | float):
            raise node.refuse("a number")
        return float(node.value)

    def flag(self, key: str, *, default: bool = False) -> bool:
        """Return a true/false member."""
        if type(known := self._known(key)) is bool:
            return known
        node = self.get(key, default)
        if not isinstance(node.value, bool):
            raise node.refuse("true or false")
        return node.value

    def moment(self, key: str) -> datetime | None:
        """Return an RFC 3339 time as aware UTC, or None."""
        if self._known(key) is None:
            return None
        node = self.get(key, None)
        if node.value is None:
            return None
        try:
            moment = datetime.fromisoformat(node.value)
        except (TypeError, ValueError):
            raise node.refuse("a time such as 2026-11-22T15:00:00Z") from None
        if moment.tzinfo is None:
            raise node.refuse("a time with its zone, such as 2026-11-22T15:00:00Z")
        return moment.astimezone(UTC)
