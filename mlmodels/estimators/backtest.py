"""Walk-forward backtest: every match is forecast from the results of earlier days alone."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from leagues.packs.schema import StrengthRule
from mlmodels.estimators.strength import fit
from mlmodels.rules.chances import Chances
from mlmodels.rules.forecasting import before_the_match
from mlmodels.rules.metrics import as_json, calibration, scores
from mlmodels.rules.results import PlayedMatch

# The newest half of the results is judged, at most a season of twenty teams.
MOST_JUDGED = 380
Judged = list[tuple[Chances, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """The judged days, and (chances, winner) of each match by model and baseline."""

    first: date
    last: date
    model: Judged
    base_rates: Judged
    earlier: Judged

    def as_metrics(self) -> Mapping[str, Any]:
        """Return scores and calibration for a registry row."""
        return {
            "window": {"first": str(self.first), "last": str(self.last), "n": len(self.model)},
            "model": as_json(scores(self.model)),
            "base_rates": as_json(scores(self.base_rates)),
            "earlier": as_json(scores(self.earlier)),
            "calibration": [as_json(part) for part in calibration(self.model)],
        }


def backtest(results: Sequence[PlayedMatch], rule: StrengthRule) -> Backtest:
    """Judge the newest results day by day; needs at least two days of results.

    `base_rates`: how often home, draw and away came in all results of earlier days. `earlier`:
    how often they came before the judged days began, in the newest season's worth of them.
    Raises ValueError when there is too little to judge.
    """
    ordered = sorted(results, key=lambda r: (r.day, r.match))
    start = ordered[-min(MOST_JUDGED, len(ordered) // 2) :][:1]
    if not start or not any(result.day < start[0].day for result in ordered):
        raise ValueError("a backtest needs results of at least two days")
    first = start[0].day
    before = [result for result in ordered if result.day < first]
    fixed = _rates(before[-MOST_JUDGED:], rule)
    found = Backtest(first=first, last=ordered[-1].day, model=[], base_rates=[], earlier=[])
    known = list(before)
    judged = (result for result in ordered if result.day >= first)
    for day, group in groupby(judged, key=lambda r: r.day):
        played = list(group)
        fitted, rates = fit(known, rule, at=day), _rates(known, rule)
        for result in played:
            chances = before_the_match(fitted.expect(result.home, result.away), rule)
            found.model.append((chances, result.winner))
            found.base_rates.append((rates, result.winner))
            found.earlier.append((fixed, result.winner))
        known += played
    return found


def _rates(results: Sequence[PlayedMatch], rule: StrengthRule) -> Chances:
    """Return how often each outcome came, as if each had come once more."""
    came = Counter(result.winner for result in results)
    has_draws = bool(rule.draw_share)
    whole = len(results) + 2 + has_draws - (0 if has_draws else came[""])
    return Chances(
        home=(came["home"] + 1) / whole,
        draw=(came[""] + 1) / whole if has_draws else 0.0,
        away=(came["away"] + 1) / whole,
    )
