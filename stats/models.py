"""Derived rows: boxscores, stat lines and tables. Each can be folded again at any time."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from config.clock import now
from leagues.models import Player, Season, Team
from matches.models import Match
from stats.enums import TableKind


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

    class Meta:
        ordering = ["-decided_at"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(points=0) | ~Q(goals=0), name="table_adjustment_not_empty"
            )
        ]

    def __str__(self) -> str:
        return f"{self.points:+d} {self.team}: {self.reason}"
