"""Games, players, teams and their points as JSON; what may not be told, or is unknown, is null."""

from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from fantasy.api.doors import DataAgeField
from fantasy.models import (
    Entry,
    Game,
    GamePlayer,
    Phase,
    PriceChange,
    Receipt,
    Round,
    Transfer,
)
from fantasy.rules.loading import load_game
from fantasy.rules.outlook import FORMULA
from fantasy.selectors.outlook import GameOutlook


class Text(serializers.CharField):
    """A text that our tables keep empty when it is unknown."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"read_only": True, "allow_null": True, **options})

    def to_representation(self, value: str) -> str | None:  # type: ignore[override]
        return value or None


class FantasyNamedSerializer(serializers.Serializer[Any]):
    """A row that is only referred to."""

    id = serializers.CharField(source="public_id")
    name = serializers.CharField()


class FantasyGameSerializer(serializers.ModelSerializer[Game]):
    id = serializers.CharField(source="public_id")
    league = FantasyNamedSerializer(source="season.league")
    season = FantasyNamedSerializer()
    points_scale = serializers.SerializerMethodField(
        help_text="Points are whole numbers of 1/points_scale: 1 for whole points."
    )
    next_round = serializers.SerializerMethodField()

    class Meta:
        model = Game
        fields = (
            "id",
            "slug",
            "name",
            "league",
            "season",
            "state",
            "rules",
            "rules_version",
            "points_scale",
            "time_zone",
            "published_at",
            "next_round",
        )

    def get_points_scale(self, game: Game) -> int:
        return load_game(game.rules).points_scale

    @extend_schema_field(
        {
            "type": ["object", "null"],
            "required": ["number", "deadline_at"],
            "properties": {
                "number": {"type": "integer"},
                "deadline_at": {"type": "string", "format": "date-time"},
            },
        }
    )
    def get_next_round(self, game: Game) -> dict[str, Any] | None:
        ahead: list[Round] = game.ahead  # type: ignore[attr-defined]  # prefetched
        if not ahead:
            return None
        return {"number": ahead[0].number, "deadline_at": ahead[0].deadline_at}


class FantasyRoundSerializer(serializers.ModelSerializer[Round]):
    merkle_root = Text(help_text="Over all line-ups, from the deadline on.")

    class Meta:
        model = Round
        fields = (
            "number",
            "name",
            "state",
            "deadline_at",
            "starts_at",
            "locked_at",
            "settled_at",
            "corrections",
            "merkle_root",
        )


class FantasyRoundMatchSerializer(serializers.Serializer[Any]):
    id = serializers.CharField(source="match.public_id")
    kickoff_at = serializers.DateTimeField(source="match.kickoff_at")
    home = FantasyNamedSerializer(source="match.home")
    away = FantasyNamedSerializer(source="match.away")
    status = serializers.CharField(source="match.status")


class FantasyRoundDetailSerializer(FantasyRoundSerializer):
    matches = FantasyRoundMatchSerializer(many=True)
    average_points = serializers.IntegerField(allow_null=True, help_text="After hits; once final.")
    highest_points = serializers.IntegerField(allow_null=True, help_text="After hits; once final.")
    entries = serializers.IntegerField(help_text="Line-ups that were locked.")
    data_age_ms = DataAgeField()

    class Meta(FantasyRoundSerializer.Meta):
        fields = (  # type: ignore[assignment]  # five more
            *FantasyRoundSerializer.Meta.fields,
            "matches",
            "average_points",
            "highest_points",
            "entries",
            "data_age_ms",
        )


class FantasyExpectedSerializer(serializers.Serializer[Any]):
    """Points to expect by the open formula; between `p10` and `p90` lie eight rounds of ten."""

    mean = serializers.FloatField()
    p10 = serializers.IntegerField(source="low")
    p90 = serializers.IntegerField(source="high")


class FantasyOutlookSerializer(serializers.Serializer[Any]):
    """How a player did in the last settled rounds of his club, in the unit of points."""

    rounds = serializers.IntegerField(help_text="Looked at; all figures are made of them.")
    form = serializers.FloatField(allow_null=True, help_text="Mean points of a round.")
    missed = serializers.IntegerField(
        help_text="Rounds missed, or played for less than regulars do: see the rules of points."
    )
    matches = serializers.IntegerField(help_text="Of his club in the next round.")
    expected = FantasyExpectedSerializer(allow_null=True, help_text="In the next round.")
    formula = serializers.CharField(help_text="Name of the open formula with its version.")


class FantasyPlayerSerializer(serializers.ModelSerializer[GamePlayer]):
    id = serializers.CharField(source="player.public_id")
    name = serializers.CharField(source="player.name")
    short_name = serializers.CharField(source="player.display_name")
    team = FantasyNamedSerializer()
    number = serializers.IntegerField(help_text="In the game: line-ups are packed with it.")
    price = serializers.IntegerField(help_text="In tenths.")
    news = Text()
    points = serializers.SerializerMethodField(help_text="In the season, provisional ones too.")
    owned_permille = serializers.SerializerMethodField(help_text="Of all entries.")
    transfers_in = serializers.SerializerMethodField(help_text="For the next round.")
    transfers_out = serializers.SerializerMethodField()
    outlook = serializers.SerializerMethodField(help_text="null where points are held back.")

    class Meta:
        model = GamePlayer
        fields = (
            "id",
            "name",
            "short_name",
            "team",
            "number",
            "position",
            "price",
            "start_price",
            "status",
            "chance_percent",
            "news",
            "news_at",
            "points",
            "owned_permille",
            "transfers_in",
            "transfers_out",
            "outlook",
        )

    @extend_schema_field(serializers.IntegerField(allow_null=True))
    def get_points(self, player: GamePlayer) -> int | None:
        points: int | None = self.context["figures"][player.pk].points
        return points

    def get_owned_permille(self, player: GamePlayer) -> int:
        return int(self.context["figures"][player.pk].owned_permille)

    def get_transfers_in(self, player: GamePlayer) -> int:
        return int(self.context["figures"][player.pk].transfers_in)

    def get_transfers_out(self, player: GamePlayer) -> int:
        return int(self.context["figures"][player.pk].transfers_out)

    @extend_schema_field(FantasyOutlookSerializer(allow_null=True))
    def get_outlook(self, player: GamePlayer) -> dict[str, Any] | None:
        told: GameOutlook | None = self.context["outlook"]
        if told is None:
            return None
        own = told.of(player)
        return FantasyOutlookSerializer({**asdict(own), "formula": FORMULA}).data


class FantasyPlayerRefSerializer(serializers.Serializer[Any]):
    """A player who is only referred to."""

    id = serializers.CharField(source="player.public_id")
    name = serializers.CharField(source="player.display_name")
    team = serializers.CharField(source="team.name")
    position = serializers.CharField()


class FantasyPriceChangeSerializer(serializers.ModelSerializer[PriceChange]):
    player = FantasyPlayerRefSerializer(source="game_player")
    round = serializers.IntegerField(source="round.number", allow_null=True)
    inputs = serializers.DictField(help_text="Every number that the open formula used.")

    class Meta:
        model = PriceChange
        fields = ("player", "round", "from_price", "to_price", "at", "reason", "inputs")


class FantasyEntrySerializer(serializers.ModelSerializer[Entry]):
    id = serializers.CharField(source="public_id")
    game = serializers.CharField(source="game.public_id")
    manager = serializers.SerializerMethodField()
    country = Text()
    joined_round = serializers.IntegerField(source="joined_round.number")
    number = serializers.IntegerField(help_text="In the game; the order of draws and leaves.")

    class Meta:
        model = Entry
        fields = ("id", "game", "name", "manager", "country", "number", "joined_round")

    def get_manager(self, entry: Entry) -> str:
        return entry.owner.display_name if entry.owner else ""


class FantasyStandingSerializer(serializers.Serializer[Any]):
    """Where an entry stands; live parts are null while no round is played."""

    total_points = serializers.IntegerField(allow_null=True, help_text="Of settled rounds.")
    rank = serializers.IntegerField(allow_null=True, help_text="After the last settled round.")
    live_total = serializers.IntegerField(allow_null=True)
    live_rank = serializers.IntegerField(allow_null=True)
    country_rank = serializers.IntegerField(allow_null=True)
    entries = serializers.IntegerField(allow_null=True)
    live_round = serializers.IntegerField(allow_null=True)
    withheld = serializers.CharField(
        allow_null=True,
        help_text="Why numbers are null for you: scores_hidden, or too_fresh for a late reader.",
    )


class FantasyEntryDetailSerializer(FantasyEntrySerializer):
    standing = FantasyStandingSerializer()
    data_age_ms = DataAgeField()

    class Meta(FantasyEntrySerializer.Meta):
        fields = (  # type: ignore[assignment]  # two more
            *FantasyEntrySerializer.Meta.fields,
            "standing",
            "data_age_ms",
        )


class FantasyTopRowSerializer(serializers.Serializer[Any]):
    rank = serializers.IntegerField()
    total = serializers.IntegerField()
    entry = FantasyEntrySerializer()


class FantasyPhaseSerializer(serializers.ModelSerializer[Phase]):
    first_round = serializers.IntegerField(source="first_round.number")
    last_round = serializers.IntegerField(source="last_round.number")

    class Meta:
        model = Phase
        fields = ("name", "first_round", "last_round")


class FantasyTopSerializer(serializers.Serializer[Any]):
    round = serializers.IntegerField(allow_null=True)
    is_live = serializers.BooleanField()
    results = FantasyTopRowSerializer(many=True)
    data_age_ms = DataAgeField()


class FantasyHeldSerializer(serializers.Serializer[Any]):
    """A player of a squad in his slot; starters have the low ones."""

    slot = serializers.IntegerField()
    player = FantasyPlayerRefSerializer(source="game_player")
    price = serializers.IntegerField(source="game_player.price")
    bought_price = serializers.IntegerField()
    selling_price = serializers.IntegerField()
    is_captain = serializers.BooleanField()
    is_vice = serializers.BooleanField()


class FantasyChipOfferSerializer(serializers.Serializer[Any]):
    chip = serializers.CharField(source="chip.id")
    name = serializers.CharField(source="chip.label")
    number = serializers.IntegerField(help_text="Which of its windows.")
    from_round = serializers.IntegerField(source="window.start")
    until_round = serializers.IntegerField(source="window.stop")
    used_in = serializers.IntegerField(help_text="0 while it is unused.")
    can_be_cancelled = serializers.BooleanField(source="chip.cancellable")
    adds = serializers.CharField(
        source="chip.adds", help_text="Position of a player to be named with it; empty: nobody."
    )
    rounds = serializers.IntegerField(source="chip.rounds", help_text="How long it is in force.")


class FantasyTeamSerializer(FantasyEntrySerializer):
    """An own entry as it stands for the next deadline."""

    round = serializers.IntegerField(allow_null=True, help_text="The next one.")
    deadline_at = serializers.DateTimeField(allow_null=True)
    bank = serializers.IntegerField(help_text="In tenths.")
    value = serializers.IntegerField(help_text="Selling prices and bank, in tenths.")
    captain_surcharge = serializers.IntegerField(
        help_text="In tenths: what the captain costs besides his price. The bank has to cover it."
    )
    free_transfers = serializers.IntegerField(help_text="Of the round, before any was made.")
    has_unlimited_transfers = serializers.BooleanField(
        help_text="All are free in the round: before the first deadline, by a chip or an amnesty."
    )
    transfers_made = serializers.IntegerField(help_text="In the round.")
    hit = serializers.IntegerField(help_text="Points that they cost.")
    chip = serializers.CharField(allow_null=True, help_text="In force in the round.")
    squad = FantasyHeldSerializer(many=True)
    standing = FantasyStandingSerializer()
    data_age_ms = DataAgeField()

    class Meta(FantasyEntrySerializer.Meta):
        fields = (  # type: ignore[assignment]  # more
            *FantasyEntrySerializer.Meta.fields,
            "round",
            "deadline_at",
            "bank",
            "value",
            "captain_surcharge",
            "free_transfers",
            "has_unlimited_transfers",
            "transfers_made",
            "hit",
            "chip",
            "squad",
            "standing",
            "data_age_ms",
        )


class FantasyReceiptSerializer(serializers.ModelSerializer[Receipt]):
    """A signed receipt: keep `document` and `signature`, they prove what was saved when."""

    round = serializers.IntegerField(source="round.number")
    document = serializers.DictField()

    class Meta:
        model = Receipt
        fields = ("sequence", "round", "saved_at", "document", "digest", "signature")


class FantasyNewTeamAnswerSerializer(FantasyTeamSerializer):
    """A team that was just made, and the receipt of its first line-up."""

    receipt = FantasyReceiptSerializer()

    class Meta(FantasyTeamSerializer.Meta):
        fields = (*FantasyTeamSerializer.Meta.fields, "receipt")  # type: ignore[assignment]  # more


class FantasySavedSerializer(serializers.Serializer[Any]):
    """What a save left."""

    round = serializers.IntegerField()
    bank = serializers.IntegerField()
    free_transfers = serializers.IntegerField()
    transfers_made = serializers.IntegerField()
    hit = serializers.IntegerField()
    receipt = FantasyReceiptSerializer()


class FantasyProblemSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    detail = serializers.CharField()
    pointer = serializers.CharField()


class FantasyDealSerializer(serializers.Serializer[Any]):
    """What transfers would do; nothing was changed."""

    sold_for = serializers.IntegerField()
    bought_for = serializers.IntegerField()
    bank = serializers.IntegerField(help_text="Afterwards; below 0 is refused.")
    made = serializers.IntegerField(help_text="In the round, these included.")
    free_left = serializers.IntegerField(
        allow_null=True, help_text="null: transfers are free in this round."
    )
    hit = serializers.IntegerField()
    is_allowed = serializers.BooleanField()
    problems = FantasyProblemSerializer(many=True)


class FantasyWaySerializer(serializers.Serializer[Any]):
    """What the next round may bring one way, and what it leaves."""

    expected = FantasyExpectedSerializer(help_text="After the hit.")
    hit = serializers.IntegerField()
    free_after = serializers.IntegerField(help_text="Free transfers of the round after.")


class FantasyComparisonSerializer(serializers.Serializer[Any]):
    """These transfers against making none, by the open formula."""

    moving = FantasyWaySerializer()
    staying = FantasyWaySerializer()
    gain = FantasyExpectedSerializer(help_text="Of moving, hits taken off.")
    unknown = FantasyPlayerRefSerializer(
        many=True, help_text="Who plays and has no settled round yet: counted as nothing."
    )
    formula = serializers.CharField(help_text="Name of the open formula with its version.")


class FantasyPreviewSerializer(FantasyDealSerializer):
    """What transfers would do, and against doing nothing; nothing was changed."""

    comparison = FantasyComparisonSerializer(
        allow_null=True, help_text="null without a settled round, or where points are held back."
    )


class FantasyTransferSerializer(serializers.ModelSerializer[Transfer]):
    round = serializers.IntegerField(source="round.number")
    player_out = FantasyPlayerRefSerializer()
    player_in = FantasyPlayerRefSerializer()
    chip = Text(help_text="Under which it cost nothing.")

    class Meta:
        model = Transfer
        fields = ("round", "player_out", "player_in", "sold_for", "bought_for", "chip", "made_at")
