"""Parts of a match's page that apps above add: their tabs."""

from collections.abc import Callable
from dataclasses import dataclass

from matches.models import Match


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """A part of the page with an address of its own; `id` is what the page calls it."""

    id: str
    label: str
    url: str


TabOf = Callable[[Match], Tab | None]
_tabs: list[TabOf] = []


def register_tab(tab_of: TabOf) -> None:
    """Add a tab to the pages of those matches for which the function returns one.

    It is asked with every page, so it should cost no query.
    """
    _tabs.append(tab_of)


def added_tabs(match: Match) -> list[Tab]:
    """Return the tabs that other apps have for the match."""
    return [tab for tab_of in _tabs if (tab := tab_of(match)) is not None]
