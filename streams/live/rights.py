"""Who is behind a socket, how he wants to be told, and whether he may still see what he watches."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final, TypeVar

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, get_user_model
from django.http import parse_cookie
from django.utils.crypto import constant_time_compare

from config.sight import Wish, whole_delay_s, wish_of
from streams.live.topics import kind_of

RIGHTS_LOST: Final = 4401

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """A signed-in user and the session that says so."""

    user_id: int
    session_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Topics that somebody watches; `key` is whatever the caller knows the socket by."""

    key: Any
    who: Who
    topics: frozenset[str]
    delay_s: int = 0


def who_of(scope: Mapping[str, Any]) -> Who | None:
    """Return who opened the socket, None for an anonymous visitor."""
    user, session = scope.get("user"), scope.get("session")
    if user is None or not user.is_authenticated or session is None:
        return None
    return Who(user_id=user.pk, session_key=session.session_key)


def wish_in(scope: Mapping[str, Any]) -> Wish:
    """Return how the visitor of a connection wants to be spared; reads nothing."""
    cookies: dict[str, str] = {}
    for name, value in scope.get("headers", ()):
        if name == b"cookie":
            cookies |= parse_cookie(value.decode("latin-1"))
    return wish_of(scope.get("user"), cookies)


def may_see(user: Any, topics: Iterable[str]) -> bool:
    """Whether the user may see all the topics. May read the database."""
    kinds = ((kind_of(topic), topic) for topic in topics)
    return all(
        kind is not None and (kind.may_see is None or kind.may_see(user, topic))
        for kind, topic in kinds
    )


def lost_rights(watches: Sequence[Watch]) -> list[Any]:
    """Return the keys of those who signed out, were shut out or lost a topic. One user query.

    Also of those who want another delay by now: they come again and get it.
    """
    users = get_user_model().objects.in_bulk({watch.who.user_id for watch in watches})
    return [watch.key for watch in watches if not _is_allowed(watch, users)]


def _is_allowed(watch: Watch, users: Mapping[int, Any]) -> bool:
    user = users.get(watch.who.user_id)
    if user is None or not user.is_active:
        return False
    store = import_module(settings.SESSION_ENGINE).SessionStore(watch.who.session_key)
    if whole_delay_s(user.spoiler_delay_s) != watch.delay_s:
        return False
    held = store.get(HASH_SESSION_KEY, "")
    if not constant_time_compare(held, user.get_session_auth_hash()):
        return False
    return may_see(user, watch.topics)
