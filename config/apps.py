"""Registers the project's own app: operator commands and the schedule of periodic work."""

from django.apps import AppConfig, apps
from django.contrib.admin import apps as admin_apps
from django.db.models.signals import post_migrate


def _make_schedule(**_: object) -> None:
    from config.schedule import make_schedule

    make_schedule()


class CurationConfig(admin_apps.AdminConfig):
    """Django's admin with our first page."""

    default = False
    default_site = "config.admin_site.CurationSite"


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        # Makes this Celery application the one that every process of the project sends to.
        from accounts.selectors import partners
        from config import celery  # noqa: F401
        from config.clock import now
        from streams.live.rights import register_partners

        register_partners(lambda key_ids: partners(key_ids, at=now()))
        # Sent for apps with models only, and the schedule's rows are that app's.
        schedule_app = apps.get_app_config("django_celery_beat")
        post_migrate.connect(
            _make_schedule, sender=schedule_app, dispatch_uid="config.make_schedule"
        )
