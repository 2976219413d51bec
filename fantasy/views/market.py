"""The market as a part of pages: a list of players by the filters in the address."""

from dataclasses import replace
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest

from fantasy.models import Game
from fantasy.rules.game import Chip, GameRules
from fantasy.selectors.market import market_figures
from fantasy.selectors.market_list import MarketWish, Room, market_list, why_not
from fantasy.selectors.opponents import opponents
from fantasy.selectors.rounds import ahead
from fantasy.selectors.told import tells_points
from fantasy.views.doors import whole

_A_PAGE = 30


def market_page(
    request: HttpRequest,
    game: Game,
    rules: GameRules,
    *,
    room: Room | None = None,
    position: str = "",
    chip: Chip | None = None,
) -> dict[str, Any]:
    """Return a page of the market with figures, opponents and reasons.

    Those whom only a chip adds are shown to buyers while that chip is in force, else to readers
    who ask for their position.
    """
    wish = wish_of(request, position)
    added = rules.added_positions - ({chip.adds} if chip else set())
    if room is not None or wish.position not in added:
        wish = replace(wish, hidden=added)
    page = Paginator(market_list(game, wish), _A_PAGE).get_page(request.GET.get("page"))
    found = list(page.object_list)
    figures = market_figures(game, found)
    return {
        "page": page,
        "sought": wish,
        "max_price": request.GET.get("max_price", "")[:6],
        "market": [
            {
                "player": row,
                "position": rules.position(row.position),
                "figures": figures[row.pk],
                "why_not": why_not(rules, room, row) if room else "",
            }
            for row in found
        ],
        "against": opponents(ahead(game)),
        "teams": game.season.teams.order_by("name"),
        "tells_points": tells_points(game),
        "picks": [p for p in rules.positions if room is None or p.id not in added],
    }


def wish_of(request: HttpRequest, position: str = "") -> MarketWish:
    """Return what the address asks for; a position that is given goes first."""
    given = request.GET
    return MarketWish(
        position=position or given.get("position", "")[:12],
        team=given.get("team", "")[:40],
        name=given.get("q", "").strip()[:60],
        max_price=_tenths(given.get("max_price", "")),
        sort=given.get("sort", "")[:10],
    )


def _tenths(text: str) -> int:
    units, _, part = text.replace(",", ".").partition(".")
    return whole(units) * 10 + whole(part[:1])
