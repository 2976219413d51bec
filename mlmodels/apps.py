"""Registers the app and puts what it says on the pages of matches."""

from django.apps import AppConfig


class MlModelsConfig(AppConfig):
    name = "mlmodels"
    verbose_name = "Models that predict"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from mlmodels import panels

        panels.register()
