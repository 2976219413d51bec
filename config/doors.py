"""What the doors in front of Django share: requests, answers, problems and limits without a thread.

A door answers what it can from memory and hands everything else to Django, so that both speak with
one voice: the same problems, headers, counters and rules for pages of other origins.
"""

import asyncio
import io
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

from corsheaders.middleware import CorsMiddleware
from django.conf import settings
from django.contrib.auth import get_user
from django.core.exceptions import SuspiciousOperation
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse
from django.http.response import HttpResponseBase

from config import limits
from config.keys import partner_of, recognise, refuse
from config.middleware import REQUEST_ID
from config.parameters import MAX_VALUE_LENGTH, unknown_detail
from config.problems import problem
from config.sight import Wish, wish_of
from streams.live.hub import AWAY, Hub

App = Callable[[Any, Any, Any], Awaitable[None]]
_SAME_FOR_ALL: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": settings.SECURE_REFERRER_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One parameter that cannot be taken: what is wrong, and the fix."""

    parameter: str
    code: str
    detail: str


class BadParametersError(ValueError):
    """What a client asked for is not understood."""

    def __init__(self, *mistakes: Mistake) -> None:
        super().__init__("; ".join(mistake.detail for mistake in mistakes[:3]))
        self.mistakes = mistakes


def request_of(scope: Mapping[str, Any]) -> ASGIRequest | None:
    """Return the request with an id of its own; None for one that only Django knows to refuse."""
    request = ASGIRequest(dict(scope), io.BytesIO())
    if not REQUEST_ID.fullmatch(request.META.get("HTTP_X_REQUEST_ID", "")):
        request.META["HTTP_X_REQUEST_ID"] = str(uuid.uuid4())
    try:
        request.get_host()
        request.GET  # noqa: B018 - reading it is what may fail
    except SuspiciousOperation:
        return None
    return request


def check_names(request: ASGIRequest, allowed: frozenset[str]) -> None:
    """Insist on known parameters, each given once. Raises BadParametersError."""
    for name, values in request.GET.lists():
        if name not in allowed:
            raise BadParametersError(
                Mistake(
                    parameter=name[:60],
                    code="unknown_parameter",
                    detail=unknown_detail(name, allowed),
                )
            )
        if len(values) > 1:
            fix = "Give it once; separate several values by commas where that is allowed."
            raise BadParametersError(Mistake(parameter=name, code="repeated", detail=fix))


def invalid(request: ASGIRequest, error: BadParametersError) -> HttpResponse:
    """Return the problem of bad parameters."""
    errors = [
        {
            "pointer": f"/query/{mistake.parameter}",
            "parameter": mistake.parameter,
            "code": mistake.code,
            "detail": mistake.detail[:MAX_VALUE_LENGTH],
        }
        for mistake in error.mistakes
    ]
    return problem(request, "invalid", detail=str(error), errors=errors)


async def recognise_key(hub: Hub, request: ASGIRequest) -> None:
    """Look up the key that a request shows; who shows none costs no thread."""
    if "HTTP_AUTHORIZATION" not in request.META:
        recognise(request)
        return
    try:
        await hub.reader.in_thread(lambda: recognise(request))
    except AWAY:
        refuse(request, "unavailable")


async def spend(hub: Hub, request: ASGIRequest) -> limits.Usage | None:
    """Count the request in the bucket of live reads; None when the counter does not answer."""
    bucket, client = limits.bucket_of(request, "live")
    return await hub.reader.in_thread(lambda: limits.spend(bucket, client))


async def wish_of_reader(hub: Hub, request: ASGIRequest) -> Wish:
    """Return how the reader wants to be spared; only a session costs a look into the database."""
    if partner_of(request) is not None:
        return Wish()
    session_key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
    if session_key is None:
        return wish_of(None, request.COOKIES)

    def look_up() -> Wish:
        request.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
        return wish_of(get_user(request), request.COOKIES)

    return await hub.reader.in_thread(look_up)


def rate_limited(request: ASGIRequest, wait_s: int, detail: str = "") -> HttpResponse:
    """Return the problem of too many requests."""
    return problem(request, "rate_limited", detail=detail, headers={"Retry-After": str(wait_s)})


def finish(
    request: ASGIRequest, response: HttpResponseBase, usage: limits.Usage | None = None
) -> list[tuple[bytes, bytes]]:
    """Return the response's headers for ASGI, with those that every answer of the API has."""
    if response.status_code >= 400:
        response.headers.setdefault("Cache-Control", "no-store")
    for name, value in _SAME_FOR_ALL.items():
        response.headers.setdefault(name, value)
    if usage is not None:
        for name, value in limits.headers_of(usage).items():
            response.headers[name] = value
    response.headers["X-Request-ID"] = request.META["HTTP_X_REQUEST_ID"]
    _cors().add_response_headers(request, response)
    return [(name.encode(), value.encode("latin-1")) for name, value in response.items()]


async def answer(
    send: Any,
    request: ASGIRequest,
    response: HttpResponse,
    usage: limits.Usage | None = None,
) -> None:
    """Send a whole response."""
    response.headers["Content-Length"] = str(len(response.content))
    headers = finish(request, response, usage)
    status = response.status_code
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": response.content})


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """What Django answered."""

    start: Mapping[str, Any]
    body: bytes

    @property
    def status(self) -> int:
        return int(self.start["status"])

    async def pass_on(self, send: Any, extra: Sequence[tuple[bytes, bytes]] = ()) -> None:
        headers = [*self.start["headers"], *extra]
        await send({**self.start, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


async def ask_django(django: App, scope: Mapping[str, Any]) -> Captured:
    """Let Django answer the request, and return the answer."""
    parts: list[Mapping[str, Any]] = []
    asked = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Mapping[str, Any]:
        if not asked:
            await asyncio.Event().wait()
        return asked.pop()

    async def collect(message: Mapping[str, Any]) -> None:
        parts.append(message)

    await django(dict(scope), receive, collect)
    return Captured(start=parts[0], body=b"".join(part["body"] for part in parts[1:]))


async def gone(receive: Any) -> None:
    """Return when the client has hung up."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def first_of(*works: Awaitable[Any], timeout_s: float) -> None:
    """Return when one of the works is done or the time is over; the others are cancelled."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.wait(tasks, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


def _cors() -> CorsMiddleware:
    return CorsMiddleware(lambda _: HttpResponse())
