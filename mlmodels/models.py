"""The registry of trained models, and what they said of matches before they were played."""

from django.db import models
from django.db.models import F, Q, Value

from config.clock import now
from leagues.models import League
from matches.models import Match
from mlmodels.enums import ModelState


class ModelVersion(models.Model):
    """One training of a model on one league's results.

    Its artefact lies below the setting `MODELS_DIR` under its SHA-256 and is loaded only while
    both agree. The numbers of a row never change, only its state does.
    """

    name = models.CharField(max_length=40)
    league = models.ForeignKey(League, on_delete=models.CASCADE, related_name="model_versions")
    sport = models.CharField(max_length=40, help_text="Id of the sport's pack.")
    version = models.PositiveIntegerField(help_text="1, 2, 3 ... within name and league.")
    method = models.CharField(max_length=20, help_text="Version of features and formula.")
    pack_version = models.CharField(max_length=20)
    state = models.CharField(max_length=9, choices=ModelState.choices, default=ModelState.CANDIDATE)
    trained_at = models.DateTimeField(default=now)
    trained_on_count = models.PositiveIntegerField(help_text="Results learnt from.")
    trained_through_on = models.DateField(help_text="Last day whose results were learnt from.")
    data_sha256 = models.CharField(max_length=64, help_text="Of all results learnt from.")
    artefact_sha256 = models.CharField(max_length=64)
    metrics = models.JSONField(default=dict, help_text="Backtest, see docs/models.md.")

    class Meta:
        ordering = ["name", "league", "-version"]
        constraints = [
            models.UniqueConstraint(
                fields=["name", "league", "version"], name="model_version_once"
            ),
            models.UniqueConstraint(
                fields=["name", "league"],
                condition=Q(state=ModelState.ACTIVE),
                name="model_version_one_active",
            ),
            models.CheckConstraint(
                condition=Q(state__in=ModelState.values), name="model_version_state"
            ),
            models.CheckConstraint(
                condition=Q(
                    artefact_sha256__regex=r"^[0-9a-f]{64}$", data_sha256__regex=r"^[0-9a-f]{64}$"
                ),
                name="model_version_sha256",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.label}"

    @property
    def label(self) -> str:
        """The version as people cite it: method and number."""
        return f"{self.method}.{self.version}"


class MatchForecast(models.Model):
    """What one model version said of a match before its day.

    Scores are those of regular time; `margin_sd` is there where the margin is normal. `draw_prob`
    is 0 where the sport has no draws.
    """

    match = models.ForeignKey(Match, on_delete=models.CASCADE, related_name="forecasts")
    model_version = models.ForeignKey(
        ModelVersion, on_delete=models.CASCADE, related_name="forecasts"
    )
    home_expected = models.FloatField()
    away_expected = models.FloatField()
    margin_sd = models.FloatField(null=True, blank=True)
    home_prob = models.FloatField()
    draw_prob = models.FloatField()
    away_prob = models.FloatField()
    inputs_sha256 = models.CharField(
        max_length=64, help_text="Of the artefact, the teams and the formula."
    )
    made_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["match", "-made_at"]
        constraints = [
            models.UniqueConstraint(fields=["match", "model_version"], name="match_forecast_once"),
            models.CheckConstraint(
                condition=Q(home_prob__gte=0, draw_prob__gte=0, away_prob__gte=0),
                name="match_forecast_probs_positive",
            ),
            models.CheckConstraint(
                condition=Q(
                    home_prob__gt=Value(1 - 1e-9) - F("draw_prob") - F("away_prob"),
                    home_prob__lt=Value(1 + 1e-9) - F("draw_prob") - F("away_prob"),
                ),
                name="match_forecast_probs_sum",
            ),
            models.CheckConstraint(
                condition=Q(home_expected__gte=0, away_expected__gte=0),
                name="match_forecast_scores_positive",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.match_id}: {self.home_prob:.0%} {self.draw_prob:.0%} {self.away_prob:.0%}"
