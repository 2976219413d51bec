"""Win probability at any moment of a match, formula version 1; docs/models.md explains it.

Before the match is the same formula with the whole match to go.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from leagues.packs.schema import StrengthRule
from mlmodels.rules.chances import Chances, Expectation

FORMULA: Final = "1"
# Beyond it nothing of a Poisson distribution with a plausible mean is left.
_TAIL: Final = 1e-15


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """A match under way, of regular time unless `is_overtime`.

    `remaining` is the share of regular time still to play, 0 to 1; in overtime it is the
    overtime still to play, as a share of regular time. `level_stays`: a level score after
    overtime is a draw; else something further decides, either side with the same chance.
    """

    home_score: int = 0
    away_score: int = 0
    remaining: float = 1.0
    home_off: int = 0
    away_off: int = 0
    is_overtime: bool = False
    level_stays: bool = False


def win_probability(situation: Situation, expected: Expectation, rule: StrengthRule) -> Chances:
    """Return the chances of home win, draw and away win; they add up to 1.

    poisson: what each side still scores is Poisson with its expected score times the remaining
    share, times `sent_off` for each player sent off. normal: the margin still to come is normal
    with mean and variance in proportion to the remaining share, a Brownian motion with drift;
    scores are whole, so a margin between -1/2 and 1/2 is level. A level score stays a draw with
    `draw_share`, else goes to whoever scores next.
    """
    lead = situation.home_score - situation.away_score
    home = max(0.0, expected.home) * situation.remaining
    away = max(0.0, expected.away) * situation.remaining
    home *= rule.sent_off_own**situation.home_off * rule.sent_off_other**situation.away_off
    away *= rule.sent_off_own**situation.away_off * rule.sent_off_other**situation.home_off
    if rule.distribution == "poisson":
        ahead, level, behind = _race(lead, home, away)
    else:
        spread = expected.margin_sd * math.sqrt(situation.remaining)
        ahead, level, behind = _motion(lead, home - away, spread)
    return _settled((ahead, level, behind), situation, expected, rule)


def _settled(
    parts: tuple[float, float, float],
    situation: Situation,
    expected: Expectation,
    rule: StrengthRule,
) -> Chances:
    ahead, level, behind = parts
    whole = ahead + level + behind
    if situation.is_overtime:
        stays, first = float(situation.level_stays), 0.5
    else:
        stays, first = rule.draw_share, _scores_first(expected)
    draw = level * stays / whole
    home = (ahead + level * (1 - stays) * first) / whole
    return Chances(home=home, draw=draw, away=max(0.0, 1 - home - draw))


def _scores_first(expected: Expectation) -> float:
    both = expected.home + expected.away
    return expected.home / both if both > 0 else 0.5


def _race(lead: int, home: float, away: float) -> tuple[float, float, float]:
    """Return P(margin > 0), P(= 0), P(< 0) for two independent Poisson counts added to `lead`."""
    ours, theirs = poisson(home), poisson(away)
    ahead = level = behind = 0.0
    for more, p_more in enumerate(ours):
        for other, p_other in enumerate(theirs):
            margin = lead + more - other
            if margin > 0:
                ahead += p_more * p_other
            elif margin == 0:
                level += p_more * p_other
            else:
                behind += p_more * p_other
    return ahead, level, behind


@lru_cache(maxsize=512)
def poisson(mean: float) -> tuple[float, ...]:
    """Return P(0), P(1), ... as far as there is anything left."""
    parts = [math.exp(-mean)]
    while parts[-1] > _TAIL or len(parts) < mean:
        parts.append(parts[-1] * mean / len(parts))
    return tuple(parts)


def _motion(lead: int, drift: float, spread: float) -> tuple[float, float, float]:
    """Return P(margin > 0), P(= 0), P(< 0) for a normal change of the margin."""
    if spread <= 0:
        return float(lead > 0), float(lead == 0), float(lead < 0)
    ahead = _normal((lead + drift - 0.5) / spread)
    behind = _normal((-lead - drift - 0.5) / spread)
    return ahead, max(0.0, 1 - ahead - behind), behind


def _normal(z: float) -> float:
    return math.erfc(-z / math.sqrt(2)) / 2
