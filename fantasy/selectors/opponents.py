"""Whom the teams of a round play, for shirts and lists."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fantasy.models import Round, RoundMatch
from leagues.models import Team
from matches.models import Match


@dataclass(frozen=True, slots=True, kw_only=True)
class Opponent:
    """A match of a team in a round, seen from the team."""

    team: Team
    is_home: bool
    match: Match


def opponents(round_: Round | None) -> Mapping[int, Sequence[Opponent]]:
    """Return each team's matches of a round in order of kick-off, by team; one query."""
    found: dict[int, list[Opponent]] = defaultdict(list)
    if round_ is None:
        return found
    places = RoundMatch.objects.filter(round=round_).order_by("match__kickoff_at", "match")
    for place in places.select_related("match__home", "match__away"):
        match = place.match
        found[match.home_id].append(Opponent(team=match.away, is_home=True, match=match))
        found[match.away_id].append(Opponent(team=match.home, is_home=False, match=match))
    return dict(found)
