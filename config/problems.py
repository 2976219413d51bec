"""Errors as RFC 9457 problem documents: one table of kinds, one shape, every door of the API."""

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
import structlog
from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponsePermanentRedirect,
)
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import Resolver404, resolve, reverse
from django.views import csrf, defaults
from psycopg_pool import PoolTimeout
from rest_framework import exceptions
from rest_framework.response import Response

MEDIA_TYPE: Final = "application/problem+json"
API_PREFIX: Final = "/api/"
_AWAY: Final = (OperationalError, InterfaceError, PoolTimeout)
AWAY_FOR_S: Final = "5"
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of problem: `code` is stable and names its page, `advice` is the way out."""

    code: str
    status: int
    title: str
    advice: str


KINDS: Final[Mapping[str, Kind]] = {
    kind.code: kind
    for kind in (
        Kind(
            code="bad_request",
            status=400,
            title="The request cannot be read",
            advice="Compare the request with the API description at /api/docs.",
        ),
        Kind(
            code="key_in_url",
            status=400,
            title="A key must not stand in an address",
            advice="Addresses end in logs, so revoke that key at /profile/keys/. Send the new one"
            " as a header: Authorization: Bearer vz_test_...",
        ),
        Kind(
            code="unauthenticated",
            status=401,
            title="Credentials are missing or not valid",
            advice="Sign in, or send a valid key.",
        ),
        Kind(
            code="key_unknown",
            status=401,
            title="There is no such key",
            advice="Send a whole key as it was shown once: Authorization: Bearer vz_test_... If it"
            " is lost, make another one at /profile/keys/.",
        ),
        Kind(
            code="key_revoked",
            status=401,
            title="This key was revoked",
            advice="Use the key that took its place, or make one at /profile/keys/.",
        ),
        Kind(
            code="key_expired",
            status=401,
            title="This key has expired",
            advice="Make another one at /profile/keys/.",
        ),
        Kind(
            code="forbidden",
            status=403,
            title="Not allowed",
            advice="Ask an administrator for the role that this resource needs.",
        ),
        Kind(
            code="test_key_needed",
            status=403,
            title="A live key is not good for this",
            advice="Use a test key: replays are rehearsals, and live keys see real matches only.",
        ),
        Kind(
            code="scope_missing",
            status=403,
            title="The key has not the scope for this",
            advice="Make a key with the scope that is named, at /profile/keys/.",
        ),
        Kind(
            code="csrf_failed",
            status=403,
            title="The request did not come from one of our pages",
            advice="Send the CSRF token of the session, or use a key instead of the session.",
        ),
        Kind(
            code="not_found",
            status=404,
            title="No such resource",
            advice="Take ids from list answers; they look like vz_match_01K... and never change.",
        ),
        Kind(
            code="method_not_allowed",
            status=405,
            title="Method not allowed here",
            advice="Use one of the methods in the Allow header.",
        ),
        Kind(
            code="not_acceptable",
            status=406,
            title="No representation of the asked type",
            advice="Ask for application/json, or leave the Accept header out.",
        ),
        Kind(
            code="conflict",
            status=409,
            title="The same request is being worked on",
            advice="Wait for the seconds in Retry-After and send it again with the same key.",
        ),
        Kind(
            code="position_lost",
            status=410,
            title="The position leads nowhere any more",
            advice="What came after it is no longer kept, or was told anew. Read the resource from"
            " the start and go on from the position it has now.",
        ),
        Kind(
            code="unsupported_media_type",
            status=415,
            title="The body's type is not understood",
            advice="Send application/json.",
        ),
        Kind(
            code="invalid",
            status=422,
            title="The request names something that is not valid",
            advice="Each entry of `errors` names the place and the fix.",
        ),
        Kind(
            code="rate_limited",
            status=429,
            title="Too many requests",
            advice="Wait for the seconds in Retry-After; RateLimit shows what is left. An answer"
            " of 304 costs a tenth, so send If-None-Match.",
        ),
        Kind(
            code="server_error",
            status=500,
            title="Something broke on our side",
            advice="Try again later; quote the request_id when you report it.",
        ),
        Kind(
            code="unavailable",
            status=503,
            title="Not available right now",
            advice="Try again after the seconds in Retry-After.",
        ),
    )
}
_BY_STATUS: Final = {kind.status: kind for kind in reversed(tuple(KINDS.values()))}


def problem(
    request: HttpRequest,
    code: str,
    *,
    detail: str = "",
    errors: list[dict[str, str]] | None = None,
    headers: Mapping[str, str] | None = None,
    status: int | None = None,
) -> HttpResponse:
    """Return the problem `code` as a response."""
    kind = KINDS[code]
    body = problem_body(request, kind, detail=detail, errors=errors, status=status)
    return HttpResponse(
        orjson.dumps(body),
        status=body["status"],
        content_type=MEDIA_TYPE,
        headers=headers,
    )


def problem_body(
    request: HttpRequest,
    kind: Kind,
    *,
    detail: str = "",
    errors: list[dict[str, str]] | None = None,
    status: int | None = None,
) -> dict[str, Any]:
    """Return a problem document; `request_id` is the one in our logs."""
    return {
        "type": _page_url(request, kind),
        "title": kind.title,
        "status": status or kind.status,
        "detail": detail or kind.advice,
        "instance": request.path,
        "code": kind.code,
        "errors": errors or [],
        "request_id": request.headers.get("X-Request-ID"),
    }


def _page_url(request: HttpRequest, kind: Kind) -> str:
    path = reverse("problem", args=[kind.code])
    try:
        return request.build_absolute_uri(path)
    except Exception:
        return path


def problem_handler(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """Turn an exception of an API view into a problem; None leaves it to Django, as a 500."""
    request: HttpRequest = context["request"]._request
    if isinstance(error, _AWAY):
        _log.warning("database_unavailable", error=str(error)[:300])
        return _respond(problem_body(request, KINDS["unavailable"]), {"Retry-After": AWAY_FOR_S})
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    if not isinstance(error, exceptions.APIException):
        return None
    return _respond(_api_exception_body(request, error), _headers(error))


def invalid_parameters(
    errors: dict[str, list[tuple[str, str]]],
) -> exceptions.ValidationError:
    """Return the error for {parameter: [(what is wrong and the fix, code), ...]}."""
    return exceptions.ValidationError(
        {
            "query": {
                name: [
                    exceptions.ErrorDetail(detail, code or "invalid") for detail, code in entries
                ]
                for name, entries in errors.items()
            }
        }
    )


def sentences(said: Iterable[str]) -> str:
    """Return what is wrong as running text: whole sentences follow each other as they are."""
    return "; ".join(said).replace(".; ", ". ")


def _respond(body: dict[str, Any], headers: dict[str, str]) -> Response:
    return Response(body, status=body["status"], headers=headers, content_type=MEDIA_TYPE)


def _api_exception_body(request: HttpRequest, error: exceptions.APIException) -> dict[str, Any]:
    if isinstance(error, exceptions.ValidationError):
        errors = list(_entries(error.get_full_details()))
        detail = sentences(entry["detail"] for entry in errors[:3])
        return problem_body(request, KINDS["invalid"], detail=detail, errors=errors)
    kind = _BY_STATUS.get(error.status_code, KINDS["bad_request"])
    # The framework's own "Not found." says less than the advice does.
    is_plain = error.detail == exceptions.NotFound.default_detail
    detail = "" if is_plain else str(error.detail)
    return problem_body(request, kind, detail=detail, status=error.status_code)


def _entries(details: Any, place: str = "") -> Iterator[dict[str, str]]:
    """Flatten DRF's nested details; `place` is a JSON pointer."""
    if isinstance(details, list):
        for entry in details:
            yield from _entries(entry, place)
    elif isinstance(details, dict) and "message" in details and "code" in details:
        parameter = place.removeprefix("/query/") if place.startswith("/query/") else ""
        yield {
            "pointer": place,
            **({"parameter": parameter} if parameter else {}),
            "code": str(details["code"]),
            "detail": str(details["message"]),
        }
    elif isinstance(details, dict):
        for name, inner in details.items():
            yield from _entries(inner, f"{place}/{name}")


