"""Points round by round and what explains them, as JSON."""

from typing import Any

from rest_framework import serializers

from fantasy.api.doors import DataAgeField
from fantasy.api.serializers import FantasyPlayerSerializer
from fantasy.api.table_serializers import FantasyPartsSerializer
from fantasy.models import ScoreAdjustment


class FantasyFactSerializer(serializers.Serializer[Any]):
    """A fact of a match behind points."""

    event_id = serializers.CharField()
    revision = serializers.IntegerField(help_text="Of the event, from 1.")
    source = serializers.CharField(help_text="Whose word it is; admin: a curator's.")  # type: ignore[assignment]  # the metaclass takes it
    payload_sha256 = serializers.CharField(
        allow_null=True,
        help_text="Of the vendor's document it was read from; null: no stored document told it.",
    )
    sentence = serializers.CharField()
    clock = serializers.CharField()
    amount = serializers.FloatField(allow_null=True, help_text="What it moved the column by.")
    points = serializers.IntegerField(allow_null=True, help_text="What it gave by itself.")
    is_stated = serializers.BooleanField(help_text="The vendor's own total, not counted by us.")
    is_corrected = serializers.BooleanField()
    link = serializers.CharField(help_text="The moment in the match.")


class FantasyLedgerRowSerializer(serializers.Serializer[Any]):
    """Points by one rule of the game."""

    rule = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # the metaclass takes it
    count = serializers.FloatField()
    points = serializers.IntegerField()
    facts = FantasyFactSerializer(many=True)


class FantasyMatchLedgerSerializer(serializers.Serializer[Any]):
    match = serializers.CharField()
    state = serializers.CharField(help_text="live, provisional, settled or corrected.")
    points = serializers.IntegerField()
    minutes = serializers.IntegerField()
    revision = serializers.IntegerField(help_text="Place in the match's log.")
    bonus_basis = serializers.CharField()
    bonus_value = serializers.IntegerField(allow_null=True)
    bonus_rank = serializers.IntegerField(allow_null=True)
    coverage = serializers.CharField()
    rows = FantasyLedgerRowSerializer(many=True)


class FantasyPlayerLedgerSerializer(serializers.Serializer[Any]):
    """Why a player has his points in a round; null points may not be told."""

    player = serializers.CharField()
    name = serializers.CharField()
    position = serializers.CharField()
    round = serializers.IntegerField()
    points = serializers.IntegerField(allow_null=True)
    appeared = serializers.BooleanField(allow_null=True)
    matches = FantasyMatchLedgerSerializer(many=True)


class FantasyPlayerRoundLedgerSerializer(FantasyPlayerLedgerSerializer):
    data_age_ms = DataAgeField()


class FantasySlotSerializer(serializers.Serializer[Any]):
    slot = serializers.IntegerField()
    player = FantasyPlayerLedgerSerializer()
    is_captain = serializers.BooleanField()
    is_vice = serializers.BooleanField()
    multiplier = serializers.FloatField(allow_null=True, help_text="0: does not count.")
    why = serializers.CharField(help_text="plays, substitute, bench, absent, chip; or unknown.")
    points = serializers.IntegerField(allow_null=True)


class FantasyAdjustmentSerializer(serializers.Serializer[Any]):
    """Points given or taken by hand; what took another one back is a row of its own."""

    points = serializers.IntegerField()
    reason = serializers.CharField()
    by = serializers.CharField(
        source="by.display_name", default="", help_text="Empty: a name is not known."
    )
    made_at = serializers.DateTimeField()
    is_taken_back = serializers.SerializerMethodField()

    def get_is_taken_back(self, row: ScoreAdjustment) -> bool:
        return row.taken_back_by_id is not None


class FantasyEntryRoundSerializer(serializers.Serializer[Any]):
    """An entry's round: who counts, why, and each row of points down to the facts."""

    entry = serializers.CharField()
    round = serializers.IntegerField()
    state = serializers.CharField(help_text="Of the round; before settled points are provisional.")
    chip = serializers.CharField(allow_null=True)
    points = serializers.IntegerField(allow_null=True, help_text="Before hits.")
    hit = serializers.IntegerField()
    net = serializers.IntegerField(allow_null=True, help_text="After hits and adjustments.")
    captain_points = serializers.IntegerField(allow_null=True)
    is_final = serializers.BooleanField()
    rank = serializers.IntegerField(allow_null=True)
    total = serializers.IntegerField(allow_null=True)
    parts = FantasyPartsSerializer(allow_null=True)
    adjustments = FantasyAdjustmentSerializer(many=True)
    slots = FantasySlotSerializer(many=True)
    data_age_ms = DataAgeField()


class FantasyHistoryRowSerializer(serializers.Serializer[Any]):
    round = serializers.IntegerField()
    points = serializers.IntegerField(help_text="Before hits.")
    hit = serializers.IntegerField()
    adjusted = serializers.IntegerField()
    total = serializers.IntegerField(help_text="Of the season, after this round.")
    rank = serializers.IntegerField()
    round_rank = serializers.IntegerField()
    bench_points = serializers.IntegerField()
    transfers_made = serializers.IntegerField()
    chip = serializers.CharField(allow_null=True)
    bank = serializers.IntegerField()
    value = serializers.IntegerField()


class FantasyHistorySerializer(serializers.Serializer[Any]):
    results = FantasyHistoryRowSerializer(many=True)


class FantasyStepSerializer(serializers.Serializer[Any]):
    digest = serializers.CharField()
    is_left = serializers.BooleanField(help_text="The neighbour stands to the left.")


class FantasyProofSerializer(serializers.Serializer[Any]):
    """That a line-up is in the root that was published at the deadline."""

    line = serializers.CharField(help_text="The leaf is sha256(00 line).")
    leaf = serializers.CharField()
    path = FantasyStepSerializer(many=True)
    root = serializers.CharField()  # type: ignore[assignment]  # the metaclass takes it


class FantasyPlayerRoundSerializer(serializers.Serializer[Any]):
    round = serializers.IntegerField()
    points = serializers.IntegerField()


class FantasyPriceStepSerializer(serializers.Serializer[Any]):
    round = serializers.IntegerField(allow_null=True)
    from_price = serializers.IntegerField()
    to_price = serializers.IntegerField()
    at = serializers.DateTimeField()


class FantasyPlayerDetailSerializer(FantasyPlayerSerializer):
    rounds = FantasyPlayerRoundSerializer(many=True)
    prices = FantasyPriceStepSerializer(many=True)
    data_age_ms = DataAgeField()

    class Meta(FantasyPlayerSerializer.Meta):
        fields = (  # type: ignore[assignment]  # three more
            *FantasyPlayerSerializer.Meta.fields,
            "rounds",
            "prices",
            "data_age_ms",
        )
