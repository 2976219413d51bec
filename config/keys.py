"""Partners' keys at the doors of the API: who shows one, and what it is good for.

A key says whose program asks. It is looked for before anything else asks who is there, and then a
session counts for nothing. What is wrong with a key is told after the request was counted.
"""

from collections.abc import Callable
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from accounts.enums import KeyMode, KeyScope
from accounts.models import Partner, PartnerKey
from accounts.rules import SCOPES, KeyRefusedError, holds_key
from accounts.selectors import find_key
from accounts.services import note_use
from config.clock import now
from config.problems import AWAY_FOR_S, KINDS, is_api, problem

CHALLENGE: Final = 'Bearer realm="api"'
_PARTNER: Final = "veze.partner"
_REFUSED: Final = "veze.key_refused"
_SCHEME: Final = "bearer"


class KeyMiddleware:
    """Finds out whose key a request of the API shows."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if is_api(request):
            recognise(request)
            if (partner := partner_of(request)) is not None:
                request.user = partner
        return self.get_response(request)


class KeyRightsMiddleware:
    """Refuses keys that are not good, and what a key is not good for."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], *_: Any
    ) -> HttpResponseBase | None:
        if not is_api(request):
            return None
        if (refused := refusal(request)) is not None:
            return refused
        kind = getattr(view, "cls", None)
        if kind is None:
            return None
        return lacks_scope(request, getattr(kind, "key_scope", KeyScope.READ))


def recognise(request: HttpRequest) -> None:
    """Look up the key of a request for `partner_of` and `refusal`. One query if there is one."""
    if any(holds_key(text) for name, texts in request.GET.lists() for text in (name, *texts)):
        refuse(request, "key_in_url")
        return
    token = bearer(request.META.get("HTTP_AUTHORIZATION", ""))
    if token is None:
        return
    try:
        request.META[_PARTNER] = look_up(token)
    except KeyRefusedError as error:
        refuse(request, error.code)


def refuse(request: HttpRequest, code: str) -> None:
    """Let `refusal` return this problem."""
    request.META[_REFUSED] = code


def partner_of(request: HttpRequest) -> Partner | None:
    """Return who asks with a key that is good."""
    found: Partner | None = request.META.get(_PARTNER)
    return found


def refusal(request: HttpRequest) -> HttpResponse | None:
    """Return the problem of a key that is not good."""
    code = request.META.get(_REFUSED)
    return None if code is None else _refused(request, code)


def lacks_scope(request: HttpRequest, scope: str) -> HttpResponse | None:
    """Return the problem of a key that is not good for something; who has none is let pass."""
    partner = partner_of(request)
    if partner is None or scope in partner.key.scopes:
        return None
    if scope not in SCOPES[KeyMode(partner.key.mode)] and scope in SCOPES[KeyMode.TEST]:
        return _refused(request, "test_key_needed")
    modes = " or ".join(mode for mode, scopes in SCOPES.items() if scope in scopes)
    told = f"This key has no scope {str(scope)!r}: make a {modes} key that has, among your keys."
    return _refused(request, "scope_missing", detail=told)


def demand(request: HttpRequest, scope: str) -> HttpResponse | None:
    """Return the problem of a request that may not do what needs a key."""
    if partner_of(request) is None:
        return problem(
            request,
            "unauthenticated",
            detail=f"Send a test key with the scope {scope!r}: Authorization: Bearer vz_test_...",
            headers={"WWW-Authenticate": CHALLENGE},
        )
    return lacks_scope(request, scope)


def bearer(header: str) -> str | None:
    """Return the token of a header, None where it is of another scheme."""
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == _SCHEME else None


def look_up(token: str) -> Partner:
    """Return whose key it is, and keep that it was used. Raises KeyRefusedError."""
    at = now()
    key: PartnerKey = find_key(token, at=at)
    note_use(key, at=at)
    return Partner(key)


def _refused(request: HttpRequest, code: str, *, detail: str = "") -> HttpResponse:
    headers = {
        401: {"WWW-Authenticate": f'{CHALLENGE}, error="invalid_token"'},
        503: {"Retry-After": AWAY_FOR_S},
    }
    return problem(request, code, detail=detail, headers=headers.get(KINDS[code].status))
