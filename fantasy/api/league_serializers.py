"""Leagues of entries, their tables, fixtures and cups as JSON, and what is asked of them."""

from typing import Any

from rest_framework import serializers

from fantasy.api.doors import DataAgeField, StrictSerializer
from fantasy.api.point_serializers import FantasyAdjustmentSerializer
from fantasy.api.serializers import FantasyEntrySerializer
from fantasy.api.table_serializers import FantasyPartsSerializer
from fantasy.enums import LeagueKind
from fantasy.models import Cup, FantasyLeague


class FantasyLeagueSerializer(serializers.ModelSerializer[FantasyLeague]):
    id = serializers.CharField(source="public_id")
    game = serializers.CharField(source="game.public_id")
    start_round = serializers.IntegerField(source="start_round.number")
    entries = serializers.IntegerField()
    code = serializers.SerializerMethodField(help_text="For members only.")
    is_yours = serializers.SerializerMethodField(help_text="You own it.")
    seed = serializers.CharField(help_text="Of its draws, published before them.")

    class Meta:
        model = FantasyLeague
        fields = (
            "id",
            "game",
            "name",
            "kind",
            "is_public",
            "is_closed",
            "start_round",
            "max_entries",
            "entries",
            "code",
            "is_yours",
            "seed",
            "created_at",
        )

    def get_code(self, league: FantasyLeague) -> str | None:
        return league.code if league.pk in self.context["member_of"] else None

    def get_is_yours(self, league: FantasyLeague) -> bool:
        user_id = self.context["user_id"]
        return user_id is not None and league.owner_id == user_id


class FantasyMembershipSerializer(FantasyLeagueSerializer):
    rank = serializers.IntegerField(allow_null=True)
    last_rank = serializers.IntegerField(allow_null=True)

    class Meta(FantasyLeagueSerializer.Meta):
        fields = (*FantasyLeagueSerializer.Meta.fields, "rank", "last_rank")  # type: ignore[assignment]


class FantasyTableRowSerializer(serializers.Serializer[Any]):
    """A place in a league; the last six are of head-to-head leagues."""

    rank = serializers.IntegerField(allow_null=True)
    last_rank = serializers.IntegerField(allow_null=True)
    entry = FantasyEntrySerializer()
    total = serializers.IntegerField(allow_null=True)
    round_points = serializers.IntegerField(allow_null=True, help_text="After hits.")
    played = serializers.IntegerField(allow_null=True)
    won = serializers.IntegerField(allow_null=True)
    drawn = serializers.IntegerField(allow_null=True)
    lost = serializers.IntegerField(allow_null=True)
    points_for = serializers.IntegerField(allow_null=True)
    parts = FantasyPartsSerializer(allow_null=True, help_text="While a round is played.")


class FantasyTableSerializer(serializers.Serializer[Any]):
    league = serializers.CharField()
    phase = serializers.CharField(allow_null=True)
    round = serializers.IntegerField(allow_null=True, help_text="That `round_points` are of.")
    is_live = serializers.BooleanField()
    entries = serializers.IntegerField()
    page = serializers.IntegerField()
    pages = serializers.IntegerField()
    results = FantasyTableRowSerializer(many=True)
    data_age_ms = DataAgeField()


class FantasyFixtureSerializer(serializers.Serializer[Any]):
    home = FantasyEntrySerializer()
    away = FantasyEntrySerializer(allow_null=True, help_text="null: the league's average.")
    home_points = serializers.IntegerField(allow_null=True)
    away_points = serializers.IntegerField(allow_null=True)
    is_live = serializers.BooleanField()


class FantasyFixturesSerializer(serializers.Serializer[Any]):
    league = serializers.CharField()
    round = serializers.IntegerField()
    results = FantasyFixtureSerializer(many=True)
    data_age_ms = DataAgeField()


class FantasyCupSerializer(serializers.ModelSerializer[Cup]):
    id = serializers.CharField(source="public_id")
    league = serializers.CharField(source="league.public_id", allow_null=True, default=None)
    start_round = serializers.IntegerField(source="start_round.number")
    seed = serializers.CharField(help_text="Draws and coins follow from it: docs say how.")

    class Meta:
        model = Cup
        fields = ("id", "name", "league", "start_round", "state", "seed")


class FantasyTieSerializer(serializers.Serializer[Any]):
    id = serializers.CharField(help_text="The coin is tossed with it.")
    number = serializers.IntegerField()
    home = FantasyEntrySerializer()
    away = FantasyEntrySerializer(allow_null=True, help_text="null: a bye.")
    home_points = serializers.IntegerField(allow_null=True)
    away_points = serializers.IntegerField(allow_null=True)
    winner = serializers.CharField(allow_null=True, help_text="Id of an entry.")
    reason = serializers.CharField(help_text="points, a column of the game, coin or bye.")


class FantasyCupRoundSerializer(serializers.Serializer[Any]):
    round = serializers.IntegerField()
    count = serializers.IntegerField(help_text="Of all ties of the round; `ties` is a page.")
    ties = FantasyTieSerializer(many=True)


class FantasyCupDetailSerializer(FantasyCupSerializer):
    rounds = FantasyCupRoundSerializer(many=True)

    class Meta(FantasyCupSerializer.Meta):
        fields = (*FantasyCupSerializer.Meta.fields, "rounds")  # type: ignore[assignment]  # one more


class FantasyNewLeagueSerializer(StrictSerializer):
    name = serializers.CharField(max_length=60)
    kind = serializers.ChoiceField(LeagueKind.choices, default=LeagueKind.CLASSIC)
    is_public = serializers.BooleanField(default=False)
    start_round = serializers.IntegerField(required=False, min_value=1, help_text="The next one.")
    max_entries = serializers.IntegerField(required=False, min_value=2, max_value=1_000_000)


class FantasyJoinSerializer(StrictSerializer):
    code = serializers.CharField(max_length=12, required=False, help_text="Of any league.")
    league = serializers.CharField(max_length=40, required=False, help_text="Id of a public one.")


class FantasyLeagueChangeSerializer(StrictSerializer):
    name = serializers.CharField(max_length=60, required=False)
    is_closed = serializers.BooleanField(required=False)
    new_code = serializers.BooleanField(default=False, help_text="The old one leads nowhere then.")


class FantasyNewCupSerializer(StrictSerializer):
    name = serializers.CharField(max_length=60, required=False, default="")
    start_round = serializers.IntegerField(required=False, min_value=1, help_text="The next one.")


class FantasyLeagueAdjustmentSerializer(FantasyAdjustmentSerializer):
    entry = FantasyEntrySerializer()
    round = serializers.IntegerField(source="round.number")
