"""Forecasts as JSON, with the model that made them."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from leagues.packs.loader import load_pack
from mlmodels.models import MatchForecast


class ForecastModelSerializer(serializers.Serializer[Any]):
    """The version of the model that a forecast comes from."""

    name = serializers.CharField()
    version = serializers.CharField(source="label", help_text="Method and number: 1.12.")
    trained_at = serializers.DateTimeField()
    trained_on_count = serializers.IntegerField(help_text="Results it learnt from.")
    trained_through_on = serializers.DateField(
        help_text="Last day whose results it knew; always before the day of the match."
    )
    artefact_sha256 = serializers.CharField()


class ExpectedScoresSerializer(serializers.Serializer[Any]):
    """Mean scores, not the likeliest ones."""

    home = serializers.FloatField(source="home_expected", help_text="Of regular time.")
    away = serializers.FloatField(source="away_expected", help_text="Of regular time.")
    margin_sd = serializers.FloatField(
        allow_null=True,
        help_text="Standard deviation of home less away; null where each side's score is Poisson.",
    )


class OutcomeSerializer(serializers.Serializer[Any]):
    """Probabilities from 0 to 1 that add up to 1."""

    home = serializers.FloatField(source="home_prob")
    draw = serializers.SerializerMethodField(help_text="null where the sport has no draws.")
    away = serializers.FloatField(source="away_prob")

    @extend_schema_field(serializers.FloatField(allow_null=True))
    def get_draw(self, forecast: MatchForecast) -> float | None:
        strength = load_pack(forecast.model_version.sport).strength
        return forecast.draw_prob if strength and strength.draw_share else None


class ForecastSerializer(serializers.Serializer[Any]):
    """What was said of a match before its day; how: docs/models.md."""

    match_id = serializers.CharField(source="match.public_id")
    model = ForecastModelSerializer(source="model_version")
    made_at = serializers.DateTimeField(help_text="Before the match; never changed after it began.")
    expected = ExpectedScoresSerializer(source="*")
    probabilities = OutcomeSerializer(source="*")
    inputs_sha256 = serializers.CharField(
        help_text="Of all that it follows from: artefact, teams, formula."
    )
