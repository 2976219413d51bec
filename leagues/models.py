"""Leagues, seasons, teams, players, rosters, venues and what vendors call them."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from config.clock import now
from leagues.enums import ExternalKind, UnmatchedStatus
from streams import ids


class League(models.Model):
    """A competition of one sport that is played season after season."""

    public_id = models.CharField(max_length=40, unique=True, default=ids.league_id, editable=False)
    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=120)
    short_name = models.CharField(max_length=24, blank=True)
    sport = models.CharField(max_length=40, help_text="Id of the sport's pack, see `packs check`.")
    country = models.CharField(max_length=60, blank=True)
    priority = models.PositiveSmallIntegerField(default=500, help_text="0 comes first, 999 last.")
    time_zone = models.CharField(max_length=64, default="UTC", help_text="IANA name.")
    is_test = models.BooleanField(default=False, help_text="Left out of all public statistics.")

    class Meta:
        ordering = ["priority", "name"]
        constraints = [
            models.CheckConstraint(condition=Q(priority__lte=999), name="league_priority_0_999")
        ]

    def __str__(self) -> str:
        return self.name


class Season(models.Model):
    """One edition of a league, with the teams that take part in it."""

    public_id = models.CharField(max_length=40, unique=True, default=ids.season_id, editable=False)
    league = models.ForeignKey(League, on_delete=models.PROTECT, related_name="seasons")
    name = models.CharField(max_length=24, help_text="For example 2026-27.")
    starts_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True)
    is_current = models.BooleanField(default=False)
    sources = models.JSONField(
        default=list,
        blank=True,
        help_text="Who tells the play, the best source first; any other only where none of these"
        " does.",
    )
    teams: "models.ManyToManyField[Team, SeasonTeam]" = models.ManyToManyField(
        "Team", through="SeasonTeam", related_name="seasons"
    )

    class Meta:
        ordering = ["league", "-name"]
        constraints = [
            models.UniqueConstraint(fields=["league", "name"], name="season_name_unique"),
            models.UniqueConstraint(
                fields=["league"], condition=Q(is_current=True), name="season_one_current"
            ),
            models.CheckConstraint(
                condition=Q(starts_on__isnull=True)
                | Q(ends_on__isnull=True)
                | Q(ends_on__gte=F("starts_on")),
                name="season_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.league} {self.name}"


class Venue(models.Model):
    """A place where matches are played."""

    public_id = models.CharField(max_length=40, unique=True, default=ids.venue_id, editable=False)
    name = models.CharField(max_length=120)
    city = models.CharField(max_length=80, blank=True)
    country = models.CharField(max_length=60, blank=True)
    time_zone = models.CharField(max_length=64, default="UTC")
    capacity = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["name", "city"], name="venue_unique")]

    def __str__(self) -> str:
        return f"{self.name}, {self.city}" if self.city else self.name


class Team(models.Model):
    """A club or national side of one sport."""

    public_id = models.CharField(max_length=40, unique=True, default=ids.team_id, editable=False)
    slug = models.SlugField(max_length=100, unique=True)
    sport = models.CharField(max_length=40)
    name = models.CharField(max_length=120)
    short_name = models.CharField(max_length=24, blank=True)
    code = models.CharField(max_length=4, blank=True, help_text="Two to four letters for the tile.")
    country = models.CharField(max_length=60, blank=True)
    venue = models.ForeignKey(Venue, on_delete=models.SET_NULL, null=True, blank=True)
    color = models.CharField(max_length=7, default="#3b5b8c", help_text="Main colour, #rrggbb.")
    color_alt = models.CharField(max_length=7, default="#ffffff", help_text="Second colour.")
    merged_into = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="merged_from"
    )

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(color__regex=r"^#[0-9a-fA-F]{6}$")
                & Q(color_alt__regex=r"^#[0-9a-fA-F]{6}$"),
                name="team_colors_hex",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def display_name(self) -> str:
        """The short name, or the name where there is none."""
        return self.short_name or self.name


class SeasonTeam(models.Model):
    """A team's part in a season, in a group or conference where the season has them."""

    season = models.ForeignKey(Season, on_delete=models.CASCADE, related_name="season_teams")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="season_teams")
    group = models.CharField(max_length=40, blank=True)

    class Meta:
        ordering = ["group", "team__name"]
        constraints = [models.UniqueConstraint(fields=["season", "team"], name="season_team_once")]

    def __str__(self) -> str:
        return f"{self.team} in {self.season}"


