"""Writes that may be sent again: one Idempotency-Key, one effect, one answer.

The answer is stored in the transaction of the effect. What was refused is not stored: nothing was
done, so it may be tried again. Keys belong to a user, or to a partner's key, and a route; they hold
for a day.
"""

from collections.abc import Callable
from hashlib import sha256
from typing import Any, Final

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from accounts.models import IdempotentAnswer
from accounts.services import ANSWERS_KEPT
from config.clock import now
from config.keys import partner_of
from config.problems import is_api, problem

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotency-Replayed"
MAX_KEY_LENGTH: Final = 255
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_KEPT_HEADERS: Final = ("Content-Type", "Location", "ETag")
_LOCK: Final = "SELECT pg_try_advisory_xact_lock(%s)"
_HELD: Final = (
    "SELECT * FROM accounts_idempotentanswer WHERE user_id = %s AND route = %s AND key = %s"
)


class IdempotencyMiddleware:
    """Lets a signed-in client repeat a write of the API without doing it twice."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., HttpResponseBase],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> HttpResponseBase | None:
        key = request.headers.get(HEADER)
        if key is None or not is_api(request) or request.method in _SAFE:
            return None
        if _user_id(request) is None:
            return None
        if not (0 < len(key) <= MAX_KEY_LENGTH and key.isascii() and key.isprintable()):
            return _wrong_key(request, "invalid", "Send 1 to 255 visible ASCII characters.")
        return _answer_once(request, key, lambda: view(request, *args, **kwargs))


def _answer_once(
    request: HttpRequest, key: str, do: Callable[[], HttpResponseBase]
) -> HttpResponseBase:
    user_id, route, asked = _user_id(request), _route(request), _fingerprint(request)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_LOCK, [_lock_number(f"{user_id}:{route}:{key}")])
            (is_first,) = cursor.fetchone()
        if not is_first:
            return problem(request, "conflict", headers={"Retry-After": "1"})
        answers = IdempotentAnswer.objects.raw(_HELD, [user_id, route, key])
        held = next(iter(answers), None)
        if held is not None and held.made_at > now() - ANSWERS_KEPT:
            if held.fingerprint != asked:
                fix = "This key was sent with another request; take a new key for a new request."
                return _wrong_key(request, "key_reused", fix)
            return _again(held)
        if held is not None:
            held.delete()
        response = _rendered(do())
        if response.status_code >= 400:
            transaction.set_rollback(True)
        else:
            _keep(request, response, route=route, key=key, asked=asked)
        return response


def _rendered(response: Any) -> HttpResponse:
    return response.render() if hasattr(response, "render") else response  # type: ignore[no-any-return]


def _keep(
    request: HttpRequest, response: HttpResponse, *, route: str, key: str, asked: str
) -> None:
    IdempotentAnswer.objects.create(
        user_id=int(_user_id(request) or 0),
        route=route,
        key=key,
        fingerprint=asked,
        status=response.status_code,
        headers={name: response[name] for name in _KEPT_HEADERS if name in response},
        body=response.content,
        made_at=now(),
    )


def _again(held: IdempotentAnswer) -> HttpResponse:
    headers = {**held.headers, REPLAYED: "true"}
    return HttpResponse(bytes(held.body), status=held.status, headers=headers)


def _wrong_key(request: HttpRequest, code: str, fix: str) -> HttpResponse:
    error = {"pointer": f"/header/{HEADER}", "code": code, "detail": fix}
    return problem(request, "invalid", detail=fix, errors=[error])


def _user_id(request: HttpRequest) -> int | None:
    """Return who is signed in, or whose key it is."""
    partner = partner_of(request)
    return request.user.pk if partner is None else partner.key.owner_id


def _route(request: HttpRequest) -> str:
    pattern = request.resolver_match.route if request.resolver_match else request.path
    partner = partner_of(request)
    # What one key was answered is no answer to its owner, or to another of his keys.
    whose = "" if partner is None else f"{partner.key.prefix} "
    return f"{whose}{request.method} {pattern}"[:200]


def _fingerprint(request: HttpRequest) -> str:
    asked = f"{request.method} {request.get_full_path()}\n{request.content_type}\n".encode()
    return sha256(asked + request.body).hexdigest()


def _lock_number(name: str) -> int:
    return int.from_bytes(sha256(name.encode()).digest()[:8], "big", signed=True)
