"""What the stats app hears: grown logs are folded, changed standings make new tables."""

from collections.abc import Sequence

from stats.services import fold, tables
from streams.groups import Delivery, subscribe


@subscribe("match.ingested", group="stats", queue="fold")
def fold_matches(deliveries: Sequence[Delivery]) -> None:
    """Fold each match once, however often it was announced."""
    for match_id in dict.fromkeys(delivery.event.match_id for delivery in deliveries):
        fold.fold_and_publish(match_id)


@subscribe("stat.update", group="tables", queue="fold")
def refresh_tables(deliveries: Sequence[Delivery]) -> None:
    """Make each touched season's tables anew, once."""
    touched = [d.event.season_id for d in deliveries if d.event.standing_changed]
    for season_id in dict.fromkeys(touched):
        tables.refresh_tables(season_id)
