"""Matches and their event logs as JSON; what is unknown is null."""

import zoneinfo
from datetime import datetime
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from config.clock import now
from matches.enums import EventOp
from matches.models import Match, PlayEvent
from matches.rules.clock import age_ms
from matches.rules.corrections import changed_fields
from matches.rules.documents import award_document, event_document


class Text(serializers.CharField):
    """A text that our tables keep empty when it is unknown."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"read_only": True, "allow_null": True, **options})

    def to_representation(self, value: str) -> str | None:  # type: ignore[override]
        return value or None


class MatchNamedSerializer(serializers.Serializer[Any]):
    """A row that is only referred to."""

    id = serializers.CharField(source="public_id")
    name = serializers.CharField()


class SideSerializer(MatchNamedSerializer):
    short_name = Text()
    code = Text()


class ShootoutSerializer(serializers.Serializer[Any]):
    home = serializers.IntegerField()
    away = serializers.IntegerField()


class PeriodScoreSerializer(ShootoutSerializer):
    period = serializers.CharField()


class ScoreSerializer(serializers.Serializer[Any]):
    home = serializers.IntegerField()
    away = serializers.IntegerField()
    shootout = ShootoutSerializer(allow_null=True)
    periods = PeriodScoreSerializer(many=True)


class PairSerializer(serializers.Serializer[Any]):
    home = serializers.IntegerField()
    away = serializers.IntegerField()


class AwardSerializer(PairSerializer):
    """A result by decision, which tables count. Without points the rules of the table hold."""

    points = PairSerializer(allow_null=True)
    both_lose = serializers.BooleanField()
    reason = Text()


class MatchSerializer(serializers.ModelSerializer[Match]):
    id = serializers.CharField(source="public_id")
    league = MatchNamedSerializer(source="season.league")
    season = MatchNamedSerializer()
    home = SideSerializer()
    away = SideSerializer()
    venue = MatchNamedSerializer(allow_null=True)
    kickoff_local = serializers.SerializerMethodField(help_text="With the offset of `time_zone`.")
    time_zone = serializers.SerializerMethodField(help_text="IANA name of the place's zone.")
    round = Text(source="round_name")
    status = serializers.CharField(help_text="Open list: expect values unknown to you.")
    status_reason = Text()
    period = Text()
    clock_ms = serializers.SerializerMethodField(
        help_text="Since the start of the period, when `clock_running_since` was read or stopped."
    )
    score = serializers.SerializerMethodField(help_text="null until the match has one.")
    awarded = serializers.SerializerMethodField(
        help_text="The result by decision, if there is one; `score` stays the played one."
    )
    score_mismatch = serializers.BooleanField(
        help_text="The vendor states another score than its events add up to."
    )
    seq = serializers.IntegerField(source="folded_seq", help_text="Last event counted in.")
    data_age_ms = serializers.SerializerMethodField(
        help_text="Age of the vendor's newest good answer; null unless the match is live. Left out"
        " of the ETag."
    )
    external_ids = serializers.DictField(child=serializers.CharField())

    class Meta:
        model = Match
        fields = (
            "id",
            "league",
            "season",
            "home",
            "away",
            "venue",
            "kickoff_at",
            "kickoff_local",
            "time_zone",
            "round",
            "matchday",
            "status",
            "status_reason",
            "period",
            "clock_ms",
            "clock_running_since",
            "score",
            "awarded",
            "score_mismatch",
            "finished_at",
            "epoch",
            "seq",
            "data_age_ms",
            "external_ids",
        )

    @extend_schema_field(serializers.DateTimeField())
    def get_kickoff_local(self, match: Match) -> str:
        return match.kickoff_at.astimezone(_zone(match)).isoformat()

    def get_time_zone(self, match: Match) -> str:
        return _zone(match).key

    @extend_schema_field(serializers.IntegerField(allow_null=True))
    def get_clock_ms(self, match: Match) -> int | None:
        return match.clock_ms if match.period else None

    @extend_schema_field(ScoreSerializer(allow_null=True))
    def get_score(self, match: Match) -> dict[str, Any] | None:
        if match.home_score is None or match.away_score is None:
            return None
        shootout = {"home": match.home_shootout, "away": match.away_shootout}
        return {
            "home": match.home_score,
            "away": match.away_score,
            "shootout": None if match.home_shootout is None else shootout,
            "periods": [
                {"period": period, "home": home, "away": away}
                for period, home, away in match.period_scores
            ],
        }

    @extend_schema_field(AwardSerializer(allow_null=True))
    def get_awarded(self, match: Match) -> dict[str, Any] | None:
        return award_document(match)

    @extend_schema_field(serializers.IntegerField(allow_null=True))
    def get_data_age_ms(self, match: Match) -> int | None:
        return data_age_ms(match, at=now())


def data_age_ms(match: Match, *, at: datetime) -> int | None:
    """Return how old the newest good answer about a live match is; None for other matches."""
    return age_ms(match.data_at, at) if match.is_live else None


def _zone(match: Match) -> zoneinfo.ZoneInfo:
    venue_zone = match.venue.time_zone if match.venue else "UTC"
    name = venue_zone if venue_zone != "UTC" else match.season.league.time_zone
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return zoneinfo.ZoneInfo("UTC")


class EventSerializer(serializers.ModelSerializer[PlayEvent]):
    """One revision of one fact. Events never change: a correction is a new revision."""

    match_id = serializers.CharField()
    supersedes = serializers.UUIDField(
        allow_null=True, help_text="Event id of the revision before, of the same lineage."
    )
    team_id = serializers.CharField(allow_null=True)
    player_id = serializers.CharField(allow_null=True)
    related_player_id = serializers.CharField(allow_null=True)
    period = Text()
    clock_label = Text()
    value = serializers.JSONField(help_text="By event type, see the sport.")
    pin = Text(
        help_text="Until when no later word of the vendor counts: until_final or forever; null"
        " where it does."
    )
    reason = Text(help_text="Why it was amended or retracted.")

    class Meta:
        model = PlayEvent
        fields = (
            "event_id",
            "match_id",
            "seq",
            "lineage_id",
            "rev",
            "op",
            "supersedes",
            "type",
            "team_id",
            "player_id",
            "related_player_id",
            "period",
            "clock_ms",
            "clock_label",
            "x",
            "y",
            "value",
            "occurred_at",
            "vendor_at",
            "ingested_at",
            "source",
            "certainty",
            "pin",
            "reason",
        )

    def to_representation(self, row: Any) -> dict[str, Any]:
        """Pass on the document that live frames carry: the fields above describe it."""
        before = row["supersedes"]
        return event_document(
            row,
            match_id=str(self.context["match_id"]),
            supersedes=str(before) if before else None,
        )


class FieldChangeSerializer(serializers.Serializer[Any]):
    """A field before and after a revision."""

    before = serializers.JSONField(allow_null=True)
    after = serializers.JSONField(allow_null=True)


class RevisionSerializer(EventSerializer):
    """A revision and what it changed of the telling before it, by field."""

    changes = serializers.DictField(
        child=FieldChangeSerializer(), help_text="Empty for the first telling and for a retraction."
    )

    class Meta(EventSerializer.Meta):
        fields = (*EventSerializer.Meta.fields, "changes")  # type: ignore[assignment]  # one more

    def to_representation(self, row: Any) -> dict[str, Any]:
        """Compare with the newest earlier revision that told the fact."""
        by_rev: dict[int, Any] = self.context.get("by_rev", {})
        earlier = [r for n, r in by_rev.items() if n < row["rev"] and r["op"] != EventOp.RETRACT]
        before = max(earlier, key=lambda r: int(r["rev"]), default=None)
        document = super().to_representation(row)
        is_change = before is not None and row["op"] != EventOp.RETRACT
        told = super().to_representation(before) if is_change else document
        return {**document, "changes": changed_fields(told, document, _COMPARED)}


_COMPARED = (
    *("type", "period", "clock_ms", "team_id", "player_id", "related_player_id", "x", "y"),
    *("value", "certainty"),
)
