"""Who wants to hear what, what was worth telling, and what was told to whom."""

from functools import partial

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from config.clock import now
from leagues.models import League, Player, Team
from matches.models import Match
from notifications.enums import Change, DeliveryState, Medium, Preset
from streams.ids import public_id

SUBJECTS = ("league", "team", "match", "player")
follow_id = partial(public_id, "follow")
delivery_id = partial(public_id, "notice")
device_id = partial(public_id, "device")


class Follow(models.Model):
    """A subject that a user wants to hear of: how much, and by what media.

    Not the star of `leagues.Follow`, which says what comes first on pages. `since` is when it was
    last changed: nothing that happened before is told.
    """

    public_id = models.CharField(max_length=40, unique=True, default=follow_id, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    league = models.ForeignKey(League, on_delete=models.CASCADE, null=True, related_name="+")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, null=True, related_name="+")
    match = models.ForeignKey(Match, on_delete=models.CASCADE, null=True, related_name="+")
    player = models.ForeignKey(Player, on_delete=models.CASCADE, null=True, related_name="+")
    preset = models.CharField(max_length=8, choices=Preset.choices, default=Preset.STANDARD)
    kinds = ArrayField(
        models.CharField(max_length=40),
        default=list,
        blank=True,
        help_text="Notices of the sport's pack, where they are chosen one by one.",
    )
    media = ArrayField(models.CharField(max_length=5, choices=Medium.choices), default=list)
    since = models.DateTimeField(default=now)

    class Meta:
        ordering = ["since", "pk"]
        constraints = [
            # Nulls are equal here, so that each subject is followed once.
            models.UniqueConstraint(
                fields=["user", *SUBJECTS], nulls_distinct=False, name="notify_follow_once"
            ),
            models.CheckConstraint(
                condition=Q(
                    *[
                        Q(**{f"{other}__isnull": other != one for other in SUBJECTS})
                        for one in SUBJECTS
                    ],
                    _connector=Q.OR,
                ),
                name="notify_follow_one_subject",
            ),
            models.CheckConstraint(condition=~Q(media=[]), name="notify_follow_by_a_medium"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} hears of {self.subject_kind} {self.subject_pk}"

    @property
    def subject_kind(self) -> str:
        """Return which of `SUBJECTS` is followed."""
        return next(name for name in SUBJECTS if getattr(self, f"{name}_id") is not None)

    @property
    def subject_pk(self) -> int:
        """Return the key of what is followed."""
        pk: int = getattr(self, f"{self.subject_kind}_id")
        return pk

    @property
    def subject(self) -> League | Team | Match | Player:
        """Return what is followed."""
        found: League | Team | Match | Player = getattr(self, self.subject_kind)
        return found


class Preference(models.Model):
    """What a user wants of all his notices: when not to be disturbed."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", primary_key=True
    )
    quiet_from = models.TimeField(null=True, blank=True)
    quiet_until = models.TimeField(null=True, blank=True)
    time_zone = models.CharField(
        max_length=64, blank=True, help_text="Of the browser, where the profile names none."
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(quiet_from__isnull=True, quiet_until__isnull=True)
                | Q(quiet_from__isnull=False, quiet_until__isnull=False),
                name="notify_quiet_both",
            )
        ]

    def __str__(self) -> str:
        return f"Preferences of {self.user_id}"


class Device(models.Model):
    """A browser that takes push messages of a user: where they go, and its keys (RFC 8291)."""

    public_id = models.CharField(max_length=40, unique=True, default=device_id, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    endpoint = models.CharField(max_length=1000, unique=True)
    p256dh = models.CharField(max_length=90)
    auth = models.CharField(max_length=24)
    name = models.CharField(max_length=80, blank=True)
    added_at = models.DateTimeField(default=now)
    reached_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["added_at", "pk"]

    def __str__(self) -> str:
        return self.name or self.public_id


class Notification(models.Model):
    """One revision of something worth telling of a match, in words; nobody's in particular.

    `lineage_id` is that of the log's fact, or one made for what follows from many facts, such as
    the end. `meaning` is what makes a revision a correction when it changes.
    """

    match = models.ForeignKey(Match, on_delete=models.CASCADE, related_name="+", db_index=False)
    lineage_id = models.UUIDField()
    rev = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=40)
    change = models.CharField(max_length=9, choices=Change.choices, default=Change.NEW)
    meaning = models.CharField(max_length=300)
    epoch = models.UUIDField(help_text="Of the log that it was told by.")
    label = models.CharField(max_length=80)
    sentence = models.CharField(max_length=400, blank=True)
    clock = models.CharField(max_length=20, blank=True)
    home_score = models.IntegerField(null=True)
    away_score = models.IntegerField(null=True)
    tells_score = models.BooleanField(default=True)
    happened_at = models.DateTimeField(help_text="From when on who has no delay may know it.")
    made_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["match", "lineage_id", "rev"], name="notification_once")
        ]

    def __str__(self) -> str:
        return f"{self.label} ({self.change})"


class Delivery(models.Model):
    """A notification on its way to one user by one medium.

    The row is the record that it is sent once: `key` is NOT-2's. Deliveries with the same `tag`
    replace each other; the inbox shows the newest that is due.
    """

    public_id = models.CharField(max_length=40, unique=True, default=delivery_id, editable=False)
    notification = models.ForeignKey(
        Notification, on_delete=models.CASCADE, related_name="deliveries"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    medium = models.CharField(max_length=5, choices=Medium.choices)
    key = models.CharField(max_length=64, unique=True)
    tag = models.CharField(max_length=32)
    due_at = models.DateTimeField()
    state = models.CharField(max_length=7, choices=DeliveryState.choices)
    attempts = models.PositiveSmallIntegerField(default=0)
    claimed_until = models.DateTimeField(null=True)
    reached = ArrayField(
        models.BigIntegerField(), default=list, help_text="Devices that have it already."
    )
    sent_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name_plural = "deliveries"
        ordering = ["-due_at", "-pk"]
        indexes = [
            models.Index(fields=["user", "medium", "-due_at"], name="delivery_of_user"),
            models.Index(fields=["user", "tag"], name="delivery_tag"),
            models.Index(
                fields=["due_at"], condition=Q(state__in=("queued", "sending")), name="delivery_due"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.notification_id} to {self.user_id} by {self.medium}"
