"""Leagues of entries, their fixtures, cups and phases."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from config.clock import now
from fantasy.enums import CupState, LeagueKind
from fantasy.models.entries import Entry
from fantasy.models.games import Game, Round
from streams import ids


class FantasyLeague(models.Model):
    """A league of entries: joined by `code`, or by anybody while `is_public`."""

    public_id = models.CharField(
        max_length=40, unique=True, default=ids.fantasy_league_id, editable=False
    )
    game = models.ForeignKey(Game, on_delete=models.CASCADE, related_name="fantasy_leagues")
    name = models.CharField(max_length=60)
    code = models.CharField(max_length=12, unique=True, help_text="What members type to join.")
    kind = models.CharField(max_length=12, choices=LeagueKind.choices, default=LeagueKind.CLASSIC)
    is_public = models.BooleanField(default=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    start_round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="+")
    max_entries = models.PositiveIntegerField(null=True, blank=True)
    is_closed = models.BooleanField(default=False, help_text="Takes no more members.")
    seed = models.CharField(max_length=64, blank=True, help_text="Published seed of its draws.")
    created_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        ordering = ["game", "name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=LeagueKind.values), name="fantasy_league_kind"
            )
        ]

    def __str__(self) -> str:
        return self.name


class LeagueMember(models.Model):
    """An entry in a league; ranks and points are those of the last settled round."""

    league = models.ForeignKey(FantasyLeague, on_delete=models.CASCADE, related_name="members")
    entry = models.ForeignKey(Entry, on_delete=models.CASCADE, related_name="memberships")
    joined_at = models.DateTimeField(default=now)
    rank = models.PositiveIntegerField(null=True, blank=True)
    last_rank = models.PositiveIntegerField(null=True, blank=True)
    points = models.IntegerField(default=0)

    class Meta:
        ordering = ["league", "rank"]
        constraints = [
            models.UniqueConstraint(fields=["league", "entry"], name="fantasy_member_once")
        ]
        indexes = [models.Index(fields=["league", "rank"], name="fantasy_member_rank")]

    def __str__(self) -> str:
        return f"{self.entry_id} in {self.league_id}"


class HeadToHead(models.Model):
    """Two entries against each other in a round; no away side: against the league's average."""

    league = models.ForeignKey(FantasyLeague, on_delete=models.CASCADE, related_name="fixtures")
    round = models.ForeignKey(Round, on_delete=models.CASCADE, related_name="+")
    home = models.ForeignKey(Entry, on_delete=models.CASCADE, related_name="+")
    away = models.ForeignKey(
        Entry, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    home_points = models.IntegerField(null=True, blank=True, help_text="After hits.")
    away_points = models.IntegerField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "head-to-head fixtures"
        ordering = ["league", "round", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["league", "round", "home"], name="fantasy_fixture_home_once"
            ),
            models.UniqueConstraint(
                fields=["league", "round", "away"], name="fantasy_fixture_away_once"
            ),
            models.CheckConstraint(
                condition=Q(away__isnull=True) | ~Q(home=F("away")),
                name="fantasy_fixture_two_sides",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.home_id} - {self.away_id}"


class Cup(models.Model):
    """A knock-out cup of a league, or without one of the whole game."""

    public_id = models.CharField(max_length=40, unique=True, default=ids.cup_id, editable=False)
    game = models.ForeignKey(Game, on_delete=models.CASCADE, related_name="cups")
    league = models.ForeignKey(
        FantasyLeague, on_delete=models.CASCADE, null=True, blank=True, related_name="cups"
    )
    name = models.CharField(max_length=60)
    start_round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="+")
    seed = models.CharField(max_length=64, help_text="Published before the draw.")
    state = models.CharField(max_length=8, choices=CupState.choices, default=CupState.UPCOMING)

    class Meta:
        ordering = ["game", "name"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=CupState.values), name="fantasy_cup_state")
        ]

    def __str__(self) -> str:
        return self.name


class CupTie(models.Model):
    """One tie of a cup; no away side: a bye. `reason` says what decided it."""

    cup = models.ForeignKey(Cup, on_delete=models.CASCADE, related_name="ties")
    round = models.ForeignKey(Round, on_delete=models.CASCADE, related_name="+")
    number = models.PositiveIntegerField(help_text="Place in the draw, from 1.")
    home = models.ForeignKey(Entry, on_delete=models.CASCADE, related_name="+")
    away = models.ForeignKey(
        Entry, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    home_points = models.IntegerField(null=True, blank=True)
    away_points = models.IntegerField(null=True, blank=True)
    winner = models.ForeignKey(
        Entry, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    reason = models.CharField(max_length=40, blank=True)

    class Meta:
        ordering = ["cup", "round", "number"]
        constraints = [
            models.UniqueConstraint(fields=["cup", "round", "number"], name="fantasy_tie_once"),
            models.CheckConstraint(
                condition=Q(away__isnull=True) | ~Q(home=F("away")), name="fantasy_tie_two_sides"
            ),
            models.CheckConstraint(
                condition=Q(winner__isnull=True) | Q(winner=F("home")) | Q(winner=F("away")),
                name="fantasy_tie_winner_played",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.home_id} - {self.away_id}"


class Phase(models.Model):
    """A stretch of rounds with a table of its own, say a month."""

    game = models.ForeignKey(Game, on_delete=models.CASCADE, related_name="phases")
    name = models.CharField(max_length=60)
    first_round = models.ForeignKey(Round, on_delete=models.CASCADE, related_name="+")
    last_round = models.ForeignKey(Round, on_delete=models.CASCADE, related_name="+")

    class Meta:
        ordering = ["game", "first_round__number", "pk"]
        constraints = [models.UniqueConstraint(fields=["game", "name"], name="fantasy_phase_once")]

    def __str__(self) -> str:
        return self.name
