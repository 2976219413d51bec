"""Pages and the API for WSGI servers."""

import os

from django.core.wsgi import get_wsgi_application
from granian.utils.proxies import wrap_wsgi_with_proxy_headers

from config.bootstrap import start_servers

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
start_servers()
application = get_wsgi_application()
# Behind nginx, which overwrites X-Forwarded-For, the client's address is in that header.
if _proxies := os.environ.get("TRUSTED_PROXIES"):
    application = wrap_wsgi_with_proxy_headers(application, trusted_hosts=_proxies)
