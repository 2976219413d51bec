"""Tables of entries, and what live points consist of, as JSON."""

from typing import Any

from rest_framework import serializers

from fantasy.api.doors import DataAgeField
from fantasy.api.serializers import FantasyEntrySerializer


class FantasyPartsSerializer(serializers.Serializer[Any]):
    """What an entry's points of a round consist of; the first five, less `hit`, plus `adjusted`
    are `net`. Before the round is settled substitutions and hand-over are those of this moment.
    """

    settled = serializers.IntegerField(help_text="Of those named to play, in settled matches.")
    live = serializers.IntegerField(help_text="Of those named to play, not settled yet.")
    bonus = serializers.IntegerField(help_text="Their projected bonus, from minute 20.")
    substitutes = serializers.IntegerField(help_text="What automatic substitutions add.")
    captain = serializers.IntegerField(help_text="What the captain's hand-over adds.")
    hit = serializers.IntegerField(help_text="Taken off for transfers.")
    adjusted = serializers.IntegerField(help_text="Given by hand.")
    net = serializers.IntegerField()


class FantasyOverallRowSerializer(serializers.Serializer[Any]):
    rank = serializers.IntegerField(help_text="In this table.")
    overall_rank = serializers.IntegerField(help_text="Among all entries.")
    last_rank = serializers.IntegerField(
        allow_null=True, help_text="After the settled round before; null in a country's table."
    )
    entry = FantasyEntrySerializer()
    total = serializers.IntegerField()
    round_points = serializers.IntegerField(allow_null=True, help_text="After hits.")
    parts = FantasyPartsSerializer(allow_null=True, help_text="While the round is played.")


class FantasyOverallSerializer(serializers.Serializer[Any]):
    round = serializers.IntegerField(
        allow_null=True, help_text="null: there are no points yet, or none that you may know."
    )
    is_live = serializers.BooleanField()
    country = serializers.CharField(allow_null=True)
    countries = serializers.ListField(
        child=serializers.CharField(), help_text="That have a table of their own."
    )
    entries = serializers.IntegerField(help_text="In this table.")
    page = serializers.IntegerField()
    pages = serializers.IntegerField()
    results = FantasyOverallRowSerializer(many=True)
    data_age_ms = DataAgeField()
