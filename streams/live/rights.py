"""Who is behind a socket, how he wants to be told, and whether he may still see what he watches."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final, TypeVar

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, get_user_model
from django.http import parse_cookie
from django.utils.crypto import constant_time_compare

from config.sight import Wish, whole_delay_s, wish_of
from streams.live.topics import Kind, kind_of

RIGHTS_LOST: Final = 4401

Key = TypeVar("Key", bound=Hashable)
# Returns by id who shows a key that is still good. Runs in a thread and reads the database.
Partners = Callable[[Iterable[int]], Mapping[int, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """A signed-in user and the session that says so, or the owner of a key and that key.

    `hides_scores` is what he wanted when he came.
    """

    user_id: int
    session_key: str = ""
    key_id: int | None = None
    hides_scores: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Topics that somebody watches; `key` is whatever the caller knows the socket by."""

    key: Any
    who: Who
    topics: frozenset[str]
    delay_s: int = 0


_partners: list[Partners] = []


def register_partners(partners: Partners) -> None:
    """Say how keys are looked at again. A second call replaces the first."""
    _partners[:] = [partners]


def who_of(scope: Mapping[str, Any]) -> Who | None:
    """Return who opened the socket, None for an anonymous visitor."""
    user, session = scope.get("user"), scope.get("session")
    if (key := key_of(user)) is not None:
        return Who(user_id=key.owner_id, key_id=key.pk)
    if user is None or not user.is_authenticated or session is None:
        return None
    return Who(user_id=user.pk, session_key=session.session_key, hides_scores=user.hides_scores)


def key_of(user: Any) -> Any:
    """Return the partner's key that a visitor has shown."""
    return getattr(user, "key", None)


def wish_in(scope: Mapping[str, Any]) -> Wish:
    """Return how the visitor of a connection wants to be spared; reads nothing.

    A partner's program is told at once.
    """
    if key_of(scope.get("user")) is not None:
        return Wish()
    cookies: dict[str, str] = {}
    for name, value in scope.get("headers", ()):
        if name == b"cookie":
            cookies |= parse_cookie(value.decode("latin-1"))
    return wish_of(scope.get("user"), cookies)


def may_see(user: Any, topics: Iterable[str]) -> bool:
    """Whether the user may see all the topics. May read the database."""
    kinds = ((kind_of(topic), topic) for topic in topics)
    return all(
        kind is not None
        and has_scope(user, kind)
        and (kind.may_see is None or kind.may_see(user, topic))
        for kind, topic in kinds
    )


def has_scope(user: Any, kind: Kind) -> bool:
    """Whether a visitor's key is good for the kind of topic, or he needs none."""
    key = key_of(user)
    return not kind.needs_key if key is None else kind.scope in key.scopes


def lost_rights(watches: Sequence[Watch]) -> list[Any]:
    """Return the keys of those who signed out, were shut out or lost a topic. One user query.

    One more where partners' keys are watched. Also of those who want another delay by now, or no
    scores any more: they come again and get it.
    """
    users = get_user_model().objects.in_bulk(
        {watch.who.user_id for watch in watches if watch.who.key_id is None}
    )
    key_ids = {watch.who.key_id for watch in watches if watch.who.key_id is not None}
    partners = _partners[0](key_ids) if key_ids and _partners else {}
    return [watch.key for watch in watches if not _is_allowed(watch, users, partners)]


def _is_allowed(watch: Watch, users: Mapping[int, Any], partners: Mapping[int, Any]) -> bool:
    if watch.who.key_id is not None:
        partner = partners.get(watch.who.key_id)
        return partner is not None and may_see(partner, watch.topics)
    user = users.get(watch.who.user_id)
    if user is None or not user.is_active:
        return False
    store = import_module(settings.SESSION_ENGINE).SessionStore(watch.who.session_key)
    if whole_delay_s(user.spoiler_delay_s) != watch.delay_s:
        return False
    if user.hides_scores and not watch.who.hides_scores:
        return False
    held = store.get(HASH_SESSION_KEY, "")
    if not constant_time_compare(held, user.get_session_auth_hash()):
        return False
    return may_see(user, watch.topics)
