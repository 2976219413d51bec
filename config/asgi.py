"""Everything for ASGI servers: pages, API and the live sockets."""

import os

from django.core.asgi import get_asgi_application

from config.bootstrap import start_servers

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ.setdefault("DATABASE_POOL", "1")
start_servers()
_pages = get_asgi_application()

from channels.auth import AuthMiddlewareStack  # noqa: E402 - Django must be set up first
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402

from matches.routing import websocket_urlpatterns  # noqa: E402
from streams.live.origins import OriginCheck  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": _pages,
        "websocket": OriginCheck(AuthMiddlewareStack(URLRouter(websocket_urlpatterns))),
    }
)
