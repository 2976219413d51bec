"""Everything for ASGI servers: pages, API and the live sockets."""

import os
from functools import partial
from typing import Any

from django.core.asgi import get_asgi_application

from config.bootstrap import start_servers

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ.setdefault("DATABASE_POOL", "1")
start_servers()
_pages = get_asgi_application()

from channels.routing import (  # noqa: E402 - Django must be set up first
    ProtocolTypeRouter,
    URLRouter,
)

from config import event_stream, long_poll  # noqa: E402
from config.socket_keys import SocketKeys  # noqa: E402
from matches.routing import websocket_urlpatterns  # noqa: E402
from streams.live.origins import OriginCheck, VisitorCheck  # noqa: E402

_stream = VisitorCheck(partial(event_stream.serve, django=_pages))
_long_poll = long_poll.LongPoll(_pages)


async def _http(scope: Any, receive: Any, send: Any) -> None:
    """Lead to the doors that sleep on the hub, and everything else to Django."""
    if scope["path"] == event_stream.PATH and scope["method"] == "GET":
        await _stream(scope, receive, send)
    elif long_poll.is_poll(scope):
        await _long_poll(scope, receive, send)
    else:
        await _pages(scope, receive, send)


application = ProtocolTypeRouter(
    {
        "http": _http,
        "websocket": OriginCheck(VisitorCheck(SocketKeys(URLRouter(websocket_urlpatterns)))),
    }
)
