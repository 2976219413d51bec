"""The transfer market as a list: filtered, sorted, with the reasons why somebody cannot be had."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from config.sight import sight
from fantasy.enums import Availability
from fantasy.models import Game, GamePlayer
from fantasy.rules.game import GameRules
from fantasy.rules.squads import tenths
from fantasy.selectors.outlook import GameOutlook, by_outlook


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketWish:
    """What somebody looks for; empty fields leave nobody out. Who is `hidden` is in no list.

    `min_form` and `min_expected` are thousandths of a point, `max_missed` is of the rounds that
    form is made of.
    """

    position: str = ""
    team: str = ""
    name: str = ""
    max_price: int = 0
    min_form: int | None = None
    min_expected: int | None = None
    max_missed: int | None = None
    sort: str = ""
    hidden: Collection[str] = ()

    @property
    def asks_outlook(self) -> bool:
        """It chooses by figures that come from points."""
        return (self.min_form, self.min_expected, self.max_missed) != (None, None, None)


# Orders by figures of the outlook, by their names in addresses.
OUTLOOK_ORDERS: Final = {"form": "-form", "expected": "-expected", "missed": "missed"}


def market_list(
    game: Game, wish: MarketWish, outlook: GameOutlook | None = None
) -> QuerySet[GamePlayer]:
    """Return the players of a game that fit, in the order wished for, the dearest first.

    Without an outlook nobody is chosen or ordered by one.
    """
    rows = _chosen(game, wish)
    if outlook is not None:
        rows = rows_by_outlook(rows, outlook, wish)
        if order := OUTLOOK_ORDERS.get(wish.sort):
            return by_outlook(rows, outlook.figures(order.lstrip("-")), order)
    # An order by points would tell points.
    if wish.sort == "points" and sight() is None:
        return rows.annotate(sum=Coalesce(Sum("scores__points"), 0)).order_by("-sum", "number")
    orders = {"price": ("price", "number"), "name": ("player__short_name", "player__name")}
    return rows.order_by(*orders.get(wish.sort, ("-price", "number")))


def rows_by_outlook(
    rows: QuerySet[GamePlayer], outlook: GameOutlook, wish: MarketWish
) -> QuerySet[GamePlayer]:
    """Return the players whose figures are as wished; who has none is no such player."""
    for name, least in (("form", wish.min_form), ("expected", wish.min_expected)):
        if least is not None:
            held = outlook.figures(name)
            rows = rows.filter(pk__in=[pk for pk, figure in held.items() if figure >= least])
    if wish.max_missed is not None:
        rows = rows.filter(pk__in=outlook.missed_at_most(wish.max_missed))
    return rows


def _chosen(game: Game, wish: MarketWish) -> QuerySet[GamePlayer]:
    rows = GamePlayer.objects.filter(game=game).select_related("player", "team")
    if wish.hidden:
        rows = rows.exclude(position__in=wish.hidden)
    if wish.position:
        rows = rows.filter(position=wish.position)
    if wish.team:
        rows = rows.filter(team__public_id=wish.team)
    if wish.max_price:
        rows = rows.filter(price__lte=wish.max_price)
    if wish.name:
        known = Q(player__name__icontains=wish.name) | Q(player__short_name__icontains=wish.name)
        rows = rows.filter(known)
    return rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What a squad has room for: money, places by position, players by club; who is in it.

    `money_tenths` None: money plays no part. `places` None: any position.
    """

    held: Collection[int]
    clubs: Mapping[int, int]
    money_tenths: int | None
    places: Mapping[str, int] | None = None


def room_of(
    rules: GameRules,
    held: Sequence[GamePlayer],
    *,
    money_tenths: int | None,
    places: Mapping[str, int] | None = None,
) -> Room:
    """Return the room in a squad of these players."""
    return Room(
        held={row.pk for row in held},
        clubs=Counter(row.team_id for row in held),
        money_tenths=money_tenths if rules.squad.budget_tenths else None,
        places=places,
    )


def why_not(rules: GameRules, room: Room, player: GamePlayer) -> str:
    """Return why a player cannot be bought, empty when he can."""
    if player.pk in room.held:
        return _("In your squad")
    if player.status == Availability.GONE:
        return _("Has left the competition")
    if room.places is not None and room.places.get(player.position, 0) <= 0:
        label = rules.position(player.position).plural.lower()
        return _("You have all your %(position)s") % {"position": label}
    if room.clubs.get(player.team_id, 0) >= rules.squad.club_cap:
        return _("You have %(n)s of his club") % {"n": rules.squad.club_cap}
    if room.money_tenths is not None and player.price > room.money_tenths:
        short = tenths(player.price - room.money_tenths)
        return _("You are %(money)s short") % {"money": short}
    return ""
