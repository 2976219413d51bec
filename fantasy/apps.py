"""Registers the app."""

from django.apps import AppConfig


class FantasyConfig(AppConfig):
    name = "fantasy"
    verbose_name = "Fantasy games"
    default_auto_field = "django.db.models.BigAutoField"
