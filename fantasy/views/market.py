"""The market as a part of pages: a list of players by the filters in the address."""

from dataclasses import replace
from typing import Any, Final

from django.core.paginator import Paginator
from django.http import HttpRequest

from fantasy.models import Game
from fantasy.rules.game import Chip, GameRules
from fantasy.selectors.market import market_figures
from fantasy.selectors.market_list import MarketWish, Room, market_list, why_not
from fantasy.selectors.opponents import opponents
from fantasy.selectors.outlook import game_outlook
from fantasy.selectors.rounds import ahead
from fantasy.selectors.told import tells_points
from fantasy.views.doors import whole

# What an open page with the market asks for while points move.
MARKET_REGIONS: Final = {"market": "fantasy/partials/market_table.html"}
_A_PAGE = 30
# Fields in which people type amounts.
_TYPED = ("max_price", "min_form", "min_expected")


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
    wish = wished(request, position)
    added = rules.added_positions - ({chip.adds} if chip else set())
    if room is not None or wish.position not in added:
        wish = replace(wish, hidden=added)
    market = _market(request, game, rules, room, wish)
    picks = [p for p in rules.positions if room is None or p.id not in added]
    return market | {"picks": picks}


def _market(
    request: HttpRequest, game: Game, rules: GameRules, room: Room | None, wish: MarketWish
) -> dict[str, Any]:
    outlook = game_outlook(game)
    page = Paginator(market_list(game, wish, outlook), _A_PAGE).get_page(request.GET.get("page"))
    found = list(page.object_list)
    figures = market_figures(game, found)
    return {
        "page": page,
        "sought": wish,
        "typed": {name: request.GET.get(name, "")[:6] for name in _TYPED},
        "outlook": outlook,
        "market": [
            {
                "player": row,
                "position": rules.position(row.position),
                "figures": figures[row.pk],
                "outlook": outlook.of(row) if outlook else None,
                "why_not": why_not(rules, room, row) if room else "",
            }
            for row in found
        ],
        "against": opponents(ahead(game)),
        "teams": game.season.teams.order_by("name"),
        "tells_points": tells_points(game),
    }


def wished(request: HttpRequest, position: str = "") -> MarketWish:
    """Return what the address asks for; a position that is given goes first."""
    given = request.GET
    return MarketWish(
        position=position or given.get("position", "")[:12],
        team=given.get("team", "")[:40],
        name=given.get("q", "").strip()[:60],
        max_price=_parts(given.get("max_price", ""), 1) or 0,
        min_form=_parts(given.get("min_form", ""), 3),
        min_expected=_parts(given.get("min_expected", ""), 3),
        max_missed=whole(missed) if (missed := given.get("max_missed", "")).isdigit() else None,
        sort=given.get("sort", "")[:10],
    )


def _parts(text: str, digits: int) -> int | None:
    """Return an amount in tenths, hundredths ... by `digits`; None where nobody typed one."""
    units, _, part = text.strip().replace(",", ".").partition(".")
    if not units and not part:
        return None
    power: int = 10**digits
    return whole(units or "0") * power + whole(part[:digits].ljust(digits, "0"))
