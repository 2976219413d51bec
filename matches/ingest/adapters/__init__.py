"""The adapters by name; each is imported when it is first used, as some need heavy libraries."""

from importlib import import_module
from types import MappingProxyType

from matches.ingest.documents import Adapter

ADAPTERS = MappingProxyType(
    {
        name: f"matches.ingest.adapters.{name}"
        for name in (
            "veze",
            "statsbomb",
            "wyscout",
            "opta",
            "statsperform",
            "sportec",
            "datafactory",
            "nba",
            "fiba",
            "nhl",
            "nfl",
            "openfootball",
            "fpl",
        )
    }
)


def get(name: str) -> Adapter:
    """Return the adapter of that name. Raises LookupError that lists the known names."""
    if name not in ADAPTERS:
        known = ", ".join(sorted(ADAPTERS))
        raise LookupError(f"adapter {name!r} is unknown; known are: {known}")
    adapter: Adapter = import_module(ADAPTERS[name]).ADAPTER
    return adapter
