"""The Celery application: workers fold what streams carry, beat wakes what is due."""

import os

from celery import Celery

from config.bootstrap import start_servers

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
start_servers()

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
