"""Derived rows: boxscores, stat lines and tables. Each can be folded again at any time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from config.clock import now
from config.sight import sight
from leagues.models import Player, Season, Team
from matches.models import Match, is_withheld
from stats.enums import TableKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """What was derived of a match by a moment, as `BoxScore` and `StatLine` keep it."""

    folded_seq: int = 0
    home_totals: dict[str, Any] = field(default_factory=dict)
    away_totals: dict[str, Any] = field(default_factory=dict)
    lines: Mapping[int, dict[str, Any]] = field(default_factory=dict)
    document: bytes = b""
    etag: str = ""


def _nothing(_match_id: int) -> Numbers:
    return Numbers()


# `stats.services.history` folds the log again; until it is loaded nothing is told.
_numbers_told: Callable[[int], Numbers] = _nothing


def fold_past_by(numbers_told: Callable[[int], Numbers]) -> None:
    """Say how the numbers are made that a reader with a delay may see."""
    global _numbers_told  # noqa: PLW0603 - set once, when the app is loaded
    _numbers_told = numbers_told


class BoxScore(models.Model):
    """Both teams' numbers of one match, folded from its log up to `folded_seq`.

    `document` is the public JSON as bytes, `etag` its strong tag.
    """

    match = models.OneToOneField(Match, on_delete=models.CASCADE, related_name="boxscore")
    folded_seq = models.PositiveIntegerField(default=0)
    pack_version = models.CharField(max_length=20, blank=True)
    home_totals = models.JSONField(default=dict)
    away_totals = models.JSONField(default=dict)
    document = models.BinaryField(default=b"")
    etag = models.CharField(max_length=64, blank=True)
    folded_at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return f"Boxscore of {self.match_id} at {self.folded_seq}"

    @classmethod
    def from_db(cls, *args: Any, **options: Any) -> Any:
        box = super().from_db(*args, **options)
        if sight() is not None and is_withheld(box.match_id):
            told = _numbers_told(box.match_id)
            box.folded_seq, box.etag, box.document = told.folded_seq, told.etag, told.document
            box.home_totals, box.away_totals = told.home_totals, told.away_totals
        return box


class StatLine(models.Model):
    """One player's numbers in one match, by column of the sport's pack."""

    match = models.ForeignKey(Match, on_delete=models.CASCADE, related_name="stat_lines")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+")
    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="stat_lines")
    values = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["match", "player"], name="stat_line_once")]

    def __str__(self) -> str:
        return f"{self.player_id} in {self.match_id}"

    @classmethod
    def from_db(cls, *args: Any, **options: Any) -> Any:
        line = super().from_db(*args, **options)
        if sight() is not None and is_withheld(line.match_id):
            line.values = _numbers_told(line.match_id).lines.get(line.player_id, {})
        return line


class TableRow(models.Model):
    """A team's place in a season's table."""

    season = models.ForeignKey(Season, on_delete=models.CASCADE, related_name="table_rows")
    kind = models.CharField(max_length=5, choices=TableKind.choices, default=TableKind.TOTAL)
    group = models.CharField(max_length=40, blank=True)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="table_rows")
    rank = models.PositiveSmallIntegerField()
    rank_before = models.PositiveSmallIntegerField(
        null=True, help_text="Rank without the matches that are live now."
    )
    is_tied = models.BooleanField(default=False, help_text="Not separable by the rules.")
    is_provisional = models.BooleanField(default=False)
    values = models.JSONField(default=dict, help_text="played, wins, ..., by column of the pack.")
    form = models.CharField(max_length=10, blank=True, help_text="Newest last, letters W D L.")
    folded_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["group", "rank", "team__name"]
        constraints = [
            models.UniqueConstraint(fields=["season", "kind", "team"], name="table_row_once")
        ]

    def __str__(self) -> str:
        return f"{self.rank}. {self.team_id}"


class TableAdjustmentManager(models.Manager["TableAdjustment"]):
    """Gives readers no decision that they may not know yet."""

    def get_queryset(self) -> "models.QuerySet[TableAdjustment]":
        rows, seen = super().get_queryset(), sight()
        if seen is None or seen.until is None:
            return rows
        return rows.filter(decided_at__lte=seen.until)


class TableAdjustment(models.Model):
    """Points or goals given or taken by a decision, with its reason; append-only."""

    season = models.ForeignKey(Season, on_delete=models.CASCADE, related_name="adjustments")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    points = models.SmallIntegerField(default=0)
    goals = models.SmallIntegerField(default=0)
    reason = models.CharField(max_length=200)
    decided_at = models.DateTimeField(default=now)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    objects = TableAdjustmentManager()

    class Meta:
        ordering = ["-decided_at"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(points=0) | ~Q(goals=0), name="table_adjustment_not_empty"
            )
        ]

    def __str__(self) -> str:
        return f"{self.points:+d} {self.team}: {self.reason}"
