"""Reads of who pressed in a match."""

from collections.abc import Iterable, Sequence

from leagues.packs.loader import load_pack
from leagues.packs.schema import PERIOD_START, SportPack
from matches.models import Match
from matches.rules.timeline import TimelineItem, counts_single_goals
from matches.selectors.plays import Play, current_plays
from stats.rules.axis import Axis, time_axis
from stats.rules.momentum import MinutePressure, act_of, momentum
from stats.rules.strip import WIDTH, Score, Strip, momentum_strip


def momentum_of(match: Match, plays: Sequence[Play] | None = None) -> tuple[MinutePressure, ...]:
    """Return which side pressed, minute by minute; the league must be fetched along.

    One query, none where the match's plays are given. Empty for a sport without [momentum] and
    for a log without clock times.
    """
    pack = load_pack(match.season.league.sport)
    if pack.momentum is None:
        return ()
    plays = current_plays(match) if plays is None else plays
    acts = (act_of(pack, play.fact, x=play.x, y=play.y) for play in plays)
    return momentum(pack, (act for act in acts if act), lengths_ms=played_ms(plays))


def played_ms(plays: Iterable[Play]) -> dict[str, int]:
    """Return how far into each period the plays reach."""
    lengths_ms: dict[str, int] = {}
    for play in plays:
        fact = play.fact
        lengths_ms[fact.period] = max(lengths_ms.get(fact.period, 0), fact.clock_ms)
    return lengths_ms


def axis_of(pack: SportPack, plays: Sequence[Play], *, width: float) -> Axis:
    """Return the time axis of a match's charts."""
    told = {
        play.fact.period: length
        for play in plays
        if play.fact.type == PERIOD_START
        and type(length := play.fact.payload.get("length_ms")) is int
        and length > 0
    }
    return time_axis(pack, played_ms(plays), width=width, told_ms=told)


def strip_of(match: Match, plays: Sequence[Play], items: Sequence[TimelineItem]) -> Strip | None:
    """Return momentum as it is drawn, with the goals of sports where each one counts; no query."""
    pack = load_pack(match.season.league.sport)
    return momentum_strip(
        axis_of(pack, plays, width=WIDTH),
        momentum_of(match, plays),
        _scores(pack, plays, items) if counts_single_goals(pack) else (),
    )


def _scores(
    pack: SportPack, plays: Sequence[Play], items: Sequence[TimelineItem]
) -> Iterable[Score]:
    clocks = {play.fact.ref: play.fact.clock_ms for play in plays}
    mark = "'" if pack.clock.cumulative else ""
    for item in items:
        if item.score and not item.is_cancelled and not item.is_divider:
            home, away = item.score
            yield Score(
                period=item.period,
                clock_ms=clocks.get(item.seq, 0),
                side=item.shown_side,
                words=f"{item.clock}{mark} {item.player or item.label} {home}–{away}",
            )
