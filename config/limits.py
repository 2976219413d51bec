"""How often one client may ask: exact counts in Redis, told in headers, refused with a problem.

Reads go on when Redis is down, logins and sign-ups do not: a guess must never be free.
"""

import ipaddress
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django_ratelimit.core import get_usage
from redis.exceptions import RedisError

from config.keys import partner_of
from config.problems import is_api, problem

# Who asks in vain for a password there is guessing.
OWN_VIEW: Final = "accounts:password"
LOGIN_VIEWS: Final = frozenset({"accounts:login", OWN_VIEW, "admin:login"})
SIGN_UP_VIEW: Final = "accounts:sign_up"
REPORT_VIEW: Final = "matches:report"
_USAGE: Final = "veze.usage"
_LOGIN: Final = "veze.login"
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """So many requests in so many seconds; `refund_tenths` of one are given back on occasion."""

    name: str
    limit: int
    window_s: int
    refund_tenths: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What is left of a bucket for one client."""

    bucket: Bucket
    spent: int
    resets_in_s: int

    @property
    def remaining(self) -> int:
        return max(0, self.bucket.limit - self.spent)

    @property
    def is_over(self) -> bool:
        return self.spent > self.bucket.limit


def _reads(per_minute: Mapping[str, int]) -> dict[str, Bucket]:
    # A 304 costs a tenth.
    return {
        name: Bucket(name=name, limit=limit, window_s=60, refund_tenths=9)
        for name, limit in per_minute.items()
    }


def bucket_of(request: HttpRequest, name: str) -> tuple[Bucket, str]:
    """Return the bucket of an API request and whom to count it for: its key, else its network."""
    partner = partner_of(request)
    if partner is None:
        return _reads(settings.API_REQUESTS_PER_MINUTE)[name], network(request)
    return _reads(settings.API_KEY_REQUESTS_PER_MINUTE)[name], f"key:{partner.key.pk}"


def buckets() -> Mapping[str, Bucket]:
    """Return the buckets by name; an API view names its own by `rate_class`."""
    reads = _reads(settings.API_REQUESTS_PER_MINUTE)
    failures: int = settings.LOGIN_FAILURES_PER_QUARTER_HOUR
    logins = {
        # A login that succeeds costs nothing. A network is shared by many people.
        "account": Bucket(name="account", limit=failures, window_s=900, refund_tenths=10),
        "network": Bucket(name="network", limit=failures * 4, window_s=900, refund_tenths=10),
        # Accounts are made, and addresses tried, as seldom as a network may fail to log in.
        "sign_up": Bucket(name="sign_up", limit=failures * 4, window_s=900, refund_tenths=0),
    }
    reports = Bucket(name="report", limit=settings.REPORTS_PER_HOUR, window_s=3600, refund_tenths=0)
    return {**reads, **logins, "report": reports}


def spend(bucket: Bucket, client: str) -> Usage | None:
    """Count one request and return what is left; None when the counter does not answer."""
    try:
        count = _count(bucket, bucket.name, client, increment=True)
        refunds = _count(bucket, f"{bucket.name}-refund", client, increment=False)
    except (RedisError, OSError) as error:
        _log.warning("limiter_unavailable", bucket=bucket.name, error=str(error)[:200])
        return None
    back = refunds["count"] * bucket.refund_tenths // 10
    return Usage(
        bucket=bucket,
        spent=count["count"] - back,
        resets_in_s=max(1, count["time_left"]),
    )


def refund(bucket: Bucket, client: str) -> None:
    """Give back a part of one request of this window."""
    try:
        _count(bucket, f"{bucket.name}-refund", client, increment=True)
    except (RedisError, OSError) as error:
        _log.warning("limiter_unavailable", bucket=bucket.name, error=str(error)[:200])


def _count(bucket: Bucket, group: str, client: str, *, increment: bool) -> dict[str, int]:
    # Both groups of a bucket share their window: it follows from client and length alone.
    usage: dict[str, int] | None = get_usage(
        None,
        group=f"veze-{group}",
        key=lambda _group, _request: client,
        rate=(bucket.limit, bucket.window_s),
        increment=increment,
    )
    if not usage or not usage["limit"]:
        raise OSError("the counter expired while it was read")
    return usage


def network(request: HttpRequest) -> str:
    """Return the client's address, of an IPv6 client the /64 that one household has."""
    try:
        address = ipaddress.ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        # A server behind a Unix socket names no address: all such clients share one bucket.
        return "local"
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False).network_address)
    return str(address)


