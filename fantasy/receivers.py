"""What the fantasy app hears: folded matches are scored, scores move totals and ranks."""

from collections.abc import Sequence

from fantasy.live import tell_entries, tell_pages
from fantasy.services import leagues, live, prices, scoring, timing
from streams.groups import Delivery, subscribe


@subscribe("stat.update", group="fantasy", queue="fantasy")
def score_folded(deliveries: Sequence[Delivery]) -> None:
    """Score each folded match once, however often it was folded."""
    scored = scoring.score_matches({delivery.event.match_id for delivery in deliveries})
    timing.note_scored(scored)


@subscribe("lineup.locked", group="leagues", queue="fantasy")
def begin_round(deliveries: Sequence[Delivery]) -> None:
    """Draw fixtures and cups that begin with a locked round, and move prices by its transfers."""
    for delivery in deliveries:
        leagues.begin_leagues(delivery.event.round_id)
        prices.move_prices(delivery.event.round_id)


@subscribe("fantasy.score.update", group="ranks", queue="fantasy")
def rank_scored(deliveries: Sequence[Delivery]) -> None:
    """Bring each scored round's totals and ranks up to date once, publish them, tell open pages."""
    rounds = {delivery.event.round_id for delivery in deliveries}
    live.refresh_rounds(rounds)
    tell_entries(rounds)
    tell_pages(rounds)


@subscribe("lineup.locked", group="ranks", queue="fantasy")
def rank_locked(deliveries: Sequence[Delivery]) -> None:
    """Load frozen line-ups before their matches begin, and tell open pages of the lock."""
    rounds = {delivery.event.round_id for delivery in deliveries}
    live.refresh_rounds(rounds)
    tell_entries(rounds)
    tell_pages(rounds)
