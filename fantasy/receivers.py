"""What the fantasy app hears: folded matches are scored."""

from collections.abc import Sequence

from fantasy.services import leagues, prices, scoring
from streams.groups import Delivery, subscribe


@subscribe("stat.update", group="fantasy", queue="fantasy")
def score_folded(deliveries: Sequence[Delivery]) -> None:
    """Score each folded match once, however often it was folded."""
    scoring.score_matches({delivery.event.match_id for delivery in deliveries})


@subscribe("lineup.locked", group="leagues", queue="fantasy")
def begin_round(deliveries: Sequence[Delivery]) -> None:
    """Draw fixtures and cups that begin with a locked round, and move prices by its transfers."""
    for delivery in deliveries:
        leagues.begin_leagues(delivery.event.round_id)
        prices.move_prices(delivery.event.round_id)
