"""A game on a league's season: its rounds, its players and their prices."""

from django.db import models
from django.db.models import F, Q

from config.clock import now
from fantasy.enums import Availability, GameState, RoundState
from leagues.models import Player, Season, Team
from matches.models import Match
from streams import ids

# Numbers of players travel as two bytes with a sign.
MAX_PLAYER_NUMBER = 32_767


class Game(models.Model):
    """A season-long game, played by the rules of one game pack."""

    public_id = models.CharField(max_length=40, unique=True, default=ids.game_id, editable=False)
    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=120)
    season = models.ForeignKey(Season, on_delete=models.PROTECT, related_name="fantasy_games")
    rules = models.CharField(max_length=60, help_text="Id of the game pack.")
    rules_version = models.CharField(max_length=20, blank=True)
    state = models.CharField(max_length=9, choices=GameState.choices, default=GameState.DRAFT)
    time_zone = models.CharField(max_length=64, default="UTC", help_text="IANA name.")
    created_at = models.DateTimeField(default=now, editable=False)
    published_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=GameState.values), name="fantasy_game_state"
            ),
            models.CheckConstraint(
                condition=Q(state=GameState.DRAFT) | Q(published_at__isnull=False),
                name="fantasy_game_published_at",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Round(models.Model):
    """One round of a game: squads lock at `deadline_at`, then its matches are played.

    `merkle_root` is the hexadecimal root over the leaves of all line-ups, in order of the entries'
    numbers; it is published with the lock.
    """

    game = models.ForeignKey(Game, on_delete=models.CASCADE, related_name="rounds")
    number = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=60)
    deadline_at = models.DateTimeField()
    starts_at = models.DateTimeField(help_text="First kick-off.")
    state = models.CharField(max_length=11, choices=RoundState.choices, default=RoundState.UPCOMING)
    corrections = models.PositiveSmallIntegerField(default=0)
    merkle_root = models.CharField(max_length=64, blank=True)
    locked_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["game", "number"]
        constraints = [
            models.UniqueConstraint(fields=["game", "number"], name="fantasy_round_once"),
            models.CheckConstraint(condition=Q(number__gte=1), name="fantasy_round_from_1"),
            models.CheckConstraint(
                condition=Q(state__in=RoundState.values), name="fantasy_round_state"
            ),
            models.CheckConstraint(
                condition=Q(state__in=(RoundState.UPCOMING, RoundState.VOID))
                | Q(locked_at__isnull=False),
                name="fantasy_round_locked_at",
            ),
        ]
        indexes = [
            models.Index(
                fields=["deadline_at"],
                condition=Q(state=RoundState.UPCOMING),
                name="fantasy_round_due",
            )
        ]

    def __str__(self) -> str:
        return f"{self.game}: {self.name}"


class RoundMatch(models.Model):
    """A match that counts in a round; it counts in one round of a game.

    `scored_seq` is the place in the match's log up to which its players were scored.
    """

    game = models.ForeignKey(Game, on_delete=models.CASCADE, related_name="+")
    round = models.ForeignKey(Round, on_delete=models.CASCADE, related_name="round_matches")
    match = models.ForeignKey(Match, on_delete=models.PROTECT, related_name="fantasy_rounds")
    scored_seq = models.PositiveIntegerField(null=True, blank=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["game", "match"], name="fantasy_round_match_once")
        ]

    def __str__(self) -> str:
        return f"{self.match_id} in {self.round_id}"


class GamePlayer(models.Model):
    """A player who can be picked: `position` is the game's, prices are tenths.

    `number` counts 0, 1, 2 ... within the game and is never given to another player.
    """

    game = models.ForeignKey(Game, on_delete=models.CASCADE, related_name="players")
    player = models.ForeignKey(Player, on_delete=models.PROTECT, related_name="fantasy_players")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+")
    number = models.PositiveIntegerField()
    position = models.CharField(max_length=12)
    price = models.PositiveIntegerField(help_text="In tenths.")
    start_price = models.PositiveIntegerField(help_text="In tenths.")
    status = models.CharField(
        max_length=9, choices=Availability.choices, default=Availability.AVAILABLE
    )
    chance_percent = models.PositiveSmallIntegerField(null=True, blank=True)
    news = models.CharField(max_length=200, blank=True)
    news_at = models.DateTimeField(null=True, blank=True)
    added_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        ordering = ["game", "number"]
        constraints = [
            models.UniqueConstraint(fields=["game", "player"], name="fantasy_player_once"),
            models.UniqueConstraint(fields=["game", "number"], name="fantasy_player_number_once"),
            models.CheckConstraint(
                condition=Q(number__lte=MAX_PLAYER_NUMBER), name="fantasy_player_number_2_bytes"
            ),
            models.CheckConstraint(
                condition=Q(chance_percent__isnull=True) | Q(chance_percent__lte=100),
                name="fantasy_player_chance_percent",
            ),
            models.CheckConstraint(
                condition=Q(status__in=Availability.values), name="fantasy_player_status"
            ),
        ]
        indexes = [models.Index(fields=["game", "position", "-price"], name="fantasy_player_list")]

    def __str__(self) -> str:
        return str(self.player)


class PriceChange(models.Model):
    """A change of a price, with all that the open formula looked at; append-only."""

    game_player = models.ForeignKey(
        GamePlayer, on_delete=models.CASCADE, related_name="price_changes"
    )
    round = models.ForeignKey(
        Round, on_delete=models.CASCADE, null=True, blank=True, related_name="price_changes"
    )
    from_price = models.PositiveIntegerField()
    to_price = models.PositiveIntegerField()
    at = models.DateTimeField(default=now)
    reason = models.CharField(max_length=200, blank=True)
    inputs = models.JSONField(default=dict)

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(from_price=F("to_price")), name="fantasy_price_changes"
            ),
            models.UniqueConstraint(
                fields=["game_player", "round"], name="fantasy_price_change_once_a_round"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.game_player_id}: {self.from_price} -> {self.to_price}"
