"""Boxscores and tables as JSON."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from stats.enums import TableKind
from stats.models import TableRow

COVERED_FEATURES = (
    "fixtures",
    "results",
    "events",
    "lineups",
    "player_stats",
    "standings",
)


class TableNamedSerializer(serializers.Serializer[Any]):
    """A row that is only referred to."""

    id = serializers.CharField(source="public_id")
    name = serializers.CharField()


class TableRowSerializer(serializers.ModelSerializer[TableRow]):
    team = TableNamedSerializer()
    group = serializers.SerializerMethodField(help_text="Group or conference, where there are any.")
    values = serializers.DictField(help_text="Numbers by column, see `columns`.")
    form = serializers.CharField(help_text="Letters W, D, L; the newest last.")

    class Meta:
        model = TableRow
        fields = (
            "rank",
            "rank_before",
            "team",
            "group",
            "values",
            "form",
            "is_tied",
            "is_provisional",
        )

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_group(self, row: TableRow) -> str | None:
        return row.group or None


class StandingsSerializer(serializers.Serializer[Any]):
    """A season's table."""

    league = TableNamedSerializer()
    season = TableNamedSerializer()
    kind = serializers.ChoiceField(choices=TableKind.choices)
    columns = serializers.ListField(
        child=serializers.CharField(), help_text="Keys of `values` in display order."
    )
    results = TableRowSerializer(many=True)
    data_age_ms = serializers.IntegerField(
        allow_null=True,
        help_text="Age of the vendor's newest good answer about the stalest live match; null unless"
        " a match is live. Left out of the ETag.",
    )


class SeasonCoverageSerializer(serializers.Serializer[Any]):
    """What there is of a season: none, final_only or live."""

    season = TableNamedSerializer(source="*")
    is_current = serializers.BooleanField()
    features = serializers.SerializerMethodField()
    expected_delay_s = serializers.SerializerMethodField(
        help_text="How often the fastest vendor is asked while a match is live; null without one."
    )

    @extend_schema_field(
        serializers.DictField(child=serializers.ChoiceField(["none", "final_only", "live"]))
    )
    def get_features(self, season: Any) -> dict[str, str]:
        some = "final_only" if season.poll_ms is None else "live"
        return {
            name: some if getattr(season, f"has_{name}") else "none" for name in COVERED_FEATURES
        }

    @extend_schema_field(serializers.FloatField(allow_null=True))
    def get_expected_delay_s(self, season: Any) -> float | None:
        return None if season.poll_ms is None else season.poll_ms / 1000


class BoxMatchSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    league = serializers.JSONField()
    season = serializers.JSONField()
    kickoff_at = serializers.DateTimeField()
    status = serializers.CharField()
    period = serializers.CharField(allow_null=True)
    clock_ms = serializers.IntegerField()
    score_mismatch = serializers.BooleanField()
    home = serializers.JSONField()
    away = serializers.JSONField()
    external_ids = serializers.DictField(child=serializers.CharField())


class BoxPlayerSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    name = serializers.CharField()
    external_ids = serializers.DictField(child=serializers.CharField())
    position = serializers.CharField()
    shirt = serializers.CharField()
    starter = serializers.BooleanField()
    stats = serializers.DictField(help_text="Numbers by column of the sport; null is unknown.")


class BoxSideSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    team = serializers.CharField()
    totals = serializers.DictField(help_text="Numbers by column of the sport; null is unknown.")
    players = BoxPlayerSerializer(many=True)


class BoxScoreSerializer(serializers.Serializer[Any]):
    """Describes the stored document, which the fold writes and this door only passes on."""

    match = BoxMatchSerializer()
    score = serializers.JSONField()
    home = BoxSideSerializer()
    away = BoxSideSerializer()
    folded_seq = serializers.IntegerField(help_text="Last event counted in.")
    pack = serializers.JSONField(help_text="Id and version of the sport's rules.")
    period = serializers.JSONField(
        required=False, help_text="Id, label and kind of the period; only with `period`."
    )
    data_age_ms = serializers.IntegerField(
        allow_null=True,
        help_text="Age of the vendor's newest good answer; null unless live.",
    )
