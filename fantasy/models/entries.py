"""What a manager edits: the entry, its squad, transfers, chips and receipts."""

from django.conf import settings
from django.db import models
from django.db.models import Deferrable, F, Q

from config.clock import now
from fantasy.models.games import Game, GamePlayer, Round
from streams import ids


class Entry(models.Model):
    """A manager's team in a game. An entry without an owner is simulated, or its owner left.

    `bank` is in tenths. `free_transfers` are those of the next round, before any was made.
    `number` counts 0, 1, 2 ... within the game. `receipts` is the newest receipt's sequence. What
    it has scored is in its results: see `selectors.totals`.
    """

    public_id = models.CharField(max_length=40, unique=True, default=ids.entry_id, editable=False)
    game = models.ForeignKey(Game, on_delete=models.PROTECT, related_name="entries")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="fantasy_entries",
    )
    name = models.CharField(max_length=60)
    country = models.CharField(max_length=2, blank=True, help_text="ISO 3166, two letters.")
    number = models.PositiveIntegerField()
    joined_round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="+")
    bank = models.IntegerField(default=0)
    free_transfers = models.SmallIntegerField(default=0)
    receipts = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        verbose_name_plural = "entries"
        ordering = ["game", "number"]
        constraints = [
            models.UniqueConstraint(fields=["game", "owner"], name="fantasy_entry_one_each"),
            models.UniqueConstraint(fields=["game", "number"], name="fantasy_entry_number_once"),
            models.CheckConstraint(condition=Q(bank__gte=0), name="fantasy_entry_bank"),
            models.CheckConstraint(
                condition=Q(free_transfers__gte=0), name="fantasy_entry_free_transfers"
            ),
            models.CheckConstraint(
                condition=Q(country__regex=r"^([A-Z]{2})?$"), name="fantasy_entry_country"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Holding(models.Model):
    """A player of the squad as it stands for the next deadline; starters have the low slots."""

    entry = models.ForeignKey(
        Entry, on_delete=models.CASCADE, related_name="holdings", db_index=False
    )
    game_player = models.ForeignKey(GamePlayer, on_delete=models.PROTECT, related_name="holdings")
    bought_price = models.PositiveIntegerField(help_text="In tenths.")
    slot = models.PositiveSmallIntegerField()
    is_captain = models.BooleanField(default=False)
    is_vice = models.BooleanField(default=False)

    class Meta:
        ordering = ["entry", "slot"]
        constraints = [
            models.UniqueConstraint(fields=["entry", "game_player"], name="fantasy_holding_once"),
            # Slots change hands within one statement.
            models.UniqueConstraint(
                fields=["entry", "slot"],
                name="fantasy_holding_slot_once",
                deferrable=Deferrable.DEFERRED,
            ),
            models.UniqueConstraint(
                fields=["entry"], condition=Q(is_captain=True), name="fantasy_holding_one_captain"
            ),
            models.UniqueConstraint(
                fields=["entry"], condition=Q(is_vice=True), name="fantasy_holding_one_vice"
            ),
            models.CheckConstraint(
                condition=Q(slot__gte=1, slot__lte=40), name="fantasy_holding_slot"
            ),
            models.CheckConstraint(
                condition=Q(is_captain=False) | Q(is_vice=False),
                name="fantasy_holding_captain_not_vice",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.slot}: {self.game_player_id}"


class TransferDraft(models.Model):
    """An entry's basket of transfers not yet confirmed: [[out, in], ...], ids of players."""

    entry = models.OneToOneField(Entry, on_delete=models.CASCADE, related_name="draft")
    round = models.ForeignKey(Round, on_delete=models.CASCADE, related_name="+")
    moves = models.JSONField(default=list)
    changed_at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return f"{len(self.moves)} of {self.entry_id}"


class Transfer(models.Model):
    """A confirmed transfer; append-only. `chip` says under which chip it cost nothing."""

    entry = models.ForeignKey(Entry, on_delete=models.CASCADE, related_name="transfers")
    round = models.ForeignKey(Round, on_delete=models.CASCADE, related_name="transfers")
    player_out = models.ForeignKey(GamePlayer, on_delete=models.PROTECT, related_name="sales")
    player_in = models.ForeignKey(GamePlayer, on_delete=models.PROTECT, related_name="purchases")
    paid = models.PositiveIntegerField(help_text="What the one sold had cost, in tenths.")
    sold_for = models.PositiveIntegerField()
    bought_for = models.PositiveIntegerField()
    chip = models.CharField(max_length=30, blank=True)
    made_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["-made_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(player_out=F("player_in")), name="fantasy_transfer_two_players"
            )
        ]
        indexes = [
            models.Index(fields=["entry", "round"], name="fantasy_transfer_entry_round"),
            models.Index(fields=["round", "player_in"], name="fantasy_transfer_in"),
        ]

    def __str__(self) -> str:
        return f"{self.player_out_id} -> {self.player_in_id}"


class ChipPlay(models.Model):
    """A chip played in a round. `kept` is the squad that comes back after a Free Hit:
    {"bank": tenths, "holdings": [[player, bought price, slot, captain, vice], ...]}.
    """

    entry = models.ForeignKey(Entry, on_delete=models.CASCADE, related_name="chip_plays")
    round = models.ForeignKey(Round, on_delete=models.CASCADE, related_name="chip_plays")
    chip = models.CharField(max_length=30, help_text="Id of the chip in the pack.")
    number = models.PositiveSmallIntegerField(default=1, help_text="Which one of its kind.")
    kept = models.JSONField(null=True, blank=True)
    played_at = models.DateTimeField(default=now)
    cancelled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["entry", "round", "played_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["entry", "round"],
                condition=Q(cancelled_at__isnull=True),
                name="fantasy_chip_one_a_round",
            ),
            models.UniqueConstraint(
                fields=["entry", "chip", "number"],
                condition=Q(cancelled_at__isnull=True),
                name="fantasy_chip_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.chip} {self.number}"


class Receipt(models.Model):
    """What was saved and when, signed by the platform; append-only. See `rules.receipts`."""

    entry = models.ForeignKey(Entry, on_delete=models.CASCADE, related_name="receipt_rows")
    round = models.ForeignKey(Round, on_delete=models.CASCADE, related_name="receipts")
    sequence = models.PositiveIntegerField()
    document = models.JSONField()
    digest = models.CharField(max_length=64, help_text="SHA-256 of what is signed.")
    signature = models.CharField(max_length=128, help_text="Ed25519, hexadecimal.")
    saved_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["entry", "-sequence"]
        constraints = [
            models.UniqueConstraint(fields=["entry", "sequence"], name="fantasy_receipt_once")
        ]

    def __str__(self) -> str:
        return f"{self.entry_id}, {self.sequence}"
