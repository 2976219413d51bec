"""What the stats app hears: grown logs are folded, changed standings make new tables and pages."""

from collections.abc import Sequence

from matches.services import curation
from stats import live
from stats.services import fold, tables
from streams.groups import Delivery, subscribe
from streams.relay import relay_last

# What boxscores and tables show of others.
_SHOWN = frozenset(("name", "external_ids"))


@subscribe("match.ingested", group="stats", queue="fold")
def fold_matches(deliveries: Sequence[Delivery]) -> None:
    """Fold each match once, however often it was announced, and send what is new."""
    told = {delivery.event.match_id for delivery in deliveries}
    with relay_last():
        folded = fold.fold_matches(told)
        live.publish_matches(folded)
    live.catch_up(told - {news.match.pk for news in folded})


@subscribe("resource.changed", group="names", queue="default", gather_s=0.25)
def follow_names(deliveries: Sequence[Delivery]) -> None:
    """Fold anew what names somebody who is called otherwise now, and rank his seasons again."""
    renamed = {(d.event.kind, d.event.row_id) for d in deliveries if _SHOWN & set(d.event.fields)}
    matches = {pk for kind, row_id in renamed for pk in curation.matches_naming(kind, row_id)}
    curation.tell_names_changed(matches)
    for season_id in tables.seasons_of({pk for kind, pk in renamed if kind == "team"}):
        tables.refresh_tables(season_id)


@subscribe("stat.update", group="pages", queue="default", gather_s=0.25)
def refresh_pages(deliveries: Sequence[Delivery]) -> None:
    """Render the pages of each folded match once, and tell its league and teams of it."""
    events = [delivery.event for delivery in deliveries]
    folded = list(dict.fromkeys(event.match_id for event in events))
    moved = {e.match_id for e in events if e.standing_changed and not e.is_first}
    live.publish_headers(folded, moved=moved)
    live.publish_pages(folded, moved=moved)


@subscribe("stat.update", group="tables", queue="default", gather_s=2.0)
def refresh_tables(deliveries: Sequence[Delivery]) -> None:
    """Make each touched season's tables anew, once."""
    touched = {d.event.season_id: None for d in deliveries if d.event.standing_changed}
    for season_id in touched:
        tables.refresh_tables(season_id)
    live.publish_tables(touched)