def _headers(error: exceptions.APIException) -> dict[str, str]:
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait_s := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait_s) + 1)
    return headers


def is_api(request: HttpRequest) -> bool:
    """Return whether the request came in by the API's door."""
    return f"{request.path}/".startswith(API_PREFIX)


def api_not_found(request: HttpRequest, **_: str) -> HttpResponse:
    """Answer every address under /api/ that no view has; a needless last slash is redirected."""
    bare = request.path.rstrip("/")
    if request.path.endswith("/") and bare + "/" != API_PREFIX and _has_view(bare):
        query = f"?{request.META['QUERY_STRING']}" if request.META.get("QUERY_STRING") else ""
        return HttpResponsePermanentRedirect(bare + query, preserve_request=True)
    return problem(request, "not_found", detail=f"There is nothing at {request.path}.")


def _has_view(path: str) -> bool:
    try:
        return resolve(path).func is not api_not_found
    except Resolver404:
        return False


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Django's handler400."""
    if is_api(request):
        return problem(request, "bad_request")
    return defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Django's handler403."""
    if is_api(request):
        return problem(request, "forbidden")
    return defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Django's handler404."""
    if is_api(request):
        return problem(request, "not_found")
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponseBase:
    """Django's handler500; a database that is away or has no connection left is no fault of ours.

    Also what middleware asked it, before any view was there to answer.
    """
    is_away = isinstance(sys.exc_info()[1], _AWAY)
    if is_api(request):
        headers = {"Retry-After": AWAY_FOR_S} if is_away else None
        return problem(request, "unavailable" if is_away else "server_error", headers=headers)
    response = defaults.server_error(request, "503.html" if is_away else "500.html")
    if is_away:
        response.status_code = KINDS["unavailable"].status
        response["Retry-After"] = AWAY_FOR_S
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponseBase:
    """Django's CSRF_FAILURE_VIEW."""
    if is_api(request):
        return problem(request, "csrf_failed")
    return csrf.csrf_failure(request, reason)


def problem_page(request: HttpRequest, code: str) -> HttpResponse:
    """Explain one kind of problem: the page that its `type` points at."""
    if code not in KINDS:
        return problem(request, "not_found")
    return render(request, "config/problem.html", {"kind": KINDS[code], "kinds": KINDS.values()})
