"""Leagues, seasons, teams and players as JSON; what is unknown is null."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from leagues.models import League, Player, Season, Team


class Text(serializers.CharField):
    """A text that our tables keep empty when it is unknown."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"read_only": True, "allow_null": True, **options})

    def to_representation(self, value: str) -> str | None:  # type: ignore[override]
        return value or None


class NamedSerializer(serializers.Serializer[Any]):
    """A row that is only referred to."""

    id = serializers.CharField(source="public_id")
    name = serializers.CharField()


class ExternalIds(serializers.DictField):
    """{source: the vendor's id}."""

    child = serializers.CharField()


class LeagueSerializer(serializers.ModelSerializer[League]):
    id = serializers.CharField(source="public_id")
    short_name = Text()
    country = Text()
    current_season = serializers.SerializerMethodField()
    external_ids = ExternalIds()

    class Meta:
        model = League
        fields = (
            "id",
            "slug",
            "name",
            "short_name",
            "sport",
            "country",
            "priority",
            "time_zone",
            "current_season",
            "external_ids",
        )

    @extend_schema_field(NamedSerializer(allow_null=True))
    def get_current_season(self, league: League) -> dict[str, str] | None:
        seasons: list[Season] = league.current_seasons  # type: ignore[attr-defined]
        return {"id": seasons[0].public_id, "name": seasons[0].name} if seasons else None


class SeasonSerializer(serializers.ModelSerializer[Season]):
    id = serializers.CharField(source="public_id")
    league = NamedSerializer()
    external_ids = ExternalIds()

    class Meta:
        model = Season
        fields = (
            "id",
            "name",
            "league",
            "starts_on",
            "ends_on",
            "is_current",
            "external_ids",
        )


class ColorsSerializer(serializers.Serializer[Team]):
    main = serializers.CharField(source="color")
    alt = serializers.CharField(source="color_alt")


class TeamVenueSerializer(NamedSerializer):
    city = Text()


class TeamSerializer(serializers.ModelSerializer[Team]):
    id = serializers.CharField(source="public_id")
    short_name = Text()
    code = Text()
    country = Text()
    colors = ColorsSerializer(source="*")
    venue = TeamVenueSerializer(allow_null=True)
    external_ids = ExternalIds()

    class Meta:
        model = Team
        fields = (
            "id",
            "slug",
            "name",
            "short_name",
            "code",
            "sport",
            "country",
            "colors",
            "venue",
            "external_ids",
        )


class RosterTeamSerializer(NamedSerializer):
    shirt = Text()


class PlayerSerializer(serializers.ModelSerializer[Player]):
    id = serializers.CharField(source="public_id")
    short_name = Text()
    country = Text()
    position = Text()
    teams = serializers.SerializerMethodField(help_text="Where the player is now.")
    external_ids = ExternalIds()

    class Meta:
        model = Player
        fields = (
            "id",
            "slug",
            "name",
            "short_name",
            "sport",
            "birth_on",
            "country",
            "position",
            "teams",
            "external_ids",
        )

    @extend_schema_field(RosterTeamSerializer(many=True))
    def get_teams(self, player: Player) -> list[dict[str, str | None]]:
        return [
            {
                "id": spot.team.public_id,
                "name": spot.team.name,
                "shirt": spot.shirt or None,
            }
            for spot in player.open_spots  # type: ignore[attr-defined]
        ]
