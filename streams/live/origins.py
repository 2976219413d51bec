"""Who comes in: which web pages may open a socket, and whose session it is.

A browser sends cookies along whoever asks it to.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from channels.auth import AuthMiddlewareStack
from django.conf import settings
from django.contrib.auth.models import AnonymousUser

App = Callable[[Mapping[str, Any], Any, Any], Awaitable[None]]
# One for all: nobody changes it.
_ANONYMOUS: Final = AnonymousUser()
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class OriginCheck:
    """Refuses (403) sockets of foreign pages before anything else is done for them.

    In production the origin is one of TRUSTED_ORIGINS, elsewhere that of the host it asks. A client
    without an origin is no browser page; it may come in only without a session cookie.
    """

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Mapping[str, Any], receive: Any, send: Any) -> None:
        if is_allowed(scope.get("headers", ())):
            await self._app(scope, receive, send)
            return
        await receive()
        await send({"type": "websocket.close", "code": 4403})


class VisitorCheck:
    """Looks up the user of a session cookie; who has none costs no query and no thread."""

    def __init__(self, app: App) -> None:
        self._anonymous = app
        self._signed_in = AuthMiddlewareStack(app)

    async def __call__(self, scope: Mapping[str, Any], receive: Any, send: Any) -> None:
        if _has_session(scope.get("headers", ())):
            await self._signed_in(dict(scope), receive, send)
        else:
            await self._anonymous({**scope, "user": _ANONYMOUS}, receive, send)


def is_allowed(headers: Any) -> bool:
    """Whether a handshake with these headers may go on. A doubled header is refused."""
    origins = _values(headers, b"origin")
    if not origins:
        return not _has_session(headers)
    if len(origins) > 1:
        return False
    origin = normal_origin(origins[0])
    if origin is None:
        return False
    if settings.TRUSTED_ORIGINS or settings.PRODUCTION:
        trusted = {normal_origin(trusted) for trusted in settings.TRUSTED_ORIGINS}
        if origin in trusted or settings.PRODUCTION:
            return origin in trusted
    hosts = _values(headers, b"host")
    return len(hosts) == 1 and origin == normal_origin(f"{origin[0]}://{hosts[0]}")


def normal_origin(text: str) -> tuple[str, str, int] | None:
    """Return scheme, host and port, None for anything that is not exactly an origin."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return None
    is_bare = not (parts.path or parts.query or parts.fragment or parts.username or "@" in text)
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or not is_bare:
        return None
    return parts.scheme, parts.hostname.rstrip("."), port or _DEFAULT_PORTS[parts.scheme]


def _values(headers: Any, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in headers if key == name]


def _has_session(headers: Any) -> bool:
    wanted = settings.SESSION_COOKIE_NAME
    pairs = (pair for value in _values(headers, b"cookie") for pair in value.split(";"))
    return any(pair.partition("=")[0].strip() == wanted for pair in pairs)
