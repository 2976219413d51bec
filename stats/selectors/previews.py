"""Reads of what is known of a match before it starts."""

from dataclasses import dataclass

from matches.models import Match, TeamSheet
from matches.selectors.fixtures import head_to_head
from stats.selectors.tables import Standing, Table

_MEETINGS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """Where both teams stand (both or none), how they met, whether sheets are out or predicted."""

    standings: tuple[Standing, ...]
    meetings: tuple[Match, ...]
    has_line_ups: bool
    are_predicted: bool


def preview(match: Match, table: Table) -> Preview:
    """Return what to look at before a match; two queries."""
    found = [table.standing_of(team) for team in (match.home_id, match.away_id)]
    confirmed = TeamSheet.objects.filter(match=match).values_list("is_confirmed", flat=True)
    sheets = list(confirmed)
    standings = tuple(standing for standing in found if standing)
    return Preview(
        standings=standings if len(standings) == len(found) else (),
        meetings=tuple(head_to_head(match, limit=_MEETINGS)),
        has_line_ups=bool(sheets),
        are_predicted=not all(sheets),
    )
