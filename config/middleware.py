"""Request-wide: its id, what no text may hold, the viewer's zone, whom he follows, his sight."""

import re
import uuid
import zoneinfo
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.cache import patch_vary_headers

from config.keys import partner_of
from config.problems import is_api
from config.sight import Wish, seeing, wish_of
from leagues.rules.follows import read_follows
from leagues.selectors import FOLLOW_COOKIE
from leagues.services import follow_all

# Workplaces and probes: what they show has to be the present.
_PRESENT_PATHS = ("/admin/", "/health", "/metrics", "/ready", "/static/")
_SAFE_METHODS = frozenset({"GET", "HEAD"})
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


class RequestIdMiddleware:
    """Gives every request an id, the caller's own where it is well formed, and sends it back."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not REQUEST_ID.fullmatch(request.META.get("HTTP_X_REQUEST_ID", "")):
            request.META["HTTP_X_REQUEST_ID"] = str(uuid.uuid4())
        response = self.get_response(request)
        response["X-Request-ID"] = request.META["HTTP_X_REQUEST_ID"]
        return response


class PlainTextMiddleware:
    """Refuses NUL, which no text of the database holds, before a page looks anything up by it.

    The API names the parameter that has it, and does so itself.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, _view: Any, _args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        if request.path.startswith("/api/"):
            return
        if any("\x00" in str(value) for value in kwargs.values()):
            raise Http404
        # Of another method a body is nobody's form.
        forms = (request.GET, request.POST) if request.method == "POST" else (request.GET,)
        if any("\x00" in text for form in forms for _, texts in form.lists() for text in texts):
            raise BadRequest("NUL in a form")


class FollowsMiddleware:
    """Takes whom a browser follows into the account of whoever signs in, by whatever way."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        remembered = request.COOKIES.get(FOLLOW_COOKIE)
        # An answer of 503 is not made worse by asking the database again.
        is_idle = response.status_code >= 500 or request.path.startswith("/api/")
        if remembered and not is_idle and request.user.is_authenticated:
            follow_all(request.user.pk, read_follows(remembered).ids)
            # Else whom he ceases to follow would be back with his next login.
            response.delete_cookie(FOLLOW_COOKIE)
        return response


class ViewerZoneMiddleware:
    """Activates the viewer's zone: the profile's, else the browser's by cookie, else UTC.

    The API speaks UTC to everybody, and does not ask who is there: its answers may be shared.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith("/api/"):
            return self.get_response(request)
        name = getattr(request.user, "time_zone", "") or request.COOKIES.get("tz", "")
        with timezone.override(_zone(name)):
            return self.get_response(request)


def _zone(name: str) -> zoneinfo.ZoneInfo:
    try:
        return zoneinfo.ZoneInfo(name[:64] or "UTC")
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return zoneinfo.ZoneInfo("UTC")


class SightMiddleware:
    """Lets each page and each answer of the API be as its reader wants to be told (`config.sight`).

    Reads only: what a reader writes is about the present. A partner's program is no reader: what
    it hands on is delayed by whoever shows it. No cache gives a reader with a wish the answer of
    one without, and none that is shared holds a page of somebody who is signed in.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method not in _SAFE_METHODS or request.path.startswith(_PRESENT_PATHS):
            request.wish = Wish()  # type: ignore[attr-defined]
            return self.get_response(request)
        is_program = partner_of(request) is not None
        wish = Wish() if is_program else wish_of(_user_of(request), request.COOKIES)
        request.wish = wish  # type: ignore[attr-defined]
        with seeing(wish):
            response = self.get_response(request)
        patch_vary_headers(response, ["Cookie"])
        if "no-store" in response.get("Cache-Control", ""):
            return response
        if wish:
            response["Cache-Control"] = "private, no-cache"
        elif settings.SESSION_COOKIE_NAME in request.COOKIES and not is_api(request):
            response.headers.setdefault("Cache-Control", "private")
        return response


def _user_of(request: HttpRequest) -> Any:
    """Return the user of a session; who has no session costs no query."""
    return request.user if settings.SESSION_COOKIE_NAME in request.COOKIES else None
