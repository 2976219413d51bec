"""Registers the app and loads what it announces and hears."""

from django.apps import AppConfig


class StatsConfig(AppConfig):
    name = "stats"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from stats import (  # noqa: F401 - registers topics and subscriptions
            live,
            receivers,
            topics,
        )
        from stats.selectors.changes import told_folds
        from streams.changes import show

        live.register()
        show("stat.update", told_folds)
