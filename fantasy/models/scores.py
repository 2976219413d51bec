"""Line-ups frozen at the deadline, the points of players and entries, and their corrections."""

from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from config.clock import now
from config.sight import sight
from fantasy.enums import BonusBasis, CaseState, ScoreState
from fantasy.models.entries import Entry
from fantasy.models.games import Game, GamePlayer, Round
from matches.models import Match, is_withheld

# Ranks up to here have an index.
TOP_RANKS = 1000
# What of a score tells how the match went.
_OF_PLAY = (
    *("lines", "points", "bonus", "bonus_basis", "columns", "minutes", "appeared"),
    *("folded_seq", "state"),
)


def _nobody(_round_id: int, _match_id: int) -> "Mapping[int, PlayerScore]":
    return {}


# `fantasy.services.past` scores the match again; until it is loaded nothing is told.
_scores_told: "Callable[[int, int], Mapping[int, PlayerScore]]" = _nobody


def score_past_by(scores_told: "Callable[[int, int], Mapping[int, PlayerScore]]") -> None:
    """Say how the scores are made that a reader with a delay may see, by player of the game."""
    global _scores_told  # noqa: PLW0603 - set once, when the app is loaded
    _scores_told = scores_told


class Lineup(models.Model):
    """An entry's line-up as it was when the round locked.

    `packed` holds `GamePlayer.number` of each slot in order, two bytes each, high byte first
    (numpy's `>u2`). Slots count from 1. `leaf` is the leaf of the round's Merkle tree.
    """

    entry = models.ForeignKey(
        Entry, on_delete=models.CASCADE, related_name="lineups", db_index=False
    )
    round = models.ForeignKey(Round, on_delete=models.CASCADE, related_name="lineups")
    packed = models.BinaryField()
    captain_slot = models.PositiveSmallIntegerField(null=True, blank=True)
    vice_slot = models.PositiveSmallIntegerField(null=True, blank=True)
    chip = models.CharField(max_length=30, blank=True)
    transfers_made = models.PositiveSmallIntegerField(default=0)
    hit = models.PositiveIntegerField(default=0, help_text="Points taken off, in the game's unit.")
    bank = models.IntegerField(default=0)
    value = models.IntegerField(default=0, help_text="Selling prices and bank, in tenths.")
    free_transfers = models.SmallIntegerField(default=0, help_text="Those there were.")
    leaf = models.BinaryField(help_text="SHA-256 of the line-up's text, see `rules.receipts`.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["entry", "round"], name="fantasy_lineup_once"),
            models.CheckConstraint(condition=Q(bank__gte=0), name="fantasy_lineup_bank"),
        ]

    def __str__(self) -> str:
        return f"{self.entry_id} in {self.round_id}"


