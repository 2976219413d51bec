"""Writes of the accounts app."""

import secrets
import string
from collections.abc import Collection
from datetime import datetime, timedelta
from importlib import import_module
from typing import Final

from django.conf import settings
from django.contrib.auth.models import Group, Permission
from django.db import IntegrityError, transaction
from django.db.models import Q, Value
from django.db.models.functions import Greatest

from accounts.enums import KeyMode, KeyScope, Role
from accounts.models import IdempotentAnswer, PartnerKey, User
from accounts.rules import PUBLIC_PART_CHARS, SECRET_CHARS, hash_of, permission_names

# For so long a repeated request gets the answer of the first one.
ANSWERS_KEPT: Final = timedelta(hours=24)
# How exactly it is known when a key was used: a write for every request would cost too much.
USE_NOTED_EVERY: Final = timedelta(minutes=1)
# Keys that are good no more stay this long in their owner's list.
DEAD_KEYS_KEPT: Final = timedelta(days=90)
# And whoever makes and revokes without end has this many of them.
_MOST_DEAD_KEYS: Final = 50


@transaction.atomic
def sync_roles() -> None:
    """Make the role groups carry just the permissions of `accounts.rules`; idempotent."""
    for role in Role:
        group, _ = Group.objects.get_or_create(name=role.value)
        wanted = Q(pk__in=())
        for name in permission_names(role):
            app, codename = name.split(".", 1)
            wanted |= Q(content_type__app_label=app, codename=codename)
        group.permissions.set(Permission.objects.filter(wanted))


@transaction.atomic
def grant_role(user: User, role: Role) -> None:
    """Put the user into the role's group; analysts and admins may also open the admin."""
    user.groups.add(Group.objects.get(name=role.value))
    if role in (Role.ANALYST, Role.ADMIN) and not user.is_staff:
        user.is_staff = True
        user.save(update_fields=["is_staff"])


class AddressTakenError(ValueError):
    """Somebody has an account with this e-mail address."""

    code = "address_taken"


@transaction.atomic
def sign_up(
    *, email: str, password: str, display_name: str, spoiler_delay_s: int, hides_scores: bool
) -> User:
    """Create and return a fan, told as late as he was without an account.

    Raises AddressTakenError, also when two ask for one address at the same time.
    """
    try:
        with transaction.atomic():
            user = User.objects.create_user(
                email,
                password,
                display_name=display_name,
                spoiler_delay_s=spoiler_delay_s,
                hides_scores=hides_scores,
            )
    except IntegrityError as error:
        if not User.objects.filter(email__iexact=email).exists():
            raise
        raise AddressTakenError(email) from error
    grant_role(user, Role.FAN)
    return user


def change_password(user: User, password: str) -> None:
    """Set a new password; sessions that were opened with the old one end."""
    user.set_password(password)
    user.save(update_fields=["password"])


@transaction.atomic
def update_profile(
    user: User, *, display_name: str, time_zone: str, spoiler_delay_s: int, hides_scores: bool
) -> None:
    """Set what a user may say about himself."""
    user.display_name, user.time_zone = display_name, time_zone
    user.save(update_fields=["display_name", "time_zone"])
    spare_user(user, spoiler_delay_s=spoiler_delay_s, hides_scores=hides_scores)


@transaction.atomic
def spare_user(user: User, *, spoiler_delay_s: int, hides_scores: bool) -> None:
    """Set by how much the user is told late, and whether scores are hidden."""
    user.spoiler_delay_s, user.hides_scores = spoiler_delay_s, hides_scores
    user.save(update_fields=["spoiler_delay_s", "hides_scores"])


def forget_sessions() -> None:
    """Drop sessions that are over; who comes back with one has none already."""
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()


def forget_answers(*, at: datetime) -> int:
    """Drop answers that may no longer be repeated; return how many."""
    dropped, _ = IdempotentAnswer.objects.filter(made_at__lte=at - ANSWERS_KEPT).delete()
    return dropped


class KeyNotMadeError(ValueError):
    """A key cannot be made; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@transaction.atomic
def make_key(
    owner: User,
    *,
    name: str,
    mode: KeyMode,
    scopes: Collection[KeyScope],
    expires_at: datetime | None,
    at: datetime,
) -> tuple[PartnerKey, str]:
    """Make a key and return it with the whole of it, which nobody can tell again.

    Locks the owner's row, so that keys asked for at the same time are counted. Raises
    KeyNotMadeError.
    """
    User.objects.select_for_update(of=("self",), no_key=True).get(pk=owner.pk)
    held = PartnerKey.objects.filter(owner=owner, revoked_at=None)
    if held.count() >= settings.PARTNER_KEYS_PER_USER:
        raise KeyNotMadeError("too_many_keys")
    if held.filter(name=name).exists():
        raise KeyNotMadeError("name_taken")
    dead = PartnerKey.objects.filter(owner=owner).exclude(revoked_at=None).order_by("-revoked_at")
    PartnerKey.objects.filter(pk__in=[key.pk for key in dead[_MOST_DEAD_KEYS:]]).delete()
    public = _random(string.digits + string.ascii_lowercase, PUBLIC_PART_CHARS)
    prefix = f"vz_{KeyMode(mode).value}_{public}"
    token = f"{prefix}_{_random(string.digits + string.ascii_letters, SECRET_CHARS)}"
    key = PartnerKey.objects.create(
        owner=owner,
        name=name,
        mode=mode,
        scopes=sorted(scopes),
        prefix=prefix,
        secret_hash=hash_of(token),
        created_at=at,
        expires_at=expires_at,
    )
    return key, token


def _random(signs: str, length: int) -> str:
    return "".join(secrets.choice(signs) for _ in range(length))


def revoke_key(key: PartnerKey, *, at: datetime) -> None:
    """Let a key be good no more, for ever; of one that was revoked before the moment stays."""
    moment = Greatest(Value(at), "created_at")
    PartnerKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=moment)


def note_use(key: PartnerKey, *, at: datetime) -> None:
    """Keep when a key was used, unless that is known to the minute."""
    since = at - USE_NOTED_EVERY
    if key.last_used_at is not None and key.last_used_at > since:
        return
    # Of many requests at once one writes.
    stale = Q(last_used_at=None) | Q(last_used_at__lte=since)
    PartnerKey.objects.filter(stale, pk=key.pk).update(last_used_at=at)


def forget_keys(*, at: datetime) -> int:
    """Drop keys that were revoked or expired long ago; return how many."""
    long_ago = at - DEAD_KEYS_KEPT
    dead = Q(revoked_at__lte=long_ago) | Q(expires_at__lte=long_ago)
    dropped, _ = PartnerKey.objects.filter(dead).delete()
    return dropped
