"""Strict reading of TOML tables: every key is typed, and a key nobody asked for is refused."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from leagues.packs.schema import PackError

_REQUIRED: Any = object()
# Beyond all that is counted in a match, milliseconds too; neither inf nor nan is within.
_MOST = 10**12
_KINDS = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return a hint at the known word that was meant, or at all of them."""
    names = sorted(known)
    close = get_close_matches(word, names, n=1)
    if close:
        return f"did you mean '{close[0]}'?"
    return f"known: {', '.join(names)}" if names else "none is defined"


class Table:
    """One table of a file. Ask for each key, then `close`: what is left over is an error."""

    def __init__(self, file: str, path: str, data: Mapping[str, Any]) -> None:
        self.file = file
        self.path = path
        self._data = data
        self._asked: set[str] = set()

    def error(self, key: str, message: str) -> PackError:
        """Return the error to raise about one of this table's keys."""
        return PackError(self.file, self.key_path(key), message)

    def key_path(self, key: str) -> str:
        """Return the key's full path from the file's top."""
        return ".".join(part for part in (self.path, key) if part)

    def __contains__(self, key: str) -> bool:
        return key in self._data

    def keys(self) -> Iterable[str]:
        """All keys present, in file order."""
        return self._data.keys()

    def raw(self, key: str, default: Any = _REQUIRED) -> Any:
        """Return the value whatever its type; without a default the key must be there."""
        self._asked.add(key)
        if key in self._data:
            return self._data[key]
        if default is _REQUIRED:
            raise self.error(key, "missing; this key is required")
        return default

    def text(self, key: str, default: Any = _REQUIRED, *, choices: Iterable[str] = ()) -> str:
        """Return a text, one of `choices` where given."""
        value = self.raw(key, default)
        self._check(key, value, str)
        options = tuple(choices)
        if options and value not in options:
            hint = suggestion(value, options)
            raise self.error(key, f"'{value}' is not one of {', '.join(options)}; {hint}")
        return str(value)

    def whole(
        self,
        key: str,
        default: Any = _REQUIRED,
        *,
        minimum: int | None = None,
        maximum: int | None = None,
    ) -> int:
        """Return a whole number, at least `minimum` and at most `maximum`."""
        value = self.raw(key, default)
        self._check(key, value, int)
        if minimum is not None and value < minimum:
            raise self.error(key, f"{value} is too small; use {minimum} or more")
        if maximum is not None and value > maximum:
            raise self.error(key, f"{value} is too large; use {maximum} or less")
        return int(value)

    def number(self, key: str, default: Any = _REQUIRED) -> float:
        """Return a whole or decimal number."""
        value = self.raw(key, default)
        self._check(key, value, float)
        return float(value) if isinstance(value, float) else int(value)

    def optional_number(self, key: str) -> float | None:
        """Return a number, or None without the key."""
        return self.number(key) if key in self._data else None

    def flag(self, key: str, default: Any = _REQUIRED) -> bool:
        """Return true or false."""
        value = self.raw(key, default)
        self._check(key, value, bool)
        return bool(value)

    def texts(self, key: str, default: Any = _REQUIRED) -> tuple[str, ...]:
        """Return a list of texts."""
        value = self.raw(key, default)
        if not isinstance(value, list | tuple) or not all(isinstance(v, str) for v in value):
            raise self.error(key, f'must be a list of texts such as ["a", "b"], not {value!r}')
        return tuple(value)

    def table(self, key: str) -> "Table":
        """Return a table within; an absent one is empty."""
        value = self.raw(key, {})
        if not isinstance(value, dict):
            raise self.error(key, f"must be a table, not {value!r}")
        return Table(self.file, self.key_path(_quoted(key)), value)

    def tables(self, key: str) -> list["Table"]:
        """Return an array of tables, empty when absent."""
        value = self.raw(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.error(key, f"must be an array of tables ([[{self.key_path(key)}]])")
        path = self.key_path(key)
        return [Table(self.file, f"{path}[{i}]", item) for i, item in enumerate(value)]

    def close(self, hints: Mapping[str, str] | None = None) -> None:
        """Refuse keys that were never asked for."""
        for key in self._data:
            if key not in self._asked:
                hint = (hints or {}).get(key) or suggestion(key, self._asked)
                raise self.error(key, f"unknown key; {hint}")

    def _check(self, key: str, value: Any, kind: type) -> None:
        accepted: tuple[type, ...] = (int, float) if kind is float else (kind,)
        # bool is an int in Python, but `length_ms = true` is a mistake.
        if not isinstance(value, accepted) or (isinstance(value, bool) and kind is not bool):
            raise self.error(key, f"must be {_KINDS[kind]}, not {value!r}")
        if isinstance(value, int | float) and not -_MOST <= value <= _MOST:
            within = f"use one from {-_MOST} to {_MOST}"
            raise self.error(key, f"{value} is no number to count with; {within}")


def _quoted(key: str) -> str:
    return f'"{key}"' if "." in key else key