class LineupResult(models.Model):
    """What a line-up brought; points in the game's unit, `total` the season's after this round.

    Rows are made from rows of entries in one transaction (`services.live.settle_rows`). Postgres
    would look each key up again, a million times a round, so it is not told of them.

    `relieved` has a byte for each reserve, in the order of the bench: the slot of the starter he
    came on for, 0 for none. The line-up of the same round knows who they are.
    """

    entry = models.ForeignKey(
        Entry,
        on_delete=models.CASCADE,
        related_name="results",
        db_index=False,
        db_constraint=False,
    )
    round = models.ForeignKey(
        Round,
        on_delete=models.CASCADE,
        related_name="results",
        db_index=False,
        db_constraint=False,
    )
    points = models.IntegerField(help_text="Before hits.")
    hit = models.PositiveIntegerField(default=0)
    adjusted = models.IntegerField(default=0, help_text="Given or taken by hand.")
    total = models.IntegerField()
    rank = models.PositiveIntegerField(help_text="By `total`; equal totals share it.")
    round_rank = models.PositiveIntegerField(default=0)
    bench_points = models.IntegerField(default=0)
    relieved = models.BinaryField(default=b"", help_text="Slot from 1 by reserve, 0 for none.")
    captain_number = models.PositiveIntegerField(null=True, blank=True)
    multiplier = models.PositiveSmallIntegerField(
        default=1, help_text="Of the captain, in the game's `captain.unit`."
    )

    class Meta:
        constraints = [
            # By round first, so that the rows of a round are appended; by entry first each of
            # them would change another page, and the more so the longer the season.
            models.UniqueConstraint(fields=["round", "entry"], name="fantasy_result_once")
        ]
        indexes = [
            # An index of a million ranks a round would cost more than the rows. The best can be
            # had by `rank__lte`.
            models.Index(
                fields=["round", "rank"],
                condition=Q(rank__lte=TOP_RANKS),
                name="fantasy_result_top",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.entry_id} in {self.round_id}: {self.points}"


class PlayerScore(models.Model):
    """A player's points in one match, line by line, with the numbers they came from."""

    round = models.ForeignKey(Round, on_delete=models.CASCADE, related_name="player_scores")
    match = models.ForeignKey(Match, on_delete=models.CASCADE, related_name="+", db_index=False)
    game_player = models.ForeignKey(GamePlayer, on_delete=models.CASCADE, related_name="scores")
    lines = models.JSONField(default=list)
    points = models.IntegerField(default=0, help_text="Bonus included.")
    bonus = models.IntegerField(default=0)
    bonus_basis = models.CharField(max_length=10, choices=BonusBasis.choices, blank=True)
    columns = models.JSONField(default=dict)
    minutes = models.PositiveSmallIntegerField(default=0)
    appeared = models.BooleanField(default=False)
    folded_seq = models.PositiveIntegerField(default=0)
    state = models.CharField(
        max_length=11, choices=ScoreState.choices, default=ScoreState.PROVISIONAL
    )
    scored_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["match", "game_player", "round"], name="fantasy_player_score_once"
            ),
            models.CheckConstraint(
                condition=Q(state__in=ScoreState.values), name="fantasy_player_score_state"
            ),
        ]
        indexes = [models.Index(fields=["round", "game_player"], name="fantasy_score_round")]

    def __str__(self) -> str:
        return f"{self.game_player_id} in {self.match_id}: {self.points}"

    @classmethod
    def from_db(cls, *args: Any, **options: Any) -> Any:
        score = super().from_db(*args, **options)
        if sight() is not None and is_withheld(score.match_id):
            told = _scores_told(score.round_id, score.match_id).get(score.game_player_id)
            for name in _OF_PLAY:
                setattr(score, name, getattr(told or cls(), name))
        return score


class RoundSnapshot(models.Model):
    """What the engine published last for a round: totals, histogram and top lists, packed."""

    round = models.OneToOneField(Round, on_delete=models.CASCADE, related_name="snapshot")
    version = models.PositiveBigIntegerField(default=0)
    packed = models.BinaryField(default=b"")
    published_at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return f"{self.round_id} at {self.version}"


class CorrectionCase(models.Model):
    """A settled match whose facts changed: what it would do, and what was decided."""

    round = models.ForeignKey(Round, on_delete=models.CASCADE, related_name="cases")
    match = models.ForeignKey(Match, on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=9, choices=CaseState.choices, default=CaseState.OPEN)
    reason = models.CharField(max_length=200, blank=True)
    diff = models.JSONField(default=dict, help_text="Points before and after.")
    opened_at = models.DateTimeField(default=now)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["-opened_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["round", "match"],
                condition=Q(state=CaseState.OPEN),
                name="fantasy_case_one_open",
            ),
            models.CheckConstraint(
                condition=Q(state__in=CaseState.values), name="fantasy_case_state"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.match_id} in {self.round_id}"


class ScoreAdjustment(models.Model):
    """Points given or taken by hand, seen by all; append-only.

    It is taken back by another row of the opposite sign, named in `taken_back_by`.
    """

    game = models.ForeignKey(Game, on_delete=models.CASCADE, related_name="adjustments")
    entry = models.ForeignKey(Entry, on_delete=models.CASCADE, related_name="adjustments")
    round = models.ForeignKey(Round, on_delete=models.CASCADE, related_name="adjustments")
    points = models.IntegerField()
    reason = models.CharField(max_length=200)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    made_at = models.DateTimeField(default=now)
    taken_back_by = models.OneToOneField(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="takes_back"
    )

    class Meta:
        ordering = ["-made_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(points=0), name="fantasy_adjustment_not_empty"),
            models.CheckConstraint(condition=~Q(reason=""), name="fantasy_adjustment_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.points:+d} {self.entry_id}: {self.reason}"
