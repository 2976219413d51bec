"""Whether the process lives, and whether it may be given work."""

import hmac
import os
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

import structlog
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Min
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_prometheus.exports import ExportToDjangoView
from prometheus_client import CollectorRegistry, generate_latest

from config.beat import BEAT_SEEN_KEY
from config.celery import WORKER_SEEN_KEY
from config.clock import now
from config.metrics import SHARED
from streams.groups import lags
from streams.models import OutboxEvent
from streams.redis_client import client
from streams.stopping import is_stopping

# A group that is further behind is broken, not busy: a batch holds 500.
MAX_STREAM_LAG: Final = 50_000
MAX_UNRELAYED_S: Final = 60.0
MAX_BEAT_AGE_S: Final = 60.0
_log = structlog.get_logger(__name__)


class NotReadyError(Exception):
    """A part that the process needs does not do its work; the text says which and why."""


@require_safe
@never_cache
def health(request: HttpRequest) -> JsonResponse:
    """Answer as long as the process can."""
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """Answer 200 when every part works, else 503 and which does not."""
    checks = {name: outcome(check) for name, check in CHECKS.items()}
    is_ready = all(found["ok"] for found in checks.values())
    body = {"status": "ok" if is_ready else "unavailable", "checks": checks}
    return JsonResponse(body, status=200 if is_ready else 503)


def outcome(check: Callable[[], Mapping[str, Any]]) -> dict[str, Any]:
    """Return what the check found: `ok`, and its values or the error."""
    try:
        return {"ok": True, **check()}
    except NotReadyError as error:
        return {"ok": False, "error": str(error)}
    except Exception as error:
        # The text may hold addresses; the log has it.
        _log.warning("not_ready", error=str(error)[:300])
        return {"ok": False, "error": type(error).__name__}


def _process() -> Mapping[str, Any]:
    if is_stopping():
        raise NotReadyError("the process was told to stop")
    return {}


def _database() -> Mapping[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return {}


def _redis() -> Mapping[str, Any]:
    client().ping()
    return {}


_migrated = False


def _migrations() -> Mapping[str, Any]:
    global _migrated  # noqa: PLW0603 - a process that has seen them all need not look again
    if not _migrated:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if plan:
            raise NotReadyError(f"{len(plan)} migrations wait: run manage.py migrate")
        _migrated = True
    return {}


def _streams() -> Mapping[str, Any]:
    oldest = OutboxEvent.objects.filter(position=None).aggregate(at=Min("created_at"))["at"]
    unrelayed_s = round((now() - oldest).total_seconds(), 1) if oldest else 0.0
    if unrelayed_s > MAX_UNRELAYED_S:
        raise NotReadyError(f"an event waits for the relay since {unrelayed_s:.0f} s")
    waiting = lags()
    for group, lag in waiting.items():
        if lag > MAX_STREAM_LAG:
            raise NotReadyError(f"group {group} is {lag} entries behind")
    return {"unrelayed_s": unrelayed_s, "lag": waiting}


def _beat() -> Mapping[str, Any]:
    seen_at: datetime | None = cache.get(BEAT_SEEN_KEY)
    if seen_at is None:
        raise NotReadyError("beat has not been seen: start celery -A config beat")
    age_s = round((now() - seen_at).total_seconds(), 1)
    if age_s > MAX_BEAT_AGE_S:
        raise NotReadyError(f"beat was last seen {age_s:.0f} s ago")
    return {"age_s": age_s}


def worker() -> Mapping[str, Any]:
    """Say when a worker last ended a task, which `/ready` of a web process does not ask."""
    seen_at: datetime | None = cache.get(WORKER_SEEN_KEY)
    if seen_at is None:
        raise NotReadyError("no worker has been seen: start celery -A config worker")
    age_s = round((now() - seen_at).total_seconds(), 1)
    if age_s > MAX_BEAT_AGE_S:
        raise NotReadyError(f"a worker was last seen {age_s:.0f} s ago")
    return {"age_s": age_s}


CHECKS: Final[Mapping[str, Callable[[], Mapping[str, Any]]]] = {
    "process": _process,
    "database": _database,
    "redis": _redis,
    "migrations": _migrations,
    "streams": _streams,
    "beat": _beat,
}


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Serve the metrics of the process; production asks for the token of its scraper."""
    if settings.PRODUCTION:
        sent = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not settings.METRICS_TOKEN or not hmac.compare_digest(
            sent.encode(), settings.METRICS_TOKEN.encode()
        ):
            raise Http404
    response: HttpResponse = ExportToDjangoView(request)
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        # The sum over processes is read from files, which shared gauges are not in.
        shared = CollectorRegistry()
        shared.register(SHARED)
        response.content += generate_latest(shared)
    return response
