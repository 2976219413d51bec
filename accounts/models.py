"""Users of the platform, and what their programs were answered."""

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from ulid import ULID

from accounts.enums import Role
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
