"""Reads of the accounts app: whose key it is, and whether it is still good."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.utils.crypto import constant_time_compare

from accounts.models import Partner, PartnerKey
from accounts.rules import KeyRefusedError, hash_of, prefix_of


def find_key(token: str, *, at: datetime) -> PartnerKey:
    """Return the key that a program shows. One query, none for what is no key.

    Found by the part that may be shown; the whole is compared in constant time. Raises
    KeyRefusedError, which tells whoever holds the whole key why it is not good any more.
    """
    prefix = prefix_of(token)
    key = (
        PartnerKey.objects.select_related("owner").filter(prefix=prefix).first() if prefix else None
    )
    if key is None or not constant_time_compare(key.secret_hash, hash_of(token)):
        raise KeyRefusedError("key_unknown")
    if key.revoked_at is not None or not key.owner.is_active:
        raise KeyRefusedError("key_revoked")
    if key.is_expired(at):
        raise KeyRefusedError("key_expired")
    return key


def partners(key_ids: Iterable[int], *, at: datetime) -> Mapping[int, Partner]:
    """Return who asks with these keys, by the key's id; keys that are good no more are missing."""
    keys = PartnerKey.objects.filter(pk__in=set(key_ids), revoked_at=None, owner__is_active=True)
    return {key.pk: Partner(key) for key in keys if not key.is_expired(at)}
