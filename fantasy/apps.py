"""Registers the app."""

from django.apps import AppConfig


class FantasyConfig(AppConfig):
    name = "fantasy"
    verbose_name = "Fantasy games"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from fantasy import receivers, topics  # noqa: F401 - registers topics and subscriptions
