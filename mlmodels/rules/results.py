"""What a model learns from: results, each with the day it was played on."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from leagues.packs.schema import SportPack

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayedMatch:
    """A result; `home_score` and `away_score` are those of regular time.

    `winner` is home, away or nothing for a draw, overtime and shoot-out included.
    """

    match: int
    home: int
    away: int
    home_score: int
    away_score: int
    winner: str
    day: date


def regular_score(
    pack: SportPack, score: Pair, *, shootout: Pair | None, periods: Iterable[Sequence[object]]
) -> Pair:
    """Return the score without overtime and without what a won shoot-out added.

    `periods` are (period, home, away); periods that the pack does not know count as regular.
    """
    home, away = score
    if shootout is not None:
        home -= pack.score.shootout_adds * (shootout[0] > shootout[1])
        away -= pack.score.shootout_adds * (shootout[1] > shootout[0])
    for name, home_part, away_part in periods:
        period = pack.period(str(name))
        if period is not None and period.kind == "overtime":
            home -= int(str(home_part))
            away -= int(str(away_part))
    return home, away


def digest(results: Iterable[PlayedMatch]) -> str:
    """Return a SHA-256 of all that is learnt from; equal data has equal digests."""
    lines = (
        f"{r.match} {r.home} {r.away} {r.home_score} {r.away_score} {r.winner} {r.day}\n"
        for r in results
    )
    return hashlib.sha256("".join(lines).encode()).hexdigest()
