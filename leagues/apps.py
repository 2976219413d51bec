"""Registers the app, loads what it announces and hears, and installs further sport packs."""

from django.apps import AppConfig
from django.conf import settings

from leagues.packs.loader import install_folders


class LeaguesConfig(AppConfig):
    name = "leagues"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from leagues import selectors, topics  # noqa: F401 - declares the topics
        from streams.changes import show

        show("roster.changed", selectors.told_rosters)
        show("resource.changed", selectors.told_changes)
        show("resource.removed", selectors.told_removals)
        install_folders([settings.PACKS_DIR] if settings.PACKS_DIR else [])
