"""What every template may use."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, Any]:
    """Return the viewer's look, empty to follow the device, how he is spared, who may sign up."""
    theme = request.COOKIES.get("theme", "")
    return {
        "theme": theme if theme in {"light", "dark"} else "",
        # An error page may be made before anybody asked who reads.
        "wish": getattr(request, "wish", None),
        "is_sign_up_open": settings.SIGN_UP_OPEN,
    }