class LimitMiddleware:
    """Counts requests of the API by key or network, failed logins by network and account."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        usage, client = request.META.get(_USAGE, (None, ""))
        if usage is not None:
            for name, value in headers_of(usage).items():
                response.headers[name] = value
            if response.status_code == 304:
                refund(usage.bucket, client)
        if _LOGIN in request.META and response.status_code == 302:
            for name, client in request.META[_LOGIN].items():
                refund(buckets()[name], client)
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], *_: Any
    ) -> HttpResponseBase | None:
        if is_api(request):
            return _count_read(request, view)
        if request.method != "POST":
            return None
        name = _view_name(request)
        if name in LOGIN_VIEWS:
            return _count_login(request)
        if name == SIGN_UP_VIEW:
            return _count_sign_up(request)
        return _count_report(request) if name == REPORT_VIEW else None


def _view_name(request: HttpRequest) -> str:
    return request.resolver_match.view_name if request.resolver_match else ""


def _count_read(request: HttpRequest, view: Callable[..., Any]) -> HttpResponse | None:
    name = getattr(getattr(view, "cls", None), "rate_class", "read")
    bucket, client = bucket_of(request, name)
    usage = spend(bucket, client)
    request.META[_USAGE] = (usage, client)
    if usage is None or not usage.is_over:
        return None
    wait = {"Retry-After": str(usage.resets_in_s)}
    return problem(request, "rate_limited", headers=wait)


def headers_of(usage: Usage) -> dict[str, str]:
    """Return the fields of the IETF draft and the older three with the same numbers."""
    bucket, left, reset = usage.bucket, usage.remaining, usage.resets_in_s
    return {
        "RateLimit-Policy": f'"{bucket.name}";q={bucket.limit};w={bucket.window_s}',
        "RateLimit": f'"{bucket.name}";r={left};t={reset}',
        "X-RateLimit-Limit": str(bucket.limit),
        "X-RateLimit-Remaining": str(left),
        "X-RateLimit-Reset": str(reset),
    }


def _count_login(request: HttpRequest) -> HttpResponse | None:
    """Count the attempt before it is made, so that parallel guesses cannot outrun the count."""
    # A password is changed in one's own account; names are typed everywhere else.
    is_own = _view_name(request) == OWN_VIEW
    name = getattr(request.user, "email", "") if is_own else request.POST.get("username", "")
    # The admin's form takes one account in many spellings, full-width ones too: they are one here.
    account = unicodedata.normalize("NFKC", name.strip()[:254])
    places = {"network": network(request), "account": account.strip().lower()}
    usages = [spend(buckets()[name], client) for name, client in places.items()]
    if None in usages:
        return _refuse_login(request, status=503, wait_s=10)
    over = [usage.resets_in_s for usage in usages if usage and usage.is_over]
    if over:
        return _refuse_login(request, status=429, wait_s=max(over))
    request.META[_LOGIN] = places
    return None


def _count_sign_up(request: HttpRequest) -> HttpResponse | None:
    usage = spend(buckets()["sign_up"], network(request))
    if usage is None:
        return _refuse_login(request, status=503, wait_s=10)
    if usage.is_over:
        return _refuse_login(request, status=429, wait_s=usage.resets_in_s)
    return None


def _refuse_login(request: HttpRequest, *, status: int, wait_s: int) -> HttpResponse:
    is_sign_up = _view_name(request) == SIGN_UP_VIEW
    context = {"status": status, "wait_minutes": -(-wait_s // 60), "is_sign_up": is_sign_up}
    response = render(request, "config/login_refused.html", context, status=status)
    response["Retry-After"] = str(wait_s)
    return response


def _count_report(request: HttpRequest) -> HttpResponse | None:
    """Count what a reader reports; without a counter he is let through, as the queue is merged."""
    usage = spend(buckets()["report"], network(request))
    if usage is None or not usage.is_over:
        return None
    context = {"wait_minutes": -(-usage.resets_in_s // 60)}
    response = render(request, "config/report_refused.html", context, status=429)
    response["Retry-After"] = str(usage.resets_in_s)
    return response
