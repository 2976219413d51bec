"""What every template may use."""

from typing import Any

from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, Any]:
    """Return the viewer's theme choice, empty to follow the device, and how he is spared."""
    theme = request.COOKIES.get("theme", "")
    return {
        "theme": theme if theme in {"light", "dark"} else "",
        # An error page may be made before anybody asked who reads.
        "wish": getattr(request, "wish", None),
    }
