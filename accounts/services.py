"""Writes of the accounts app."""

from datetime import datetime, timedelta
from importlib import import_module
from typing import Final

from django.conf import settings
from django.contrib.auth.models import Group, Permission
from django.db import IntegrityError, transaction
from django.db.models import Q

from accounts.enums import Role
from accounts.models import IdempotentAnswer, User
from accounts.rules import permission_names

# For so long a repeated request gets the answer of the first one.
ANSWERS_KEPT: Final = timedelta(hours=24)


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
