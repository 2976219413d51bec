"""Registers the app."""

from django.apps import AppConfig


class FantasyConfig(AppConfig):
    name = "fantasy"
    verbose_name = "Fantasy games"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from fantasy import live, panels, receivers, topics  # noqa: F401 - registers topics

        live.register()
        panels.register()
        from fantasy.models import score_past_by
        from fantasy.services.past import scores_told

        score_past_by(scores_told)
