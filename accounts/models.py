"""Users of the platform, the keys of their programs, and what these were answered."""

from collections.abc import Mapping
from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import (
    AbstractBaseUser,
    AnonymousUser,
    BaseUserManager,
    PermissionsMixin,
)
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower
from ulid import ULID

from accounts.enums import KeyMode, KeyScope, Role
from accounts.rules import HASH, SCOPES
from config.clock import now
from config.sight import MAX_DELAY_S


def user_id() -> str:
    """Return a fresh public identifier of a user."""
    return f"vz_user_{ULID()}"


class UserManager(BaseUserManager["User"]):
    """Creates users by e-mail address, kept in lower case."""

    use_in_migrations = True

    def create_user(self, email: str, password: str | None = None, **fields: object) -> "User":
        """Create and return a user; raises ValueError when `email` is empty."""
        if not email:
            raise ValueError("email: a user needs an e-mail address")
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: object) -> "User":
        """Create and return a user who may do everything."""
        return self.create_user(
            email, password, **{**fields, "is_staff": True, "is_superuser": True}
        )


class User(AbstractBaseUser, PermissionsMixin):
    """A person with an account, identified by e-mail address and known by a display name."""

    public_id = models.CharField(max_length=40, unique=True, default=user_id, editable=False)
    email = models.EmailField(max_length=254, unique=True)
    display_name = models.CharField(max_length=60, blank=True)
    time_zone = models.CharField(
        max_length=64, blank=True, help_text="IANA name; empty: the browser's"
    )
    spoiler_delay_s = models.PositiveSmallIntegerField(
        default=0, help_text="Seconds by which everything live comes later, for late streams."
    )
    hides_scores = models.BooleanField(default=False, help_text="Shows scores on demand only.")
    is_staff = models.BooleanField(default=False, help_text="May open the admin.")
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField(default=now, editable=False)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name="user_email_unique_ci"),
            models.CheckConstraint(
                condition=models.Q(spoiler_delay_s__lte=MAX_DELAY_S), name="user_delay_bounded"
            ),
        ]
        ordering = ["email"]

    def __str__(self) -> str:
        return self.display_name or self.email.partition("@")[0]

    def has_role(self, role: Role) -> bool:
        """Return whether the user is in the role's group; superusers are in all."""
        return self.is_superuser or self.groups.filter(name=role.value).exists()


class IdempotentAnswer(models.Model):
    """What a user's program was answered under an Idempotency-Key, for as long as it may repeat.

    Written in the transaction of what was done, so either both are there or neither.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    route = models.CharField(max_length=200, help_text="Method and pattern of the address.")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of what was asked.")
    status = models.PositiveSmallIntegerField()
    headers = models.JSONField(default=dict)
    body = models.BinaryField()
    made_at = models.DateTimeField(default=now, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "route", "key"], name="answer_once")]

    def __str__(self) -> str:
        return f"{self.route}: {self.key}"


def _by_mode(**conditions: Mapping[KeyMode, object]) -> models.Q:
    """Return the condition that differs by the key's mode."""
    either = models.Q()
    for mode in KeyMode:
        either |= models.Q(mode=mode, **{name: by[mode] for name, by in conditions.items()})
    return either


class PartnerKey(models.Model):
    """What a partner's program shows to say whose it is. The secret itself is kept nowhere."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="partner_keys"
    )
    name = models.CharField(max_length=60, help_text="Which program uses it.")
    mode = models.CharField(max_length=4, choices=KeyMode.choices)
    scopes = ArrayField(models.CharField(max_length=20, choices=KeyScope.choices))
    prefix = models.CharField(
        max_length=40, unique=True, editable=False, help_text="The part that may be shown."
    )
    secret_hash = models.CharField(max_length=64, editable=False, help_text="SHA-256 of the key.")
    created_at = models.DateTimeField(default=now, editable=False)
    last_used_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="To the minute."
    )
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~models.Q(name=""), name="key_named"),
            models.CheckConstraint(
                condition=_by_mode(scopes__contained_by={m: list(s) for m, s in SCOPES.items()})
                & models.Q(scopes__len__gt=0),
                name="key_scopes_of_mode",
            ),
            models.CheckConstraint(
                condition=_by_mode(prefix__startswith={mode: f"vz_{mode}_" for mode in KeyMode}),
                name="key_prefix_of_mode",
            ),
            models.CheckConstraint(
                condition=models.Q(secret_hash__regex=HASH), name="key_hash_whole"
            ),
            models.CheckConstraint(
                condition=models.Q(expires_at=None)
                | models.Q(expires_at__gt=models.F("created_at")),
                name="key_expires_later",
            ),
            models.CheckConstraint(
                condition=models.Q(revoked_at=None)
                | models.Q(revoked_at__gte=models.F("created_at")),
                name="key_revoked_later",
            ),
            # Two keys of one name could not be told apart when one has to go.
            models.UniqueConstraint(
                fields=["owner", "name"],
                condition=models.Q(revoked_at=None),
                name="key_name_once",
            ),
        ]
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix})"

    def is_expired(self, at: datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= at


class Partner(AnonymousUser):
    """Who asks with a key: nobody's account, so nothing of the owner's own is in reach.

    A door of the owner's own takes the owner for the visitor where the key is good for that.
    """

    def __init__(self, key: PartnerKey) -> None:
        super().__init__()
        self.key = key
