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


class ChancesSerializer(serializers.Serializer[Any]):
    """Probabilities from 0 to 1 that add up to 1."""

    p_home = serializers.FloatField()
    p_draw = serializers.FloatField(help_text="0 where the sport has no draws.")
    p_away = serializers.FloatField()


class LinePointSerializer(ChancesSerializer):
    """The chances right after an event."""

    seq = serializers.IntegerField(help_text="Of the event, in the log.")
    event_id = serializers.UUIDField(help_text="The event that explains the change.")
    period = serializers.CharField()
    clock_ms = serializers.IntegerField(help_text="Since the start of the period.")
    clock_label = serializers.CharField(allow_null=True)


class WinProbabilitySerializer(serializers.Serializer[Any]):
    """The chances now and through the match, a fold of its current log; how: docs/models.md."""

    match_id = serializers.CharField()
    status = serializers.CharField(help_text="Open list: expect values unknown to you.")
    epoch = serializers.UUIDField(help_text="Of the log that `seq` counts in.")
    seq = serializers.IntegerField(help_text="Last event counted in.")
    model_version = serializers.CharField(help_text="Version of the formula.")
    strength_version = serializers.CharField(
        allow_null=True,
        help_text="Method and number of the strength model whose forecast it begins with; null"
        " where it begins with typical scores of the league or sport.",
    )
    p_home = serializers.FloatField(
        allow_null=True,
        help_text="Now; 0 or 1 once the match is over. null, as the other two, where nothing can be"
        " said: no result will come, or no clock is told.",
    )
    p_draw = serializers.FloatField(
        allow_null=True, help_text="Now; 0 where the sport has no draws."
    )
    p_away = serializers.FloatField(allow_null=True, help_text="Now.")
    line = LinePointSerializer(
        many=True,
        help_text="In match order: a point after each event that moves score or men, each start and"
        " end of a period, and the last event of each minute. Empty before play and for logs"
        " without clock times.",
    )
    data_age_ms = serializers.IntegerField(
        allow_null=True,
        help_text="Age of the vendor's newest good answer; null unless the match is live. Left out"
        " of the ETag.",
    )
