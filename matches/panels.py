"""Parts of a match's page: those that apps above add, and which one a device saw last."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from matches.enums import MatchStatus
from matches.models import Match

TAB_COOKIE: Final = "match_tab"
_YEAR_S: Final = 31_536_000
# The address of each part that every match has; the timeline comes where nothing is remembered.
_PLACES: Final = {
    "stats": "stats:match_stats",
    "lineups": "matches:lineups",
    "table": "stats:match_table",
    "h2h": "matches:h2h",
}
_NOT_BEGUN: Final = (
    MatchStatus.SCHEDULED,
    MatchStatus.DELAYED,
    MatchStatus.POSTPONED,
    MatchStatus.CANCELLED,
)
_OF_PLAY: Final = frozenset({"stats", "lineups"})


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


def remember_tab(request: HttpRequest, response: HttpResponse, tab: str) -> HttpResponse:
    """Let the device come back to this part with the next match; the response, for returning it.

    A cookie is set only when it says something new, so that caches can keep the other answers.
    """
    held = request.COOKIES.get(TAB_COOKIE, "")
    if tab in _PLACES and held != tab:
        response.set_cookie(TAB_COOKIE, tab, max_age=_YEAR_S, samesite="Lax", httponly=True)
    elif tab not in _PLACES and held:
        response.delete_cookie(TAB_COOKIE)
    return response


def last_tab(request: HttpRequest, match: Match) -> HttpResponse | None:
    """Return the way to the part that the device saw last, None where that is the timeline.

    Whoever asks for something of the timeline gets it, and nobody is led to an empty part.
    """
    tab = request.COOKIES.get(TAB_COOKIE, "")
    if tab not in _PLACES or request.GET or (tab in _OF_PLAY and match.status in _NOT_BEGUN):
        return None
    response = HttpResponseRedirect(reverse(_PLACES[tab], args=[match.public_id]))
    response["Cache-Control"] = "private, no-cache"
    return response
