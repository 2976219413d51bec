"""Reads of who pressed in a match."""

from leagues.packs.loader import load_pack
from matches.models import Match
from matches.selectors.plays import current_plays
from stats.rules.momentum import MinutePressure, act_of, momentum


def momentum_of(match: Match) -> tuple[MinutePressure, ...]:
    """Return which side pressed, minute by minute; one query, the league must be fetched along.

    Empty for a sport without [momentum] and for a log without clock times.
    """
    pack = load_pack(match.season.league.sport)
    if pack.momentum is None:
        return ()
    plays = current_plays(match)
    lengths_ms: dict[str, int] = {}
    for play in plays:
        fact = play.fact
        lengths_ms[fact.period] = max(lengths_ms.get(fact.period, 0), fact.clock_ms)
    acts = (act_of(pack, play.fact, x=play.x, y=play.y) for play in plays)
    return momentum(pack, (act for act in acts if act), lengths_ms=lengths_ms)
