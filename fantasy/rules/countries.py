"""Countries by their two letters, from the tables that come with the zones of the world."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from unicodedata import normalize

_TABLE = files("tzdata") / "zoneinfo" / "iso3166.tab"
# Its own code until ISO 3166 gives it one.
_MORE = {"XK": "Kosovo"}


@cache
def countries() -> Mapping[str, str]:
    """Return the English name of every country by its code, in the order of names."""
    lines = _TABLE.read_text(encoding="utf-8").splitlines()
    rows = (line.split("\t", 1) for line in lines if line and not line.startswith("#"))
    found = {code: name.strip() for code, name in rows} | _MORE
    return dict(sorted(found.items(), key=lambda item: _sortable(item[1])))


def country_name(code: str) -> str:
    """Return what a country is called; the code itself where nobody knows it."""
    return countries().get(code, code)


def _sortable(name: str) -> str:
    return normalize("NFKD", name).encode("ascii", "ignore").decode().casefold()
