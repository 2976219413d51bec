"""Users and the keys of their programs."""

from collections.abc import Collection
from datetime import datetime
from itertools import count

from django.test import Client

from accounts.enums import KeyMode, KeyScope
from accounts.models import PartnerKey, User
from accounts.rules import SCOPES
from accounts.services import make_key
from config.clock import now

_numbers = count(1)


def make_user(**fields) -> User:
    fields = {"email": f"user-{next(_numbers)}@example.org", "password": "x"} | fields
    return User.objects.create_user(**fields)


def make_partner(
    owner: User | None = None,
    *,
    mode: KeyMode = KeyMode.TEST,
    scopes: Collection[KeyScope] | None = None,
    expires_at: datetime | None = None,
) -> tuple[PartnerKey, str]:
    """Return a key and the whole of it."""
    return make_key(
        owner or make_user(),
        name=f"Program {next(_numbers)}",
        mode=mode,
        scopes=SCOPES[mode] if scopes is None else scopes,
        expires_at=expires_at,
        at=now(),
    )


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def partner_client(owner: User | None = None, **wanted) -> Client:
    """Return a program that shows a key with every request."""
    return Client(headers=bearer(make_partner(owner, **wanted)[1]))