class Player(models.Model):
    """A person who plays; the same row for a whole career."""

    public_id = models.CharField(max_length=40, unique=True, default=ids.player_id, editable=False)
    slug = models.SlugField(max_length=120, unique=True)
    sport = models.CharField(max_length=40)
    name = models.CharField(max_length=120)
    short_name = models.CharField(max_length=60, blank=True)
    birth_on = models.DateField(null=True, blank=True)
    country = models.CharField(max_length=60, blank=True)
    position = models.CharField(max_length=12, blank=True, help_text="A position of the pack.")
    merged_into = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="merged_from"
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def display_name(self) -> str:
        """The short name, or the name where there is none."""
        return self.short_name or self.name


class RosterSpot(models.Model):
    """A player's time with a team: from a day until a day, open-ended while he stays."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="roster_spots")
    player = models.ForeignKey(Player, on_delete=models.CASCADE, related_name="roster_spots")
    from_on = models.DateField()
    until_on = models.DateField(null=True, blank=True, help_text="Last day; empty: still there.")
    shirt = models.CharField(max_length=4, blank=True)
    position = models.CharField(max_length=12, blank=True)

    class Meta:
        ordering = ["team", "player__name"]
        constraints = [
            models.UniqueConstraint(
                fields=["team", "player"],
                condition=Q(until_on__isnull=True),
                name="roster_spot_one_open",
            ),
            models.CheckConstraint(
                condition=Q(until_on__isnull=True) | Q(until_on__gte=F("from_on")),
                name="roster_spot_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.player} at {self.team}"


class Follow(models.Model):
    """A team or a league that a user wants to see first."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="follows", db_index=False
    )
    team = models.ForeignKey(Team, on_delete=models.CASCADE, null=True, related_name="follows")
    league = models.ForeignKey(League, on_delete=models.CASCADE, null=True, related_name="follows")
    followed_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["followed_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(team__isnull=True, league__isnull=False)
                | Q(team__isnull=False, league__isnull=True),
                name="follow_team_or_league",
            ),
            # Nulls are equal here, so that this is also "each league once".
            models.UniqueConstraint(
                fields=["user", "team", "league"], nulls_distinct=False, name="follow_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} follows {self.team_id or self.league_id}"


class ExternalId(models.Model):
    """What one vendor calls one of our rows; `object_id` is the row's integer key."""

    source = models.CharField(max_length=40)
    kind = models.CharField(max_length=8, choices=ExternalKind.choices)
    value = models.CharField(max_length=120)
    object_id = models.BigIntegerField()

    class Meta:
        ordering = ["source", "kind", "value"]
        constraints = [
            models.UniqueConstraint(fields=["source", "kind", "value"], name="external_id_unique")
        ]
        indexes = [models.Index(fields=["kind", "object_id"], name="external_id_object")]

    def __str__(self) -> str:
        return f"{self.source}:{self.value}"


class UnmatchedName(models.Model):
    """A vendor's player that could not be placed with confidence; waits for an admin."""

    source = models.CharField(max_length=40)
    kind = models.CharField(max_length=8, choices=ExternalKind.choices, default=ExternalKind.PLAYER)
    value = models.CharField(max_length=120, help_text="The vendor's id, or the name without one.")
    name = models.CharField(max_length=120, blank=True)
    context = models.JSONField(default=dict, help_text="Team, shirt and match where it was seen.")
    suggestions = models.JSONField(default=list, help_text="Our candidates with confidence 0-1.")
    status = models.CharField(
        max_length=8, choices=UnmatchedStatus.choices, default=UnmatchedStatus.OPEN
    )
    seen_count = models.PositiveIntegerField(default=1)
    first_seen_at = models.DateTimeField(default=now)
    resolved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["status", "-first_seen_at"]
        constraints = [
            models.UniqueConstraint(fields=["source", "kind", "value"], name="unmatched_once")
        ]

    def __str__(self) -> str:
        return f"{self.name or self.value} ({self.source})"
