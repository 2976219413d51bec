"""From an expectation to a forecast, and when a model is good enough to be used."""

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from leagues.packs.schema import StrengthRule
from mlmodels.rules.chances import Chances, Expectation
from mlmodels.rules.win_probability import FORMULA, Situation, win_probability


class ModelError(Exception):
    """A model that cannot be trained, loaded or used; `code` is stable."""

    code = "bad_model"

    def __init__(self, message: str, *, code: str = "bad_model") -> None:
        super().__init__(message)
        self.code = code


STRENGTH: Final = "strength"


def before_the_match(expected: Expectation, rule: StrengthRule) -> Chances:
    """Return the chances with the whole match to go."""
    return win_probability(Situation(), expected, rule)


def inputs_digest(artefact_sha256: str, *, home: int, away: int) -> str:
    """Return a SHA-256 of all that a forecast follows from."""
    return hashlib.sha256(f"{artefact_sha256} {home} {away} {FORMULA}".encode()).hexdigest()


def beats_base_rates(metrics: Mapping[str, Any]) -> bool:
    """Return whether the backtest's log loss is below that of the league's base rates."""
    return bool(metrics["model"]["log_loss"] < metrics["base_rates"]["log_loss"])
