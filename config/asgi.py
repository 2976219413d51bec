"""Everything for ASGI servers: pages, API and the live sockets."""

import os

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

from matches.routing import websocket_urlpatterns  # noqa: E402
from streams.live.origins import OriginCheck, VisitorCheck  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": _pages,
        "websocket": OriginCheck(VisitorCheck(URLRouter(websocket_urlpatterns))),
    }
)
