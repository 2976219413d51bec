"""Registers the app."""

from django.apps import AppConfig


class MlModelsConfig(AppConfig):
    name = "mlmodels"
    verbose_name = "Models that predict"
    default_auto_field = "django.db.models.BigAutoField"
