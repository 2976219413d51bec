"""Registers the app and loads what it announces and hears."""

from django.apps import AppConfig


class StatsConfig(AppConfig):
    name = "stats"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from stats import (  # noqa: F401 - registers topics and subscriptions
            live,
            panels,
            receivers,
            topics,
        )
        from stats.models import fold_past_by
        from stats.selectors.changes import told_folds
        from stats.selectors.tables import fold_rows_by
        from stats.services.history import numbers_told
        from stats.services.tables import rows_told
        from streams.changes import show

        fold_past_by(numbers_told)
        fold_rows_by(rows_told)
        live.register()
        panels.register()
        show("stat.update", told_folds)
