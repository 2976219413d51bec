"""The Celery application: workers fold what streams carry, beat wakes what is due."""

import gc
import os
import time
from typing import Final

from celery import Celery
from celery.signals import (
    beat_init,
    task_postrun,
    worker_init,
    worker_process_init,
    worker_shutting_down,
)
from django.core.cache import cache
from redis.exceptions import RedisError

from config.bootstrap import start_servers
from config.clock import now
from streams.stopping import note_stopping

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("veze")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.task_routes = {
    "matches.tasks.*": {"queue": "ingest"},
    "stats.tasks.*": {"queue": "fold"},
    "fantasy.tasks.*": {"queue": "fantasy"},
    "notifications.tasks.*": {"queue": "notify"},
    "mlmodels.tasks.*": {"queue": "ml"},
}
QUEUES = ("default", "ingest", "fold", "fantasy", "notify", "ml")


@worker_init.connect
@beat_init.connect
def _start_servers(**_: object) -> None:
    start_servers()


@worker_process_init.connect
def _spare_what_is_loaded(**_: object) -> None:
    # It lives as long as the process; looking at all of it again stops the work for 0.1 s.
    gc.collect()
    gc.freeze()


# When a worker last ended a task; the admin's first page asks for it.
WORKER_SEEN_KEY: Final = "worker-seen-at"
_SIGN_EVERY_S: Final = 5.0
_last_sign = [float("-inf")]


@task_postrun.connect
def _leave_sign(**_: object) -> None:
    if time.monotonic() - _last_sign[0] < _SIGN_EVERY_S:
        return
    _last_sign[0] = time.monotonic()
    try:
        cache.set(WORKER_SEEN_KEY, now(), timeout=None)
    except (RedisError, OSError):
        return  # the sign is missed, which tells enough


worker_shutting_down.connect(note_stopping)
