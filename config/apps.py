"""Registers the project's own app: operator commands and the schedule of periodic work."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


def _make_schedule(**_: object) -> None:
    from config.schedule import make_schedule

    make_schedule()


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        # Makes this Celery application the one that every process of the project sends to.
        from config import celery  # noqa: F401

        post_migrate.connect(_make_schedule, sender=self, dispatch_uid="config.make_schedule")
