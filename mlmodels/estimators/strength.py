"""The strength model: how many points each team of a league is expected to score and concede.

Deterministic: rows are put in order, both solvers are direct (Newton and Cholesky), nothing is
drawn at random, so there is no seed. The same rows give the same coefficients.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from leagues.packs.schema import StrengthRule
from mlmodels.rules.chances import Expectation
from mlmodels.rules.results import PlayedMatch

# Raised when features or formula change: an artefact of another method is not used.
METHOD: Final = "1"
# Makes the penalty on the home column so small that home advantage is not shrunk.
_FREE: Final = 10.0
# Coefficients are kept to what the solvers are sure of.
_DECIMALS: Final = 9

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Strengths:
    """A fitted league. `attack` and `defence` are by team, 0 for a team that is not there.

    poisson: log of home score = base + home + attack(home) + defence(away), of away score without
    `home`. normal: margin = home + attack(home) - attack(away), total = base + defence(home) +
    defence(away); here `attack` is strength and `defence` is pace.
    """

    distribution: str
    base: float
    home: float
    attack: Mapping[int, float]
    defence: Mapping[int, float]
    margin_sd: float = 0.0

    def expect(self, home: int, away: int) -> Expectation:
        """Return what a match of these teams is expected to bring."""
        if self.distribution == "poisson":
            ours = self.base + self.home + self.attack.get(home, 0.0) + self.defence.get(away, 0.0)
            theirs = self.base + self.attack.get(away, 0.0) + self.defence.get(home, 0.0)
            return Expectation(home=float(np.exp(ours)), away=float(np.exp(theirs)))
        margin = self.home + self.attack.get(home, 0.0) - self.attack.get(away, 0.0)
        total = self.base + self.defence.get(home, 0.0) + self.defence.get(away, 0.0)
        total = max(total, abs(margin))
        return Expectation(
            home=(total + margin) / 2, away=(total - margin) / 2, margin_sd=self.margin_sd
        )

    def as_content(self) -> dict[str, Any]:
        """Return plain numbers and names: an artefact needs no learning library to be read."""
        return {
            "method": METHOD,
            "distribution": self.distribution,
            "base": self.base,
            "home": self.home,
            "attack": dict(self.attack),
            "defence": dict(self.defence),
            "margin_sd": self.margin_sd,
        }


def from_content(content: Mapping[str, Any]) -> Strengths:
    """Return the strengths of an artefact. Raises ValueError when its method is not ours."""
    if content.get("method") != METHOD:
        raise ValueError(f"method {content.get('method')!r} is not {METHOD!r}: train again")
    return Strengths(**{key: value for key, value in content.items() if key != "method"})


def fit(results: Sequence[PlayedMatch], rule: StrengthRule, *, at: date) -> Strengths:
    """Return the strengths as of day `at`, from the results of the days before it alone.

    A result counts half as much for every `half_life_days` of its age. Raises ValueError
    without any result.
    """
    known = sorted((r for r in results if r.day < at), key=lambda r: (r.day, r.match))
    if not known:
        raise ValueError(f"no results before {at}")
    ages = np.array([(at - result.day).days for result in known], dtype=np.float64)
    weights = np.power(0.5, ages / rule.half_life_days)
    teams = sorted({team for result in known for team in (result.home, result.away)})
    if rule.distribution == "poisson":
        return _fit_poisson(known, weights, teams, rule)
    return _fit_normal(known, weights, teams, rule)


def _fit_poisson(
    known: Sequence[PlayedMatch], weights: Array, teams: Sequence[int], rule: StrengthRule
) -> Strengths:
    # Half a second and 80 MB that only a process which fits has to pay.
    from sklearn.linear_model import PoissonRegressor  # noqa: PLC0415

    at = {team: index for index, team in enumerate(teams)}
    width, n = len(teams), len(known)
    home, away = _places(known, at)
    rows, index = np.zeros((2 * n, 2 * width + 1)), np.arange(n)
    rows[index, home] = rows[index, width + away] = 1
    rows[n + index, away] = rows[n + index, width + home] = 1
    rows[:n, -1] = _FREE
    scores = np.array([r.home_score for r in known] + [r.away_score for r in known], dtype=float)
    both = np.concatenate([weights, weights])
    mean = float(np.average(scores, weights=both))
    # The loss is a mean over the weights, so this penalty is worth `prior_matches` average ones.
    alpha = rule.prior_matches * max(mean, 0.01) / float(both.sum())
    model = PoissonRegressor(alpha=alpha, solver="newton-cholesky", tol=1e-10, max_iter=200)
    with _threads().limit(limits=1):
        model.fit(rows, scores, sample_weight=both)
    found = np.round(model.coef_, _DECIMALS)
    return Strengths(
        distribution="poisson",
        base=round(float(model.intercept_), _DECIMALS),
        home=round(float(model.coef_[-1]) * _FREE, _DECIMALS),
        attack={team: float(found[index]) for team, index in at.items()},
        defence={team: float(found[width + index]) for team, index in at.items()},
    )


def _fit_normal(
    known: Sequence[PlayedMatch], weights: Array, teams: Sequence[int], rule: StrengthRule
) -> Strengths:
    from sklearn.linear_model import Ridge  # noqa: PLC0415 - as above

    at = {team: index for index, team in enumerate(teams)}
    at_home, at_away = _places(known, at)
    rows, index = np.zeros((len(known), len(teams))), np.arange(len(known))
    rows[index, at_home], rows[index, at_away] = 1, -1
    pace = np.abs(rows)
    home = np.array([result.home_score for result in known], dtype=float)
    away = np.array([result.away_score for result in known], dtype=float)
    margins = Ridge(alpha=rule.prior_matches, solver="cholesky")
    totals = Ridge(alpha=rule.prior_matches, solver="cholesky")
    with _threads().limit(limits=1):
        margins.fit(rows, home - away, sample_weight=weights)
        totals.fit(pace, home + away, sample_weight=weights)
        missed = home - away - margins.predict(rows)
    strength, tempo = np.round(margins.coef_, _DECIMALS), np.round(totals.coef_, _DECIMALS)
    return Strengths(
        distribution="normal",
        base=round(float(totals.intercept_), _DECIMALS),
        home=round(float(margins.intercept_), _DECIMALS),
        attack={team: float(strength[index]) for team, index in at.items()},
        defence={team: float(tempo[index]) for team, index in at.items()},
        margin_sd=round(_spread(rows, missed, weights, rule.prior_matches), _DECIMALS),
    )


def _places(
    known: Sequence[PlayedMatch], at: Mapping[int, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the column of each match's home and away team."""
    return (
        np.array([at[result.home] for result in known]),
        np.array([at[result.away] for result in known]),
    )


@lru_cache(maxsize=1)
def _threads() -> Any:
    """Return what limits the libraries to one thread.

    More make so small a problem seven times slower, and their sums depend on how many there are.
    """
    from threadpoolctl import ThreadpoolController  # noqa: PLC0415 - knows only what is loaded

    return ThreadpoolController()


def _spread(rows: Array, missed: Array, weights: Array, penalty: float) -> float:
    """Return the residuals' deviation, the freedom that the fit used up taken into account."""
    inner = rows.T @ (rows * weights[:, None])
    used = 1 + float(np.trace(np.linalg.solve(inner + penalty * np.eye(len(inner)), inner)))
    # Weights are worth this many whole results.
    whole = float(weights.sum() ** 2 / np.square(weights).sum())
    share = max(1 - used / whole, 0.1) if whole > used else 0.1
    return float(np.sqrt(np.average(np.square(missed), weights=weights) / share))
